"""The feed as Server-Sent Events, over a real connection: resumed, kept alive, and no burden when read slowly."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from contracts.change import DossierChanged
from hub import problems
from hub.access.keys import ApiKeys
from hub.access.scopes import Scope
from hub.db import Database
from hub.feed import routes
from hub.feed.feed import Feed
from hub.index.record import record
from hub.vault import Vault
from tests.observations import observation as said
from tests.parts import pulled_spec, registry_of

CODES = [f"H21.20-261123-{number:04d}" for number in range(1, 3001)]


@dataclass
class Served:
    client: httpx.AsyncClient
    feed: Feed
    address: tuple[str, int]
    key: str


@pytest.fixture
async def served(database: Database, vault: Vault) -> AsyncIterator[Served]:
    async with registry_of(pulled_spec("ubnd-pleiku")) as registry:
        app, feed, keys = FastAPI(), Feed(database, registry, vault), ApiKeys(database)
        problems.install(app)
        app.include_router(routes.router(feed, keys))
        key = await keys.create("portal", scopes=[Scope.CHANGES_READ, Scope.DOSSIERS_READ], actor="test")
        with socket.socket() as listener:
            # The kernel would hold megabytes for a slow reader, and hide what the hub does.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
            listener.bind(("127.0.0.1", 0))
            server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=5))
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            address = listener.getsockname()
            async with httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{address[1]}", headers={"X-Api-Key": key}, timeout=60
            ) as client:
                yield Served(client, feed, address, key)
            feed.stop()
            server.should_exit = True
            await serving


async def write(database: Database, vault: Vault, *codes: str, status: int = 1) -> None:
    async with database.begin() as connection:
        await record(connection, [said(code, at=status, status=status) for code in codes], vault)


@dataclass
class Block:
    """What stands between two blank lines."""

    id: str | None = None
    event: str | None = None
    data: str | None = None
    retry: str | None = None


@asynccontextmanager
async def streaming(served: Served, after: str | None = None, **headers: str) -> AsyncIterator[AsyncIterator[Block]]:
    query = {"after": after} if after else {}
    async with served.client.stream("GET", "/v1/changes/stream", params=query, headers=headers) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")

        async def blocks() -> AsyncIterator[Block]:
            block = Block()
            async for line in response.aiter_lines():
                if line:
                    name, _, value = line.partition(": ")
                    setattr(block, name, value)
                else:
                    yield block
                    block = Block()

        yield blocks()


async def events(blocks: AsyncIterator[Block], count: int) -> list[tuple[str, DossierChanged]]:
    """The next `count` events, each with its id."""
    found: list[tuple[str, DossierChanged]] = []
    async with asyncio.timeout(60):
        while len(found) < count:
            block = await anext(blocks)
            if block.data:
                told = DossierChanged.model_validate_json(block.data)
                assert block.event == told.type
                assert block.id
                found.append((block.id, told))
    return found


async def test_a_stream_tells_changes_and_is_resumed_after_the_last_one_read(
    served: Served, database: Database, vault: Vault
) -> None:
    async with streaming(served) as blocks:
        assert (await anext(blocks)).retry
        await write(database, vault, *CODES[:5])
        told = await events(blocks, 5)
    assert [event.data.code for _, event in told] == CODES[:5]
    await write(database, vault, CODES[5])
    # As a browser does it, having read three of them.
    async with streaming(served, after="AAAA", **{"Last-Event-ID": told[2][0]}) as blocks:
        resumed = await events(blocks, 3)
    assert [event.data.code for _, event in resumed] == CODES[3:6]


async def test_a_silent_stream_beats_and_moves_on(
    served: Served, database: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "_HEARTBEAT_SECONDS", 0.3)
    async with streaming(served) as blocks:
        await anext(blocks)
        first = await anext(blocks)
        await write(database, vault, CODES[0])
        await events(blocks, 1)
        beat = await anext(blocks)
        assert (first.data, beat.data) == (None, None)
        assert beat.id
        assert beat.id != first.id
    # To go on from a heartbeat is to go on after all that came before it.
    answer = await served.client.get("/v1/changes", params={"after": beat.id})
    assert answer.json()["items"] == []


async def test_whoever_reads_slowly_gets_all_in_the_end_and_nothing_is_held_for_them(
    served: Served, database: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.feed.tail.KEPT", 50)
    read = 0
    real = served.feed.page

    async def counted(*arguments: object) -> object:
        nonlocal read
        page = await real(*arguments)  # type: ignore[arg-type]
        read += len(page.events)
        return page

    monkeypatch.setattr(served.feed, "page", counted)
    start = (await served.client.get("/v1/changes")).json()["cursor"]
    with socket.socket() as slow:
        # A small window, so that the wire holds little.
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(slow, served.address)
        await loop.sock_sendall(
            slow,
            f"GET /v1/changes/stream?after={start} HTTP/1.1\r\nHost: hub\r\nX-Api-Key: {served.key}\r\n\r\n".encode(),
        )
        head = await loop.sock_recv(slow, 100)
        for begin in range(0, len(CODES), 250):
            await write(database, vault, *CODES[begin : begin + 250])
        # Long enough for a server that does not wait for its reader to have read all of it.
        quick = await served.client.get("/v1/changes", params={"after": start, "limit": 500})
        assert len(quick.json()["items"]) == 500
        await asyncio.sleep(1)
        assert read < len(CODES) / 2 + 500
        assert len(served.feed._tail._events) <= 50
        text, codes = head, set[str]()
        async with asyncio.timeout(120):
            while len(codes) < len(CODES):
                text += await loop.sock_recv(slow, 65536)
                *whole, text = text.split(b"\n")
                for line in whole:
                    if line.startswith(b"data: "):
                        codes.add(json.loads(line[6:])["data"]["code"])
    assert codes == set(CODES)


async def test_streams_end_when_the_hub_does(served: Served) -> None:
    async with streaming(served) as blocks:
        await anext(blocks)
        served.feed.stop()
        async with asyncio.timeout(5):
            async for _ in blocks:
                pass


async def test_a_stream_that_cannot_begin_says_why(served: Served) -> None:
    answer = await served.client.get("/v1/changes/stream", headers={"Last-Event-ID": "AAAA"})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "Last-Event-ID"
