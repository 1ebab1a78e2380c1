"""The commands `hub quarantine …`: what agencies said that is not understood yet, and closing what never will be."""

from typing import Annotated

import typer
from rich.console import Console

from hub import main
from hub.at_hand import actor, in_hub, known_agency
from hub.quarantine.closing import Kept, NotOpen, close, kept

app = typer.Typer(no_args_is_help=True, help="What agencies said that the hub does not understand.")


@app.command("list")
def show(
    agency: Annotated[str | None, typer.Argument(help="One agency; all without it.", metavar="AGENCY")] = None,
    most: Annotated[int, typer.Option(help="How many.")] = 100,
) -> None:
    """Show what is there, the latest first. Once its spec understands it, it is read again by itself."""

    async def work(hub: main.Hub) -> list[Kept]:
        if agency:
            known_agency(hub, agency)
        return await kept(hub.database, agency, most=most)

    console = Console()
    found = in_hub(work)
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
    closed = in_hub(lambda hub: close(hub.database, number, why=why.strip(), actor=actor()), mendable=(NotOpen,))
    print(f"Closed: {closed.agency}, {closed.reason}.")
