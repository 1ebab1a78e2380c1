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
from hub import shedding
from hub.shedding import WAITING, Door, Load, Shedding, Urgency, urgency_of, watch
from tests.running import free_port


@pytest.mark.parametrize(
    ("method", "path", "urgency"),
    [
        ("GET", "/healthz", Urgency.ALWAYS),
        ("GET", "/metrics", Urgency.ALWAYS),
        ("GET", "/", Urgency.FIRST),
        ("GET", "/v1/dossiers/H21.20-261123-0001", Urgency.FIRST),
        ("GET", "/v1/dossiers/H21.20-261123-0001/history", Urgency.FIRST),
        ("POST", "/v1/dossiers/H21.20-261123-0001/full", Urgency.FIRST),
        ("POST", "/v1/webhooks/so-tnmt", Urgency.FIRST),
        ("POST", "/v1/people/dossiers", Urgency.FIRST),
        ("GET", "/v1/me/dossiers", Urgency.FIRST),
        ("POST", "/admin/sign-in", Urgency.FIRST),
        ("GET", "/v1/dossiers", Urgency.LATER),
        ("POST", "/v1/dossiers/search", Urgency.LATER),
        ("POST", "/v1/dossiers/by-code", Urgency.LATER),
        ("GET", "/v1/dossiers/H21.20-261123-0001/history/lines", Urgency.LATER),
        ("GET", "/v1/statistics", Urgency.LATER),
        ("GET", "/v1/changes", Urgency.LATER),
        ("GET", "/v1/webhooks/so-tnmt/deliveries", Urgency.LATER),
        ("POST", "/sandbox/v1/webhooks/thu-1", Urgency.LATER),
    ],
)
def test_who_goes_first(method: str, path: str, urgency: Urgency) -> None:
    assert urgency_of({"method": method, "path": path}) is urgency


def fill(load: Load) -> float:
    """As many that somebody waits for as are let in at once."""
    load.busy = 0
    while load.lets_in(Urgency.FIRST):
        load.busy += 1
    return load.busy


def test_where_people_alone_are_too_many_fewer_are_let_in_and_all_again_afterwards() -> None:
    load = Load()
    first = fill(load)
    for _ in range(100):
        load.judge(0.5)
        fill(load)
    assert load.is_shedding
    # Some are let in however bad it is.
    assert 0 < fill(load) < first
    load.busy = 0
    for _ in range(100):
        load.judge(0)
    assert not load.is_shedding and fill(load) == first


def test_more_are_let_in_one_by_one_while_there_are_more_than_can_be() -> None:
    load = Load()
    for _ in range(20):
        fill(load)
        load.judge(0.1)
    few = fill(load)
    load.judge(0)
    assert fill(load) in (few, few + 1)


class Caller:
    """One request that can wait, at work until it is told to end."""

    def __init__(self, door: Door) -> None:
        self.is_at_work = False
        self.ends = asyncio.Event()
        self.task = asyncio.create_task(self._ask(door))

    async def _ask(self, door: Door) -> None:
        async with door.turn():
            self.is_at_work = True
            await self.ends.wait()

    async def end(self) -> None:
        self.ends.set()
        await self.task


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_those_that_can_wait_have_their_turn_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shedding, "_TURN_SECONDS", 60)
    load = Load()
    callers = [Caller(load.door) for _ in range(1 + WAITING)]
    await settle()
    assert [each.is_at_work for each in callers] == [True] + [False] * WAITING
    assert not load.lets_in(Urgency.LATER) and load.lets_in(Urgency.FIRST)
    await callers[0].end()
    await settle()
    assert [each.is_at_work for each in callers[1:4]] == [True, False, False]
    assert load.lets_in(Urgency.LATER)
    # Whoever gives up takes nobody's turn, whether he waits or was just let in.
    callers[2].task.cancel()
    callers[1].ends.set()
    await settle()
    assert callers[3].is_at_work and not callers[2].is_at_work
    callers[3].ends.set()
    while not callers[3].task.done():
        await asyncio.sleep(0)
    callers[4].task.cancel()
    await settle()
    assert callers[5].is_at_work
    for each in callers:
        each.ends.set()
    await asyncio.gather(*(each.task for each in callers), return_exceptions=True)
    again = [Caller(load.door) for _ in range(2)]
    await settle()
    assert [each.is_at_work for each in again] == [True, False]
    for each in again:
        await each.end()


async def test_who_waits_for_others_keeps_nobody_from_his_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shedding, "_TURN_SECONDS", 0.01)
    door = Door()
    slow, quick = Caller(door), Caller(door)
    async with asyncio.timeout(10):
        while not quick.is_at_work:
            await asyncio.sleep(0.01)
    assert slow.is_at_work
    await slow.end()
    await quick.end()
    monkeypatch.setattr(shedding, "_TURN_SECONDS", 60)
    # A turn that ended before is not ended again.
    callers = [Caller(door) for _ in range(2)]
    await settle()
    assert [each.is_at_work for each in callers] == [True, False]
    for each in callers:
        await each.end()


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
            "programs": Callers([request("/v1/dossiers")], 2 * WAITING),
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
