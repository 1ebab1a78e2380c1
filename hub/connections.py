"""Connections to the hub: who begins a request and drips holds no place for ever, and an answer leaves as one piece."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

#: From the connection, or a request's first byte, to its last. The largest body comes over a slow line in less.
REQUEST_SECONDS = 30.0


class HubProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which by itself waits for ever for what was not sent, and sends an answer's head and body
    apart. What is being answered, as a stream that lasts for hours, is not hurried, and idle connections end by
    uvicorn's own rule."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        #: Since when something is awaited, by the loop's clock; None: nothing is.
        self._since: float | None = None
        self._look: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.transport = _Paired(transport, self.loop)  # type: ignore[assignment]
        self._begin()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._look is not None:
            self._look.cancel()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        self._begin()
        super().on_message_begin()

    def on_message_complete(self) -> None:
        self._since = None
        super().on_message_complete()

    def _begin(self) -> None:
        self._since = self.loop.time()
        # One timer after the other, and not one for each request: those would cost each a percent.
        if self._look is None:
            self._look = self.loop.call_at(self._since + REQUEST_SECONDS, self._hurry)

    def _hurry(self) -> None:
        self._look = None
        if self._since is None:
            return
        if (due := self._since + REQUEST_SECONDS) <= self.loop.time():
            self.transport.close()
        else:
            self._look = self.loop.call_at(due, self._hurry)


class _Paired:
    """A transport that sends what is written with what is written next, if that is in the same turn of the event loop.

    A head and its body are then one packet, and one call of the system, which is a tenth of what a look-up costs.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._held = b""

    def write(self, data: bytes) -> None:
        if self._held:
            self._held += data
            self._let_go()
        elif data:
            self._held = data
            self._loop.call_soon(self._let_go)

    def close(self) -> None:
        self._let_go()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def _let_go(self) -> None:
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held)
