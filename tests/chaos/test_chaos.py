"""One round of each fault; `python -m tests.chaos` plays as many as one likes, and several faults at once."""

import json
import os
import random
from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest
import pytest_asyncio

from tests.chaos.auditor import audit, until_equal
from tests.chaos.faults import FAULTS
from tests.chaos.rounds import play
from tests.chaos.stage import Stage, staged

pytestmark = pytest.mark.asyncio(loop_scope="module")

SEED = int(os.environ.get("HUB_TEST_SEED", random.randrange(2**31)))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage() -> AsyncIterator[Stage]:
    async with staged(workers=2, seed=SEED, size=100) as made:
        yield made


@pytest.mark.parametrize("fault", sorted(FAULTS))
async def test_nothing_is_lost_or_doubled(stage: Stage, fault: str) -> None:
    played = await play(stage, sorted(FAULTS).index(fault), SEED, [fault])
    print(json.dumps(played.line()))
    assert played.acknowledged
    assert played.clean, f"HUB_TEST_SEED={SEED}: {played.line()}"


async def test_a_full_disk_is_said_and_what_is_known_is_still_answered(stage: Stage) -> None:
    [item, *_] = await stage.estate.state("ubnd-pleiku")
    await stage.cluster.stop_properly()
    await stage.cluster.start_again(full=True)
    try:
        before = len(stage.api.log())
        for _ in range(200):
            await stage.estate.push("ubnd-pleiku", item["code"])
        async with httpx.AsyncClient(base_url=stage.api.url, timeout=30) as client:
            for _ in range(10):
                assert (await client.get(f"/v1/dossiers/{item['code']}")).status_code == 200
        assert await stage.estate.pending(), "every delivery was taken, on a disk without room"
        log = stage.api.log()[before:]
    finally:
        await stage.cluster.stop_immediately()
        await stage.cluster.start_again()
    assert "File too large" in log
    assert '"status": 503' in log
    await until_equal(stage.estate, stage.cluster.url, seconds=90)
    assert (await audit(stage.estate, stage.cluster.url)).clean


async def test_the_auditor_sees_what_is_amiss(stage: Stage) -> None:
    await until_equal(stage.estate, stage.cluster.url, seconds=90)
    connection = await asyncpg.connect(stage.cluster.url)
    try:
        [delivery, *_] = await stage.estate.acknowledged()
        await connection.execute("DELETE FROM inbox WHERE webhook_id = $1", delivery["id"])
        await connection.execute(
            """INSERT INTO observation (dossier_id, digest, code, occurred_at, revision, settles, facts, observed_at,
                                        channel)
               SELECT dossier_id, digest || 'x'::bytea, code, occurred_at, revision, settles, facts, observed_at,
                      channel
                 FROM observation WHERE personal IS NULL AND facts ->> 'status' IS NOT NULL LIMIT 1"""
        )
        await connection.execute(
            """UPDATE observation SET occurred_at = occurred_at + interval '1 day' WHERE (dossier_id, digest) IN
               (SELECT dossier_id, digest FROM observation WHERE personal IS NOT NULL LIMIT 1)"""
        )
        await connection.execute("UPDATE dossier SET status = 3 WHERE agency = 'so-khdt' AND status = 4")
        found = await audit(stage.estate, stage.cluster.url)
    finally:
        await connection.close()
    assert (found.lost, found.doubled, found.invented) == (1, 1, 1)
    with pytest.raises(AssertionError, match="dossiers differ"):
        await until_equal(stage.estate, stage.cluster.url, seconds=1)
