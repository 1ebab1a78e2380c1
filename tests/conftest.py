"""What all tests share: a real PostgreSQL (embedded, or HUB_DATABASE_URL's) and a fresh database for each test."""

import asyncio
import logging
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import structlog
from argon2 import PasswordHasher
from cryptography.fernet import Fernet
from sqlalchemy.engine import make_url

from hub.access import accounts
from hub.db import Database
from hub.embedded import EmbeddedPostgres
from hub.migrations.run import migrate
from hub.vault import Vault

#: What takes minutes begins first: at the end the other half of the machine would wait for it.
_LONG = (
    *("tests/test_openapi.py", "tests/chaos/", "tests/test_webhooks.py", "tests/sync_jobs/test_courier_kill.py"),
    "tests/hub/admin/test_show_browser.py",
)

_TEMPLATE = f"hub_test_template_{os.getpid()}"
_numbers = count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: next((place for place, path in enumerate(_LONG) if item.nodeid.startswith(path)), 99))


def _named(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)


async def _execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(autouse=True, scope="session")
def weak_hashes() -> Iterator[None]:
    """Passwords of tests withstand nobody: to hash one as the hub does takes a processor a quarter of a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture
def logging_put_back() -> Iterator[None]:
    """For tests of commands: each sets up the process's logging, whose stream ends with the test."""
    root = logging.getLogger()
    before = root.handlers, root.level
    yield
    structlog.reset_defaults()
    logging.captureWarnings(False)
    root.handlers, root.level = before


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """A PostgreSQL server we may make databases on."""
    if url := os.environ.get("HUB_DATABASE_URL"):
        yield url
        return
    # Not under pytest's own temporary folder, which only its user may enter: as root the embedded server
    # runs as another user.
    with tempfile.TemporaryDirectory(prefix="hub-test-") as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres", owner=True)
        try:
            yield server.start()
        finally:
            server.stop()


@pytest.fixture(scope="session")
def template(server_url: str) -> Iterator[str]:
    """The name of a database of the newest schema, to be copied."""

    async def make() -> None:
        await _execute(server_url, f"DROP DATABASE IF EXISTS {_TEMPLATE}", f"CREATE DATABASE {_TEMPLATE}")
        database = await Database.open(_named(server_url, _TEMPLATE))
        try:
            await migrate(database.engine)
        finally:
            await database.close()

    asyncio.run(make())
    yield _TEMPLATE
    asyncio.run(_execute(server_url, f"DROP DATABASE IF EXISTS {_TEMPLATE} WITH (FORCE)"))


@pytest.fixture(scope="session")
def new_database(server_url: str, template: str) -> Callable[[], AbstractContextManager[str]]:
    """Makes a database of the newest schema, gives its URL, and drops it when the block ends."""

    @contextmanager
    def make() -> Iterator[str]:
        name = f"hub_test_{os.getpid()}_{next(_numbers)}"
        # In a thread, because a fixture of a test that shares its event loop is called within that loop.
        _apart(_execute(server_url, f"CREATE DATABASE {name} TEMPLATE {template}"))
        try:
            yield _named(server_url, name)
        finally:
            _apart(_execute(server_url, f"DROP DATABASE {name} WITH (FORCE)"))

    return make


def _apart(work: Coroutine[Any, Any, None]) -> None:
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


@pytest.fixture
def database_url(new_database: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    with new_database() as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = await Database.open(database_url)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def vault() -> Vault:
    return Vault(seal_keys=Fernet.generate_key().decode(), digest_key="0" * 64)
