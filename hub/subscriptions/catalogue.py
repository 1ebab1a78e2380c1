"""Which subscriptions an event is for: found by what they are narrowest in, so that those who want little cost little.
Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from hub.feed.cursor import Position
from hub.feed.reading import Event


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A subscription as far as it matters for whom an event is for. Of a filter, None takes everything."""

    id: int
    destination: int
    round: int
    ordered: bool
    #: Events up to here are not for it.
    start: Position
    types: frozenset[str] | None = None
    agencies: frozenset[str] | None = None
    procedures: frozenset[str] | None = None
    statuses: frozenset[str] | None = None

    def takes(self, event: Event) -> bool:
        return (
            event.position > self.start
            and (self.types is None or event.type in self.types)
            and (self.agencies is None or not self.agencies.isdisjoint(event.agencies))
            and (self.procedures is None or event.procedure in self.procedures)
            and (self.statuses is None or event.status in self.statuses)
        )


class Catalogue:
    def __init__(self, subscribers: Iterable[Subscriber], version: int) -> None:
        self.version = version
        self.subscribers = {each.id: each for each in subscribers}
        # Each subscription lies in the drawers of one of its filters; without any, among `_all`.
        self._drawers: dict[tuple[str, str], list[Subscriber]] = defaultdict(list)
        self._all: list[Subscriber] = []
        for each in self.subscribers.values():
            self._file(each)

    @property
    def start(self) -> Position | None:
        """No event up to here is for anybody; None where there is nobody."""
        return min((each.start for each in self.subscribers.values()), default=None)

    def takers(self, event: Event) -> list[Subscriber]:
        drawers: list[tuple[str, str | None]] = [
            ("procedure", event.procedure),
            *(("agency", agency) for agency in dict.fromkeys(event.agencies)),
            ("status", event.status),
            ("type", event.type),
        ]
        # Nobody is met twice: he lies under one filter, and under agencies he may be found by several.
        found = {each.id: each for each in self._all if each.takes(event)}
        for drawer in drawers:
            for each in self._drawers.get(drawer, ()):  # type: ignore[arg-type]
                if each.takes(event):
                    found[each.id] = each
        return list(found.values())

    def _file(self, subscriber: Subscriber) -> None:
        filters: list[tuple[str, Collection[str] | None]] = [
            ("procedure", subscriber.procedures),
            ("agency", subscriber.agencies),
            ("status", subscriber.statuses),
            ("type", subscriber.types),
        ]
        for name, values in filters:
            if values is not None:
                for value in values:
                    self._drawers[name, value].append(subscriber)
                return
        self._all.append(subscriber)
