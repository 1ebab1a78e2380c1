"""One agency's system under examination: what was asked of it once, for many checks to look at."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from contracts.adapter import Window
from contracts.observation import Observation
from hub.conformance.asking import Asking, Told, Walk, takes_size
from hub.conformance.report import Verdict

#: How many dossiers are looked up one by one.
_LOOKED_UP = 8
_DAYS = timedelta(days=30)


@dataclass
class Case:
    asking: Asking
    #: Look-ups to make as fast as it goes, to see how the system says that this is too much; none where it is 0.
    press: int = 0
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    #: The window that `walk` read, and the same in small pages; None where there is no list, or nothing to page.
    window: Window | None = None
    walk: Walk | None = None
    small: Walk | None = None
    small_size: int = 0
    #: The list since the moment in the middle of it.
    since: Walk | None = None
    #: Look-ups of dossiers that exist, one at a time, by the code asked for.
    alone: dict[str, Told] = field(default_factory=dict)

    @property
    def rows(self) -> list[Observation]:
        """Of the list, without what changed since we began."""
        found = self.walk.rows if self.walk else []
        return [row for row in found if row.occurred_at is None or row.occurred_at < self.began]

    @property
    def known(self) -> dict[str, Told]:
        """The look-ups that found the dossier."""
        return {code: told for code, told in self.alone.items() if told.observation}

    async def prepare(self, code: str | None, since: datetime | None) -> None:
        """Ask the questions that most checks need: the list twice, and some dossiers."""
        if self.asking.spec.operations.changes:
            await self._read_list(since)
        if self.asking.spec.operations.lookup:
            for each in self._codes(code):
                self.alone[each] = await self.asking.look_up(each)

    async def _read_list(self, since: datetime | None) -> None:
        ways = [Window(until=self.began, since=since or self.began - _DAYS)]
        if since is None:
            # Nothing may have changed for so long.
            ways.append(Window(until=self.began))
        for self.window in ways:
            self.walk = await self.asking.walk(self.window)
            if self.walk.failure or self.walk.rows:
                break
        assert self.walk and self.window
        if len(self.walk.rows) >= 4 and not self.walk.failure and takes_size(self.asking.spec):
            self.small_size = min(50, max(2, len(self.walk.rows) // 6))
            self.small = await self.asking.walk(self.window, self.small_size)

    def _codes(self, code: str | None) -> list[str]:
        """Some from all over the list."""
        listed = list(dict.fromkeys(row.code for row in self.rows))
        step = max(1, len(listed) // _LOOKED_UP)
        return list(dict.fromkeys([*([code] if code else []), *listed[::step]]))[:_LOOKED_UP]


Examine: TypeAlias = Callable[[Case], Awaitable[Verdict]]
