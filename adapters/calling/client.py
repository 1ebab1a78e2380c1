"""The one client for all calls to agencies: through the gate, bounded in time, repeated where safe, recorded."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Self, TypeVar
from urllib.parse import quote, quote_plus, urlsplit
from zoneinfo import ZoneInfo

import orjson
import structlog
from tenacity import AsyncRetrying, retry_if_exception

from adapters.calling.http import Connections, Incoming, Request
from adapters.calling.tls import Trust, public_context
from contracts.adapter import CallRecord, CallRecorder, Gate, Priority
from contracts.errors import AgencyFailure, NotFound, Rejected, Throttled, TimedOut, Withheld
from contracts.system import Budget, Limits

__all__ = ["KEPT_BYTES", "Client", "Peer", "RawAnswer", "Request", "Stream"]

log = structlog.get_logger()

T = TypeVar("T")

#: How much of a request and of an answer a call record keeps.
KEPT_BYTES = 64 * 1024

# A certificate's end is looked at so often.
_CERTIFICATE_SECONDS = 3600

# Above this an answer is understood in a thread, so that other agencies' answers need not wait for it.
_LARGE = 256 * 1024

# Seconds before the first repetition at most, doubled with each, and the most it comes to.
_PAUSE, _LONGEST_PAUSE = 0.5, 10.0


@dataclass(frozen=True, slots=True)
class Peer:
    """Whom calls are to: what is the same for all calls to one agency's system."""

    agency: str
    #: Where its midnight and its office hours are.
    zone: ZoneInfo
    limits: Limits
    budget: Budget
    #: Whether it may be in a private network.
    private: bool = False
    trust: Trust | None = None


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """An answer whose status does not speak for itself: success, or an error whose body says what it is."""

    status: int
    #: By lower-case name.
    headers: Mapping[str, str]
    body: bytes
    #: The agency's clock, by its Date header.
    agency_time: datetime | None


