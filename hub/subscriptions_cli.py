"""The commands `hub subscriptions …`: what admins do about webhooks out."""

from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console

from contracts.subscription import Subscription
from hub import main
from hub.at_hand import actor, in_hub
from hub.feed.cursor import BadCursor
from hub.feed.reading import Expired
from hub.subscriptions.subscriptions import NoSuchSubscription, ReplayFrom
from hub.terminal import Stop, one_sentence

app = typer.Typer(no_args_is_help=True, help="Webhooks out: who is told of changes.")

_Number = Annotated[int, typer.Argument(help="Its number, as `list` shows it.")]


@app.command("list")
def show() -> None:
    """Show all subscriptions, and how they fare."""
    console = Console()
    found = in_hub(lambda hub: hub.subscriptions.all(None))
    for owner, each in found:
        # What others named is no markup.
        console.print(_line(owner, each), markup=False, highlight=False, soft_wrap=True)
    if not found:
        print("There are no subscriptions.")


@app.command()
def disable(number: _Number) -> None:
    """Send nothing there until it is enabled; what changes meanwhile is sent then."""
    in_hub(lambda hub: hub.subscriptions.disable(number, None, actor=actor()), mendable=(NoSuchSubscription,))
    print(f"Disabled: {number}.")


@app.command()
def enable(
    number: _Number,
    replay_from: Annotated[str | None, typer.Option(help="A cursor of the change feed.")] = None,
    replay_since: Annotated[datetime | None, typer.Option(help="A moment, in this machine's time.")] = None,
) -> None:
    """Go on where it stopped, or begin again from a place in the change feed."""
    with one_sentence():
        if replay_from and replay_since:
            raise Stop("give --replay-from or --replay-since, not both")
    replay = ReplayFrom(replay_from, replay_since and replay_since.astimezone())

    async def work(hub: main.Hub) -> Subscription:
        try:
            return await hub.subscriptions.enable(
                number, None, replay=replay if replay_from or replay_since else None, actor=actor()
            )
        except BadCursor:
            raise Stop("--replay-from is no cursor of this hub's change feed") from None
        except Expired:
            raise Stop("not all that followed is kept; enable it without a replay") from None

    told = in_hub(work, mendable=(NoSuchSubscription,))
    print(f"Enabled: {number}" + (", and catching up." if told.catching_up else "."))


def _line(owner: str, each: Subscription) -> str:
    if not each.enabled:
        state = f"disabled {each.disabled_at:%d/%m/%Y %H:%M} ({each.disabled_why})"
    elif each.failing_since:
        state = f"failing since {each.failing_since.astimezone():%d/%m/%Y %H:%M}"
    else:
        state = "catching up" if each.catching_up else "well"
    last = f"{each.last_success_at.astimezone():%d/%m/%Y %H:%M}" if each.last_success_at else "never"
    return f"{each.id}  {owner}, {each.name}: {state}; last success {last}"
