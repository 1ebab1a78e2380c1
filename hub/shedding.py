"""Turns requests away early when there is more to do than can be done, the less urgent ones first.

What a process is late by is how long its event loop takes to come round: everything that waits, waits for that. It is
measured all the time. While it stays above what is bearable for a whole interval (as CoDel does it: bursts pass), fewer
requests that can wait are let in at once, and where that is not enough, fewer of the others; afterwards more again, one
by one. Whoever is turned away costs next to nothing, and is told when to come again.
"""

import asyncio
import random
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

#: How late the loop may be, in seconds, before fewer are let in: more than a busy machine does to a process with
#: little to do. Those that somebody waits for are only turned away when it is much worse.
_BEARABLE, _MUCH = 0.025, 4
#: How often that is measured, and for how long before it is judged.
_PROBE_SECONDS, _INTERVAL_SECONDS = 0.01, 0.1
#: In good times so many may be at work at once; in bad times the limits move below it.
_MOST = 1000.0
_RETRY_SECONDS = (1, 4)


class Urgency(IntEnum):
    #: Somebody waits for it, or it cannot be had again: look-ups, pages, webhooks.
    FIRST = 0
    #: Lists, searches, feeds, statistics: programs ask for them, and can ask again.
    LATER = 1
    #: Never turned away: who watches over the hub must see it.
    ALWAYS = 2


#: However bad it is, so many are let in at once.
_LEAST = {Urgency.FIRST: 32.0, Urgency.LATER: 2.0}


def urgency_of(scope: Scope) -> Urgency:
    path: str = scope["path"]
    if path in ("/healthz", "/readyz", "/metrics"):
        return Urgency.ALWAYS
    if path.startswith("/v1/") and scope["method"] == "GET" and not path.startswith("/v1/dossiers/"):
        return Urgency.LATER
    return Urgency.FIRST


class Load:
    """How many may be let in at once, by how late the event loop is. Pure: it is told."""

    def __init__(self) -> None:
        self.limits = {Urgency.FIRST: _MOST, Urgency.LATER: _MOST}
        self.busy = {Urgency.FIRST: 0, Urgency.LATER: 0}
        #: Since the last judgement, whether somebody came up against the limit.
        self._pressed = {Urgency.FIRST: False, Urgency.LATER: False}

    def lets_in(self, urgency: Urgency) -> bool:
        if self.busy[urgency] < self.limits[urgency]:
            return True
        self._pressed[urgency] = True
        return False

    @property
    def is_shedding(self) -> bool:
        return self.limits[Urgency.LATER] < _MOST

    def judge(self, late: float) -> None:
        """`late`: the best of an interval's measurements. A queue that was empty once is no queue."""
        for urgency in Urgency.LATER, Urgency.FIRST:
            limit, least = self.limits[urgency], _LEAST[urgency]
            if late > _BEARABLE:
                # From what is really there: a limit that nobody reaches limits nobody.
                self.limits[urgency] = max(least, min(limit, self.busy[urgency] + 1) * 0.7)
                if self.limits[urgency] > least or late < _MUCH * _BEARABLE:
                    return
            elif limit < _MOST and (self._pressed[urgency] or self.busy[urgency] < limit / 2):
                self.limits[urgency] = min(_MOST, limit + (1 if self._pressed[urgency] else limit / 4))
            self._pressed[urgency] = False


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
        urgency = urgency_of(scope) if scope["type"] == "http" else Urgency.ALWAYS
        if urgency is Urgency.ALWAYS:
            await self.app(scope, receive, send)
            return
        # Whoever waits for what changes mostly does nothing else.
        waits = scope["path"].startswith("/v1/changes")
        if (waits and self._load.is_shedding) or not self._load.lets_in(urgency):
            SHED.labels(urgency.name.lower()).inc()
            # Not all at the same time again.
            retry = str(random.randint(*_RETRY_SECONDS)).encode()  # noqa: S311
            headers = [*self._headers, (b"retry-after", retry)]
            await send({"type": "http.response.start", "status": 503, "headers": headers})
            await send({"type": "http.response.body", "body": self._body})
            return
        if waits:
            await self.app(scope, receive, send)
            return
        busy = self._load.busy
        busy[urgency] += 1
        try:
            await self.app(scope, receive, send)
        finally:
            busy[urgency] -= 1


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
