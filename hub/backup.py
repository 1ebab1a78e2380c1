"""Backup and restore of the database, by PostgreSQL's own pg_dump and pg_restore. The keys are not in it."""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
from sqlalchemy.engine import make_url

from hub.embedded import PROGRAMS


class BackupFailed(Exception):
    """No backup was made, or nothing restored; the message is one sentence for the operator."""


def backup(url: str, file: Path) -> int:
    """Write all of the database at `url` to `file`, as it is at one moment, while others go on. Returns its size in
    bytes. Raises BackupFailed; whatever was in `file` before then is still there."""
    program = _program("pg_dump", asyncio.run(_server(url))[0])
    try:
        descriptor, unfinished = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    except OSError as error:
        raise BackupFailed(f"cannot write to {file.parent}: {error.strerror}") from None
    os.close(descriptor)
    try:
        _run(url, program, "--format=custom", "--no-owner", "--no-privileges", f"--file={unfinished}")
        Path(unfinished).replace(file)
    finally:
        Path(unfinished).unlink(missing_ok=True)
    return file.stat().st_size


def restore(url: str, file: Path) -> None:
    """Fill the empty database at `url` with what `backup` wrote to `file`: all of it, or nothing. Raises
    BackupFailed."""
    if not file.is_file():
        raise BackupFailed(f"there is no file {file}")
    version, tables = asyncio.run(_server(url))
    if tables:
        raise BackupFailed("the database is not empty; make a new one (createdb) and name it in HUB_DATABASE_URL")
    _run(
        url,
        _program("pg_restore", version),
        "--no-owner",
        "--no-privileges",
        "--exit-on-error",
        "--single-transaction",
        str(file),
    )


async def _server(url: str) -> tuple[int, int]:
    """Its version, such as 15, and how many tables are in the database."""
    try:
        connection = await asyncpg.connect(url)
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise BackupFailed(f"cannot connect to the database: {error or type(error).__name__}") from None
    try:
        tables = await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        return connection.get_server_version().major, tables
    finally:
        await connection.close()


def _program(name: str, server: int) -> Path:
    """The program of the server's own version, or else of a newer one: an older one refuses."""
    known = dict(_installed(name))
    for version in sorted(known):
        if version >= server:
            return known[version]
    raise BackupFailed(f"there is no {name} for PostgreSQL {server}; install postgresql-client-{server}")


def _installed(name: str) -> Iterator[tuple[int, Path]]:
    """Those of the embedded server and of this machine, by version."""
    for path in (PROGRAMS / name, shutil.which(name)):
        if path and Path(path).exists():
            said = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
            yield int(said.split()[2].partition(".")[0]), Path(path)


def _run(url: str, program: Path, *arguments: str) -> None:
    """Run it on the database. The password is handed over where other users of the machine cannot read it."""
    where = make_url(url)
    password = {"PGPASSWORD": str(where.password)} if where.password else {}
    done = subprocess.run(
        [program, f"--dbname={where.set(password=None).render_as_string()}", *arguments],
        env=os.environ | password,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        words = done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"]
        raise BackupFailed(words[0])
