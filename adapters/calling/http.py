"""HTTP as the client needs it: a request goes out, an answer comes in. No other file knows the HTTP libraries.

httpx reads the addresses. httpcore, which httpx itself stands on, carries them: there one can say how to connect,
which an agency's own TLS and the check of addresses need, and there is nothing to switch off (redirects, cookies,
proxies of the environment).
"""

import ssl
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from urllib.parse import urlsplit

# Loaded here and not in the first call, which would hold the event loop for a tenth of a second.
import anyio._backends._asyncio  # noqa: F401
import httpcore
import httpx

from adapters.calling.egress import CheckedNetwork, Private
from adapters.calling.inflate import unpacker
from adapters.calling.tls import tls_failure
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

#: By lower-case name.
_HEADERS = {
    "accept": (b"Accept", b"*/*"),
    "accept-encoding": (b"Accept-Encoding", b"gzip, deflate"),
    "connection": (b"Connection", b"keep-alive"),
    "user-agent": (b"User-Agent", b"gialai-hub"),
}


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
    #: True where the body holds people's papers, of which a record keeps no copy; and where an answer of success does.
    papers: bool = False
    papers_answer: bool = False
    #: The code of the dossier it asks for or tells about, where it is about one.
    about: str | None = None

    def as_sent(self) -> bytes:
        """What a record keeps of it: the query, which the address lacks, and the body."""
        query = f"?{httpx.QueryParams(dict(self.query))}\n".encode() if self.query else b""
        return query + (f"({len(self.body)} bytes with papers)".encode() if self.papers else self.body)


class Incoming:
    """An answer whose head has come. Its body is read once."""

    def __init__(self, response: httpcore.Response, max_bytes: int) -> None:
        self._response, self._max_bytes = response, max_bytes
        self.status = response.status
        #: By lower-case name; what came several times is joined with commas.
        self.headers = _joined(response.headers)

    @property
    def agency_time(self) -> datetime | None:
        """The agency's clock, by its Date header."""
        return _http_date(self.headers.get("date"))

    @property
    def certificate_ends_at(self) -> datetime | None:
        """Of the certificate that the agency showed; None without TLS."""
        stream = self._response.extensions.get("network_stream")
        tls = stream.get_extra_info("ssl_object") if stream else None
        shown = tls.getpeercert() if tls else None
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(shown["notAfter"]), UTC) if shown else None

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes, unpacked. Raises AgencyFailure."""
        unpack = unpacker(self.headers.get("content-encoding", ""))
        seen = 0
        with _translated():
            async for packed in self._response.aiter_stream():
                for chunk in unpack.feed(packed):
                    seen += len(chunk)
                    if seen > self._max_bytes:
                        raise Malformed(f"The answer is larger than {self._max_bytes} bytes.")
                    yield chunk
        unpack.finish()

    def verdict(self) -> AgencyFailure | None:
        """What the status means, where it means the same whatever the body says."""
        status = self.status
        said = f"The agency's system answered {status}"
        retry_after = _retry_after(self.headers.get("retry-after"))
        if status in (401, 403):
            return Unauthorized(f"{said}: it refuses our credentials.")
        if status == 404:
            return NotFound(f"{said}: it has nothing by that name.")
        if status == 408:
            return TimedOut(f"{said}: it gave up waiting.")
        if status == 429 or (status == 503 and retry_after is not None):
            return Throttled(f"{said}: it asks us to slow down.", retry_after=retry_after)
        if status in (502, 503, 504):
            return Unreachable(f"{said}: it is not there.")
        if 300 <= status < 400:
            where = _host(self.headers.get("location", ""))
            return Malformed(f"{said}: it points to {where}, where we do not follow.")
        return None


class Connections:
    """Kept-alive connections to one agency's system, none of them shared with another's; or to whom messages go."""

    def __init__(self, context: ssl.SSLContext, private: Private) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            # The agency's budget bounds them.
            max_connections=None,
            max_keepalive_connections=32,
            keepalive_expiry=15,
            network_backend=CheckedNetwork(private),
        )

    async def aclose(self) -> None:
        await self._pool.aclose()

    @asynccontextmanager
    async def exchange(self, request: Request, limits: Limits) -> AsyncIterator[Incoming]:
        """Send the request and wait for the head of its answer, which is read within the block.

        Raises AgencyFailure, with `sent` False where the agency surely never had the request.
        """
        with _translated():
            response = await self._pool.handle_async_request(_written(request, limits))
        try:
            yield Incoming(response, limits.max_bytes)
        finally:
            with suppress(httpcore.NetworkError, OSError):
                await response.aclose()


def _written(request: Request, limits: Limits) -> httpcore.Request:
    url = httpx.URL(request.address, params=dict(request.query)) if request.query else _url(request.address)
    if url.scheme not in ("http", "https") or not url.host:
        raise httpx.UnsupportedProtocol("")
    headers = {"host": (b"Host", url.netloc), **_HEADERS}
    for name, value in request.headers.items():
        headers[name.lower()] = (name.encode("ascii"), value.encode("ascii"))
    if request.body or request.method in ("POST", "PUT"):
        headers["content-length"] = (b"Content-Length", b"%d" % len(request.body))
    return httpcore.Request(
        request.method,
        httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        headers=list(headers.values()),
        content=request.body,
        extensions={
            "timeout": {
                "connect": limits.connect_seconds,
                "read": limits.read_seconds,
                "write": limits.read_seconds,
                "pool": limits.connect_seconds,
            }
        },
    )


# An agency has few addresses. One with a query has others each time, and is not kept.
_url = lru_cache(maxsize=256)(httpx.URL)


def _joined(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in headers:
        key = name.decode("latin-1").lower()
        try:
            text = value.decode()
        except UnicodeDecodeError:
            text = value.decode("latin-1")
        joined[key] = f"{joined[key]}, {text}" if key in joined else text
    return joined


@contextmanager
def _translated() -> Iterator[None]:
    """The libraries' exceptions as AgencyFailure. Their own words may quote a header, and with it a secret."""
    try:
        yield
    except (httpcore.ConnectTimeout, httpcore.PoolTimeout) as error:
        raise Unreachable("There is no connection to the agency's system: it took too long.", sent=False) from error
    except httpcore.TimeoutException as error:
        raise TimedOut(f"The agency's system keeps us waiting ({type(error).__name__}).") from error
    except (httpcore.UnsupportedProtocol, httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise Malformed(f"The request has no address ({type(error).__name__}).", sent=False) from None
    except (httpcore.LocalProtocolError, UnicodeError) as error:
        raise Malformed(f"The request cannot be sent as it is ({type(error).__name__}).", sent=False) from None
    except httpcore.RemoteProtocolError as error:
        raise Unreachable("The agency's system broke off, or does not speak HTTP.") from error
    except (httpcore.NetworkError, OSError) as error:
        sent = not isinstance(error, httpcore.ConnectError)
        if failure := tls_failure(error, sent=sent):
            raise failure from error
        raise Unreachable(f"There is no connection to the agency's system: {_words(error)}.", sent=sent) from error


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__


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
