"""A database for a benchmark: fresh, of the newest schema, on HUB_DATABASE_URL's server or an embedded one."""

import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from sqlalchemy.engine import make_url

from hub.db import Database
from hub.embedded import EmbeddedPostgres
from hub.migrations.run import migrate

_NAME = f"hub_benchmark_{os.getpid()}"


@asynccontextmanager
async def fresh_database() -> AsyncIterator[Database]:
    with tempfile.TemporaryDirectory(prefix="hub-benchmark-") as folder:
        server = None if os.environ.get("HUB_DATABASE_URL") else EmbeddedPostgres(Path(folder) / "pg", owner=True)
        url = server.start() if server else os.environ["HUB_DATABASE_URL"]
        try:
            await _execute(url, f"CREATE DATABASE {_NAME}")
            database = await Database.open(make_url(url).set(database=_NAME).render_as_string(hide_password=False))
            try:
                await migrate(database.engine)
                yield database
            finally:
                await database.close()
                await _execute(url, f"DROP DATABASE {_NAME} WITH (FORCE)")
        finally:
            if server:
                server.stop()


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()
