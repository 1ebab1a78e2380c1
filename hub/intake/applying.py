"""An event on its way through the inbox, and how what events say goes into the index."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.adapter import AgencyAdapter, Pushed, PushedEvent
from contracts.observation import Channel, Observation, Unusable
from contracts.problem import FieldProblem
from contracts.webhook import Accepted, Outcome
from hub import quarantine
from hub.index.record import Key, key_of, record
from hub.vault import Vault

#: (agency, webhook_id): what names an event.
Name: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery that was proved to be the agency's, and in which events were found."""

    adapter: AgencyAdapter
    #: What its headers call it, or what the only event in it calls itself.
    webhook_id: str | None
    body: bytes
    #: By small letters; without what lets in.
    headers: Mapping[str, str]
    address: str | None
    pushed: Pushed
    received_at: datetime

    @property
    def agency(self) -> str:
        return self.adapter.spec.id


@dataclass(slots=True)
class Item:
    """An event, or a whole list of them, on its way into the inbox."""

    agency: str
    webhook_id: str
    digest: bytes
    delivery: Delivery
    #: None for a list, whose body is stored once for all its events.
    event: PushedEvent | None
    #: The list that it came in, and where in it.
    of_list: "Item | None" = None
    place: int | None = None
    state: str = "new"
    problems: list[FieldProblem] = field(default_factory=list)
    #: Whether its id stands for something else.
    conflicts: bool = False
    #: What is known of the first one of its name, of which this one is a duplicate.
    before: Accepted | None = None
    #: The same, where that came at the same time.
    first: "Item | None" = None

    @property
    def name(self) -> Name:
        return self.agency, self.webhook_id


async def apply_all(connection: AsyncConnection, items: Sequence[Item], vault: Vault) -> None:
    """Record what the events say and note what became of each. Several of one dossier are recorded one after the
    other, so that each makes its own change."""
    waves: dict[int, list[tuple[Item, Sequence[Observation]]]] = defaultdict(list)
    unusable: dict[str, list[Unusable]] = defaultdict(list)
    seen: dict[Key, int] = defaultdict(int)
    for item in items:
        event = item.event
        assert event is not None
        if not event.tells:
            item.state = Outcome.IGNORED
            continue
        reading = item.delivery.adapter.read(event.data, Channel.WEBHOOK, item.delivery.received_at)
        said = reading.observations
        wave = max((seen[key_of(each)] for each in said), default=0)
        seen.update((key_of(each), wave + 1) for each in said)
        waves[wave].append((item, said))
        unusable[item.webhook_id] += reading.unusable
        item.problems = [
            FieldProblem(field=f"/data/{wrong.field}" if wrong.field else "/data", problem=wrong.message)
            for wrong in reading.unusable
        ]
    for wave in sorted(waves):
        ids = {key_of(each): item.webhook_id for item, said in waves[wave] for each in said}
        told = [each for _, said in waves[wave] for each in said]
        changed = (await record(connection, told, vault, correlation_ids=ids)).changed_keys
        for item, words in waves[wave]:
            if item.problems:
                item.state = Outcome.QUARANTINED
            else:
                news = any(key_of(each) in changed for each in words)
                item.state = Outcome.APPLIED if news else Outcome.SUPERSEDED
    for webhook_id, wrong in unusable.items():
        await quarantine.keep(connection, wrong, vault, correlation_id=webhook_id)
