"""What the commands share: what goes wrong is said in one sentence, and which database they work on."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer
from pydantic import ValidationError

from config.load import ConfigError
from config.settings import Settings
from hub.backup import BackupFailed
from hub.db import DatabaseFailed
from hub.embedded import EmbeddedFailed, EmbeddedPostgres
from hub.installation import WrongKeys
from hub.roles import worker_of
from hub.sample import SampleFailed
from hub.vault import VaultError


class Stop(Exception):
    """Something an operator can mend; the message says what."""


_MENDABLE = (Stop, ConfigError, DatabaseFailed, WrongKeys, VaultError, EmbeddedFailed, SampleFailed, BackupFailed)


@contextmanager
def one_sentence() -> Iterator[None]:
    """What an operator can mend ends the command with its message alone."""
    try:
        yield
    except _MENDABLE as problem:
        raise typer.Exit(_say(str(problem))) from None
    except ValidationError as problem:
        first = problem.errors()[0]
        raise typer.Exit(_say(f"HUB_{'_'.join(map(str, first['loc'])).upper()}: {first['msg']}")) from None


def _say(sentence: str) -> int:
    print(f"hub: {sentence}", file=sys.stderr)
    return 1


@dataclass(frozen=True, slots=True)
class Urls:
    """The database, as two roles reach it."""

    #: The hub at work.
    work: str
    #: Who owns the tables: makes them, backs them up and restores them. The same where nothing else was configured.
    owner: str


@asynccontextmanager
async def database_urls(settings: Settings, *, own: bool = False) -> AsyncIterator[Urls]:
    """The URLs of the database: the one that is configured, or the embedded one, started if it is not running.

    `own`: we are the hub itself, and stop the embedded server at the end even if a killed hub left it.
    """
    if settings.database_url:
        work = settings.database_url.get_secret_value()
        yield Urls(work, settings.owner_url.get_secret_value() if settings.owner_url else work)
        return
    check_data_dir(settings.data_dir)
    server = EmbeddedPostgres(settings.data_dir / "postgres", owner=own)
    owner = await asyncio.to_thread(server.start)
    try:
        yield Urls(await worker_of(owner), owner)
    finally:
        await asyncio.to_thread(server.stop)


def check_data_dir(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Stop(f"cannot make the data folder {folder}: {error.strerror}; set HUB_DATA_DIR") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Stop(f"cannot write to the data folder {folder}; set HUB_DATA_DIR to one you own")
