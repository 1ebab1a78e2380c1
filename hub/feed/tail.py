"""The newest events, read once for all who wait in this process, and kept for a moment.

While somebody waits, one task looks for news a few times a second: one short query, however many wait. Nobody's
queue is held here: a reader takes events from the tail when it has sent off those before, and one that is too slow
for the tail goes back to the database.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Awaitable, Callable
from contextlib import suppress
from operator import attrgetter

import structlog

from hub.feed.cursor import Position
from hub.feed.reading import Event, Page, Wanted

log = structlog.get_logger()

#: How long news may lie before they are seen.
PULSE_SECONDS = 0.2

#: Events in the tail, at most; some 2 MB.
KEPT = 2000

#: Who polls is away for a moment between two questions.
_LINGER_SECONDS = 5

_position = attrgetter("position")


class Fallen(Exception):
    """The tail begins after the position: read the database."""


class Tail:
    """`read` gives the next events after a position of our own; `begin` the feed's end."""

    def __init__(
        self, begin: Callable[[], Awaitable[tuple[int, Position]]], read: Callable[[Position], Awaitable[Page]]
    ) -> None:
        self._begin, self._read = begin, read
        self._task: asyncio.Task[None] | None = None
        self._events: list[Event] = []
        #: The tail holds all events after `_start` up to `_end`.
        self._start = self._end = Position(0, 0)
        self._generation = 0
        self._news: asyncio.Future[None] | None = None
        self._wanted_until = 0.0
        self._stopped = False

    def covers(self, generation: int, position: Position) -> bool:
        """Whether `after` may be asked without looking into the database first."""
        return (
            self._task is not None
            and not self._task.done()
            and generation == self._generation
            and position.is_at_the_end
            and self._start <= position <= self._end
        )

    async def after(self, position: Position, wanted: Wanted, limit: int, until: float) -> Page:
        """The events after `position`, which must be an end of the feed, as soon as there are any; none at `until`,
        a time of the event loop.

        Raises Fallen, and what reading the database raises.
        """
        loop = asyncio.get_running_loop()
        while True:
            self._wanted_until = loop.time() + _LINGER_SECONDS
            if self._task is None or self._task.done():
                self._start_over()
            if position < self._start:
                raise Fallen
            page = self._page(position, wanted, limit)
            if page.events or self._stopped or loop.time() >= until:
                return page
            position = page.position
            assert self._news is not None
            with suppress(TimeoutError):
                # Shielded: the news are everybody's.
                await asyncio.wait_for(asyncio.shield(self._news), until - loop.time())

    def stop(self) -> None:
        """Let nobody wait any more."""
        self._stopped = True
        self._tell()

    def _page(self, position: Position, wanted: Wanted, limit: int) -> Page:
        events: list[Event] = []
        for place in range(bisect_right(self._events, position, key=_position), len(self._events)):
            event = self._events[place]
            if wanted.takes(event.type, event.agencies):
                events.append(event)
                if len(events) == limit:
                    return Page(self._generation, events, event.position)
        return Page(self._generation, events, max(position, self._end))

    def _start_over(self) -> None:
        self._events.clear()
        # Until the task knows where the feed ends, every position may be before it: nobody has fallen yet.
        self._start = self._end = Position(0, 0)
        self._news = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            self._generation, self._start = await self._begin()
            self._end = self._start
            self._tell()
            while loop.time() < self._wanted_until and not self._stopped:
                page = await self._read(self._end)
                self._take(page)
                if page.is_last:
                    await asyncio.sleep(PULSE_SECONDS)
        except Exception as error:
            log.warning("feed.tail_failed", reason=type(error).__name__)
            assert self._news is not None
            # Whoever waits is told; whoever comes next tries again.
            self._news.set_exception(error)
            self._news.exception()

    def _take(self, page: Page) -> None:
        self._end = page.position
        self._events.extend(page.events)
        if (over := len(self._events) - KEPT) > 0:
            self._start = self._events[over - 1].position
            del self._events[:over]
        if page.events:
            self._tell()

    def _tell(self) -> None:
        if self._news is None:
            return
        news, self._news = self._news, asyncio.get_running_loop().create_future()
        if not news.done():
            news.set_result(None)
