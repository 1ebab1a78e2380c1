"""Rounds that have each fault once, by the seed; `python -m tests.chaos` plays as many as one likes."""

import asyncio
import json
import os
import random
import signal
from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest
import pytest_asyncio

from tests.chaos.auditor import audit, differences
from tests.chaos.rounds import RECOVERY_SECONDS, dealt, play
from tests.chaos.stage import Stage, staged

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECONDS = 120
SEED = int(os.environ.get("HUB_TEST_SEED", random.randrange(2**31)))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage() -> AsyncIterator[Stage]:
    async with staged(workers=2, seed=SEED, size=100) as made:
        yield made


@pytest.mark.parametrize("number", range(len(dealt(SEED))))
async def test_nothing_is_lost_or_doubled(stage: Stage, number: int) -> None:
    played = await play(stage, number, SEED, dealt(SEED)[number])
    print(json.dumps(played.line()))
    assert played.found.acknowledged
    assert played.found.clean, f"HUB_TEST_SEED={SEED}: {played.found}"


async def test_what_waits_for_the_sweep_is_waited_for(stage: Stage) -> None:
    """A delivery that is stored, and not applied at once, is acknowledged; its dossier moves on, and is pulled. Then
    the index equals the estate, and still lacks a line of history."""
    can_move_twice: list[str] = []
    while not can_move_twice:
        await stage.estate.move("ubnd-pleiku", 5)
        cases = await stage.estate.state("ubnd-pleiku")
        can_move_twice = [case["code"] for case in cases if case["status"] in ("2", "5", "6")]
    await stage.until_equal(seconds=RECOVERY_SECONDS)
    code = can_move_twice[0]
    connection, other = await asyncpg.connect(stage.cluster.url), await asyncpg.connect(stage.cluster.url)
    try:
        # Nobody pulls the first change before the second.
        for worker in stage.workers:
            worker.send(signal.SIGSTOP)
        async with connection.transaction():
            # Nothing can be applied, so that both changes are only stored.
            await connection.execute("LOCK TABLE change")
            for _ in range(2):
                await stage.estate.advance("ubnd-pleiku", code)
            async with asyncio.timeout(SECONDS):
                while await stage.estate.pending():
                    await other.execute(
                        """SELECT pg_terminate_backend(pid) FROM pg_locks
                            WHERE relation = 'change'::regclass AND NOT granted"""
                    )
                    await asyncio.sleep(0.2)
            held = await other.execute(
                "UPDATE inbox SET next_try_at = now() + interval '1 hour' WHERE state IN ('new', 'waiting')"
            )
        for worker in stage.workers:
            worker.send(signal.SIGCONT)
        assert held == "UPDATE 2"
        async with asyncio.timeout(SECONDS):
            while (await differences(stage.estate, stage.cluster.url)) != ([], 2):
                await asyncio.sleep(0.2)
        found = await audit(stage.estate, stage.cluster.url)
        assert [each.rpartition(": ")[2] for each in found.lost] == ["new"]
        await other.execute("UPDATE inbox SET next_try_at = now() WHERE state IN ('new', 'waiting')")
        await stage.until_equal(seconds=RECOVERY_SECONDS)
        found = await audit(stage.estate, stage.cluster.url)
        assert found.clean, found
    finally:
        await connection.close()
        await other.close()


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
    assert '"status":503' in log
    await stage.until_equal(seconds=RECOVERY_SECONDS)
    found = await audit(stage.estate, stage.cluster.url)
    assert found.clean, found


async def test_the_auditor_sees_what_is_amiss(stage: Stage) -> None:
    [item, *_] = await stage.estate.state("ubnd-pleiku")
    await stage.estate.push("ubnd-pleiku", item["code"])
    await stage.until_equal(seconds=RECOVERY_SECONDS)
    connection = await asyncpg.connect(stage.cluster.url)
    try:
        [delivery, *_] = await stage.estate.acknowledged()
        await connection.execute("DELETE FROM inbox WHERE webhook_id = $1", delivery["id"])
        await connection.execute(
            """INSERT INTO observation (dossier_id, digest, code, occurred_at, revision, settles, facts, observed_at,
                                        channel, personal)
               SELECT dossier_id, digest || 'x'::bytea, code, occurred_at, revision, settles, facts, observed_at,
                      channel, personal
                 FROM observation WHERE facts ->> 'status' IS NOT NULL ORDER BY dossier_id LIMIT 1"""
        )
        await connection.execute(
            """UPDATE observation SET occurred_at = occurred_at + interval '1 day' WHERE (dossier_id, digest) IN
               (SELECT dossier_id, digest FROM observation ORDER BY dossier_id DESC LIMIT 1)"""
        )
        await connection.execute(
            """INSERT INTO change (dossier_id, kind, status_before, status_after)
               SELECT dossier_id, kind, status_before, status_after FROM change WHERE kind = 'created' LIMIT 1"""
        )
        await connection.execute("UPDATE dossier SET status = status % 10 + 1 WHERE agency = 'so-khdt'")
        found = await audit(stage.estate, stage.cluster.url)
    finally:
        await connection.close()
    assert [len(each) for each in (found.lost, found.doubled, found.invented)] == [1, 2, 1], found
    with pytest.raises(AssertionError, match="dossiers differ"):
        await stage.until_equal(seconds=1)
