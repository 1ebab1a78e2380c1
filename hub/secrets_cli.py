"""The commands `hub secrets …`: which there are; set and remove one; seal all anew. None shows what one is."""

import sys
from datetime import timedelta
from getpass import getpass
from typing import Annotated

import typer

from hub import main
from hub.at_hand import actor, in_hub
from hub.resealing import Resealed, seal_anew
from hub.secrets.keeping import LONGEST_OVERLAP, Kept, SecretWrong
from hub.terminal import Stop, one_sentence

app = typer.Typer(no_args_is_help=True, help="Secrets that specs only name.")

_Name = Annotated[str, typer.Argument(help="As specs have it, such as so-tnmt-khoa.")]

_MOST_HOURS = int(LONGEST_OVERLAP.total_seconds() // 3600)


@app.command("list")
def show() -> None:
    """Show which there are and which are missing."""

    async def work(hub: main.Hub) -> list[Kept]:
        return await hub.secrets.all(hub.registry)

    for each in in_hub(work):
        ends = f", ends {each.expires_at.astimezone():%d/%m/%Y}" if each.expires_at else ""
        used = f", for {', '.join(each.agencies)}" if each.agencies else ""
        last = f", last used {each.last_used_at.astimezone():%d/%m/%Y %H:%M}" if each.last_used_at else ""
        print(f"{each.name}: {each.place}{used}{last}{ends}")


@app.command("set")
def put(
    name: _Name,
    overlap: Annotated[
        int, typer.Option(min=0, max=_MOST_HOURS, help="Hours for which a webhook secret of before is good yet.")
    ] = 0,
) -> None:
    """Keep a secret in the database. It is read from standard input, or asked for; an argument would be seen by all."""
    value = getpass(f"{name}: ") if sys.stdin.isatty() else sys.stdin.read()
    until = timedelta(hours=overlap)

    async def work(hub: main.Hub) -> bool:
        await hub.secrets.put(name, value.strip(), actor=actor(), overlap=until)
        return hub.secrets.place(name) == "database"

    if in_hub(work, mendable=(SecretWrong,)):
        print(f"Kept: {name}. All processes use it within seconds.")
    else:
        print(
            f"Kept: {name}. It is not used: the environment or a file has it, too, and goes before. Take it out there."
        )


@app.command()
def remove(name: _Name) -> None:
    """Take a secret out of the database."""
    if not in_hub(lambda hub: hub.secrets.remove(name, actor=actor())):
        with one_sentence():
            raise Stop(f"the database has no secret {name}")
    print(f"Removed: {name}")


@app.command()
def rotate() -> None:
    """Seal anew all that is sealed, secrets and personal data, under the newest of HUB_SEAL_KEYS; then nothing needs an
    older key any more. The hub may go on; whoever was stopped halfway begins again."""

    async def work(hub: main.Hub) -> Resealed:
        databases = [hub.database, *([hub.sandbox.database] if hub.sandbox else [])]
        return await seal_anew(databases, hub.vault, actor=actor())

    report = in_hub(work)
    for table, rows in sorted(report.done.items()):
        if rows:
            print(f"{table}: {rows}")
    print(f"Sealed anew: {report.done.total()}.")
    with one_sentence():
        if report.failed:
            some = ", ".join(sorted(report.failed)[:5])
            raise Stop(
                f"{len(report.failed)} rows cannot be opened with the keys at hand and stay as they are: {some}; "
                "add the key they were sealed under, and begin again"
            )
