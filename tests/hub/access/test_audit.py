"""The audit can only be added to, and what was done to it all the same shows."""

import asyncio
import json
from functools import partial
from pathlib import Path

import asyncpg
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection

from config.settings import Settings
from hub.access.audit import Head, Wanted, lines, note, verify
from hub.db import Database, DatabaseFailed
from hub.log import bind_correlation
from hub.main import open_hub
from hub.migrations.run import config
from tests.running import run_hub


async def noted(database: Database, *actions: str) -> None:
    for action in actions:
        async with database.begin() as connection:
            await note(connection, actor="an", action=action, target="so-xd", detail={"b": 1.50, "a": ["ữ", None]})


async def altered(database: Database, statement: str) -> None:
    """As somebody does it who owns the database, and has taken away what hinders."""
    async with database.begin() as connection:
        await connection.execute(text("ALTER TABLE audit DISABLE TRIGGER ALL"))
        await connection.execute(text(statement))
        await connection.execute(text("ALTER TABLE audit ENABLE TRIGGER ALL"))


async def test_lines_that_are_written_at_once_are_one_chain(database: Database) -> None:
    async with database.reads.acquire() as connection:
        assert (await verify(connection)).head is None

    async def rolled_back(connection: AsyncConnection) -> None:
        await note(connection, actor="an", action="undone")
        raise ZeroDivisionError

    async def undone() -> None:
        with pytest.raises(ZeroDivisionError):
            async with database.begin() as connection:
                await rolled_back(connection)

    await asyncio.gather(*(noted(database, f"{name}1", f"{name}2") for name in "abcdefgh"), *(undone() for _ in "1234"))
    found = [line async for line in lines(database, Wanted())]
    assert [line.head.line for line in found] == list(range(1, 17))
    assert [line.at for line in found] == sorted(line.at for line in found)
    async with database.reads.acquire() as connection:
        verdict = await verify(connection, tuple(line.head for line in found))
    assert verdict.holds
    assert verdict.head == found[-1].head == Head.read(str(found[-1].head))


@pytest.mark.parametrize(
    "statement", ["UPDATE audit SET actor = 'binh' WHERE id = 2", "DELETE FROM audit WHERE id = 2", "TRUNCATE audit"]
)
async def test_nothing_is_altered(database: Database, statement: str) -> None:
    await noted(database, "one", "two", "three")
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="only added to"):
        await database.reads.execute(statement)
    assert await database.reads.fetchval("SELECT count(*) FROM audit") == 3


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        ("UPDATE audit SET actor = 'binh' WHERE id = 2", 2),
        ("UPDATE audit SET at = at + interval '1 microsecond' WHERE id = 2", 2),
        ("UPDATE audit SET detail = detail || '{\"a\": 2}' WHERE id = 3", 3),
        ("UPDATE audit SET target = NULL WHERE id = 1", 1),
        ("DELETE FROM audit WHERE id = 2", 3),
        ("DELETE FROM audit WHERE id = 1", 2),
        ("UPDATE audit SET id = 9 WHERE id = 2", 3),
        ("INSERT INTO audit (id, actor, action, digest) VALUES (5, 'an', 'four', sha256(''))", 5),
    ],
)
async def test_what_was_altered_shows(database: Database, statement: str, line: int) -> None:
    await noted(database, "one", "two", "three", "four")
    await altered(database, statement)
    async with database.reads.acquire() as connection:
        verdict = await verify(connection)
    assert verdict.broken_at == line
    assert not verdict.holds


async def test_that_the_end_was_taken_out_shows_by_a_head_that_was_kept(database: Database) -> None:
    await noted(database, "one", "two", "three")
    async with database.reads.acquire() as connection:
        kept = (await verify(connection)).head
        assert kept
        await altered(database, "DELETE FROM audit WHERE id = 3")
        assert (await verify(connection)).holds
        assert (await verify(connection, (kept,))).missing == kept
        await noted(database, "another")
        assert (await verify(connection, (kept,))).missing == kept


