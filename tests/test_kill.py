"""SIGKILL at any moment of sync and intake: nothing acknowledged is lost, no history is written twice."""

import asyncio
import json
import os
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import asyncpg

from contracts.codes import code_key
from tests.estate.client import Estate, running_estate
from tests.running import HubProcess, free_port, hurried_agencies

AGENCIES = ("so-tnmt", "so-khdt", "ubnd-pleiku")
ROUNDS = 20
_CATCH_UP_SECONDS = 120


async def test_a_hub_killed_twenty_times_ends_equal_to_the_estate(database_url: str, tmp_path: Path) -> None:
    seed = int(os.environ.get("HUB_TEST_SEED", random.randrange(2**32)))
    print(f"HUB_TEST_SEED={seed}")
    chance = random.Random(seed)
    port = free_port()
    async with running_estate(size=1500, pace=0.3, hub=f"http://127.0.0.1:{port}", seed=seed % 1000) as estate:
        hub = HubProcess(
            database_url,
            data_dir=tmp_path / "data",
            agencies_dir=hurried_agencies(tmp_path / "agencies"),
            port=port,
            addresses=estate.addresses,
            secrets=estate.secrets,
        )
        try:
            for _ in range(ROUNDS):
                await hub.start(wait=False)
                # From before it listens to well into a sync: a start takes some seconds.
                await asyncio.sleep(chance.uniform(1, 6))
                await hub.kill()
            await hub.start()
            await estate.pace(0)
            await _until_equal(estate, database_url)
        finally:
            await hub.kill()
        acknowledged = await estate.acknowledged()
        lost, doubled = await _audit(acknowledged, database_url)
    print(
        json.dumps(
            {"rounds": ROUNDS, "acknowledged": len(acknowledged), "lost": lost, "double effects": doubled, "seed": seed}
        )
    )
    assert acknowledged
    assert (lost, doubled) == (0, 0)


async def _until_equal(estate: Estate, database_url: str) -> None:
    """Wait until every delivery is acknowledged and the index says of every dossier what the estate says."""
    connection = await asyncpg.connect(database_url)
    try:
        differences: list[Any] = []
        try:
            async with asyncio.timeout(_CATCH_UP_SECONDS):
                while True:
                    differences = await _differences(estate, connection)
                    if not differences and not await estate.pending():
                        return
                    await asyncio.sleep(0.5)
        except TimeoutError:
            raise AssertionError(f"{len(differences)} dossiers differ, such as {differences[:3]}") from None
    finally:
        await connection.close()


async def _differences(estate: Estate, connection: Any) -> list[Any]:
    shown = {
        (row["agency"], row["code_key"]): str(row["status"])
        for row in await connection.fetch("SELECT agency, code_key, status FROM dossier")
    }
    true = {
        (agency, code_key(item["code"])): item["status"] for agency in AGENCIES for item in await estate.state(agency)
    }
    return [(key, true.get(key), shown.get(key)) for key in true.keys() | shown if true.get(key) != shown.get(key)]


async def _audit(acknowledged: Sequence[Mapping[str, Any]], database_url: str) -> tuple[int, int]:
    """(deliveries the hub acknowledged and does not have, lines of history or ids that stand twice)."""
    connection = await asyncpg.connect(database_url)
    try:
        inbox = [row["webhook_id"] for row in await connection.fetch("SELECT webhook_id FROM inbox")]
        history = await connection.fetch(
            """SELECT d.code_key, o.revision, o.occurred_at, o.facts::text AS facts, count(*) AS times
                 FROM observation o JOIN dossier d ON d.id = o.dossier_id
                GROUP BY 1, 2, 3, 4, o.settles, o.personal IS NULL"""
        )
    finally:
        await connection.close()
    statuses = defaultdict(set)
    for row in history:
        statuses[row["code_key"], row["revision"]].add(json.loads(row["facts"]).get("status"))
    lost = sum(
        delivery["id"] not in inbox
        or delivery["status"] not in statuses[code_key(delivery["code"]), delivery["revision"]]
        for delivery in acknowledged
    )
    doubled = sum(row["times"] > 1 for row in history) + len(inbox) - len(set(inbox))
    return lost, doubled
