"""The commands `hub inbox …`: what agencies have pushed, what became of it, and reading it once more."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console

from contracts.deliveries import DeliveryDetail, DeliverySummary, RefusedCall
from hub import main
from hub.at_hand import actor, in_hub, known_agency
from hub.intake.deliveries import Deliveries
from hub.intake.replay import Chosen, Replayed, replay
from hub.terminal import Stop

app = typer.Typer(no_args_is_help=True, help="What agencies have pushed.")

_DAY = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"]


class State(StrEnum):
    """What became of an event."""

    NEW = "new"
    APPLIED = "applied"
    SUPERSEDED = "superseded"
    IGNORED = "ignored"
    WAITING = "waiting"
    QUARANTINED = "quarantined"
    DEAD = "dead"


Agency = Annotated[str, typer.Argument(metavar="AGENCY", help="Such as ubnd-pleiku.")]
States = Annotated[list[State] | None, typer.Option("--state", help="Only these; several for more.")]
Since = Annotated[datetime | None, typer.Option(formats=_DAY, help="Received from then on: a day, or a time.")]


@app.command("list")
def show(
    agency: Annotated[str | None, typer.Argument(metavar="AGENCY", help="One agency; all without it.")] = None,
    state: States = None,
    since: Since = None,
    most: Annotated[int, typer.Option(help="How many.")] = 50,
) -> None:
    """Show what came in, the latest first."""

    async def work(hub: main.Hub) -> list[DeliverySummary]:
        deliveries = Deliveries(hub.database, hub.vault)
        agencies = None if agency is None else [known_agency(hub, agency).id]
        return await deliveries.latest(agencies, states=state, since=_moment(since), most=most)

    found = in_hub(work)
    for each in found:
        _say(f"{_time(each.received_at)}  {each.agency}  {each.state}  {each.id}")
        for problem in each.problems:
            _say(f"    {problem.field}: {problem.problem}")
    if not found:
        print("Nothing came in.")


@app.command("show")
def show_one(agency: Agency, id: Annotated[str, typer.Argument(metavar="ID", help="The webhook-id.")]) -> None:
    """Show one event as it was sent, and what it changed. It may hold personal data."""

    async def work(hub: main.Hub) -> DeliveryDetail:
        found = await Deliveries(hub.database, hub.vault).one(known_agency(hub, agency).id, id)
        if found is None:
            raise Stop(f"{agency} has delivered no event with the id {id}")
        return found

    sent = in_hub(work)
    _say(f"{sent.id} of {sent.agency}: {sent.state} after {sent.attempts} tries")
    _say(f"received {_time(sent.received_at)} from {sent.address or 'somewhere'}")
    if sent.in_list is not None:
        _say(f"number {sent.place} of the list {sent.in_list}")
    for problem in sent.problems:
        _say(f"  {problem.field}: {problem.problem}")
    for each in sent.changes:
        _say(f"  {each.code}: {each.type}, {each.status_before or '–'} → {each.status_after or '–'}")
    for name, value in (sent.headers or {}).items():
        _say(f"{name}: {value}")
    _say(sent.body if sent.body is not None else "(its bytes are kept no more)")
    for other in sent.other_bodies:
        _say("Came later under the same id, and was refused:")
        _say(other)


@app.command("refused")
def show_refused(agency: Agency, most: Annotated[int, typer.Option(help="How many.")] = 10) -> None:
    """Show the last calls that were refused, and why."""

    async def work(hub: main.Hub) -> list[RefusedCall]:
        found = await Deliveries(hub.database, hub.vault).refused([known_agency(hub, agency).id], most=most)
        return [each.call for each in found]

    found = in_hub(work)
    for each in found:
        problem = each.problem
        sent = f"{each.body_bytes} bytes from {each.address or 'somewhere'}"
        _say(f"{_time(each.at)}  {each.status} {each.reason}, {sent}")
        _say(f"    {problem.field}: {problem.problem}; expected: {problem.expected}")
    if not found:
        print("Nothing was refused of late.")


@app.command("replay")
def replay_some(
    agency: Agency,
    id: Annotated[str | None, typer.Argument(metavar="ID", help="One event; all that are chosen without it.")] = None,
    state: States = None,
    since: Since = None,
    until: Annotated[datetime | None, typer.Option(formats=_DAY, help="Received before then.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
) -> None:
    """Read stored events once more, with the agency's file as it is now. Nothing newer is turned back."""
    if id is None and not state:
        raise typer.BadParameter("say which: an ID, or such as --state quarantined", param_hint="--state")

    async def work(hub: main.Hub) -> list[Replayed]:
        chosen = Chosen(known_agency(hub, agency).id, id, state or (), _moment(since), _moment(until))
        return [each async for each in replay(hub.database, hub.inbox, chosen, actor=actor(), dry_run=dry_run)]

    done = in_hub(work, audited=not dry_run)
    for each in done:
        _say(f"{each.webhook_id}: {each.before} → {each.outcome.value if each.outcome else 'as before'}")
        for problem in each.problems:
            _say(f"    {problem.field}: {problem.problem}")
        for change in each.changes:
            _say(f"    {change.code}: {change.kind}, {change.status_before or '–'} → {change.status_after or '–'}")
    changed = sum(len(each.changes) for each in done)
    print(f"{len(done)} events {'would be read' if dry_run else 'read'} again; {changed} changes.")


def _moment(given: datetime | None) -> datetime | None:
    """A day without a zone is one of this machine's."""
    return given and given.astimezone(UTC)


def _time(at: datetime) -> str:
    return f"{at.astimezone():%d/%m/%Y %H:%M:%S}"


def _say(line: str) -> None:
    # What others said is no markup.
    Console().print(line, markup=False, highlight=False, soft_wrap=True)
