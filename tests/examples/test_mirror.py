"""The sample mirror and the hub are killed at random while dossiers change, pass to another agency and turn out to be
the same as others; in the end every row is the same."""

import asyncio
import json
import os
import random
import sqlite3
import sys
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from config.secrets import digest_key_file, seal_key_file
from hub.access.keys import ApiKeys
from hub.access.scopes import Scope
from hub.db import Database
from hub.index.record import record
from hub.vault import Vault
from tests.observations import move
from tests.observations import observation as said
from tests.running import ROOT, HubProcess, hurried_agencies

MIRROR = ROOT / "examples" / "mirror" / "mirror.py"
ROUNDS = 8
_HELD_UP = "SELECT EXISTS (SELECT FROM change WHERE xid >= pg_snapshot_xmin(pg_current_snapshot()))"
OF_THE_MOMENT = {"checked_at", "stale", "stale_reason"}


async def mirror(hub: HubProcess, file: Path, key: str, *options: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, str(MIRROR), hub.url, str(file), *options),
        env=os.environ | {"HUB_KEY": key},
        stdout=asyncio.subprocess.DEVNULL,
    )


async def wander(database: Database, vault: Vault, chance: random.Random, ended: asyncio.Event) -> int:
    """Dossiers come, change, pass to the city's successor and are joined with what that told of them, in transactions
    of which some are slow and some fail. Returns how many were committed."""
    written = 0

    async def write() -> None:
        nonlocal written
        agency = chance.choice(["ubnd-pleiku", "phuong-pleiku", "so-tnmt"])
        heard = []
        if chance.random() < 0.4:
            heard.append(move("phuong-pleiku", f"H21.20-261123-{chance.randrange(800):04d}"))
        for _ in range(chance.randrange(1, 6)):
            facts: dict[str, Any] = {"status": chance.choice([1, 2, 4, 5, 9, 10])}
            if chance.random() < 0.3:
                facts["procedure_name"] = f"Thủ tục {chance.randrange(9)}"
            code, at = f"H21.20-261123-{chance.randrange(800):04d}", chance.randrange(600)
            heard.append(said(code, agency=agency, at=at, heard=600, **facts))
        # Two may wait for each other, and a successor may tell of a dossier in the moment in which it moves.
        with suppress(asyncpg.DeadlockDetectedError, asyncpg.UniqueViolationError):
            is_kept = chance.random() < 0.9
            async with database.begin() if is_kept else database.trial() as connection:
                await record(connection, heard, vault)
                await asyncio.sleep(chance.choice([0, 0, 0.01, 0.3]))
            written += is_kept

    async def writer() -> None:
        while not ended.is_set():
            await write()
            await asyncio.sleep(chance.uniform(0, 0.1))

    await asyncio.gather(*(writer() for _ in range(4)))
    return written


async def all_listed(hub: HubProcess, key: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    cursor: str | None = None
    async with httpx.AsyncClient(base_url=hub.url, headers={"X-Api-Key": key}, timeout=60) as client:
        while True:
            query = {"limit": 200} | ({"cursor": cursor} if cursor else {})
            answer = (await client.get("/v1/dossiers", params=query)).raise_for_status().json()
            for item in answer["items"]:
                found[item["id"]] = {name: value for name, value in item.items() if name not in OF_THE_MOMENT}
            if (cursor := answer["next_cursor"]) is None:
                return found


def all_mirrored(file: Path) -> dict[str, Any]:
    with closing(sqlite3.connect(file)) as connection:
        return {id: json.loads(body) for id, body in connection.execute("SELECT id, body FROM dossier")}


def place(file: Path) -> Any:
    """How far the mirror has come; None before its file is there."""
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT * FROM place").fetchone()
    return None


async def new_key(database: Database) -> str:
    return await ApiKeys(database).create("mirror", scopes=[Scope.CHANGES_READ, Scope.DOSSIERS_READ], actor="test")


async def test_a_mirror_killed_at_random_ends_equal_to_the_index(database: Database, tmp_path: Path) -> None:
    seed = int(os.environ.get("HUB_TEST_SEED", random.randrange(2**32)))
    print(f"HUB_TEST_SEED={seed}")
    chance = random.Random(seed)
    data = tmp_path / "data"
    data.mkdir()
    vault = Vault(seal_keys=seal_key_file(data), digest_key=digest_key_file(data))
    hub = HubProcess(database.url, data, hurried_agencies(tmp_path / "agencies"), command="api")
    file, key = tmp_path / "mirror.sqlite", await new_key(database)
    ended = asyncio.Event()
    async with database.begin() as connection:
        await record(connection, [said(f"H21.20-261123-{n:04d}", status=1) for n in range(800)], vault)
    await hub.start()
    wandering = asyncio.create_task(wander(database, vault, chance, ended))
    kills = {"mirror": 0, "hub": 0}
    try:
        for round_ in range(ROUNDS):
            before = place(file)
            running = await mirror(hub, file, key)
            async with asyncio.timeout(60):
                while place(file) == before:
                    await asyncio.sleep(0.02)
            await asyncio.sleep(chance.uniform(0, 1))
            if round_ % 3 == 1:
                await hub.kill()
                kills["hub"] += 1
                await hub.start()
            running.kill()
            await running.wait()
            kills["mirror"] += 1
        ended.set()
        written = await wandering
        # Whoever else is at work in the server holds up the feed: its own ANALYZE is enough.
        async with asyncio.timeout(120):
            while await database.reads.fetchval(_HELD_UP):
                await asyncio.sleep(0.1)
        last = await mirror(hub, file, key, "--once")
        assert await asyncio.wait_for(last.wait(), 120) == 0
        mirrored, listed = all_mirrored(file), await all_listed(hub, key)
    finally:
        ended.set()
        await wandering
        await hub.kill()
    print(json.dumps({"seed": seed, "kills": kills, "transactions": written, "dossiers": len(listed)}))
    assert len(listed) >= 800
    kinds = {row["kind"] for row in await database.reads.fetch("SELECT DISTINCT kind FROM change")}
    assert {"moved", "joined"} <= kinds
    assert written
    assert mirrored == listed


async def test_a_mirror_that_was_away_too_long_starts_over(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    vault = Vault(seal_keys=seal_key_file(data), digest_key=digest_key_file(data))
    hub = HubProcess(database.url, data, hurried_agencies(tmp_path / "agencies"), command="api")
    file, key = tmp_path / "mirror.sqlite", await new_key(database)

    async def once() -> dict[str, Any]:
        assert await asyncio.wait_for((await mirror(hub, file, key, "--once")).wait(), 60) == 0
        return all_mirrored(file)

    async def write(status: int) -> None:
        async with database.begin() as connection:
            heard = [said(f"H21.20-261123-{n:04d}", at=status, status=status) for n in range(450)]
            await record(connection, heard, vault)

    try:
        await hub.start()
        await write(1)
        assert len(await once()) == 450
        await write(4)
        async with database.begin() as connection:
            await connection.exec_driver_sql("DELETE FROM change")
            await connection.exec_driver_sql("UPDATE feed SET pruned_xid = pg_current_xact_id(), pruned_seq = 1")
        await write(9)
        assert await once() == await all_listed(hub, key)
    finally:
        await hub.kill()
