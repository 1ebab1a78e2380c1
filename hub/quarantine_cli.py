"""The commands `hub quarantine …`: what agencies said that is not understood yet, and closing what never will be."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer
from rich.console import Console

from config.settings import Settings
from hub import log, main
from hub.quarantine.closing import Kept, NotOpen, close, kept
from hub.terminal import Stop, database_url, one_sentence

app = typer.Typer(no_args_is_help=True, help="What agencies said that the hub does not understand.")

Result = TypeVar("Result")


@app.command("list")
def show(
    agency: Annotated[str | None, typer.Argument(help="One agency; all without it.", metavar="AGENCY")] = None,
    most: Annotated[int, typer.Option(help="How many.")] = 100,
) -> None:
    """Show what is there, the latest first. Mapped in the agency's file, it is read again at the next start."""

    async def work(hub: main.Hub) -> list[Kept]:
        if agency and hub.registry.spec(agency) is None:
            raise Stop(f"there is no agency {agency}")
        return await kept(hub.database, agency, most=most)

    console = Console()
    found = _in_hub(work)
    for each in found:
        times = f", {each.times} times" if each.times > 1 else ""
        last = f"{each.last_seen_at.astimezone():%d/%m/%Y %H:%M}"
        # What others said is no markup.
        line = f"{each.id}  {each.agency}, {each.reason}, {last}{times}: {each.message}"
        console.print(line, markup=False, highlight=False)
    if not found:
        print("Nothing is in quarantine.")


@app.command("close")
def close_one(
    number: Annotated[int, typer.Argument(help="Its number, as `list` shows it.")],
    why: Annotated[str, typer.Option(help="For the audit: such as that the file was put right and read.")],
) -> None:
    """Take out what no mapping can mend, such as a broken file in whose place the agency has left a whole one.

    It is not read again, unless the agency says the same again.
    """
    if not why.strip():
        raise typer.BadParameter("say why, for those who come after", param_hint="--why")
    actor = f"cli:{os.environ.get('USER', 'unknown')}"
    closed = _in_hub(lambda hub: close(hub.database, number, why=why.strip(), actor=actor))
    print(f"Closed: {closed.agency}, {closed.reason}.")


def _in_hub(work: Callable[[main.Hub], Awaitable[Result]]) -> Result:
    with one_sentence():
        settings = Settings()
        log.configure("WARNING", settings.log_format)

        async def opened() -> Result:
            async with database_url(settings) as url, main.open_hub(settings, url) as hub:
                return await work(hub)

        try:
            return asyncio.run(opened())
        except NotOpen as error:
            raise Stop(str(error)) from None
