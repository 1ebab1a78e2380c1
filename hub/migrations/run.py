"""Brings a database to the newest schema; several hubs starting at once take turns."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

# Any number will do, as long as nobody else locks on it: "hub" and "migrate" on a phone's keys.
_LOCK = 482_6474283


def config(connection: Connection | None = None) -> Config:
    """Alembic's settings, without an ini file: the scripts beside this one, on the given connection."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent))
    settings.attributes["connection"] = connection
    return settings


async def migrate(engine: AsyncEngine) -> None:
    """Run the migrations a database lacks, in one transaction: all of them or none."""
    async with engine.begin() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        await connection.run_sync(lambda sync: command.upgrade(config(sync), "head"))
