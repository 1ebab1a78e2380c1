"""How agencies' systems go wrong on the wire: ways to answer a request, from a wrong body to no answer at all."""

import asyncio
import socket
import struct
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable
from typing import Any

import orjson

from tests.adapters.servers import Talk, Told, read_request

SOAP_TYPE = "text/xml; charset=utf-8"
ENVELOPE = '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{}</s:Body></s:Envelope>'


def body(content: bytes | str, status: int = 200, type: str = "application/json", **headers: str) -> Talk:
    """Each request is answered with `content`."""
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())

    async def talk(reader: StreamReader, writer: StreamWriter) -> None:
        while await read_request(reader):
            writer.write(Told(content, status, type, named).encoded())
            await writer.drain()

    return talk


def json(value: Any, status: int = 200) -> Talk:
    return body(orjson.dumps(value), status)


def soap(inner: str, status: int = 200, version: str = "1.1") -> Talk:
    envelope = ENVELOPE.format(inner)
    if version == "1.2":
        envelope = envelope.replace(
            "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"
        )
    return body(envelope, status, SOAP_TYPE)


def bytes_of(raw: bytes, then: Callable[[StreamWriter], Any] | None = None) -> Talk:
    """The request is answered with `raw`, which may be no HTTP; then the connection ends, or `then` is done."""

    async def talk(reader: StreamReader, writer: StreamWriter) -> None:
        if await read_request(reader) is None:
            return
        writer.write(raw)
        await writer.drain()
        if then is not None:
            await then(writer)

    return talk


async def reset(writer: StreamWriter) -> None:
    """End the connection by RST, as a system does that is killed."""
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def hang(_writer: StreamWriter) -> None:
    await asyncio.sleep(3600)


def drip(piece: bytes) -> Callable[[StreamWriter], Any]:
    """`piece` again and again, each within the time that a read may take."""

    async def then(writer: StreamWriter) -> None:
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.05)

    return then


def saying(raw: bytes) -> Callable[[StreamWriter], Any]:
    async def act(writer: StreamWriter) -> None:
        writer.write(raw)
        await writer.drain()

    return act


def at_once(act: Callable[[StreamWriter], Any]) -> Talk:
    """`act` as soon as somebody connects."""

    async def talk(_reader: StreamReader, writer: StreamWriter) -> None:
        await act(writer)

    return talk
