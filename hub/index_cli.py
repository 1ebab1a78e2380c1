"""The commands `hub index …`: whether counts, marks and steps are what the dossiers are; the archive."""

from typing import Annotated

import typer

from hub.at_hand import in_hub
from hub.index.archive import Report, archive
from hub.index.check import check
from hub.main import Hub
from hub.terminal import Stop

app = typer.Typer(no_args_is_help=True, help="The index of all dossiers.")


@app.command("check")
def check_index(
    repair: Annotated[bool, typer.Option("--repair", help="Put right what is found.")] = False,
) -> None:
    """Compare counts, and the marks by which dossiers are searched, with the dossiers, and the steps of their statuses
    with their history. Ends with 1 if they differ."""
    found = in_hub(lambda hub: check(hub.database, hub.vault, repair=repair))
    for cell, counted, recounted in found.counts:
        month = cell.month and cell.month.isoformat()[:7]
        print(f"{cell.agency} status {cell.status} month {month}: counted {counted}, there are {recounted}")
    wrong = found.counts or found.missing_marks or found.other_steps
    done = "put right" if repair else "`--repair` puts it right"
    print(
        f"{found.dossiers} dossiers; counts that differ: {len(found.counts)}; marks missing: {found.missing_marks}; "
        f"steps that differ, or are not there yet: {found.other_steps}" + (f"; {done}" if wrong else "")
    )
    if wrong and not repair:
        raise typer.Exit(1)


@app.command("archive")
def archive_index(
    years: Annotated[
        int | None, typer.Option(min=1, max=100, help="After how many; HUB_ARCHIVE_YEARS by default.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be packed.")] = False,
) -> None:
    """Pack the history of dossiers that were finished so many years ago. They are found, shown and counted as before,
    and what is said of one again unpacks it."""

    async def pack(hub: Hub) -> Report:
        after = years or hub.settings.archive_years
        if after is None:
            raise Stop("after how many years? Give --years, or set HUB_ARCHIVE_YEARS")
        return await archive(hub.database, after, dry_run=dry_run)

    report = in_hub(pack)
    for agency, count in sorted(report.dossiers.items()):
        print(f"{agency}: {count}")
    print(
        f"{report.dossiers.total()} dossiers with {report.lines} lines of history {'would be' if dry_run else 'are'} "
        f"packed: {report.bytes_after / 1e6:.1f} MB in place of {report.bytes_before / 1e6:.1f}"
    )
