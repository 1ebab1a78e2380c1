"""The gate over PostgreSQL: calls wait in their process, and all processes take turns at the agency's row."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Self
from uuid import uuid4
from zoneinfo import ZoneInfo

import structlog

from contracts.adapter import Priority
from contracts.errors import AgencyFailure, Malformed, Throttled, TimedOut, Unreachable, Withheld
from contracts.system import Budget
from hub.db import Database
from hub.gate import store
from hub.gate.rules import LEASE_SECONDS, Ask, Decision, Leave, News

log = structlog.get_logger()

#: What speaks against the agency's health. All else is an answer of a system that is well.
_AGAINST = (Unreachable, TimedOut, Malformed, Throttled)

# How long the row may take to come; others hold it for milliseconds.
_EXCHANGE_SECONDS = 5.0

# What went well may wait for the next call's question, which then takes it along.
_IDLE_SECONDS = 0.1

# Between the questions of one who waits: at random where nobody knows for how long, and at most.
_POLL_SECONDS, _LONGEST_POLL = 0.1, 0.5


class DatabaseGate:
    """contracts.adapter.Gate for all processes that share a database.

    `async with` it: in the end it hands back what this process holds.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._holder = uuid4().hex
        self._doors: dict[str, _Door] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(door.close() for door in self._doors.values()))

    @asynccontextmanager
    async def turn(
        self, agency: str, budget: Budget, zone: ZoneInfo, priority: Priority, *, wait_seconds: float
    ) -> AsyncIterator["_Turn"]:
        """Wait for leave to make one call, `wait_seconds` at most; hold it while the block runs.

        Raises Withheld, at once where waiting cannot help, and where the database is away.
        """
        door = self._doors.setdefault(agency, _Door(self._database, self._holder, agency))
        door.budget, door.zone = budget, zone
        turn = _Turn(await door.enter(priority, wait_seconds))
        try:
            yield turn
        finally:
            door.leave(turn)


class _Turn:
    """Leave for one call, and how it went; neither, where the call was cancelled."""

    def __init__(self, leave: Leave) -> None:
        self.leave = leave
        self.well: bool | None = None
        self.retry_after = 0.0

    def succeeded(self) -> None:
        self.well = True

    def failed(self, failure: AgencyFailure) -> None:
        if not isinstance(failure, Withheld):
            self.well = not isinstance(failure, _AGAINST)
        if isinstance(failure, Throttled):
            self.retry_after = failure.retry_after or 0.0


class _Waiter:
    """One who stands before a door."""

    def __init__(self, priority: Priority, wait_seconds: float) -> None:
        self.priority = priority
        loop = asyncio.get_running_loop()
        self.came = loop.time()
        self.until = self.came + wait_seconds
        self.answer: asyncio.Future[Leave] = loop.create_future()