class Client:
    """Calls agencies, and raises AgencyFailure and nothing else of its own."""

    def __init__(self, recorder: CallRecorder | None = None, gate: Gate | None = None) -> None:
        self._recorder, self._gate = recorder, gate
        self._connections: dict[tuple[str, bool, Trust | None], Connections] = {}
        # By agency and host: when its certificate was last looked at.
        self._looked_at: dict[tuple[str, str], float] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        while self._connections:
            await self._connections.popitem()[1].aclose()

    async def call(
        self,
        peer: Peer,
        request: Request,
        *,
        operation: str,
        understand: Callable[[RawAnswer], T],
        priority: Priority,
        repeatable: bool,
    ) -> T:
        """Make the call and return what `understand` makes of the answer.

        `understand` gets answers of 2xx, and of those 4xx and 5xx whose meaning is in the body; large ones in a
        thread. The AgencyFailure it may raise is this call's outcome. `repeatable`: whether the call may be sent
        again, when it fails in passing, although the agency may have had it.
        """
        call = _Call(peer, request, operation, priority, repeatable)

        async def attempt() -> T:
            async with self._exchange(call) as answer:
                raw = await answer.whole()
                return await asyncio.to_thread(understand, raw) if len(raw.body) > _LARGE else understand(raw)

        async with self._recorded(call):
            return await self._persist(call, attempt)

    @asynccontextmanager
    async def stream(
        self, peer: Peer, request: Request, *, operation: str, priority: Priority, repeatable: bool
    ) -> AsyncIterator["Stream"]:
        """Make the call and give the answer's head; its body is read within the block.

        Until then all is as with `call`; from there on nothing is repeated. An AgencyFailure raised inside the
        block is this call's outcome.
        """
        call = _Call(peer, request, operation, priority, repeatable)
        async with self._recorded(call), AsyncExitStack() as stack:
            yield await self._persist(call, lambda: stack.enter_async_context(self._exchange(call)))

    async def carry(
        self,
        work: Callable[[], Awaitable[T]],
        peer: Peer,
        *,
        operation: str,
        method: str,
        address: str,
        priority: Priority,
        repeatable: bool,
    ) -> T:
        """Do a piece of `work` that is no HTTP, such as reading a file, by the same rules as a call.

        `work` is awaited anew at each try; what it raises of AgencyFailure is the call's outcome. `method` and
        `address` are for the record alone.
        """
        call = _Call(peer, Request(method, address), operation, priority, repeatable)

        async def attempt() -> T:
            async with self._turn(call), call.patience.running():
                return await work()

        async with self._recorded(call):
            return await self._persist(call, attempt)

    async def _persist(self, call: "_Call", attempt: Callable[[], Awaitable[T]]) -> T:
        """What `attempt` gives, if need be after several."""

        async def once() -> T:
            try:
                return await attempt()
            except Withheld:
                if call.failed is None:
                    raise
                # That we may not try again says less than what came of trying.
                call.given_up = True
                raise call.failed from None

        try:
            # By itself, because it is most often the only one, and the machinery for more costs a tenth of a call.
            return await once()
        except AgencyFailure as failure:
            if not call.is_worth_another(failure):
                raise
        await call.rest(call.pause)
        return await AsyncRetrying(
            retry=retry_if_exception(call.is_worth_another),
            wait=lambda _state: call.pause,
            sleep=call.rest,
            reraise=True,
        )(once)

    @asynccontextmanager
    async def _exchange(self, call: "_Call") -> AsyncIterator["Stream"]:
        """One attempt over HTTP, as far as the head of an answer that is worth reading."""
        async with self._turn(call), AsyncExitStack() as stack:
            async with call.patience.running():
                connections = await self._connect(call.peer)
                incoming = await stack.enter_async_context(connections.exchange(call.request, call.peer.limits))
            call.status = incoming.status
            self._look_at_certificate(call, incoming)
            answer = Stream(incoming, call)
            if failure := incoming.verdict():
                await answer.note_body()
                raise failure
            yield answer

    async def _connect(self, peer: Peer) -> Connections:
        key = (peer.agency, peer.private, peer.trust)
        if key not in self._connections:
            context = await (peer.trust.context() if peer.trust else asyncio.to_thread(public_context))
            self._connections.setdefault(key, Connections(context, peer.private))
        return self._connections[key]

    def _look_at_certificate(self, call: "_Call", incoming: Incoming) -> None:
        whose = call.peer.agency, urlsplit(call.request.address).netloc
        if time.monotonic() >= self._looked_at.get(whose, float("-inf")) + _CERTIFICATE_SECONDS:
            self._looked_at[whose] = time.monotonic()
            call.certificate_ends_at = incoming.certificate_ends_at

    @asynccontextmanager
    async def _turn(self, call: "_Call") -> AsyncIterator[None]:
        """Hold the gate's leave for one attempt, and tell it how that went."""
        if self._gate is None:
            call.begin_attempt()
            yield
            return
        peer, patience = call.peer, call.patience
        asked = time.monotonic()
        async with self._gate.turn(
            peer.agency, peer.budget, peer.zone, call.priority, wait_seconds=patience.left
        ) as turn:
            patience.left -= time.monotonic() - asked
            call.begin_attempt()
            try:
                yield
            except (Rejected, NotFound):
                # A system that says no is well.
                turn.succeeded()
                raise
            except AgencyFailure as failure:
                turn.failed(failure)
                raise
            turn.succeeded()

    @asynccontextmanager
    async def _recorded(self, call: "_Call") -> AsyncIterator[None]:
        """Record the call by how the block ends; what it fails with leaves without secrets."""
        try:
            yield
        except AgencyFailure as failure:
            failure.message = call.masked(failure.message.encode()).decode()
            failure.args = (failure.message,)
            if failure.raw is None:
                failure.raw = call.kept_answer()
            await self._record(call, failure.kind, failure.message)
            raise
        except (Exception, GeneratorExit):
            if call.status is not None:
                # Whoever reads the answer has stopped, for a reason of theirs: the agency did its part.
                await self._record(call, "ok", None)
            raise
        await self._record(call, "ok", None)

    async def _record(self, call: "_Call", outcome: str, message: str | None) -> None:
        seconds = time.monotonic() - call.began
        log.info(
            "agency.call",
            agency=call.peer.agency,
            operation=call.operation,
            outcome=outcome,
            status=call.status,
            attempts=call.attempts,
            seconds=round(seconds, 3),
            answer_bytes=call.answer_bytes,
        )
        if self._recorder is None:
            return
        record = CallRecord(
            agency=call.peer.agency,
            operation=call.operation,
            method=call.request.method,
            address=call.masked(call.request.address.encode()).decode(),
            started_at=call.started_at,
            seconds=seconds,
            attempts=call.attempts,
            outcome=outcome,
            message=message,
            status=call.status,
            request=call.kept(call.request.as_sent()),
            # One that is not the file it should be is kept, for who must find out why.
            response=b"***" if call.request.papers_answer and outcome == "ok" else call.kept_answer(),
            response_bytes=call.answer_bytes,
            certificate_ends_at=call.certificate_ends_at,
            about=call.request.about,
        )
        try:
            await self._recorder(record)
        except Exception:
            log.exception("agency.call_not_recorded", agency=call.peer.agency, operation=call.operation)


