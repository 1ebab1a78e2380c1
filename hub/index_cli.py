"""The command `hub index check`: whether counts and marks are what the dossiers are."""

import asyncio
from typing import Annotated

import typer

from config.settings import Settings
from hub import log, main
from hub.index.check import Found, check
from hub.terminal import database_url, one_sentence

app = typer.Typer(no_args_is_help=True, help="The index of all dossiers.")


@app.callback()
def _several() -> None:
    """Without this, typer takes the one command there is for the whole of it."""


@app.command("check")
def check_index(
    repair: Annotated[bool, typer.Option("--repair", help="Put right what is found.")] = False,
) -> None:
    """Compare counts, and the marks by which dossiers are searched, with the dossiers. Ends with 1 if they differ."""
    with one_sentence():
        settings = Settings()
        log.configure("WARNING", settings.log_format)

        async def work() -> Found:
            async with database_url(settings) as url, main.open_hub(settings, url) as hub:
                return await check(hub.database, hub.vault, repair=repair)

        found = asyncio.run(work())
    for cell, counted, recounted in found.counts:
        month = cell.month and cell.month.isoformat()[:7]
        print(f"{cell.agency} status {cell.status} month {month}: counted {counted}, there are {recounted}")
    done = "put right" if repair else "`--repair` puts it right"
    print(
        f"{found.dossiers} dossiers; counts that differ: {len(found.counts)}; marks missing: {found.missing_marks}"
        + (f"; {done}" if found.counts or found.missing_marks else "")
    )
    if (found.counts or found.missing_marks) and not repair:
        raise typer.Exit(1)
