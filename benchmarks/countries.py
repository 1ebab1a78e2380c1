"""Countries to measure on: filled databases, side by side on one server, which may be kept for the next run."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
from sqlalchemy.engine import make_url

from benchmarks import country
from config.secrets import digest_key_file, seal_key_file
from hub.db import Database
from hub.embedded import EmbeddedPostgres
from hub.index import parts
from hub.migrations.run import migrate
from hub.vault import Vault
from tests.running import ROOT, HubProcess, running_hub


class Countries:
    """An embedded server in `folder`, beside the data folder of the hubs that run on it."""

    def __init__(self, folder: Path) -> None:
        self._server = EmbeddedPostgres(folder / "postgres", owner=True)
        self._url = make_url(self._server.start())
        self.data_dir = folder / "data"
        self.vault = Vault(seal_keys=seal_key_file(self.data_dir), digest_key=digest_key_file(self.data_dir))

    def stop(self) -> None:
        self._server.stop()

    async def of(self, rows: int, *, lines: int = country.MOST_LINES, anew: bool = False) -> str:
        """The URL of a database of the newest schema with so many dossiers of so many lines of history each; filled
        now if it is not there, or wanted `anew`."""
        name = f"country_{rows}_{lines}"
        admin = await asyncpg.connect(self._named("postgres"))
        try:
            if anew:
                await admin.execute(f"DROP DATABASE IF EXISTS {name}")
            if not await admin.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
                # Under its name it is whole.
                await admin.execute(f"DROP DATABASE IF EXISTS {name}_half")
                await admin.execute(f"CREATE DATABASE {name}_half")
                async with self.open(self._named(f"{name}_half")) as database:
                    await country.fill(database, self.vault, rows, lines=lines, now=datetime.now(UTC))
                await admin.execute(f"ALTER DATABASE {name}_half RENAME TO {name}")
        finally:
            await admin.close()
        async with self.open(self._named(name)) as database:
            # As the clock would have: it may have been filled before there were parts.
            await parts.split(database)
            async with database.begin() as connection:
                await connection.exec_driver_sql("CHECKPOINT")
        return self._named(name)

    @asynccontextmanager
    async def open(self, url: str) -> AsyncIterator[Database]:
        database = await Database.open(url)
        try:
            await migrate(database.engine)
            yield database
        finally:
            await database.close()

    @asynccontextmanager
    async def api(self, url: str) -> AsyncIterator[HubProcess]:
        """The hub's API on that database: one process, all its middlewares, its log into a file."""
        hub = HubProcess(url, data_dir=self.data_dir, agencies_dir=ROOT / "config" / "agencies", command="api")
        async with running_hub(hub):
            yield hub

    def _named(self, database: str) -> str:
        return self._url.set(database=database).render_as_string(hide_password=False)


@contextmanager
def countries(kept: Path | None) -> Iterator[Countries]:
    """In the folder `kept`, where they stay, or in one that goes."""
    with tempfile.TemporaryDirectory(prefix="hub-countries-") as folder:
        made = Countries(kept or Path(folder))
        try:
            yield made
        finally:
            made.stop()
