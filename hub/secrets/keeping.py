"""Secrets by name: from the environment, a file, or the database, where they are set and removed but never read out."""

import asyncio
import math
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import asyncpg
import structlog
from sqlalchemy import case, delete, func, select
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
#: Once a minute is enough to see what is still used.
_NOTE_SECONDS = 60
_LONGEST = 20_000
_NAME = re.compile(r"[a-z][a-z0-9-]{0,79}")

#: One that was replaced is good for so long at most beside the new one.
LONGEST_OVERLAP = timedelta(days=90)
_NO_OVERLAP = timedelta(0)

_ALL = "SELECT name, value, set_at, previous, previous_until FROM secret"
_SET_AT = "SELECT name, set_at FROM secret"

_USED = """
    UPDATE secret SET last_used_at = now()
     WHERE name = ANY($1::text[]) AND coalesce(last_used_at < now() - interval '1 minute', true)
"""
#: What nothing is proved by any more is not kept either.
_FORGET = "UPDATE secret SET previous = NULL, previous_until = NULL WHERE previous_until <= now()"

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
    #: Until when what it was before is good beside it; None where that is over.
    previous_until: datetime | None = None
    #: Of the one in the database.
    last_used_at: datetime | None = None


class HubSecrets:
    """contracts.adapter.Secrets over all three. What the database has is held here opened, so that a call need not wait
    for it."""

    def __init__(self, database: Database, vault: Vault, store: SecretStore) -> None:
        self._database, self._vault, self._store = database, vault, store
        self._values: dict[str, str] = {}
        self._previous: dict[str, tuple[str, datetime]] = {}
        self._known: dict[str, datetime] = {}
        self._used: set[str] = set()
        self._noted_at = -math.inf

    def get(self, name: str) -> str:
        """Raises KeyError with a sentence that says where the secret may be put."""
        try:
            return self._store.get(name)
        except KeyError as error:
            if name in self._values:
                self._used.add(name)
                return self._values[name]
            raise KeyError(f"{error.args[0]}; or set it at /admin/secrets") from None

    def previous(self, name: str) -> str | None:
        """What it was before, while that is good beside it: for what others prove themselves by, not for what we
        call them with."""
        found = self._previous.get(name)
        if found is None or found[1] <= datetime.now(UTC) or self.place(name) != "database":
            return None
        return found[0]

    def has(self, name: str) -> bool:
        return self.place(name) != "missing"

    async def look(self) -> None:
        """Know what the database has now."""
        rows = await self._database.reads.fetch(_SET_AT)
        if {row["name"]: row["set_at"] for row in rows} == self._known:
            return
        found = await self._database.reads.fetch(_ALL)
        self._values = dict(self._opened(found, "value"))
        until = {row["name"]: row["previous_until"] for row in found}
        self._previous = {name: (value, until[name]) for name, value in self._opened(found, "previous")}
        self._known = {row["name"]: row["set_at"] for row in found}

    def _opened(self, rows: Iterable[asyncpg.Record], column: str) -> Iterator[tuple[str, str]]:
        for row in rows:
            if row[column] is None:
                continue
            try:
                yield row["name"], self._vault.open(row[column]).decode()
            except VaultError as error:
                # The others are of use all the same.
                log.error("secret.not_opened", secret_name=row["name"], why=str(error))

    async def follow(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                await self.look()
                if time.monotonic() - self._noted_at > _NOTE_SECONDS:
                    await self.note_uses()
            except Exception as error:
                # The next look is soon.
                if not is_away(error):
                    log.exception("secrets.not_followed")

    async def note_uses(self) -> None:
        """Write down which were used since, and take out those whose overlap is over."""
        self._noted_at = time.monotonic()
        if used := list(self._used):
            await self._database.reads.execute(_USED, used)
            self._used -= set(used)
        await self._database.reads.execute(_FORGET)

    async def put(
        self,
        name: str,
        value: str,
        *,
        actor: str,
        expires_at: datetime | None = None,
        overlap: timedelta = _NO_OVERLAP,
    ) -> None:
        """Keep it, in the place of what was there; whoever proves themselves by that is believed for `overlap` longer.
        Raises SecretWrong."""
        if not _NAME.fullmatch(name):
            raise SecretWrong("name", "small letters, digits and hyphens, a letter first: so-tnmt-khoa")
        if not value or len(value) > _LONGEST or "\0" in value:
            raise SecretWrong("value", f"1 to {_LONGEST} characters")
        assert _NO_OVERLAP <= overlap <= LONGEST_OVERLAP
        row: Mapping[str, Any] = {
            "value": self._vault.seal(value.encode()),
            "set_at": func.clock_timestamp(),
            "set_by": actor,
            "expires_at": expires_at,
        }
        # What the environment or a file has is what others prove themselves by, until it is taken out there.
        elsewhere = self._stored(name)
        before = self._vault.seal(elsewhere.encode()) if elsewhere else None
        moment = func.clock_timestamp() + overlap if overlap else None
        first = {"previous": before, "previous_until": moment} if before and overlap else {}
        later = {"previous": (before or secret.c.value) if overlap else None, "previous_until": moment}
        async with self._database.begin() as connection:
            statement = upsert(secret).values(name=name, **row, **first)
            statement = statement.on_conflict_do_update(index_elements=["name"], set_={**row, **later})
            until = await connection.scalar(statement.returning(secret.c.previous_until))
            moments = {"expires_at": expires_at, "previous_until": until}
            detail = {which: at.isoformat() for which, at in moments.items() if at}
            await note(connection, actor=actor, action="secret.set", target=name, detail=detail or None)
        await self.look()

    async def remove(self, name: str, *, actor: str) -> bool:
        """Whether there was one."""
        async with self._database.begin() as connection:
            gone = await connection.execute(delete(secret).where(secret.c.name == name))
            if gone.rowcount:
                await note(connection, actor=actor, action="secret.removed", target=name)
        await self.look()
        return bool(gone.rowcount)

    async def all(self, registry: Registry) -> list[Kept]:
        """Those that the database has, and all that specs name: the missing ones first."""
        async with self._database.begin() as connection:
            columns = [secret.c[name] for name in ("name", "set_at", "set_by", "expires_at", "last_used_at")]
            previous = case((secret.c.previous_until > func.now(), secret.c.previous_until)).label("previous_until")
            found_rows = await connection.execute(select(*columns, previous))
            rows = {row["name"]: row for row in found_rows.mappings()}
        named: dict[str, list[str]] = {}
        for spec in registry:
            for name in names_in(spec) if spec.enabled else ():
                named.setdefault(name, []).append(spec.id)
        found = []
        for name in sorted({*rows, *named}):
            place = self.place(name)
            known = dict(rows[name]) if name in rows else {"name": name}
            found.append(Kept(place=place, agencies=tuple(named.get(name, ())), **known))
        return sorted(found, key=lambda each: each.place != "missing")

    def place(self, name: str) -> Place:
        """Where the one that counts is: what the environment or a file has goes before what the database has."""
        if self._stored(name) is not None:
            return "environment or file"
        return "database" if name in self._values else "missing"

    def _stored(self, name: str) -> str | None:
        """What the environment or a file has."""
        try:
            return self._store.get(name)
        except KeyError:
            return None


def names_in(spec: AgencySpec) -> set[str]:
    """The secrets that the spec names."""
    names: set[str] = set()
    for leaf in leaves(spec):
        names |= set(leaf.secrets)
        if leaf.is_a(SecretName):
            names.add(leaf.text)
    return names
