"""Connections to the hub: who begins a request and drips holds no place for ever."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

#: From the connection, or a request's first byte, to its last. The largest body comes over a slow line in less.
REQUEST_SECONDS = 30.0


class HubProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which by itself waits for ever for what was not sent. What is being answered, as a stream
    that lasts for hours, is not hurried, and idle connections end by uvicorn's own rule."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        #: Since when something is awaited, by the loop's clock; None: nothing is.
        self._since: float | None = None
        self._look: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
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
