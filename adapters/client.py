"""The one client for all calls to agencies. No other file knows the HTTP library behind it."""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html import escape
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import NoReturn, Self, TypeVar
from urllib.parse import quote, quote_plus, urlsplit

import httpx
import orjson
import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, stop_before_delay
from tenacity.wait import wait_random_exponential

from contracts.adapter import CallRecord, CallRecorder
from contracts.errors import (
    AgencyFailure,
    Malformed,
    NotFound,
    Throttled,
    TimedOut,
    Unauthorized,
    Unreachable,
)
from contracts.system import Limits

log = structlog.get_logger()

T = TypeVar("T")

#: How much of a request and of an answer a call record keeps.
KEPT_BYTES = 64 * 1024

# Above this an answer is understood in a thread, so that other agencies' answers need not wait for it.
_LARGE = 256 * 1024

_BACKOFF = wait_random_exponential(multiplier=0.5, max=10)


@dataclass(frozen=True, slots=True)
class Request:
    """One call to be made. Headers are never recorded; what `secrets` hold is masked wherever it occurs."""

    method: str
    #: Scheme, host and path. The query is apart, because it may hold what must not be logged.
    address: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    #: Secret values that occur in this request.
    secrets: Collection[str] = ()
    #: True where an answer of success is itself a secret, such as a token.
    secret_answer: bool = False


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """An answer whose status does not speak for itself: success, or an error whose body says what it is."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    #: The agency's clock, by its Date header.
    agency_time: datetime | None


class Client:
    """Calls agencies: bounded in time and size, retried where that is safe, recorded, failures translated."""

    def __init__(self, recorder: CallRecorder | None = None) -> None:
        self._recorder = recorder
        self._http = httpx.AsyncClient(
            follow_redirects=False,
            trust_env=False,
            # No bound on connections: one agency that hangs must not use up those of the others.
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=32, keepalive_expiry=15),
            headers={"User-Agent": "gialai-hub", "Accept-Encoding": "gzip, deflate"},
            # Agencies' sessions are none of ours: no cookie is kept.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._http.aclose()

    async def call(
        self,
        request: Request,
        *,
        limits: Limits,
        agency: str,
        operation: str,
        repeatable: bool,
        understand: Callable[[RawAnswer], T],
    ) -> T:
        """Make the call and return what `understand` makes of the answer.

        `understand` may raise any AgencyFailure: that too is this call's outcome in its record. It gets
        answers of 2xx, and of those 4xx and 5xx whose meaning is in the body. Large ones it gets in a thread.
        `repeatable`: whether the call may be sent again when it fails in passing.
        Raises AgencyFailure and nothing else, unless `understand` does.
        """
        call = _Call(request, limits, agency, operation)
        try:
            async with asyncio.timeout(limits.total_seconds):
                answer = await self._send(call, repeatable)
        except TimeoutError:
            await self._fail(call, TimedOut(f"There was no whole answer within {limits.total_seconds:g} s."))
        except AgencyFailure as failure:
            await self._fail(call, failure)
        try:
            if len(answer.body) > _LARGE:
                result = await asyncio.to_thread(understand, answer)
            else:
                result = understand(answer)
        except AgencyFailure as failure:
            await self._fail(call, failure)
        await self._record(call, "ok", None)
        return result

    async def _send(self, call: "_Call", repeatable: bool) -> RawAnswer:
        retrying = AsyncRetrying(
            retry=retry_if_exception(lambda error: repeatable and isinstance(error, AgencyFailure) and error.passing),
            stop=stop_after_attempt(call.limits.attempts) | stop_before_delay(call.limits.total_seconds),
            wait=_wait,
            reraise=True,
        )
        return await retrying(self._attempt, call)

    async def _attempt(self, call: "_Call") -> RawAnswer:
        call.attempts += 1
        call.status, call.body = None, bytearray()
        try:
            async with self._http.stream(
                call.request.method,
                call.request.address,
                params=call.request.query or None,
                headers=dict(call.request.headers),
                content=call.request.body,
                timeout=httpx.Timeout(call.limits.read_seconds, connect=call.limits.connect_seconds),
            ) as response:
                call.status = response.status_code
                await _read(response, call)
        except httpx.TimeoutException as error:
            kind = Unreachable if isinstance(error, httpx.ConnectTimeout) else TimedOut
            raise kind(f"The agency's system keeps us waiting ({type(error).__name__}).") from error
        except (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL, UnicodeError) as error:
            # The library's words may quote a header, and with it a secret.
            raise Malformed(f"The request cannot be sent as it is ({type(error).__name__}).") from None
        except httpx.DecodingError as error:
            raise Malformed("The answer is not compressed the way it says.") from error
        except httpx.RemoteProtocolError as error:
            raise Unreachable("The agency's system broke off, or does not speak HTTP.") from error
        except httpx.TransportError as error:
            raise Unreachable(f"There is no connection to the agency's system: {_words(error)}.") from error
        _judge(response)
        return RawAnswer(
            response.status_code,
            dict(response.headers),
            bytes(call.body),
            _http_date(response.headers.get("Date")),
        )

    async def _fail(self, call: "_Call", failure: AgencyFailure) -> NoReturn:
        failure.message = call.masked(failure.message.encode()).decode()
        failure.args = (failure.message,)
        if failure.raw is None:
            failure.raw = call.kept_answer()
        await self._record(call, failure.kind, failure.message)
        raise failure

    async def _record(self, call: "_Call", outcome: str, message: str | None) -> None:
        seconds = time.monotonic() - call.began
        log.info(
            "agency.call",
            agency=call.agency,
            operation=call.operation,
            outcome=outcome,
            status=call.status,
            attempts=call.attempts,
            seconds=round(seconds, 3),
            answer_bytes=len(call.body),
        )
        if self._recorder is None:
            return
        record = CallRecord(
            agency=call.agency,
            operation=call.operation,
            method=call.request.method,
            address=call.masked(call.request.address.encode()).decode(),
            started_at=call.started_at,
            seconds=seconds,
            attempts=call.attempts,
            outcome=outcome,
            message=message,
            status=call.status,
            request=call.kept(_as_sent(call.request)),
            response=call.kept_answer(),
            response_bytes=len(call.body),
        )
        try:
            await self._recorder(record)
        except Exception:
            log.exception("agency.call_not_recorded", agency=call.agency, operation=call.operation)


class _Call:
    """One call under way, over all its attempts."""

    def __init__(self, request: Request, limits: Limits, agency: str, operation: str) -> None:
        self.request, self.limits, self.agency, self.operation = request, limits, agency, operation
        self.started_at = datetime.now(UTC)
        self.began = time.monotonic()
        self.attempts = 0
        # Of the last attempt, as far as it got.
        self.status: int | None = None
        self.body = bytearray()

    def masked(self, text: bytes) -> bytes:
        """`text` without this call's secrets, in whichever way they are written in it."""
        for secret in filter(None, self.request.secrets):
            in_json = orjson.dumps(secret).decode()[1:-1]
            forms = {
                secret,
                quote(secret, safe=""),
                quote_plus(secret),
                escape(secret),
                escape(secret, False),
                in_json,
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
        return self.kept(self.body)


async def _read(response: httpx.Response, call: _Call) -> None:
    if "," in response.headers.get("Content-Encoding", ""):
        # Each layer multiplies what one small chunk unpacks to, before the limit below can see it.
        raise Malformed("The answer is compressed more than once.")
    async for chunk in response.aiter_bytes():
        call.body += chunk
        if len(call.body) > call.limits.max_bytes:
            raise Malformed(f"The answer is larger than {call.limits.max_bytes} bytes.")


def _judge(response: httpx.Response) -> None:
    """Raise what the status means, where it means the same whatever the body says."""
    status = response.status_code
    said = f"The agency's system answered {status}"
    retry_after = _retry_after(response.headers.get("Retry-After"))
    if status in (401, 403):
        raise Unauthorized(f"{said}: it refuses our credentials.")
    if status == 404:
        raise NotFound(f"{said}: it has nothing by that name.")
    if status == 408:
        raise TimedOut(f"{said}: it gave up waiting.")
    if status == 429 or (status == 503 and retry_after is not None):
        raise Throttled(f"{said}: it asks us to slow down.", retry_after=retry_after)
    if status in (502, 503, 504):
        raise Unreachable(f"{said}: it is not there.")
    if 300 <= status < 400:
        raise Malformed(f"{said}: it points to {_host(response.headers.get('Location', ''))}, where we do not follow.")


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__


def _wait(state: RetryCallState) -> float:
    failure = state.outcome.exception() if state.outcome else None
    if isinstance(failure, Throttled) and failure.retry_after is not None:
        return failure.retry_after
    return _BACKOFF(state)


def _as_sent(request: Request) -> bytes:
    """What a record keeps of a request: its query, which the address lacks, and its body."""
    query = f"?{httpx.QueryParams(dict(request.query))}\n".encode() if request.query else b""
    return query + request.body


def _retry_after(header: str | None) -> float | None:
    """Seconds from now; the header holds them, or a date."""
    if header is None:
        return None
    if header.strip().isdecimal() and len(header) < 10:
        return float(header)
    moment = _http_date(header)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds()) if moment else None


def _http_date(header: str | None) -> datetime | None:
    with suppress(TypeError, ValueError, OverflowError, IndexError):
        moment = parsedate_to_datetime(header or "")
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def _host(location: str) -> str:
    with suppress(ValueError):
        return urlsplit(location).hostname or "another path of its own"
    return "no readable address"