class _Door:
    """One agency's gate in this process: who waits, what is under way, and what the others do not know yet.

    A task talks to the database while there is anything to say; one exchange speaks for everybody here.
    """

    budget: Budget
    zone: ZoneInfo

    def __init__(self, database: Database, holder: str, agency: str) -> None:
        self._database, self._holder, self._agency = database, holder, agency
        self._waiting: list[_Waiter] = []
        self._calls = 0
        self._probing = False
        self._news = News()
        self._talk: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()
        self._next = 0.0

    async def enter(self, priority: Priority, wait_seconds: float) -> Leave:
        waiter = _Waiter(priority, wait_seconds)
        self._waiting.append(waiter)
        # Stable: among equals the first comes first.
        self._waiting.sort(key=lambda each: each.priority)
        self._talk_in(0)
        try:
            return await waiter.answer
        except asyncio.CancelledError:
            if waiter.answer.cancelled():
                self._waiting.remove(waiter)
            elif waiter.answer.exception() is None:
                self.leave(_Turn(waiter.answer.result()))
            raise

    def leave(self, turn: _Turn) -> None:
        """A call is over."""
        self._calls -= 1
        if turn.leave.probe:
            self._probing, self._news.probe = False, turn.well
        elif turn.well is not None:
            self._news.succeeded += turn.well
            self._news.failed += not turn.well
        self._news.retry_after = max(self._news.retry_after, turn.retry_after)
        pressing = turn.well is not True or turn.leave.probe or self._waiting
        self._talk_in(0 if pressing else _IDLE_SECONDS)

    async def close(self) -> None:
        """Say the last word, unless the database does not listen."""
        for waiter in self._standing():
            self._refuse(waiter, Withheld("The hub is stopping.", why="hub"))
        if self._talk is not None and not self._talk.done():
            self._talk_in(0)
            await asyncio.wait([self._talk], timeout=1)
            self._talk.cancel()

    def _talk_in(self, seconds: float) -> None:
        """Have the next exchange that soon at the latest."""
        now = asyncio.get_running_loop().time()
        if self._talk is None or self._talk.done():
            self._next = now + seconds
            self._talk = asyncio.create_task(self._keep_talking(), name=f"gate {self._agency}")
        elif now + seconds < self._next:
            self._next = now + seconds
            self._hurry.set()

    async def _keep_talking(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            while (left := self._next - loop.time()) > 0:
                self._hurry.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._hurry.wait(), left)
            # At the latest in time to be believed alive; whatever happens from here on may make it sooner.
            self._next = loop.time() + LEASE_SECONDS / 3
            pause = await self._exchange()
            if pause is not None:
                self._next = min(self._next, loop.time() + pause)
            elif not self._calls and self._next > loop.time() + _IDLE_SECONDS:
                return

    async def _exchange(self) -> float | None:
        """Tell and ask once. Returns the seconds until the next time, where somebody still waits."""
        loop = asyncio.get_running_loop()
        waiting, news, self._news = self._standing(), self._news, News()
        asks = [Ask(each.priority, loop.time() - each.came) for each in waiting]
        try:
            async with asyncio.timeout(_EXCHANGE_SECONDS):
                decision = await store.exchange(
                    self._database,
                    self._agency,
                    self.budget,
                    self.zone,
                    holder=self._holder,
                    calls=self._calls,
                    probing=self._probing,
                    news=news,
                    asks=asks,
                )
        except Exception as error:
            # Whatever it is, nobody may be left standing.
            log.warning("gate.exchange_failed", agency=self._agency, error=repr(error))
            self._news = news + self._news
            no_budget = "The hub's database did not answer, which keeps the agency's budget."
            for waiter in waiting:
                self._refuse(waiter, Withheld(no_budget, why="hub"))
            return None
        if decision.turned:
            log.warning("agency.breaker", agency=self._agency, turned=decision.turned)
        return self._pass_on(waiting, decision)

    def _pass_on(self, waiting: list[_Waiter], decision: Decision) -> float | None:
        """Give everybody his answer; of those who stay, the seconds until the first should ask again."""
        now = asyncio.get_running_loop().time()
        pauses: list[float] = []
        for waiter, answer in zip(waiting, decision.answers, strict=True):
            if waiter.answer.done():
                # Cancelled meanwhile: what was meant for it goes back at once.
                pauses += [0.0] if isinstance(answer, Leave) else []
            elif isinstance(answer, Leave):
                self._calls += 1
                self._probing |= answer.probe
                self._waiting.remove(waiter)
                waiter.answer.set_result(answer)
            elif answer.short and now + (answer.retry_after or 0) < waiter.until:
                poll = answer.retry_after or _POLL_SECONDS * random.uniform(0.5, 1.5)  # noqa: S311
                pauses.append(min(poll, _LONGEST_POLL, waiter.until - now))
            else:
                self._refuse(waiter, Withheld(answer.message, retry_after=answer.retry_after, why=answer.why))
        return min(pauses, default=None)

    def _standing(self) -> list[_Waiter]:
        return [each for each in self._waiting if not each.answer.done()]

    def _refuse(self, waiter: _Waiter, why: Withheld) -> None:
        if not waiter.answer.done():
            self._waiting.remove(waiter)
            waiter.answer.set_exception(why)
