"""Secrets by name: from the environment, a file, or the database, where they are set and removed but never read out."""

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import asyncpg
import structlog
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from config.secrets import SecretStore
from contracts.agency import AgencySpec
from contracts.spec_model import SecretName
from hub.access.audit import note
from hub.db import Database, is_away
from hub.registry import Registry
from hub.secrets.tables import secret
from hub.studio.walk import leaves
from hub.vault import Vault, VaultError

log = structlog.get_logger()

#: Another process's change is known here after so long at most.
_LOOK_SECONDS = 3
_LONGEST = 20_000
_NAME = re.compile(r"[a-z][a-z0-9-]{0,79}")

_ALL = "SELECT name, value, set_at FROM secret"
_SET_AT = "SELECT name, set_at FROM secret"

#: Where a secret is; the first of these that has it counts.
Place = Literal["environment or file", "database", "missing"]


class SecretWrong(ValueError):
    """It cannot be kept so; the message says what would be right, and never what was given."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a secret; not what it is."""

    name: str
    place: Place
    #: The agencies whose specs name it.
    agencies: tuple[str, ...]
    set_at: datetime | None = None
    set_by: str | None = None
    expires_at: datetime | None = None


class HubSecrets:
    """contracts.adapter.Secrets over all three. What the database has is held here opened, so that a call need not wait
    for it."""

    def __init__(self, database: Database, vault: Vault, store: SecretStore) -> None:
        self._database, self._vault, self._store = database, vault, store
        self._values: dict[str, str] = {}
        self._known: dict[str, datetime] = {}

    def get(self, name: str) -> str:
        """Raises KeyError with a sentence that says where the secret may be put."""
        try:
            return self._store.get(name)
        except KeyError as error:
            if name in self._values:
                return self._values[name]
            raise KeyError(f"{error.args[0]}; or set it at /admin/secrets") from None

    def has(self, name: str) -> bool:
        return self._place(name) != "missing"

    async def look(self) -> None:
        """Know what the database has now."""
        rows = await self._database.reads.fetch(_SET_AT)
        if {row["name"]: row["set_at"] for row in rows} == self._known:
            return
        found = await self._database.reads.fetch(_ALL)
        self._values = dict(self._opened(found))
        self._known = {row["name"]: row["set_at"] for row in found}

    def _opened(self, rows: Iterable[asyncpg.Record]) -> Iterator[tuple[str, str]]:
        for row in rows:
            try:
                yield row["name"], self._vault.open(row["value"]).decode()
            except VaultError as error:
                # The others are of use all the same.
                log.error("secret.not_opened", secret_name=row["name"], why=str(error))

    async def follow(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                await self.look()
            except Exception as error:
                # The next look is soon.
                if not is_away(error):
                    log.exception("secrets.not_followed")

    async def put(self, name: str, value: str, *, actor: str, expires_at: datetime | None = None) -> None:
        """Keep it, in the place of what was there. Raises SecretWrong."""
        if not _NAME.fullmatch(name):
            raise SecretWrong("name", "small letters, digits and hyphens, a letter first: so-tnmt-khoa")
        if not value or len(value) > _LONGEST or "\0" in value:
            raise SecretWrong("value", f"1 to {_LONGEST} characters")
        row: Mapping[str, Any] = {
            "value": self._vault.seal(value.encode()),
            "set_at": func.clock_timestamp(),
            "set_by": actor,
            "expires_at": expires_at,
        }
        async with self._database.begin() as connection:
            statement = upsert(secret).values(name=name, **row)
            await connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=row))
            until = {"expires_at": expires_at.isoformat()} if expires_at else None
            await note(connection, actor=actor, action="secret.set", target=name, detail=until)
        await self.look()

    async def remove(self, name: str, *, actor: str) -> bool:
        """Whether there was one."""
        async with self._database.begin() as connection:
            gone = await connection.execute(delete(secret).where(secret.c.name == name))
            if gone.rowcount:
                await note(connection, actor=actor, action="secret.removed", target=name)
        await self.look()
        return bool(gone.rowcount)

    async def seal_anew(self, *, actor: str) -> int:
        """Seal all of them under the newest key. How many there are."""
        async with self._database.begin() as connection:
            rows = (await connection.execute(select(secret.c.name, secret.c.value).with_for_update())).all()
            for name, value in rows:
                sealed = self._vault.seal(self._vault.open(value))
                await connection.execute(update(secret).where(secret.c.name == name).values(value=sealed))
            await note(connection, actor=actor, action="secrets.sealed_anew", detail={"secrets": len(rows)})
        return len(rows)

    async def all(self, registry: Registry) -> list[Kept]:
        """Those that the database has, and all that specs name: the missing ones first."""
        async with self._database.begin() as connection:
            columns = [secret.c[name] for name in ("name", "set_at", "set_by", "expires_at")]
            rows = {row["name"]: row for row in (await connection.execute(select(*columns))).mappings()}
        named: dict[str, list[str]] = {}
        for spec in registry:
            for name in names_in(spec) if spec.enabled else ():
                named.setdefault(name, []).append(spec.id)
        found = []
        for name in sorted({*rows, *named}):
            place = self._place(name)
            known = dict(rows[name]) if name in rows else {"name": name}
            found.append(Kept(place=place, agencies=tuple(named.get(name, ())), **known))
        return sorted(found, key=lambda each: each.place != "missing")

    def _place(self, name: str) -> Place:
        try:
            self._store.get(name)
        except KeyError:
            return "database" if name in self._values else "missing"
        return "environment or file"


def names_in(spec: AgencySpec) -> set[str]:
    """The secrets that the spec names."""
    names: set[str] = set()
    for leaf in leaves(spec):
        names |= set(leaf.secrets)
        if leaf.is_a(SecretName):
            names.add(leaf.text)
    return names
