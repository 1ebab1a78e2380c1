"""The commands `hub adapter …`: they show what the studio's functions return. Nothing is said by colour alone."""

import asyncio
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import asyncpg
import typer

from config.secrets import SecretStore
from config.settings import Settings
from config.spec_file import SpecFile
from contracts.errors import AgencyFailure
from hub import log
from hub.db import Database
from hub.studio import show
from hub.studio.check import check
from hub.studio.draft import draft
from hub.studio.evidence import Evidence, gather
from hub.studio.grade import grade
from hub.studio.introspect import introspect
from hub.studio.trial import try_out
from hub.studio.trials import Trials
from hub.terminal import Stop, database_urls, one_sentence

app = typer.Typer(no_args_is_help=True, help="Describe an agency's system: draft a spec, check it, try it out.")

_Spec = Annotated[str, typer.Argument(help="An agency's id, or a YAML file.", metavar="SPEC")]


@app.command("introspect")
def introspect_document(
    source: Annotated[
        str,
        typer.Argument(help="An address (…?wsdl), a file, or a stored document.", metavar="URL_OR_FILE"),
    ],
    agency: Annotated[str, typer.Option("--id", help="The agency's id in the draft.")] = "so-moi",
    allow: Annotated[list[str] | None, typer.Option(help="Another host to fetch imports from.", metavar="HOST")] = None,
    private: Annotated[bool, typer.Option("--private", help="The address is in a private network.")] = False,
    store: Annotated[bool, typer.Option("--store", help="Keep what is fetched in the document store.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write the draft to this file.", metavar="FILE")] = None,
) -> None:
    """Show what a WSDL or OpenAPI document offers, and draft a spec with guesses to confirm."""
    with one_sentence():
        settings = quiet_settings()
        if out and out.exists():
            raise Stop(f"{out} is there already; give --out another name")
        work = introspect(source, store=settings.documents_dir, keep=store, allowed=allow or (), private=private)
        try:
            seen = asyncio.run(work)
        except (ValueError, AgencyFailure) as error:
            raise Stop(str(error)) from None
        text = draft(seen.found, agency, address=seen.address, private=private)
        show.introspection(seen)
        if out:
            out.write_text(text, "utf-8")
            show.drafted(out)
        else:
            # As it is, so that it can be piped into a file.
            print(text, end="")


@app.command("check")
def check_specs(
    specs: Annotated[list[str], typer.Argument(help="Agencies' ids, or YAML files.", metavar="SPEC…")],
) -> None:
    """Explain every mistake in a spec, with its line and what would be right. Calls nobody."""
    with one_sentence():
        settings = quiet_settings()
        secrets, trials = SecretStore(settings.data_dir), Trials(settings.data_dir)
        wrong = False
        for name in specs:
            file = spec_file(name, settings)
            trial = trials.last(file.parts.id)
            found = check(file, secrets=secrets, documents=settings.documents_dir, trial=trial)
            show.mistakes(file, found)
            wrong = wrong or any(not mistake.warning for mistake in found)
        raise typer.Exit(int(wrong))


@app.command("try")
def try_spec(
    spec: _Spec,
    code: Annotated[str | None, typer.Option(help="Look this dossier up.")] = None,
    changes: Annotated[bool, typer.Option("--changes", help="Fetch one page of changes.")] = False,
    since: Annotated[
        str | None,
        typer.Option(help="Changes from this moment on, by the agency's clock: 2026-11-20 or 2026-11-20T08:00."),
    ] = None,
) -> None:
    """Ask the agency for real, and show each step from the request to the observation."""
    with one_sentence():
        if (code is None) == (not changes):
            raise Stop("give either --code X, to look a dossier up, or --changes, to list what changed")
        settings = quiet_settings()
        file = spec_file(spec, settings)
        if file.spec is None:
            first = file.mistakes[0]
            raise Stop(f"{first} (`hub adapter check {spec}` explains all)")
        work = try_out(
            file.spec,
            code=code,
            since=_moment(since, file.spec.time_zone),
            secrets=SecretStore(settings.data_dir),
            documents=settings.documents_dir,
        )
        try:
            attempt = asyncio.run(work)
        except (ValueError, LookupError) as error:
            raise Stop(f"{error} (`hub adapter check {spec}` explains)") from None
        show.attempt(attempt)
        if attempt.records:
            Trials(settings.data_dir).keep(file.spec.id, attempt.trial())
        raise typer.Exit(0 if attempt.works else 1)


@app.command("grade")
def grade_spec(spec: _Spec) -> None:
    """Show what a spec has proved, by the quality scale, and what the next level needs."""
    with one_sentence():
        settings = quiet_settings()
        file = spec_file(spec, settings)
        found = check(file, secrets=SecretStore(settings.data_dir), documents=settings.documents_dir)
        wrong = sum(not mistake.warning for mistake in found)
        evidence = asyncio.run(_evidence(file.parts.id, settings))
        show.graded(file, grade(file.parts, evidence, mistakes=wrong))


async def _evidence(agency: str, settings: Settings) -> Evidence | None:
    """What the agency has proved in this hub's database; None where there is no database yet."""
    if not settings.database_url and not (settings.data_dir / "postgres").exists():
        return None
    async with database_urls(settings) as urls:
        database = await Database.open(urls.work)
        try:
            async with database.reads.acquire() as connection:
                return (await gather(connection)).get(agency, Evidence())
        except asyncpg.UndefinedTableError:
            raise Stop("the database has no tables yet: run `hub migrate`") from None
        finally:
            await database.close()


def quiet_settings() -> Settings:
    """The settings, with the log silenced."""
    settings = Settings()
    # What matters is on the page; the log would stand in between.
    log.configure("CRITICAL", "console", sys.stderr)
    return settings


def spec_file(name: str, settings: Settings) -> SpecFile:
    """The file of that path, or of the agency with that id."""
    path = Path(name)
    if path.suffix not in (".yaml", ".yml"):
        path = settings.agencies_dir / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(each.stem for each in settings.agencies_dir.glob("*.yaml")))
        raise Stop(f"there is no spec {name!r}: give a YAML file, or one of {known}")
    return SpecFile(path, settings.agency_addresses.get(path.stem))


def _moment(text: str | None, zone: str) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Stop(f"--since {text!r} is no moment; write it as 2026-11-20 or 2026-11-20T08:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))
