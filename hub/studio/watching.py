"""Watches the real adapter at work: what it sends and gets, and which parts of a record it reads."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from adapters.calling.client import Client, Peer, RawAnswer, Request, Stream
from contracts.adapter import CallRecord, Priority

T = TypeVar("T")

#: How much of an answer is kept to be looked into.
_MOST = 8_000_000

# Their values are secrets whatever the spec says.
_SECRET_HEADERS = {"authorization", "proxy-authorization", "cookie"}


@dataclass
class Exchange:
    """One call as it went over the line, without the secrets in it."""

    headers: dict[str, str]
    #: The client's own record of it, once it is over.
    record: CallRecord | None = None
    #: The whole answer, where one came that says something.
    answer: RawAnswer | None = field(default=None, repr=False)


class WatchedClient(Client):
    """The client, with everything that passes noted in `exchanges`."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        super().__init__(self._keep)

    async def _keep(self, record: CallRecord) -> None:
        if not self.exchanges or self.exchanges[-1].record:
            # No HTTP: files are read.
            self.exchanges.append(Exchange({}))
        self.exchanges[-1].record = record

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
        exchange = self._begin(request)

        def seen(raw: RawAnswer) -> T:
            exchange.answer = raw
            return understand(raw)

        return await super().call(
            peer, request, operation=operation, understand=seen, priority=priority, repeatable=repeatable
        )

    @asynccontextmanager
    async def stream(
        self, peer: Peer, request: Request, *, operation: str, priority: Priority, repeatable: bool
    ) -> AsyncIterator[Stream]:
        exchange = self._begin(request)
        async with super().stream(
            peer, request, operation=operation, priority=priority, repeatable=repeatable
        ) as stream:
            body = bytearray()
            chunks = stream.chunks

            async def noted() -> AsyncIterator[bytes]:
                async for chunk in chunks():
                    body.extend(chunk[: _MOST - len(body)])
                    yield chunk

            stream.chunks = noted  # type: ignore[method-assign]
            try:
                yield stream
            finally:
                exchange.answer = RawAnswer(stream.status, stream.headers, bytes(body), stream.agency_time)

    def _begin(self, request: Request) -> Exchange:
        self.exchanges.append(Exchange({name: _masked(name, text, request) for name, text in request.headers.items()}))
        return self.exchanges[-1]


def _masked(name: str, text: str, request: Request) -> str:
    if name.lower() in _SECRET_HEADERS:
        scheme, blank, _ = text.partition(" ")
        return f"{scheme} ***" if blank else "***"
    for secret in filter(None, request.secrets):
        text = text.replace(secret, "***")
    return text


@dataclass
class Touches:
    """Which parts of records were asked for, by their paths, and which of those were not there."""

    asked: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)


class WatchedRecord(dict[str, Any]):
    """A record that notes which of its parts are asked for."""

    def __init__(self, record: Mapping[str, Any], touches: Touches, path: str = "") -> None:
        self._touches, self._prefix = touches, f"{path}." if path else ""
        super().__init__({name: _watched(value, touches, self._prefix + name) for name, value in record.items()})

    def __getitem__(self, name: str) -> Any:
        self._note(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self._note(name)
        return super().get(name, default)

    def _note(self, name: str) -> None:
        self._touches.asked.add(self._prefix + name)
        if name not in self:
            self._touches.missing.add(self._prefix + name)


def _watched(value: Any, touches: Touches, path: str) -> Any:
    if isinstance(value, dict):
        return WatchedRecord(value, touches, path)
    if isinstance(value, list):
        return [_watched(item, touches, f"{path}[]") for item in value]
    return value


def unused(record: Any, touches: Touches) -> Iterator[str]:
    """The paths of what a record says and nobody asked for. What is asked for as a whole is used as a whole."""
    touched = touches.asked
    inner = {path for path in touched if any(other.startswith((f"{path}.", f"{path}[]")) for other in touched)}
    yield from _unused(record, "", touched - inner, touched)


def _unused(value: Any, path: str, whole: set[str], touched: set[str]) -> Iterator[str]:
    if path in whole or value in (None, "", [], {}):
        return
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _unused(inner, f"{path}.{name}" if path else name, whole, touched)
    elif isinstance(value, list):
        for inner in value:
            yield from _unused(inner, f"{path}[]", whole, touched)
    elif path not in touched:
        yield path