async def test_the_hub_at_work_may_not_alter_it(database: Database, tmp_path: Path) -> None:
    """Not even by taking away the triggers, nor its neighbour in the sandbox; and all else works as that role."""
    async with database.begin() as connection:
        await connection.execute(text("DROP ROLE IF EXISTS hub_at_work"))
        await connection.execute(text("CREATE ROLE hub_at_work LOGIN"))
    work = make_url(database.url).set(username="hub_at_work").render_as_string(hide_password=False)
    settings = Settings(data_dir=tmp_path, sandbox=True)
    try:
        async with database.begin() as connection:
            await connection.execute(text("GRANT SELECT ON alembic_version TO hub_at_work"))
            await connection.execute(text("UPDATE alembic_version SET version_num = '0016'"))
        with pytest.raises(DatabaseFailed, match=r"hub_at_work may not .* run `hub migrate`"):
            async with open_hub(settings, work):
                pass
        async with database.begin() as connection:
            [newest] = ScriptDirectory.from_config(config()).get_heads()
            await connection.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": newest})
        async with open_hub(settings, work, owner_url=database.url) as hub:
            await noted(hub.database, "one", "two")
            assert hub.sandbox
            await hub.sandbox.make("127.0.0.1")
            for schema in ("public", "sandbox"):
                for statement in (
                    f"UPDATE {schema}.audit SET actor = 'binh'",
                    f"DELETE FROM {schema}.audit",
                    f"TRUNCATE {schema}.audit",
                    f"ALTER TABLE {schema}.audit DISABLE TRIGGER ALL",
                    f"DROP TABLE {schema}.audit",
                    "CREATE TABLE mine (id int)",
                ):
                    with pytest.raises(asyncpg.InsufficientPrivilegeError):
                        await hub.database.reads.execute(statement)
            async with hub.database.begin() as connection:
                await connection.execute(text("CREATE TEMP TABLE audit ON COMMIT DROP AS SELECT * FROM audit"))
                await connection.execute(text("UPDATE pg_temp.audit SET id = 50"))
                await connection.execute(
                    text("INSERT INTO public.audit (actor, action) VALUES ('binh', 'beside a table of their own')")
                )
        # Another start, of a process that does not know the owner.
        async with open_hub(settings, work) as hub, hub.database.reads.acquire() as reads:
            assert (await verify(reads)).holds
    finally:
        async with database.begin() as connection:
            await connection.execute(text("DROP OWNED BY hub_at_work"))
            await connection.execute(text("DROP ROLE hub_at_work"))


async def test_the_commands(database: Database, tmp_path: Path) -> None:
    hub = partial(run_hub, "audit", url=database.url, data_dir=tmp_path)
    for number, action in enumerate(("one", "two"), 1):
        bind_correlation(f"lần {number}")
        await noted(database, action)
    said = hub("verify")
    assert said.returncode == 0, said.stderr
    head = said.stdout.split()[-1]
    assert hub("verify", "--kept", head).returncode == 0
    wrong = hub("verify", "--kept", "two")
    assert wrong.returncode == 2
    assert "LINE:DIGEST" in wrong.stderr
    exported = [json.loads(row) for row in hub("export", "--actor", "an").stdout.splitlines()]
    assert [row["action"] for row in exported] == ["one", "two"]
    assert f"{exported[-1]['line']}:{exported[-1]['digest']}" == head
    assert hub("export", "--target", "so-nv").stdout == ""
    assert [json.loads(row)["action"] for row in hub("export", "--correlation-id", "lần 2").stdout.splitlines()] == [
        "two"
    ]
    await altered(database, "DELETE FROM audit WHERE id = 2")
    gone = hub("verify", "--kept", head)
    assert gone.returncode == 1
    assert gone.stderr.strip() == "hub: the audit was altered: line 2 is not the one that was kept"
    await altered(database, "UPDATE audit SET actor = 'binh'")
    assert "line 1 is not what it was" in hub("verify").stderr
