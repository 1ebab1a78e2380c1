"""A request that never ends is given up, by its head or its body; what is whole is answered, however long it takes."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from hub import connections

SECONDS = 0.3


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers what it was sent, later than a request may take."""
    body = await Request(scope, receive).body()
    await asyncio.sleep(3 * SECONDS)
    await Response(body)(scope, receive, send)


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[int]:
    """On the port that it yields."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            app, http=connections.HubProtocol, log_config=None, lifespan="off", timeout_keep_alive=60
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server._serve([listener]))
        yield listener.getsockname()[1]
        server.should_exit = True
        await serving


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    monkeypatch.setattr(connections, "REQUEST_SECONDS", SECONDS)
    async with served(app) as port:
        yield port


HEAD = b"POST / HTTP/1.1\r\nHost: hub\r\n"
WHOLE = HEAD + b"Content-Length: 2\r\n\r\nab"


@pytest.mark.parametrize("begun", [b"", HEAD + b"X-A: ", HEAD + b"Content-Length: 10\r\n\r\na"])
async def test_what_is_never_whole_is_given_up(port: int, begun: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(begun)
    async with asyncio.timeout(60):
        # Whatever was answered, the connection ends.
        await reader.read()
    writer.close()


async def test_what_is_whole_is_answered_and_the_next_may_not_drip_either(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(WHOLE)
    async with asyncio.timeout(60):
        assert b"200 OK" in await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(2) == b"ab"
        # Idle for longer than a request may take, it is still there.
        await asyncio.sleep(2 * SECONDS)
        writer.write(WHOLE)
        assert b"200 OK" in await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(2)
        writer.write(HEAD)
        assert await reader.read() == b""
    writer.close()
