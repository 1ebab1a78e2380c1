"""The commands `hub subscriptions …`: what admins do about webhooks out."""

from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console

from contracts.subscription import EventDeliveryState, Subscription
from hub import main
from hub.at_hand import actor, in_hub
from hub.feed.cursor import BadCursor
from hub.feed.reading import Expired
from hub.outbox.history import MOST_COUNTED
from hub.outbox.rules import Outcome, Result
from hub.subscriptions.deliveries import Attempted, DeliveryLog, Lately
from hub.subscriptions.subscriptions import NoSuchSubscription, ReplayFrom
from hub.terminal import Stop, one_sentence

app = typer.Typer(no_args_is_help=True, help="Webhooks out: who is told of changes.")

_Number = Annotated[int, typer.Argument(help="Its number, as `list` shows it.")]


@app.command("list")
def show() -> None:
    """Show all subscriptions, and how they fare."""
    found = in_hub(lambda hub: hub.subscriptions.all(None))
    for owner, each in found:
        _say(_line(owner, each))
    if not found:
        print("There are no subscriptions.")


@app.command()
def attempts(number: _Number, most: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 20) -> None:
    """Show what was tried last, how it was answered, and when it is tried again."""

    async def work(hub: main.Hub) -> Lately:
        return await DeliveryLog(hub.database, hub.vault).lately(number, None, most=most)

    lately = in_hub(work, mendable=(NoSuchSubscription,))
    for each in lately.attempts:
        _say(_tried(each, goes_on=lately.next_try_at is not None))
        if each.attempt.answer:
            _say(f"    {each.attempt.answer}")
    again = f"; next try {_time(lately.next_try_at)}" if lately.next_try_at else ""
    print(f"{lately.waiting}{'+' if lately.waiting >= MOST_COUNTED else ''} wait{again}.")


@app.command()
def test(number: _Number) -> None:
    """Send an event that only tests, now, and say how it was taken; also where it is disabled."""

    async def work(hub: main.Hub) -> Result:
        _, result = await hub.subscriptions.test(number, None, hub.webhooks, actor=actor())
        return result

    result = in_hub(work, mendable=(NoSuchSubscription,))
    with one_sentence():
        if result.outcome is not Outcome.OK:
            raise Stop(f"it did not arrive: {result.message}")
    print(f"It arrived: {result.status} after {result.seconds:.2f} s.")


@app.command()
def rotate(
    number: _Number,
    overlap: Annotated[int, typer.Option(min=0, max=168, help="Hours for which the old one signs as well.")] = 24,
) -> None:
    """Sign with a new secret, and show it, once."""
    made = in_hub(
        lambda hub: hub.subscriptions.rotate(number, None, timedelta(hours=overlap), actor=actor()),
        mendable=(NoSuchSubscription,),
    )
    print(made.secret)


@app.command()
def remove(number: _Number) -> None:
    """End it, with what waits and what is known of its deliveries."""
    in_hub(lambda hub: hub.subscriptions.delete(number, None, actor=actor()), mendable=(NoSuchSubscription,))
    print(f"Removed: {number}.")


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
        assert each.disabled_at
        state = f"disabled {each.disabled_at.astimezone():%d/%m/%Y %H:%M} ({each.disabled_why})"
    elif each.failing_since:
        state = f"failing since {each.failing_since.astimezone():%d/%m/%Y %H:%M}"
    else:
        state = "catching up" if each.catching_up else "well"
    last = f"{each.last_success_at.astimezone():%d/%m/%Y %H:%M}" if each.last_success_at else "never"
    return f"{each.id}  {owner}, {each.name}: {state}; last success {last}"


def _tried(each: Attempted, *, goes_on: bool) -> str:
    """`goes_on`: whether what waits is tried again by itself."""
    delivery, attempt = each.delivery, each.attempt
    said = f": {attempt.message}" if attempt.message else ""
    at = delivery.next_try_at
    state = f"again {_time(at)}" if goes_on and delivery.state is EventDeliveryState.WAITING and at else delivery.state
    took = f"{attempt.status or 'no answer'} after {attempt.seconds:.2f} s"
    return f"{_time(attempt.at)}  {delivery.type} {delivery.event}  {took}{said}  ({state})"


def _time(at: datetime) -> str:
    return f"{at.astimezone():%d/%m/%Y %H:%M:%S}"


def _say(line: str) -> None:
    # What others said is no markup, and nothing that a terminal does.
    said = "".join(letter if letter.isprintable() else " " for letter in line)
    Console().print(said, markup=False, highlight=False, soft_wrap=True)
