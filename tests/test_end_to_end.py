"""The main job, end to end: a hub process, the estate's three systems on real sockets, and questions from outside."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio

from contracts.dossier import Dossier
from tests.estate.client import Estate, running_estate
from tests.running import HubProcess, free_port, hurried_agencies, running_hub

# One province for all: each start of a hub takes seconds, and no test leaves it otherwise than it was.
pytestmark = pytest.mark.asyncio(loop_scope="module")

AGENCIES = ("so-tnmt", "so-khdt", "ubnd-pleiku")


class Province:
    """A hub with its estate, and what a test wants to ask both."""

    def __init__(self, hub: HubProcess, estate: Estate, client: httpx.AsyncClient) -> None:
        self.hub = hub
        self.estate = estate
        self.client = client

    async def dossier(self, code: str) -> Dossier | None:
        response = await self.client.get(f"/v1/dossiers/{code}")
        if response.status_code == 404:
            return None
        response.raise_for_status()
        return Dossier.model_validate(response.json())

    async def until(self, holds: Callable[[], Awaitable[Any]], seconds: float = 30) -> Any:
        """What `holds` gives, once it is true."""
        async with asyncio.timeout(seconds):
            while not (result := await holds()):
                await asyncio.sleep(0.1)
        return result

    async def shows(self, agency: str, code: str, seconds: float = 30) -> Dossier:
        """The hub's dossier, once its status is what the agency's own system says."""

        async def agrees() -> Dossier | None:
            true = {item["code"]: item["status"] for item in await self.estate.state(agency)}[code]
            found = await self.dossier(code)
            return found if found and found.status and found.status.code == true else None

        return await self.until(agrees, seconds)  # type: ignore[no-any-return]

    async def a_code(self, agency: str) -> str:
        """A dossier that can still move."""
        items = await self.estate.state(agency)
        return str(next(item["code"] for item in reversed(items) if item["status"] in ("2", "4")))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def province(
    new_database: Callable[[], AbstractContextManager[str]], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Province]:
    port = free_port()
    tmp_path = tmp_path_factory.mktemp("province")
    with new_database() as database_url:
        async with running_estate(size=200, pace=0, hub=f"http://127.0.0.1:{port}", token_seconds=5) as estate:
            process = HubProcess(
                database_url,
                data_dir=tmp_path / "data",
                # After its first sync, what comes from Pleiku within this test was pushed.
                agencies_dir=hurried_agencies(tmp_path / "agencies", ubnd_pleiku=3600),
                port=port,
                addresses=estate.addresses,
                secrets=estate.secrets,
            )
            async with running_hub(process) as hub, httpx.AsyncClient(base_url=hub.url) as client:
                yield Province(hub, estate, client)


async def test_three_agencies_become_one_answer(province: Province) -> None:
    for agency in AGENCIES:
        for item in (await province.estate.state(agency))[::40]:
            found = await province.shows(agency, item["code"])
            assert found.agency.id == agency
            assert found.timeline[-1].status.code == item["status"]
            assert not found.stale


@pytest.mark.parametrize(("agency", "channel"), [("so-tnmt", "pull"), ("so-khdt", "pull"), ("ubnd-pleiku", "webhook")])
async def test_a_change_arrives(province: Province, agency: str, channel: str) -> None:
    code = await province.a_code(agency)
    before = await province.shows(agency, code)
    await province.estate.advance(agency, code)
    after = await province.shows(agency, code)
    assert after.timeline[:-1] == before.timeline
    assert after.timeline[-1].source.channel == after.source.channel == channel


@pytest.mark.parametrize(
    "fault", ["html", "html502", "truncated", "error200", "empty", "huge", "reset", "garbage", "null_list"]
)
async def test_one_agency_at_fault_is_alone_with_it(province: Province, fault: str) -> None:
    """Its failure is recorded, the others go on, and its dossiers are still answered."""
    for agency in AGENCIES:
        await province.shows(agency, await province.a_code(agency))
    await province.estate.fault("so-tnmt", fault)
    connection = await asyncpg.connect(province.hub.database_url)
    try:

        async def noticed() -> Any:
            return await connection.fetchval(
                "SELECT last_failure FROM stream WHERE (agency, kind) = ('so-tnmt', 'pull') AND failures_in_a_row > 0"
            )

        assert await province.until(noticed)
        failing = await connection.fetch("SELECT DISTINCT agency FROM stream WHERE failures_in_a_row > 0")
        assert [row["agency"] for row in failing] == ["so-tnmt"]
        # As if it had gone on for an hour, so that we need not wait for it.
        await connection.execute(
            "UPDATE stream SET covered_until = covered_until - interval '1 hour' WHERE agency = 'so-tnmt'"
        )
        await connection.execute(
            "UPDATE dossier SET observed_at = observed_at - interval '1 hour' WHERE agency = 'so-tnmt'"
        )
        # In office hours, which are when most changes, they were also looked up by themselves.
        await connection.execute(
            "UPDATE watch SET checked_at = checked_at - interval '1 hour'"
            " WHERE dossier_id IN (SELECT id FROM dossier WHERE agency = 'so-tnmt')"
        )
        known = await province.dossier(await province.a_code("so-tnmt"))
        assert known
        assert known.stale_reason == "agency_failing"

        other = await province.a_code("so-khdt")
        await province.estate.advance("so-khdt", other)
        assert not (await province.shows("so-khdt", other)).stale

        await province.estate.fault("so-tnmt", None)
        await connection.execute("UPDATE stream SET next_due_at = now() WHERE agency = 'so-tnmt'")
        code = await province.a_code("so-tnmt")
        await province.estate.advance("so-tnmt", code)
        assert not (await province.shows("so-tnmt", code)).stale
    finally:
        await connection.close()


async def test_an_unmapped_status_is_quarantined_and_the_rest_goes_on(province: Province) -> None:
    connection = await asyncpg.connect(province.hub.database_url)
    try:
        await province.estate.fault("so-tnmt", "unknown_status")

        async def kept() -> Any:
            return await connection.fetchval("SELECT value FROM quarantine WHERE agency = 'so-tnmt'")

        assert await province.until(kept)
        code = await province.a_code("so-tnmt")
        await province.estate.fault("so-tnmt", None)
        await province.estate.advance("so-tnmt", code)
        await province.shows("so-tnmt", code)
    finally:
        await connection.close()


async def test_it_stops_when_it_is_told_to(province: Province) -> None:
    await province.shows("so-khdt", await province.a_code("so-khdt"))
    assert await province.hub.stop() == 0
    assert "hub.stopped" in province.hub.log()
    assert "Traceback" not in province.hub.log()
