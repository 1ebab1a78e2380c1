"""The courier: hands the change feed on to subscriptions, and carries what the outbox holds to its destinations.

It runs beside the engine and not through it: the outbox's rows say what is to be done, and a claim on them is needed
anyway. It looks a few times a second, and sooner when it knows of something.

No destination waits for another. Each has few tries under way; a try that is quick has a hand of its own, one that
takes long gives the hand back, and those that failed the last time share hands among themselves.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from math import inf
from time import monotonic

import structlog

from hub.db import RETRY_SECONDS, ClockWrong, Database, is_away
from hub.outbox.channel import Channel
from hub.outbox.rules import Outcome, Result
from hub.outbox.store import LEASE_SECONDS, TRY_SECONDS, Claimed, Outbox
from hub.subscriptions.fan_out import FanOut
from hub.telemetry import DELIVERIES

log = structlog.get_logger()

#: How long news may lie before they are seen.
PULSE_SECONDS = 0.2

#: Tries at once: of destinations that are well, of those that failed the last time, and of all in all.
_HANDS, _AILING_HANDS, _MOST = 128, 64, 1024

#: A try that takes longer is no quick one.
_QUICK_SECONDS = 1.0

#: How many destinations are looked at for each claim.
_AT_ONCE = 32

#: At a stop, so long for what is under way. What has not ended by then is tried again when its claim ends.
_LEAVE_SECONDS = 5

_CLOCK_SECONDS = 10

#: So often the database may refuse to keep results, before they are given up: their deliveries go once more.
_KEEP_TRIES = 5


class Courier:
    """Works until stopped; any number of them, in any number of processes, share the work."""

    def __init__(self, database: Database, fan_out: FanOut, outbox: Outbox, channels: Mapping[str, Channel]) -> None:
        self._database, self._fan_out, self._outbox, self._channels = database, fan_out, outbox, channels
        self._stopping = asyncio.Event()
        self._news = asyncio.Event()
        self._tries: set[asyncio.Task[None]] = set()
        self._quick = self._ailing = 0
        self._results: asyncio.Queue[tuple[Claimed, Result]] = asyncio.Queue()

    async def run(self) -> None:
        concluding = asyncio.create_task(self._conclude())
        await asyncio.gather(self._keep(self._hand_on, self._stopping), self._keep(self._carry, self._news))
        if self._tries:
            await asyncio.wait(self._tries, timeout=_LEAVE_SECONDS)
        for each in self._tries:
            each.cancel()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._results.join(), _LEAVE_SECONDS)
        concluding.cancel()

    def stop(self) -> None:
        """Take up nothing more; `run` returns when what is at hand is done."""
        self._stopping.set()
        self._news.set()

    async def _keep(self, turn: Callable[[], Awaitable[bool]], news: asyncio.Event) -> None:
        """Take turns: one after the other while there is something, else one a pulse. A database that is away is a
        pause, not an end, and so is a wrong clock, whose times endpoints would refuse."""
        checked = -inf
        while not self._stopping.is_set():
            rest = 0.0
            try:
                if monotonic() - checked > _CLOCK_SECONDS:
                    await self._database.check_clock()
                    checked = monotonic()
                if not await turn():
                    rest = PULSE_SECONDS
            except ClockWrong as error:
                log.error("courier.clock_wrong", reason=str(error))
                rest = RETRY_SECONDS
            except Exception as error:
                rest = RETRY_SECONDS
                if is_away(error) or isinstance(error, TimeoutError):
                    log.warning("courier.interrupted", reason=type(error).__name__)
                else:
                    log.exception("courier.failed")
            if rest:
                with suppress(TimeoutError):
                    await asyncio.wait_for(news.wait(), rest)

    async def _hand_on(self) -> bool:
        moved = await self._fan_out.step()
        if moved:
            self._news.set()
        return moved

    async def _carry(self) -> bool:
        self._news.clear()
        if self._stopping.is_set() or not await self._outbox.is_due():
            return False
        # Before the claim, so that ours ends before it does.
        claimed_at = monotonic()
        room = min(_AT_ONCE, _MOST - len(self._tries))
        claimed = [
            *await self._outbox.claim(self._channels, most=min(room, _HANDS - self._quick), ailing=False),
            *await self._outbox.claim(self._channels, most=min(room, _AILING_HANDS - self._ailing), ailing=True),
        ]
        for each in claimed:
            task = asyncio.create_task(self._try(each, claimed_at))
            self._tries.add(task)
            task.add_done_callback(self._tries.discard)
        return bool(claimed)

    async def _try(self, claimed: Claimed, claimed_at: float) -> None:
        if monotonic() - claimed_at > LEASE_SECONDS - TRY_SECONDS:
            # This process stood still, and by now the delivery may be another's.
            return
        with self._hand(claimed):
            try:
                result = await asyncio.wait_for(self._channels[claimed.channel].carry(claimed), TRY_SECONDS)
            except Exception as error:
                log.exception("delivery.broke", delivery=claimed.id, channel=claimed.channel)
                failed = f"The hub failed ({type(error).__name__})."
                result = Result(Outcome.FAILED, datetime.now(UTC), monotonic() - claimed_at, message=failed)
        DELIVERIES.labels(claimed.channel, result.outcome.value).inc()
        log.info(
            "delivery.tried",
            delivery=claimed.id,
            destination=claimed.destination,
            channel=claimed.channel,
            outcome=result.outcome.value,
            status=result.status,
            seconds=round(result.seconds, 3),
        )
        self._results.put_nowait((claimed, result))

    @contextmanager
    def _hand(self, claimed: Claimed) -> Iterator[None]:
        if claimed.ailing:
            self._ailing += 1
            try:
                yield
            finally:
                self._ailing -= 1
            return
        self._quick += 1
        given_back = False

        def give_back() -> None:
            nonlocal given_back
            if not given_back:
                given_back = True
                self._quick -= 1
                self._news.set()

        timer = asyncio.get_running_loop().call_later(_QUICK_SECONDS, give_back)
        try:
            yield
        finally:
            timer.cancel()
            give_back()

    async def _conclude(self) -> None:
        while True:
            results = [await self._results.get()]
            while not self._results.empty():
                results.append(self._results.get_nowait())
            for tries in range(1, _KEEP_TRIES + 1):
                try:
                    if disabled := await self._outbox.conclude(results):
                        log.warning("destinations.disabled", destinations=disabled)
                    break
                except Exception as error:
                    # Given up, they go once more when their claims end.
                    log.warning("delivery.not_concluded", reason=type(error).__name__, tries=tries)
                    await asyncio.sleep(RETRY_SECONDS * (tries > 1))
            for _ in results:
                self._results.task_done()
            self._news.set()
