"""The migrations make exactly the tables that the code describes."""

import asyncio

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, RowMapping, text

from hub.db import Database, metadata
from hub.migrations.run import config, migrate
from hub.migrations.scope import ours


@pytest.mark.filterwarnings("ignore:Did not recognize type 'xid8'")
async def test_migrations_and_tables_agree(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection, opts={"include_name": ours}), metadata))

    async with database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_migrating_again_changes_nothing(database: Database) -> None:
    await migrate(database.engine)


async def test_who_waits_for_a_migration_that_waits_goes_first(database: Database) -> None:
    """One long report would stop the whole hub else, for as long as it lasts."""
    async with database.begin() as connection:
        await connection.execute(text("DROP SCHEMA public CASCADE"))
        await connection.execute(text("CREATE SCHEMA public"))
        await connection.run_sync(lambda sync: command.upgrade(config(sync), "0013"))
    async with database.begin() as report:
        await report.execute(text("SELECT count(*) FROM dossier"))
        migrating = asyncio.create_task(migrate(database.engine))
        async with asyncio.timeout(60):
            while not await database.reads.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                await asyncio.sleep(0.05)
            # The report is still under way, and so is the migration.
            assert await database.reads.fetchval("SELECT count(*) FROM dossier") == 0
        assert not migrating.done()
    await migrating
    assert await database.reads.fetchval("SELECT count(*) FROM pg_attribute WHERE attname = 'told_by'")


#: Before it no version was in use anywhere.
_FIRST = "0004"


async def test_the_version_before_can_go_on_while_a_migration_is_done(database: Database) -> None:
    """What it reads is still there, and of the same type; what it writes is still taken."""
    script = ScriptDirectory.from_config(config())
    revisions = [each.revision for each in reversed(list(script.walk_revisions()))]
    async with database.begin() as connection:
        await connection.execute(text("DROP SCHEMA public CASCADE"))
        await connection.execute(text("CREATE SCHEMA public"))
    before: dict[tuple[str, str], RowMapping] = {}
    for revision in revisions:
        async with database.begin() as connection:
            await connection.run_sync(lambda sync, to=revision: command.upgrade(config(sync), to))  # type: ignore[misc]
            rows = (await connection.execute(_COLUMNS)).mappings().all()
        after = {(row["table_name"], row["column_name"]): row for row in rows}
        if revision > _FIRST:
            gone = [
                column for column, row in before.items() if column not in after or after[column]["type"] != row["type"]
            ]
            assert not gone, f"{revision} takes away what the version before it reads"
            tables = {table for table, _ in before}
            wanting = [
                column
                for column, row in after.items()
                if column[0] in tables and row["wanting"] and not (column in before and before[column]["wanting"])
            ]
            assert not wanting, f"{revision} wants what the version before it does not write"
        before = after


_COLUMNS = text("""
    SELECT table_name, column_name, udt_name AS type,
           is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO' AND is_generated = 'NEVER' AS wanting
      FROM information_schema.columns
     WHERE table_schema = 'public'
""")
