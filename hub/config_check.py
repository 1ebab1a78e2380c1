"""What `hub config check` finds out: each setting with its source, and whether the hub could run with them.

It changes nothing, makes no key and brings no schema up.
"""

import os
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

import asyncpg
from alembic.script import ScriptDirectory
from pydantic import SecretStr

from adapters import Client
from config.secrets import SecretStore
from config.settings import Settings
from config.spec_file import SpecFile
from hub.access.provider import SECRET, Provider, ProviderAway
from hub.db import ClockWrong, check_clock
from hub.migrations.run import config as migrations
from hub.studio.check import check
from hub.vault import Vault, VaultError

_PREFIX, _SECRET = "HUB_", "HUB_SECRET_"

#: The oldest PostgreSQL that the hub's statements are for.
_OLDEST = 15


@dataclass(frozen=True, slots=True)
class Setting:
    """One of the settings as this process would have it."""

    variable: str
    value: str
    given: bool
    meaning: str


@dataclass(frozen=True, slots=True)
class Finding:
    """`wrong`: the hub would not run, or not with all that it should; `look`: it would, but somebody should look."""

    verdict: Literal["ok", "look", "wrong"]
    about: str
    words: str


def described(settings: Settings, environment: Mapping[str, str]) -> list[Setting]:
    """Every setting. Secrets are not shown."""
    found = []
    for name, field in Settings.model_fields.items():
        variable = _PREFIX + name.upper()
        found.append(
            Setting(variable, _shown(getattr(settings, name)), variable in environment, field.description or "")
        )
    return found


def _shown(value: Any) -> str:
    if value is None:
        return "not set"
    return "set, and not shown" if isinstance(value, SecretStr) else str(value)


