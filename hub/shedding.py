"""Turns requests away early when there is more to do than can be done; those that somebody waits for go first.

What can wait goes through a narrow door: one at a time is at work, some more wait for their turn, and whoever comes
while these are enough is turned away. So what people wait for finds the event loop and the database mostly free,
however much programs ask. Where people alone are too much, the event loop tells: everything that waits, waits for it.
While it stays late for a whole interval (as CoDel judges: bursts pass), fewer are let in at once; afterwards more
again, one by one. Whoever is turned away costs next to nothing, and is told when to come again. The reasons are in
docs/decisions/0030.
"""

import asyncio
import random
import re
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import IntEnum

import orjson
import structlog
from prometheus_client import Counter, Gauge
from starlette.types import ASGIApp, Receive, Scope, Send

from contracts.problem import Problem
from hub.problems import MEDIA_TYPE, ProblemType

log = structlog.get_logger()

SHED = Counter("hub_requests_shed_total", "Requests turned away for overload.", ["urgency"])
LATE = Gauge("hub_event_loop_late_seconds", "How long the event loop took to come round, the best of an interval.")

#: So many wait for their turn: a tenth of a second's work, so that a burst passes and nobody waits for long.
WAITING = 64
#: What has not been answered after so many seconds waits for others, a slow disk or an agency, and keeps nobody from
#: his turn.
_TURN_SECONDS = 0.02

#: How late the loop may be, in seconds, before fewer are let in: more than a busy machine does to a process with
#: little to do.
_BEARABLE = 0.025
#: How often that is measured, and for how long before it is judged.
_PROBE_SECONDS, _INTERVAL_SECONDS = 0.01, 0.1
#: Of what somebody waits for, so many may be at work at once in good times, and however bad it is.
_MOST, _LEAST = 1000.0, 32.0
#: After so many intervals in which nobody was turned away it is over.
_CALM = 10
_RETRY_SECONDS = (1, 4)


class Urgency(IntEnum):
    #: Somebody waits for it, or it cannot be had again: look-ups, a person's own dossiers, pages, webhooks.
    FIRST = 0
    #: Lists, searches, many at once, feeds, counts, trials: programs ask for them, and can ask again.
    LATER = 1
    #: Never turned away: who watches over the hub must see it.
    ALWAYS = 2


_PROGRAMS = ("/v1/", "/sandbox/")
_SOMEBODY_WAITS = re.compile(r"/v1/(dossiers/(?!by-code$|search$)[^/]+(/full|/history)?|people/\w+|me/\w+)")
_PUSHED = re.compile(r"/v1/webhooks/[^/]+")


def urgency_of(scope: Scope) -> Urgency:
    path: str = scope["path"]
    if path in ("/healthz", "/readyz", "/metrics"):
        return Urgency.ALWAYS
    if not path.startswith(_PROGRAMS) or _SOMEBODY_WAITS.fullmatch(path) or _PUSHED.fullmatch(path):
        return Urgency.FIRST
    return Urgency.LATER