class Stream:
    """An answer whose body is still coming."""

    def __init__(self, incoming: Incoming, call: "_Call") -> None:
        self._incoming, self._call = incoming, call
        self.status = incoming.status
        #: By lower-case name.
        self.headers: Mapping[str, str] = incoming.headers
        #: The agency's clock, by its Date header.
        self.agency_time = incoming.agency_time

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes, unpacked; once only. Raises AgencyFailure.

        Only the time between asking for a chunk and its coming is the agency's.
        """
        chunks = self._incoming.chunks()
        while True:
            async with self._call.patience.running():
                chunk = await anext(chunks, None)
            if chunk is None:
                return
            self._call.note(chunk)
            yield chunk

    async def whole(self) -> RawAnswer:
        """The answer with all of its body, which has not been begun to be read. Raises AgencyFailure."""
        body = b"".join([chunk async for chunk in self.chunks()])
        return RawAnswer(self.status, self.headers, body, self.agency_time)

    async def note_body(self) -> None:
        """Read as much of the body as a record keeps."""
        with suppress(AgencyFailure):
            async for _ in self.chunks():
                if self._call.answer_bytes >= KEPT_BYTES:
                    return


class _Patience:
    """The seconds for which a call may still wait. They pass only within `running`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = self.left = seconds

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Raises TimedOut when they are over."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(self.left):
                yield
        except TimeoutError:
            raise TimedOut(f"There was no whole answer within {self._seconds:g} s.") from None
        finally:
            self.left -= time.monotonic() - began


class _Call:
    """One call under way, over all its attempts."""

    def __init__(self, peer: Peer, request: Request, operation: str, priority: Priority, repeatable: bool) -> None:
        self.peer, self.request, self.operation = peer, request, operation
        self.priority, self.repeatable = priority, repeatable
        self.patience = _Patience(peer.limits.total_seconds)
        self.started_at = datetime.now(UTC)
        self.began = time.monotonic()
        self.attempts = 0
        # Whether any attempt may have reached the agency, what the last one failed with, and whether there is none.
        self.sent = False
        self.failed: AgencyFailure | None = None
        self.given_up = False
        self.certificate_ends_at: datetime | None = None
        #: Seconds to wait before the next attempt.
        self.pause = 0.0
        self.begin_answer()

    def begin_attempt(self) -> None:
        self.attempts += 1
        self.begin_answer()

    def begin_answer(self) -> None:
        # Of the last attempt, as far as it got.
        self.status: int | None = None
        self.answer_bytes = 0
        self._answer = bytearray()

    def note(self, chunk: bytes) -> None:
        """Remember what came: its size, and its beginning."""
        if (room := 2 * KEPT_BYTES - self.answer_bytes) > 0:
            self._answer += chunk[:room]
        self.answer_bytes += len(chunk)

    def is_worth_another(self, failure: BaseException) -> bool:
        """Whether to try again, after a `pause`."""
        if not isinstance(failure, AgencyFailure):
            return False
        self.sent = failure.sent = self.sent or failure.sent
        self.failed = failure
        pause = None if self.given_up else self._pause_after(failure)
        self.pause = pause or 0.0
        return pause is not None

    async def rest(self, seconds: float) -> None:
        async with self.patience.running():
            await asyncio.sleep(seconds)

    def _pause_after(self, failure: AgencyFailure) -> float | None:
        """How many seconds to wait before the next try; None where there must be none."""
        safe = self.repeatable or not self.sent
        if not (failure.passing and safe) or self.attempts >= self.peer.limits.attempts:
            return None
        # At random, lest all whose calls failed together come back together.
        seconds = random.uniform(0, min(_LONGEST_PAUSE, _PAUSE * 2 ** (self.attempts - 1)))  # noqa: S311
        if isinstance(failure, Throttled) and failure.retry_after is not None:
            seconds += failure.retry_after
        return seconds if seconds < self.patience.left else None

    def masked(self, text: bytes) -> bytes:
        """`text` without this call's secrets, in whichever way they are written in it."""
        for secret in filter(None, self.request.secrets):
            # As orjson writes it, and with letters in ASCII or slashes escaped, as others do.
            in_json = {orjson.dumps(secret).decode()[1:-1], json.dumps(secret)[1:-1]}
            forms = {
                secret,
                quote(secret, safe=""),
                quote_plus(secret),
                escape(secret),
                escape(secret, False),
                *in_json,
                *(each.replace("/", "\\/") for each in in_json),
            }
            for form in sorted(forms, key=len, reverse=True):
                text = text.replace(form.encode(), b"***")
        return text

    def kept(self, body: bytes | bytearray) -> bytes:
        """As much of `body` as a record keeps; masked before it is cut, lest half a secret remain."""
        return self.masked(bytes(body[: 2 * KEPT_BYTES]))[:KEPT_BYTES]

    def kept_answer(self) -> bytes:
        if self.request.secret_answer and self.status is not None and self.status < 300:
            return b"***"
        return self.kept(self._answer)
