"""SIGKILL at any moment of sync and intake: nothing acknowledged is lost, no history is written twice."""

import asyncio
import json
import os
import random
from pathlib import Path

from tests.chaos.auditor import audit, until_equal
from tests.estate.client import running_estate
from tests.running import HubProcess, free_port, hurried_agencies

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
            await until_equal(estate, database_url, seconds=_CATCH_UP_SECONDS)
        finally:
            await hub.kill()
        found = await audit(estate, database_url)
    print(json.dumps({"rounds": ROUNDS, "seed": seed} | found.line()))
    assert found.acknowledged
    assert found.clean, found