class Door:
    """For those that can wait: one at a time, in the order in which they came."""

    def __init__(self) -> None:
        self._is_taken = False
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def is_full(self) -> bool:
        return len(self._waiting) >= WAITING

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Waits for it. It ends with the block, or before where that takes long."""
        loop = asyncio.get_running_loop()
        place: asyncio.Future[None] = loop.create_future()
        self._waiting.append(place)
        self._let_in()
        ends: asyncio.TimerHandle | None = None
        try:
            await place
            ends = loop.call_later(_TURN_SECONDS, self._end)
            yield
        finally:
            if ends and ends.when() > loop.time():
                ends.cancel()
                self._end()
            elif not ends and place.done() and not place.cancelled():
                # It was let in, and ended before it knew.
                self._end()

    def _end(self) -> None:
        self._is_taken = False
        self._let_in()

    def _let_in(self) -> None:
        while self._waiting and not self._is_taken:
            place = self._waiting.popleft()
            if not place.done():
                self._is_taken = True
                place.set_result(None)


class Load:
    """How many may be let in at once, by how late the event loop is: it is told."""

    def __init__(self) -> None:
        #: Of those that somebody waits for: how many may be at work at once, and how many are.
        self.limit = _MOST
        self.busy = 0
        #: For those that can wait.
        self.door = Door()
        #: Since the last judgement, whether somebody came up against the limit, and whether anybody was turned away.
        self._pressed = self._turned_away = False
        self._calm = _CALM

    def lets_in(self, urgency: Urgency) -> bool:
        if urgency is Urgency.LATER:
            may = not self.door.is_full
        else:
            may = self.busy < self.limit
            self._pressed |= not may
        self._turned_away |= not may
        return may

    @property
    def is_shedding(self) -> bool:
        return self._calm < _CALM

    def judge(self, late: float) -> None:
        """`late`: the best of an interval's measurements. A queue that was empty once is no queue."""
        self._calm = 0 if self._turned_away else self._calm + 1
        if late > _BEARABLE:
            # From what is really there: a limit that nobody reaches limits nobody.
            self.limit = max(_LEAST, min(self.limit, self.busy + 1) * 0.7)
        elif self.limit < _MOST and (self._pressed or self.busy < self.limit / 2):
            self.limit = min(_MOST, self.limit + (1 if self._pressed else self.limit / 4))
        self._pressed = self._turned_away = False


class Shedding:
    """Wrap it round everything that costs something."""

    def __init__(self, app: ASGIApp, load: Load) -> None:
        self.app, self._load = app, load
        problem = Problem(
            type=ProblemType.UNAVAILABLE.path,
            title=ProblemType.UNAVAILABLE.value.title,
            status=ProblemType.UNAVAILABLE.value.status,
            detail="The hub has more to do than it can do just now; this request was not looked at.",
            detail_vi="Hệ thống đang quá tải. Xin thử lại sau vài giây.",
        )
        self._body = orjson.dumps(problem.model_dump(mode="json", exclude_none=True))
        self._headers = [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", str(len(self._body)).encode()),
            (b"cache-control", b"no-store"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        load = self._load
        urgency = urgency_of(scope) if scope["type"] == "http" else Urgency.ALWAYS
        if urgency is Urgency.ALWAYS:
            await self.app(scope, receive, send)
        # Whoever waits for what changes mostly does nothing else.
        elif (scope["path"].startswith("/v1/changes") and load.is_shedding) or not load.lets_in(urgency):
            await self._turn_away(urgency, send)
        elif urgency is Urgency.LATER:
            async with load.door.turn():
                await self.app(scope, receive, send)
        else:
            load.busy += 1
            try:
                await self.app(scope, receive, send)
            finally:
                load.busy -= 1

    async def _turn_away(self, urgency: Urgency, send: Send) -> None:
        SHED.labels(urgency.name.lower()).inc()
        # Not all at the same time again.
        retry = str(random.randint(*_RETRY_SECONDS)).encode()  # noqa: S311
        headers = [*self._headers, (b"retry-after", retry)]
        await send({"type": "http.response.start", "status": 503, "headers": headers})
        await send({"type": "http.response.body", "body": self._body})


async def watch(load: Load) -> None:
    """Measures how late this process' event loop is, and lets `load` judge. Never returns."""
    clock = asyncio.get_running_loop().time
    while True:
        best, ends = float("inf"), clock() + _INTERVAL_SECONDS
        while clock() < ends:
            due = clock() + _PROBE_SECONDS
            await asyncio.sleep(_PROBE_SECONDS)
            best = min(best, max(0.0, clock() - due))
        LATE.set(best)
        was = load.is_shedding
        load.judge(best)
        if load.is_shedding and not was:
            log.warning("http.overloaded", late_ms=round(best * 1000, 1))
        elif was and not load.is_shedding:
            log.info("http.recovered")
