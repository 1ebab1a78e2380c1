"""The commands `hub alerts …`: what is the matter, and silence for a while."""

from datetime import timedelta
from typing import Annotated

import typer

from contracts.alert import AlertKind
from hub import main
from hub.alerts import silences
from hub.alerts.reading import Known, known
from hub.alerts.texts import told
from hub.at_hand import actor, in_hub, known_agency
from hub.terminal import Stop, one_sentence

app = typer.Typer(no_args_is_help=True, help="What is the matter with agencies, and who need not be told.")


@app.command("list")
def show() -> None:
    """Show what is open, causes first, and what is silenced."""

    async def work(hub: main.Hub) -> tuple[Known, list[str]]:
        found = await known(hub.database)
        lines = []
        for each in found.open:
            said = told(each, hub.registry)
            state = "follows from another" if each.cause_id else "silenced" if found.is_silenced(each) else "open"
            lines.append(f"{each.kind.value}: {said.title_en}; {state} since {said.opened_at.astimezone():%d/%m %H:%M}")
        return found, lines

    found, lines = in_hub(work)
    for line in lines or ["There are no alerts."]:
        print(line)
    for each in found.silences:
        what = f"{each.agency or 'all agencies'}, {each.kind.value if each.kind else 'all kinds'}"
        print(f"silence {each.id}: {what}, until {each.until.astimezone():%d/%m/%Y %H:%M}, {each.made_by}: {each.why}")


@app.command()
def silence(
    why: Annotated[str, typer.Option(help="For those who come after.")],
    hours: Annotated[int, typer.Option(min=1, max=2160, help="For so long.")],
    agency: Annotated[str | None, typer.Option(help="Its id; all, where none is given.")] = None,
    kind: Annotated[AlertKind | None, typer.Option(help="All, where none is given.")] = None,
) -> None:
    """Tell nothing of an agency, or of all, for a while; `list` and the page show it all the same."""
    with one_sentence():
        if not why.strip():
            raise Stop("say why: --why")

    async def work(hub: main.Hub) -> str:
        if agency:
            known_agency(hub, agency)
        until = await silences.silence(
            hub.database, agency=agency, kind=kind, length=timedelta(hours=hours), why=why.strip()[:300], actor=actor()
        )
        return f"{until.astimezone():%d/%m/%Y %H:%M}"

    print(f"Silenced until {in_hub(work)}.")


@app.command()
def unsilence(number: Annotated[int, typer.Argument(help="The silence's number, as `list` shows it.")]) -> None:
    """End a silence."""
    in_hub(lambda hub: silences.end(hub.database, number, actor=actor()), mendable=(silences.NoSuchSilence,))
    print(f"Told again: {number}.")
