"""A backup restored into an empty database is a hub that answers as before, given the keys; and refuses without."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import asyncpg
import httpx

from config.secrets import digest_key_file, seal_key_file
from hub.db import Database
from hub.index.record import record
from hub.vault import Vault
from tests.observations import observation
from tests.running import ROOT, HubProcess, run_hub, running_hub

EmptyDatabase = Callable[[], AbstractContextManager[str]]


async def emptied(url: str) -> None:
    """A database as createdb makes it."""
    connection = await asyncpg.connect(url)
    await connection.execute("DROP SCHEMA public CASCADE")
    await connection.execute("CREATE SCHEMA public")
    await connection.close()


async def test_a_restored_hub_answers_as_before(
    database: Database, new_database: EmptyDatabase, tmp_path: Path
) -> None:
    first, second, third = tmp_path / "first", tmp_path / "second", tmp_path / "third"
    vault = Vault(seal_keys=seal_key_file(first), digest_key=digest_key_file(first))
    said = observation(status=4)
    async with database.begin() as connection:
        await record(connection, [said], vault)
    process = HubProcess(database.url, data_dir=first, agencies_dir=ROOT / "config" / "agencies", command="api")
    async with running_hub(process) as running, httpx.AsyncClient(base_url=running.url) as client:
        before = (await client.get(f"/v1/dossiers/{said.code}")).raise_for_status().json()

    # Where nothing is yet, and over what was there.
    dump = tmp_path / "hub.dump"
    for _ in range(2):
        done = run_hub("backup", str(dump), url=database.url, data_dir=first)
        assert done.returncode == 0, done.stderr
        assert str(first / "keys") in done.stdout
    assert dump.stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir() if "dump" in path.name] == ["hub.dump"]

    assert "not empty" in run_hub("restore", str(dump), url=database.url, data_dir=first).stderr
    with new_database() as url:
        await emptied(url)
        # As it must be copied from a safe place.
        first.rename(second)
        done = run_hub("restore", str(dump), url=url, data_dir=second)
        assert done.returncode == 0, done.stderr
        assert "1 dossiers" in done.stdout
        process = HubProcess(url, data_dir=second, agencies_dir=ROOT / "config" / "agencies", command="api")
        async with running_hub(process) as running, httpx.AsyncClient(base_url=running.url) as client:
            after = (await client.get(f"/v1/dossiers/{said.code}")).raise_for_status().json()
        assert after["timeline"] == before["timeline"]
        assert after["status"] == before["status"]

    with new_database() as url:
        await emptied(url)
        done = run_hub("restore", str(dump), url=url, data_dir=third)
        assert done.returncode == 1
        assert "digest key is not the one" in done.stderr


def test_what_is_wrong_is_said_in_one_sentence(database_url: str, tmp_path: Path) -> None:
    for arguments, says in (
        (("backup", str(tmp_path / "nowhere" / "hub.dump")), "cannot write to"),
        (("restore", str(tmp_path / "hub.dump")), "there is no file"),
    ):
        done = run_hub(*arguments, url=database_url, data_dir=tmp_path)
        assert done.returncode == 1
        assert done.stderr.count("\n") == 1
        assert says in done.stderr
