"""`hub audit`: whether the audit is whole, and what is in it."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from hub import main
from hub.access.audit import Head, Wanted, exported, verify
from hub.at_hand import in_hub
from hub.terminal import Stop

app = typer.Typer(no_args_is_help=True, help="The audit: who did what to what.")


@app.command("verify")
def verify_audit(
    kept: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LINE:DIGEST", help="What an earlier verify, or the log, said was the last line; several for more."
        ),
    ] = None,
) -> None:
    """Look whether any line was altered, taken out or put in between. Say the last line: kept elsewhere, it shows
    later that the lines up to it are still there."""
    try:
        heads = tuple(Head.read(each) for each in kept or ())
    except ValueError:
        raise typer.BadParameter(
            "must be LINE:DIGEST, such as 17:3fa2…, as verify says it", param_hint="--kept"
        ) from None

    async def work(hub: main.Hub) -> None:
        async with hub.database.reads.acquire() as connection:
            found = await verify(connection, heads)
        if found.broken_at is not None:
            raise Stop(f"the audit was altered: line {found.broken_at} is not what it was, or follows a gap")
        if found.missing is not None:
            raise Stop(f"the audit was altered: line {found.missing.line} is not the one that was kept")
        print(f"The audit is whole. Its last line: {found.head}" if found.head else "The audit is empty.")

    in_hub(work, files="none")


@app.command("export")
def export_audit(
    since: Annotated[datetime | None, typer.Option(help="From then on, in UTC; else from the first line.")] = None,
    agency: Annotated[
        str | None, typer.Option(help="Only what was done to it, its streams, its spec and whatever else of it.")
    ] = None,
    target: Annotated[str | None, typer.Option(help="Only what was done to it, such as an agency.")] = None,
    actor: Annotated[str | None, typer.Option(help="Only what somebody did.")] = None,
    correlation_id: Annotated[
        str | None, typer.Option(help="Only what was done in one go, and who has looked at calls that were made in it.")
    ] = None,
) -> None:
    """Print the lines as JSON, one a row, the first first."""

    wanted = Wanted(target, actor, correlation_id, since.replace(tzinfo=UTC) if since else None, agency)

    async def work(hub: main.Hub) -> None:
        async for row in exported(hub.database, wanted):
            print(row.decode(), end="")

    in_hub(work, files="none")