def of_environment(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Variables that look like settings and are none."""
    known = [_PREFIX + name.upper() for name in Settings.model_fields]
    for variable in sorted(environment):
        if variable.startswith(_PREFIX) and not variable.startswith(_SECRET) and variable not in known:
            near = get_close_matches(variable, known, 1)
            yield Finding("look", variable, "is no setting" + (f"; is {near[0]} meant?" if near else ""))


def of_files(settings: Settings) -> Iterator[Finding]:
    """The data folder, the keys, and the agencies' files with the secrets that they name."""
    folder = next(each for each in (settings.data_dir, *settings.data_dir.absolute().parents) if each.exists())
    if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
        made = "" if settings.data_dir.exists() else "; it will be made"
        yield Finding("ok", "data folder", f"{settings.data_dir} can be written to{made}")
    else:
        yield Finding("wrong", "data folder", f"{folder} cannot be written to; set HUB_DATA_DIR to one you own")
    for name, given in (("seal", settings.seal_keys), ("digest", settings.digest_key)):
        path = settings.data_dir / "keys" / name
        if given:
            yield Finding("ok", f"{name} key", "from the environment")
        elif path.exists():
            open_to_others = path.stat().st_mode & 0o077
            words = "can be read by others than its owner; chmod 600" if open_to_others else "is only its owner's"
            yield Finding("look" if open_to_others else "ok", f"{name} key", f"{path} {words}")
        else:
            yield Finding("look", f"{name} key", f"there is none yet; the first start makes {path}")
    yield from _of_agencies(settings)


def _of_agencies(settings: Settings) -> Iterator[Finding]:
    files = [
        SpecFile(path, settings.agency_addresses.get(path.stem))
        for path in sorted(settings.agencies_dir.glob("*.yaml"))
    ]
    if not files:
        yield Finding("wrong", "agencies", f"there is no agency file (*.yaml) in {settings.agencies_dir}")
    connected = [file for file in files if file.mistakes or (file.spec and file.spec.enabled)]
    for file in connected:
        mistakes = check(file, secrets=SecretStore(settings.data_dir), documents=settings.documents_dir)
        if not mistakes:
            yield Finding("ok", f"agency {file.path.stem}", "nothing is wrong in its file, and its secrets are there")
        for each in mistakes:
            yield Finding("look" if each.warning else "wrong", f"agency {file.path.stem}", str(each))
    if files:
        yield Finding("ok", "agencies", f"{len(connected)} connected, {len(files) - len(connected)} not yet")


async def of_provider(settings: Settings) -> AsyncIterator[Finding]:
    """Whether the identity provider, where there is one, can be asked, and by which secret."""
    store = SecretStore(settings.data_dir)
    async with Client() as client:
        try:
            provider = Provider.of(settings, store, client)
            if provider is None:
                return
            await provider.known()
            yield Finding("ok", "identity provider", f"{provider.issuer} answers")
        except (ValueError, ProviderAway) as error:
            yield Finding("wrong", "identity provider", str(error))
    try:
        store.get(SECRET)
        yield Finding("ok", "identity provider", "its secret is there")
    except KeyError as error:
        yield Finding("look", "identity provider", f"{error.args[0]}, unless it is set at /admin/secrets")


async def of_database(url: str, settings: Settings) -> AsyncIterator[Finding]:
    """Whether it answers, of which version and schema it is, whether our clock and keys fit it."""
    try:
        connection = await asyncpg.connect(url, timeout=10)
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        yield Finding("wrong", "database", f"no connection: {error or type(error).__name__}")
        return
    try:
        version = connection.get_server_version().major
        old = version < _OLDEST
        yield Finding(
            "wrong" if old else "ok",
            "database",
            f"PostgreSQL {version} answers" + (f"; it must be {_OLDEST} or newer" if old else ""),
        )
        try:
            check_clock(await connection.fetchval("SELECT clock_timestamp()"))
            yield Finding("ok", "clock", "this machine's is the database's")
        except ClockWrong as error:
            yield Finding("wrong", "clock", str(error))
        used, most = await connection.fetchrow(
            # Others' too, of which pg_stat_activity does not tell us what they are.
            "SELECT (SELECT sum(numbackends)::int FROM pg_stat_database), current_setting('max_connections')::int"
        )
        yield Finding("look" if used > most * 0.8 else "ok", "connections", f"{used} of {most} are taken")
        newest = ScriptDirectory.from_config(migrations()).get_current_head()
        if not await connection.fetchval("SELECT to_regclass('alembic_version')"):
            yield Finding("look", "schema", f"the database is empty; the first start makes {newest}")
            return
        schema = await connection.fetchval("SELECT version_num FROM alembic_version")
        if schema == newest:
            yield Finding("ok", "schema", f"{schema}, the newest")
        else:
            yield Finding("look", "schema", f"{schema}; `hub migrate`, or the next start, brings it to {newest}")
        yield await _keys_fit(connection, settings)
    finally:
        await connection.close()


async def _keys_fit(connection: "asyncpg.Connection[asyncpg.Record]", settings: Settings) -> Finding:
    mark = await connection.fetchval("SELECT digest_key_mark FROM installation")
    digest = settings.digest_key.get_secret_value() if settings.digest_key else _read(settings.data_dir, "digest")
    seal = settings.seal_keys.get_secret_value() if settings.seal_keys else _read(settings.data_dir, "seal")
    if mark is None:
        return Finding("ok", "keys", "no hub has left its mark in the database yet")
    if digest is None or seal is None:
        return Finding("wrong", "keys", "the database was written with keys that are not here; copy them")
    try:
        if Vault(seal_keys=seal, digest_key=digest).digest(b"installation") == mark:
            return Finding("ok", "keys", "they are those of the database")
    except VaultError as error:
        return Finding("wrong", "keys", str(error))
    return Finding("wrong", "keys", "the digest key is not the one the database was written with")


def _read(data_dir: Path, name: str) -> str | None:
    path = data_dir / "keys" / name
    return path.read_text().strip() if path.exists() else None
