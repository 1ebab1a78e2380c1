"""Which subscriptions an event is for: found by what they are narrowest in, so that those who want little cost little.
Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from hub.feed.cursor import Position
from hub.feed.reading import Event

#: A part of a filter, and a value of it.
_Drawer: TypeAlias = tuple[str, str | None]
_EVERYTHING: _Drawer = ("everything", None)


@dataclass(frozen=True, slots=True)
class Filter:
    """Of each, None takes everything."""

    types: frozenset[str] | None = None
    agencies: frozenset[str] | None = None
    procedures: frozenset[str] | None = None
    statuses: frozenset[str] | None = None

    def takes(self, event: Event) -> bool:
        return (
            (self.types is None or event.type in self.types)
            and (self.agencies is None or not self.agencies.isdisjoint(event.agencies))
            and (self.procedures is None or event.procedure in self.procedures)
            and (self.statuses is None or event.status in self.statuses)
        )

    @property
    def drawers(self) -> list[_Drawer]:
        """Where it is filed: under each value of its narrowest part."""
        filters: list[tuple[str, Collection[str] | None]] = [
            ("procedure", self.procedures),
            ("agency", self.agencies),
            ("status", self.statuses),
            ("type", self.types),
        ]
        for name, values in filters:
            if values is not None:
                return [(name, value) for value in values]
        return [_EVERYTHING]


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A subscription as far as it matters for whom an event is for."""

    id: int
    destination: int
    round: int
    ordered: bool
    #: Events up to here are not for it.
    start: Position
    filter: Filter

    def takes(self, event: Event) -> bool:
        return event.position > self.start and self.filter.takes(event)


class Catalogue:
    def __init__(self, subscribers: Iterable[Subscriber], version: int) -> None:
        self.version = version
        # Many want just the same: whether an event is that, is asked once for all of them.
        self._wanting: dict[Filter, list[Subscriber]] = defaultdict(list)
        for each in subscribers:
            self._wanting[each.filter].append(each)
        #: No event up to here is for anybody; None where there is nobody.
        self.start = min((each.start for all in self._wanting.values() for each in all), default=None)
        self._drawers: dict[_Drawer, list[Filter]] = defaultdict(list)
        for wanted in self._wanting:
            for drawer in wanted.drawers:
                self._drawers[drawer].append(wanted)

    def takers(self, event: Event) -> list[Subscriber]:
        drawers: list[_Drawer] = [
            _EVERYTHING,
            ("procedure", event.procedure),
            *(("agency", agency) for agency in dict.fromkeys(event.agencies)),
            ("status", event.status),
            ("type", event.type),
        ]
        # A filter of several agencies may be found by each of an event's: it counts once.
        found: dict[Filter, None] = {}
        for drawer in drawers:
            found |= dict.fromkeys(wanted for wanted in self._drawers.get(drawer, ()) if wanted.takes(event))
        return [each for wanted in found for each in self._wanting[wanted] if event.position > each.start]
