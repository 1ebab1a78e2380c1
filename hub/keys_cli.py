"""The commands `hub keys …`: which there are; make one, replace one, end one. A key is shown once, when it is made."""

from datetime import datetime, timedelta
from typing import Annotated

import typer

from hub import main
from hub.access.keys import LONGEST_OVERLAP, KeyWrong, NoKey
from hub.access.scopes import Scope
from hub.at_hand import actor, in_hub, known_agency

app = typer.Typer(no_args_is_help=True, help="API keys of portal frontends and other programs.")

_Number = Annotated[int, typer.Argument(help="As `hub keys list` shows it.")]
_MOST_HOURS = int(LONGEST_OVERLAP.total_seconds() // 3600)


@app.command("list")
def show() -> None:
    """Show which there are, and those that ended lately."""

    async def work(hub: main.Hub) -> None:
        for each in await hub.keys.all():
            of = "all agencies" if each.agencies is None else ", ".join(each.agencies)
            used = f"used {_at(each.last_used_at)}" if each.last_used_at else "never used"
            ends = f"; {'ended' if each.has_ended else 'ends'} {_at(each.ends_at)}" if each.ends_at else ""
            print(f"{each.id:5}  {each.name:20}  {', '.join(each.scopes)}; {of}; {used}{ends}")

    in_hub(work)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Whose key it is, such as portal.")],
    scope: Annotated[list[Scope], typer.Option(help="What it may do; give it several times.")],
    agency: Annotated[list[str] | None, typer.Option(help="Only this agency's dossiers; several for more.")] = None,
    expires: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day on which it ends, at its beginning.")
    ] = None,
) -> None:
    """Make an API key and show it, once. A key of the same name that was there before ends."""

    async def work(hub: main.Hub) -> str:
        for each in agency or ():
            known_agency(hub, each)
        ends = expires.astimezone() if expires else None
        return await hub.keys.create(name, scopes=scope, agencies=agency or None, expires_at=ends, actor=actor())

    print(in_hub(work, mendable=(KeyWrong,)))


@app.command()
def rotate(
    number: _Number,
    overlap: Annotated[int, typer.Option(min=0, max=_MOST_HOURS, help="Hours for which the old one is good yet.")] = 24,
) -> None:
    """Make a key in the place of another and show it, once. It may do the same."""
    print(in_hub(lambda hub: hub.keys.rotate(number, timedelta(hours=overlap), actor=actor()), mendable=(NoKey,)))


@app.command()
def revoke(number: _Number) -> None:
    """End a key now."""
    in_hub(lambda hub: hub.keys.revoke(number, actor=actor()), mendable=(NoKey,))
    print("Ended.")


def _at(moment: datetime | None) -> str:
    return f"{moment.astimezone():%d/%m/%Y %H:%M}" if moment else ""
