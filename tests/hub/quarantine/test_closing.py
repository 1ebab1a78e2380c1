"""Closing by hand what no mapping can mend: a file that nobody could read, and that was put right."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from adapters import Client
from hub.access.tables import audit
from hub.cli import app
from hub.db import Database
from hub.index.tables import dossier
from hub.quarantine.closing import NotOpen, close, kept
from hub.quarantine.replay import replay
from hub.streams import store
from hub.vault import Vault
from sync_jobs.pull import pull
from tests.adapters.files.drops import adapter_of, as_csv, row
from tests.running import ROOT

AGENCY = "so-noi-vu"


async def test_a_broken_file_that_was_put_right_is_closed_by_hand(
    database: Database, vault: Vault, tmp_path: Path
) -> None:
    old = as_csv(row("A-1")).decode().encode("utf-16")
    (tmp_path / "1.csv").write_bytes(old)
    async with Client(None) as client:
        adapter = adapter_of(client, tmp_path)
        await store.ensure(database, [adapter.spec])
        await pull(database, adapter, vault)
        [broken] = await kept(database, AGENCY)
        assert (broken.reason, broken.times) == ("malformed_body", 1)

        # The file was good: it was the spec that named another encoding. Its rows are read from the file alone.
        mended = adapter_of(client, tmp_path, format={"kind": "csv", "encoding": "utf-16"})
        assert await replay(database, mended, vault) == 0
        (tmp_path / "failed" / "1.csv").rename(tmp_path / "1.csv")
        assert (await pull(database, mended, vault)).received == 1
        async with database.begin() as connection:
            assert (await connection.execute(select(dossier.c.code))).scalars().all() == ["A-1"]

        closed = await close(database, broken.id, why="encoding put right", actor="test")
        assert (closed.agency, await kept(database)) == (AGENCY, [])
        with pytest.raises(NotOpen):
            await close(database, broken.id, why="twice", actor="test")
        async with database.begin() as connection:
            noted = (
                await connection.execute(select(audit.c.actor, audit.c.action, audit.c.target, audit.c.detail))
            ).all()
        detail = {"number": broken.id, "reason": "malformed_body", "why": "encoding put right"}
        assert [tuple(line) for line in noted] == [("test", "quarantine.closed", AGENCY, detail)]

        # The agency sends what cannot be read once more: closed is not deaf.
        (tmp_path / "1.csv").write_bytes(old)
        await pull(database, adapter, vault)
        [again] = await kept(database)
        assert (again.id, again.times) == (broken.id, 2)


def run(url: str, data: Path, *words: str) -> Result:
    settings = {"HUB_DATABASE_URL": url, "HUB_DATA_DIR": str(data), "COLUMNS": "80", "USER": "bình"}
    settings["HUB_AGENCIES_DIR"] = str(ROOT / "config" / "agencies")
    return CliRunner().invoke(app, ["quarantine", *words], env=settings)


def test_the_commands_show_and_close(database_url: str, tmp_path: Path, logging_put_back: None) -> None:
    async def some() -> int:
        database = await Database.open(database_url)
        try:
            return int(
                await database.reads.fetchval(
                    "INSERT INTO quarantine (agency, digest, channel, reason, message, raw)"
                    " VALUES ('so-tnmt', 'x', 'pull', 'malformed_body', '1.csv: it has [no] header', '') RETURNING id"
                )
            )
        finally:
            await database.close()

    number = asyncio.run(some())
    shown = run(database_url, tmp_path, "list", "so-tnmt")
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.startswith(f"{number}  so-tnmt, malformed_body, ")
    assert "it has [no] header" in " ".join(shown.stdout.split())
    assert run(database_url, tmp_path, "list", "so-khdt").stdout == "Nothing is in quarantine.\n"
    assert run(database_url, tmp_path, "list", "so-la").stderr == "hub: there is no agency so-la\n"
    assert run(database_url, tmp_path, "close", str(number), "--why", " ").exit_code == 2
    closed = run(database_url, tmp_path, "close", str(number), "--why", "đã sửa")
    assert (closed.exit_code, closed.stdout) == (0, "Closed: so-tnmt, malformed_body.\n")
    again = run(database_url, tmp_path, "close", str(number), "--why", "đã sửa")
    assert again.exit_code == 1
    assert f"nothing in quarantine has the number {number}" in again.stderr
