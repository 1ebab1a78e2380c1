"""A link to the database on which the server's last word is heard before it is seen that the server has gone.

Between the two lies a moment only, in which whoever uses the connection has another failure than before and after.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from sqlalchemy.engine import make_url

_ASKS_FOR_TLS = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
_READY = b"Z\x00\x00\x00\x05I"
_FIELDS = b"SFATAL\x00VFATAL\x00C57P01\x00Mterminating connection due to administrator command\x00\x00"
_LAST_WORD = b"E" + (len(_FIELDS) + 4).to_bytes(4, "big") + _FIELDS


@dataclass(eq=False, slots=True)
class _Pair:
    here: asyncio.StreamWriter
    there: asyncio.StreamWriter
    is_idle: bool = False
    has_died: bool = False


class Link:
    """Passes on what is said between the hub and its database, on connections that are made anew at any time."""

    def __init__(self, url: str) -> None:
        self._at = make_url(url)
        host = self._at.query.get("host", self._at.host or "127.0.0.1")
        assert isinstance(host, str)
        self._host, self._port = host, self._at.port or int(str(self._at.query.get("port", 5432)))
        self._open: set[_Pair] = set()

    def url(self, port: int) -> str:
        query = {name: value for name, value in self._at.query.items() if name not in ("host", "port")}
        return self._at.set(host="127.0.0.1", port=port, query=query).render_as_string(hide_password=False)

    async def die(self) -> int:
        """The server ends all sessions that are open. Where nothing was asked its last word is heard, and no more until
        something is said there, or `end`; else all is seen at once. Returns of how many only the last word was heard.
        """
        for pair in self._open:
            pair.there.transport.abort()
            pair.here.write(_LAST_WORD)
            if pair.is_idle:
                pair.has_died = True
            else:
                pair.here.close()
        died = sum(pair.has_died for pair in self._open)
        # For it to be heard.
        await asyncio.sleep(0.1)
        return died

    def end(self) -> None:
        """It is seen of all that have died."""
        for pair in self._open:
            if pair.has_died:
                pair.here.transport.abort()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._host.startswith("/"):
            back, there = await asyncio.open_unix_connection(f"{self._host}/.s.PGSQL.{self._port}")
        else:
            back, there = await asyncio.open_connection(self._host, self._port)
        pair = _Pair(writer, there)
        self._open.add(pair)
        answering = asyncio.create_task(self._answer(back, pair))
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                pair.is_idle = False
                if data == _ASKS_FOR_TLS:
                    writer.write(b"N")
                elif pair.has_died:
                    break
                else:
                    there.write(data)
        answering.cancel()
        self._open.discard(pair)
        there.transport.abort()
        writer.transport.abort()

    async def _answer(self, back: asyncio.StreamReader, pair: _Pair) -> None:
        with suppress(ConnectionError):
            while data := await back.read(65536):
                # What comes after it, or without having been asked for, is news.
                pair.is_idle = pair.is_idle or _READY in data
                pair.here.write(data)
        if not pair.has_died:
            pair.here.close()


@asynccontextmanager
async def linked(url: str) -> AsyncIterator[tuple[str, Link]]:
    """The database's URL by way of a link, and the link."""
    link = Link(url)
    server = await asyncio.start_server(link.talk, "127.0.0.1", 0)
    try:
        yield link.url(server.sockets[0].getsockname()[1]), link
    finally:
        link.end()
        server.close()
