"""The command `hub index check`: whether counts and marks are what the dossiers are."""

from typing import Annotated

import typer

from hub.at_hand import in_hub
from hub.index.check import check

app = typer.Typer(no_args_is_help=True, help="The index of all dossiers.")


@app.callback()
def _several() -> None:
    """Without this, typer takes the one command there is for the whole of it."""


@app.command("check")
def check_index(
    repair: Annotated[bool, typer.Option("--repair", help="Put right what is found.")] = False,
) -> None:
    """Compare counts, and the marks by which dossiers are searched, with the dossiers. Ends with 1 if they differ."""
    found = in_hub(lambda hub: check(hub.database, hub.vault, repair=repair))
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
