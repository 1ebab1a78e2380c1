"""Under more than can be done the less urgent are turned away first, told when to come again, and let in afterwards."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter

import httpx
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from benchmarks.load import Callers, drive, request
from hub.shedding import Load, Shedding, Urgency, urgency_of, watch
from tests.running import free_port


@pytest.mark.parametrize(
    ("method", "path", "urgency"),
    [
        ("GET", "/healthz", Urgency.ALWAYS),
        ("GET", "/metrics", Urgency.ALWAYS),
        ("GET", "/", Urgency.FIRST),
        ("GET", "/v1/dossiers/H21.20-261123-0001", Urgency.FIRST),
        ("POST", "/v1/webhooks/so-tnmt", Urgency.FIRST),
        ("GET", "/v1/dossiers", Urgency.LATER),
        ("GET", "/v1/changes", Urgency.LATER),
    ],
)
def test_who_goes_first(method: str, path: str, urgency: Urgency) -> None:
    assert urgency_of({"method": method, "path": path}) is urgency


def fill(load: Load, urgency: Urgency) -> int:
    """As many as are let in at once."""
    load.busy[urgency] = 0
    while load.lets_in(urgency):
        load.busy[urgency] += 1
    return load.busy[urgency]


def test_the_less_urgent_are_turned_away_first_and_all_are_let_in_again() -> None:
    load = Load()
    first, later = fill(load, Urgency.FIRST), fill(load, Urgency.LATER)
    load.judge(0.03)
    assert load.is_shedding
    assert fill(load, Urgency.LATER) < later and fill(load, Urgency.FIRST) == first
    for _ in range(100):
        load.judge(0.5)
        fill(load, Urgency.LATER), fill(load, Urgency.FIRST)
    # Some are let in however bad it is.
    assert 0 < fill(load, Urgency.LATER) < fill(load, Urgency.FIRST) < first
    load.busy = dict.fromkeys(load.busy, 0)
    for _ in range(100):
        load.judge(0)
    assert not load.is_shedding
    assert (fill(load, Urgency.FIRST), fill(load, Urgency.LATER)) == (first, later)


def test_more_are_let_in_one_by_one_while_there_are_more_than_can_be() -> None:
    load = Load()
    fill(load, Urgency.LATER)
    load.judge(0.1)
    few = fill(load, Urgency.LATER)
    load.judge(0)
    assert fill(load, Urgency.LATER) in (few, few + 1)


@asynccontextmanager
async def serving(load: Load) -> AsyncIterator[int]:
    """A server on which each request keeps the event loop for a while. Yields its port."""

    async def work(scope: Scope, receive: Receive, send: Send) -> None:
        for _ in range(4):
            ends = perf_counter() + 0.002
            while perf_counter() < ends:
                pass
            await asyncio.sleep(0)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    port = free_port()
    config = uvicorn.Config(Shedding(work, load), port=port, lifespan="off", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    watching = asyncio.create_task(watch(load))
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield port
    server.should_exit = True
    await task
    watching.cancel()


async def test_a_burst_is_answered_or_told_when_to_come_again_and_passes() -> None:
    load = Load()
    async with serving(load) as port:
        callers = {
            "people": Callers([request("/v1/dossiers/x")], 8),
            "programs": Callers([request("/v1/dossiers")], 64),
            "watchers": Callers([request("/healthz")], 1),
        }
        outcomes = await asyncio.to_thread(drive, ("127.0.0.1", port), callers, seconds=6)
        assert outcomes["programs"].statuses.keys() == {200, 503}
        assert outcomes["people"].statuses.keys() == outcomes["watchers"].statuses.keys() == {200}
        assert all(outcome.silent == 0 for outcome in outcomes.values())
        async with asyncio.timeout(60):
            while load.is_shedding:
                await asyncio.sleep(0.1)
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"http://127.0.0.1:{port}/v1/dossiers")).status_code == 200
