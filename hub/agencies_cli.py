"""The commands `hub agencies …`: their specs, for those who keep them in git; and what a merger, a split or a new name
does to dossiers."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from config.settings import Settings
from hub import main
from hub.agencies.change import AgencyChanges, NotNow, Report, as_text
from hub.agencies.plan import PlanMistake, load
from hub.at_hand import actor, in_hub
from hub.specs.differences import line_by_line
from hub.specs.specs import NoSuchVersion, Overtaken, SpecWrong, Version, Way
from hub.terminal import Stop, one_sentence

app = typer.Typer(no_args_is_help=True, help="Agencies' specs, and what becomes of dossiers when agencies change.")

#: What is in the files is what is compared, so a look publishes none of it.
_in_hub = partial(in_hub, files="none")

_Agencies = Annotated[list[str] | None, typer.Argument(help="Only these; all without any.", metavar="AGENCY")]
_Folder = Annotated[Path | None, typer.Option(help="Where the files are; HUB_AGENCIES_DIR without it.")]


@app.command("list")
def show() -> None:
    """Show each agency with the version of its spec that is at work, and who published it."""
    for each in _in_hub(_at_work).values():
        print(f"{each.agency:18}  {_told(each)}")


@app.command()
def diff(agencies: _Agencies = None, folder: _Folder = None) -> None:
    """Show what `apply` would change: how the files differ from what is at work. Ends with 1 where they do."""
    at_work = _in_hub(_at_work)
    differs = False
    for agency, text in _files(agencies, folder).items():
        version = at_work.get(agency)
        lines = line_by_line(version.text if version else None, text)
        if lines or version is None:
            differs = True
            print(f"{agency}: {'version ' + str(version.version) + ' is at work' if version else 'not there yet'}")
            print("\n".join(f"  {line}" for line in lines))
    if differs:
        raise typer.Exit(1)
    print("The files say what is at work.")


@app.command()
def apply(
    reason: Annotated[str, typer.Option(help="For those who come after: such as the commit.")],
    agencies: _Agencies = None,
    folder: _Folder = None,
) -> None:
    """Put the files' specs to work, in all processes within seconds. What `diff` shows is what changes."""
    if not reason.strip():
        raise typer.BadParameter("say why, for those who come after", param_hint="--reason")
    texts = _files(agencies, folder)

    async def work(hub: main.Hub) -> list[Version]:
        before = await hub.specs.specs.at_work()
        done = []
        for agency, text in texts.items():
            version = before.get(agency)
            if version is None or version.text != text:
                based_on = version.version if version else None
                done.append(
                    await hub.specs.specs.publish(
                        agency, text, author=actor(), reason=reason.strip(), way=Way.COMMAND, based_on=based_on
                    )
                )
        return done

    done = _in_hub(work, mendable=(SpecWrong, Overtaken))
    for each in done:
        print(f"{each.agency}: version {each.version}")
    if not done:
        print("Nothing to do: the files say what is at work.")


@app.command()
def export(
    to: Annotated[Path, typer.Argument(help="A folder; its files are written over.", metavar="FOLDER")],
    agencies: _Agencies = None,
) -> None:
    """Write the specs that are at work to files, as their authors wrote them. Secrets are in none."""
    at_work = _in_hub(_at_work)
    with one_sentence():
        to.mkdir(parents=True, exist_ok=True)
        for agency in _chosen(agencies, at_work):
            (to / f"{agency}.yaml").write_text(at_work[agency].text, "utf-8")
            print(to / f"{agency}.yaml")


@app.command()
def versions(agency: Annotated[str, typer.Argument(metavar="AGENCY")]) -> None:
    """Show all versions there were of an agency's spec, the latest first."""

    async def work(hub: main.Hub) -> list[Version]:
        return await hub.specs.specs.versions(agency)

    found = _in_hub(work)
    if not found:
        with one_sentence():
            raise Stop(f"there is no agency {agency}")
    for each in found:
        print(_told(each))


@app.command()
def rollback(
    agency: Annotated[str, typer.Argument(metavar="AGENCY")],
    version: Annotated[int, typer.Argument(help="Its number, as `versions` shows it.")],
    reason: Annotated[str, typer.Option(help="For those who come after.")],
) -> None:
    """Put an earlier version of a spec to work again."""
    if not reason.strip():
        raise typer.BadParameter("say why, for those who come after", param_hint="--reason")

    async def work(hub: main.Hub) -> Version:
        return await hub.specs.specs.roll_back(agency, version, author=actor(), reason=reason.strip())

    done = _in_hub(work, mendable=(NoSuchVersion,))
    print(f"{done.agency}: version {done.version}, which says what version {version} said")


@app.command()
def change(
    plan: Annotated[Path, typer.Argument(help="The plan, a YAML file; its lists lie beside it.", metavar="PLAN.yaml")],
    apply: Annotated[
        bool | None, typer.Option("--apply/--dry-run", help="Move the dossiers, or only say what would move.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Have dossiers follow the successors of their agencies, by rules or by a list, and report on it.

    It may be interrupted, and begun again. There is no undo: what moved wrongly moves back by another plan, and the
    history of each dossier tells both.
    """
    with one_sentence():
        if apply is None:
            raise Stop("say --dry-run or --apply")
        try:
            read = load(plan)
        except PlanMistake as mistake:
            raise Stop(str(mistake)) from None

    async def work(hub: main.Hub) -> Report:
        changes = AgencyChanges(hub.database, hub.registry, hub.vault)
        return await (changes.apply(read, actor=actor()) if apply else changes.rehearse(read))

    report = in_hub(work, mendable=(PlanMistake, NotNow))
    print(json.dumps(asdict(report), ensure_ascii=False) if as_json else as_text(report), end="")


async def _at_work(hub: main.Hub) -> dict[str, Version]:
    return dict(sorted((await hub.specs.specs.at_work()).items()))


def _files(agencies: list[str] | None, folder: Path | None) -> dict[str, str]:
    with one_sentence():
        chosen = folder or Settings().agencies_dir
        texts = {path.stem: path for path in sorted(chosen.glob("*.yaml"))}
        if not texts:
            raise Stop(f"there is no agency file (*.yaml) in {chosen}")
        return {agency: texts[agency].read_text("utf-8") for agency in _chosen(agencies, texts)}


def _chosen(agencies: list[str] | None, known: Iterable[str]) -> list[str]:
    known = list(known)
    for agency in agencies or ():
        if agency not in known:
            raise Stop(f"there is no {agency}; there is {', '.join(known)}")
    return agencies or known


def _told(version: Version) -> str:
    at = f"{version.published_at.astimezone():%d/%m/%Y %H:%M}"
    return f"version {version.version}, {at}, by {version.author}: {version.reason}"
