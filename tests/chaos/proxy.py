"""A TCP link between the hub and an agency that can be cut, slowed, half opened, and filled with garbage."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Literal
from urllib.parse import urlsplit

#: half_open: connections are taken, and nothing ever comes; truncate: cut in mid-answer; garbage: random bytes.
Mode = Literal["pass", "delay", "reset", "half_open", "truncate", "garbage"]

_DELAY_SECONDS = 1.0
_TRUNCATED_AT = 300


class Proxy:
    """Passes on what the hub and one agency say to each other, as its mode of the moment has it."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        assert parts.hostname and parts.port
        self._target = parts.hostname, parts.port
        self.mode: Mode = "pass"
        self._open: set[asyncio.StreamWriter] = set()

    def become(self, mode: Mode) -> None:
        """From now on, connections that are open included."""
        self.mode = mode
        if mode != "pass":
            for writer in list(self._open):
                writer.transport.abort()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._talk(reader, writer)
        writer.transport.abort()
        self._open.discard(writer)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        match self.mode:
            case "reset":
                return
            case "half_open":
                await reader.read()
                return
            case "garbage":
                await reader.read(65536)
                writer.write(os.urandom(5000))
                await writer.drain()
                return
        there, back = await asyncio.open_connection(*self._target)
        self._open.add(back)
        asking = asyncio.create_task(self._pass(reader, back))
        try:
            await self._pass(there, writer, answering=True)
        finally:
            asking.cancel()
            back.transport.abort()
            self._open.discard(back)

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answering: bool = False
    ) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                if answering and self.mode == "delay":
                    await asyncio.sleep(_DELAY_SECONDS)
                if answering and self.mode == "truncate":
                    writer.write(data[:_TRUNCATED_AT])
                    await writer.drain()
                    return
                writer.write(data)
                await writer.drain()


@asynccontextmanager
async def proxied(target: str) -> AsyncIterator[tuple[str, Proxy]]:
    """The proxy's address, and the proxy."""
    proxy = Proxy(target)
    server = await asyncio.start_server(proxy.talk, "127.0.0.1", 0)
    try:
        yield "http://{}:{}".format(*server.sockets[0].getsockname()), proxy
    finally:
        server.close()
        proxy.become("reset")
