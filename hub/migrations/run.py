"""Brings a database to the newest schema; several hubs starting at once take turns."""

from pathlib import Path

import asyncpg
import structlog
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateSchema
from tenacity import RetryCallState, retry, retry_if_exception, stop_after_delay, wait_random

from hub.db import CANNOT_CONNECT, DatabaseFailed, Driver, no_connection
from hub.roles import grant

log = structlog.get_logger()

# Any number will do, as long as nobody else locks on it: "hub" and "migrate" on a phone's keys.
_LOCK = 482_6474283


def config(connection: Connection | None = None) -> Config:
    """Alembic's settings, without an ini file: the scripts beside this one, on the given connection."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent))
    settings.attributes["connection"] = connection
    return settings


#: Behind a migration that waits for a table everybody else waits, too. So it waits no longer than this, lets them pass,
#: and tries again.
_LOCK_SECONDS = 2
_PATIENCE_SECONDS = 600
_LOCK_NOT_AVAILABLE = "55P03"
_NOT_ALLOWED = "42501"


def _was_kept_waiting(error: BaseException) -> bool:
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE


def _say(state: RetryCallState) -> None:
    log.warning("migrations.waiting", tries=state.attempt_number, why="others are using a table that is to change")


@retry(
    retry=retry_if_exception(_was_kept_waiting),
    wait=wait_random(1, 3),
    stop=stop_after_delay(_PATIENCE_SECONDS),
    before_sleep=_say,
    reraise=True,
)
async def migrate(engine: AsyncEngine, *, schema: str | None = None, worker: str | None = None) -> None:
    """Run the migrations a database lacks, in one transaction: all of them or none. `schema`: the one that `engine`
    works in, made where there is none. `worker`: the role that is to work with the tables, where it is not the one that
    owns them. Raises DBAPIError where a table that is to change is in use for ten minutes on end."""
    async with engine.execution_options(isolation_level="READ COMMITTED").begin() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        await connection.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_SECONDS}s'"))
        # To make one that is there takes the right to make one.
        if schema and not await connection.run_sync(lambda sync: inspect(sync).has_schema(schema)):
            await connection.execute(CreateSchema(schema))
        await connection.run_sync(lambda sync: command.upgrade(config(sync), "head"))
        if worker:
            await connection.run_sync(grant, worker, schema or "public")


async def migrate_as_owner(url: str, owner_url: str, *, schema: str | None = None) -> None:
    """`migrate` the database of both URLs: as its owner, for whoever `url` is to work with. Raises DatabaseFailed."""

    async def connect() -> Driver:
        try:
            return await asyncpg.connect(owner_url, server_settings={"search_path": schema} if schema else {})
        except CANNOT_CONNECT as error:
            raise no_connection(error) from error

    # One connection, once: no pool.
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=connect, poolclass=NullPool, hide_parameters=True
    )
    try:
        worker = None if url == owner_url else make_url(url).username
        await migrate(engine, schema=schema, worker=worker)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _NOT_ALLOWED:
            raise
        raise DatabaseFailed(
            f"{make_url(owner_url).username} may not bring the database to the newest schema: set HUB_OWNER_URL, and "
            "run `hub migrate`"
        ) from error
    finally:
        await engine.dispose()
