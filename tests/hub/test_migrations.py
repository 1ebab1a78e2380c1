"""The migrations make exactly the tables that the code describes."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from hub.db import Database, metadata
from hub.migrations.run import migrate
from hub.migrations.scope import ours


@pytest.mark.filterwarnings("ignore:Did not recognize type 'xid8'")
async def test_migrations_and_tables_agree(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection, opts={"include_name": ours}), metadata))

    async with database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_migrating_again_changes_nothing(database: Database) -> None:
    await migrate(database.engine)
