"""Servers for benchmarks, each in a process of its own: one that answers whatever is asked with one document, and one
for an ASGI function."""

import asyncio
import multiprocessing
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, TypeAlias

import uvicorn
from starlette.types import ASGIApp

#: Makes an ASGI function in the process that serves it.
MakeApp: TypeAlias = Callable[..., Awaitable[ASGIApp]]

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


@contextmanager
def serving(body: bytes, content_type: str) -> Iterator[str]:
    """Yields its address. Connections are kept alive."""
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs, body, content_type), daemon=True)
    server.start()
    try:
        yield ours.recv()
    finally:
        server.terminate()
        server.join()


@contextmanager
def serving_app(make: MakeApp, *given: Any) -> Iterator[tuple[str, int]]:
    """Yields the address of what `make(*given)` makes, under uvicorn on asyncio's event loop."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(theirs, make, *given), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


def _run(told: Connection, make: MakeApp, *given: Any) -> None:
    async def serve() -> None:
        app = await make(*given)
        config = uvicorn.Config(app, http="httptools", port=0, lifespan="off", log_config=None, access_log=False)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        told.send(server.servers[0].sockets[0].getsockname())
        await serving

    asyncio.run(serve())


def _serve(told: Connection, body: bytes, content_type: str) -> None:
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nDate: Mon, 23 Nov 2026 01:00:00 GMT\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                asked = await reader.readuntil(b"\r\n\r\n")
                if length := _LENGTH.search(asked):
                    await reader.readexactly(int(length.group(1)))
                writer.write(head)
                writer.write(body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def serve() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        told.send("http://{}:{}".format(*server.sockets[0].getsockname()))
        await server.serve_forever()

    asyncio.run(serve())
