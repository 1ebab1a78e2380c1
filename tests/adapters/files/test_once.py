"""Files through the real pull job into a real index: once each, whatever crashes in between."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from adapters import Client
from contracts.adapter import AgencyAdapter
from contracts.errors import Unreachable
from hub.db import Database
from hub.index.tables import dossier, observation
from hub.quarantine.tables import quarantine
from hub.streams import store
from hub.vault import Vault
from sync_jobs.pull import pull
from tests.adapters.files.drops import adapter_of, as_csv, row
from tests.adapters.files.test_taking import listed


@pytest.fixture
async def adapter(client: Client, database: Database, tmp_path: Path) -> AgencyAdapter:
    made = adapter_of(client, tmp_path, limits={"attempts": 1})
    await store.ensure(database, [made.spec])
    return made


async def counts(database: Database) -> tuple[int, int, int]:
    """(dossiers, lines of their history, quarantined)"""
    async with database.begin() as connection:
        found = [
            (await connection.execute(select(func.count()).select_from(table))).scalar_one()
            for table in (dossier, observation, quarantine)
        ]
    return found[0], found[1], found[2]


async def test_every_file_that_is_there_is_read_in_one_run(
    adapter: AgencyAdapter, database: Database, vault: Vault, tmp_path: Path
) -> None:
    (tmp_path / "1.csv").write_bytes(as_csv(row("A-1"), row("A-2", "Lạ")))
    (tmp_path / "2.csv").write_bytes(as_csv(row("A-1", "Đã trả kết quả", "21/11/2026")))
    (tmp_path / "3.csv").write_bytes(b"\xff\xff")
    run = await pull(database, adapter, vault)
    assert (run.outcome, run.received, run.quarantined) == ("ok", 3, 2)
    assert await counts(database) == (2, 3, 2)
    assert listed(tmp_path) == []
    async with database.begin() as connection:
        statuses = await connection.execute(select(dossier.c.code, dossier.c.status).order_by(dossier.c.code))
        assert [tuple(each) for each in statuses] == [("A-1", 10), ("A-2", None)]


async def test_the_same_again_under_another_name_changes_nothing(
    adapter: AgencyAdapter, database: Database, vault: Vault, tmp_path: Path
) -> None:
    for name in ("1.csv", "2.csv", "1.csv"):
        (tmp_path / name).write_bytes(as_csv(row("A-1"), row("A-2"), row("")))
        run = await pull(database, adapter, vault)
        assert run.outcome == "ok"
        assert await counts(database) == (2, 2, 1)
    assert len(listed(tmp_path / "done")) == 3


@pytest.mark.parametrize("step", ["_stored", "_put_away", "_take"])
async def test_a_crash_between_the_commit_and_the_move(
    adapter: AgencyAdapter,
    database: Database,
    vault: Vault,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    """The run dies after the file's page is committed: before, in and behind its being moved."""
    (tmp_path / "1.csv").write_bytes(as_csv(row("A-1"), row("")))

    async def die(*args: Any) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        first = True
        original = getattr(adapter, step)

        async def die_with_a_position(*args: Any) -> Any:
            nonlocal first
            if step == "_take" and first:
                first = False
                return await original(*args)
            return await die()

        patched.setattr(adapter, step, die_with_a_position)
        with pytest.raises(asyncio.CancelledError):
            await pull(database, adapter, vault)
    assert await counts(database) == (1, 1, 1)
    assert listed(tmp_path) == ([] if step == "_take" else ["1.csv"])

    (tmp_path / "2.csv").write_bytes(as_csv(row("A-2")))
    run = await pull(database, adapter, vault)
    assert (run.outcome, run.received) == ("ok", 1)
    assert await counts(database) == (2, 2, 1)
    assert listed(tmp_path / "done") == ["1.csv", "2.csv"]


async def test_a_crash_before_the_commit(
    adapter: AgencyAdapter, database: Database, vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "1.csv").write_bytes(as_csv(row("A-1")))

    async def die(*args: Any) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        patched.setattr("sync_jobs.reading.store.advance", die)
        with pytest.raises(asyncio.CancelledError):
            await pull(database, adapter, vault)
    assert await counts(database) == (0, 0, 0)
    assert listed(tmp_path) == ["1.csv"]
    await pull(database, adapter, vault)
    assert await counts(database) == (1, 1, 0)


async def test_two_runs_at_once(client: Client, database: Database, vault: Vault, tmp_path: Path) -> None:
    names = [f"{number}.csv" for number in range(6)]
    for name in names:
        (tmp_path / name).write_bytes(as_csv(row(f"A-{name}"), row("")))
    adapters = [adapter_of(client, tmp_path) for _ in range(2)]
    await store.ensure(database, [adapters[0].spec])
    runs = await asyncio.gather(*(pull(database, adapter, vault) for adapter in adapters))
    assert {run.outcome for run in runs} <= {"ok", "fenced"}
    assert await counts(database) == (6, 6, 1)
    await pull(database, adapters[0], vault)
    assert listed(tmp_path) == []
    assert listed(tmp_path / "done") == names


async def test_what_cannot_be_moved_holds_up_the_rest_and_is_told(
    adapter: AgencyAdapter, database: Database, vault: Vault, tmp_path: Path
) -> None:
    (tmp_path / "done").write_bytes(b"in the way")
    (tmp_path / "1.csv").write_bytes(as_csv(row("A-1")))
    run = await pull(database, adapter, vault)
    assert (run.outcome, run.received) == (Unreachable.kind, 1)
    (tmp_path / "done").unlink()
    run = await pull(database, adapter, vault)
    assert (run.outcome, run.received) == ("ok", 0)
    assert listed(tmp_path / "done") == ["1.csv"]
