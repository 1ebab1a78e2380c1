"""API keys of portal frontends and other programs. Only their hashes are stored; a key is shown once, when it is made.

A name has one key that goes on. One that was replaced with an overlap is good beside it until a moment: `revoked_at` is
when a key was ended, or will be.
"""

import hashlib
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import Security
from fastapi.security import APIKeyHeader
from sqlalchemy import Select, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.access.audit import note
from hub.access.scopes import Caller, Scope
from hub.access.tables import api_key
from hub.db import Database
from hub.problems import ProblemError, ProblemType

HEADER = APIKeyHeader(
    name="X-Api-Key",
    auto_error=False,
    description="Made at /admin/keys, or with `hub keys create NAME --scope …`.",
)

#: A key that was replaced is good for so long at most beside the new one.
LONGEST_OVERLAP = timedelta(days=90)

#: For so long a key that was good is good: a key that was ended elsewhere works on for that long at most.
_TRUSTED_SECONDS = 10
_MOST_TRUSTED = 1000

#: One that has ended is told of for so long.
_TOLD_DAYS = 30

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,59}")

# Once a minute is enough to see who still uses a key. Of two moments `least` passes over the one that is null.
_FIND = """
    WITH used AS (
        UPDATE api_key SET last_used_at = now()
         WHERE key_hash = $1 AND coalesce(least(revoked_at, expires_at) > now(), true)
           AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
    )
    SELECT name, scopes, agencies, least(revoked_at, expires_at) AS ends_at,
           extract(epoch FROM least(revoked_at, expires_at) - now())::float AS seconds_left
      FROM api_key WHERE key_hash = $1
"""

_STILL_GOOD = (
    or_(api_key.c.revoked_at.is_(None), api_key.c.revoked_at > func.now()),
    or_(api_key.c.expires_at.is_(None), api_key.c.expires_at > func.now()),
)


class KeyWrong(Exception):
    """There can be no such key; `field` is what was wrong, the message says what would be right."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class NoKey(Exception):
    """No key of that number is good, or, to be replaced, goes on."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of a key; not what it is."""

    id: int
    name: str
    scopes: tuple[str, ...]
    #: The only agencies it is for; None for all.
    agencies: tuple[str, ...] | None
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None

    @property
    def ends_at(self) -> datetime | None:
        return min((at for at in (self.revoked_at, self.expires_at) if at), default=None)

    @property
    def has_ended(self) -> bool:
        return self.ends_at is not None and self.ends_at <= datetime.now(UTC)

    @property
    def goes_on(self) -> bool:
        """Whether it is its name's: not ended, and not replaced."""
        return self.revoked_at is None and not self.has_ended


def hash_of(secret: str) -> bytes:
    """SHA-256 is enough: what is hashed are 32 random bytes, which nobody can guess from the hash."""
    return hashlib.sha256(secret.encode()).digest()


class ApiKeys:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._trusted: dict[bytes, tuple[Caller, float]] = {}

    # --- kept -------------------------------------------------------------------------------------

    async def all(self) -> list[ApiKey]:
        """Those that are good, and those that ended lately."""
        lately = text(f"coalesce(least(revoked_at, expires_at) > now() - interval '{_TOLD_DAYS} days', true)")
        async with self._database.begin() as connection:
            rows = await connection.execute(_shown().where(lately).order_by(api_key.c.name, api_key.c.id.desc()))
            found = [_key(row) for row in rows.mappings()]
        return sorted(found, key=lambda each: each.has_ended)

    async def create(
        self,
        name: str,
        *,
        scopes: Collection[Scope],
        agencies: Collection[str] | None = None,
        expires_at: datetime | None = None,
        actor: str,
        takes_over: bool = True,
    ) -> str:
        """A new key called `name`, and the key itself. Keys of that name that were there before end; where it may not
        take over, there may be none that goes on. Raises KeyWrong."""
        _check(name, scopes, agencies, expires_at)
        key = _new()
        async with self._database.begin() as connection:
            if takes_over:
                await _end(connection, name)
            else:
                # One that has ended by itself stands in nobody's way.
                ended = (api_key.c.name == name, api_key.c.revoked_at.is_(None), api_key.c.expires_at <= func.now())
                await connection.execute(update(api_key).where(*ended).values(revoked_at=api_key.c.expires_at))
            told: dict[str, Any] = {
                "scopes": sorted(scopes),
                "agencies": None if agencies is None else sorted(agencies),
            }
            made = insert(api_key).values(name=name, key_hash=hash_of(key), expires_at=expires_at, **told)
            if not (await connection.execute(made.on_conflict_do_nothing())).rowcount:
                raise KeyWrong("name", f"there is a key {name} already: replace it, or end it first")
            if expires_at:
                told["expires_at"] = expires_at.isoformat()
            await note(connection, actor=actor, action="api_key.created", target=name, detail=told)
        self._trusted.clear()
        return key

    async def rotate(self, number: int, overlap: timedelta, *, actor: str) -> str:
        """A new key in the place of that one, which is good for `overlap` longer. The new one may do the same, and
        where the old one was to end by itself, lives as long as that was meant to. Raises NoKey."""
        assert timedelta(0) <= overlap <= LONGEST_OVERLAP
        key = _new()
        async with self._database.begin() as connection:
            replaced = (
                update(api_key)
                .where(api_key.c.id == number, api_key.c.revoked_at.is_(None), *_STILL_GOOD)
                .values(revoked_at=func.now() + overlap)
                .returning(api_key)
            )
            old = (await connection.execute(replaced)).mappings().one_or_none()
            if old is None:
                raise NoKey(f"no key {number} goes on")
            lifetime = old["expires_at"] - old["created_at"] if old["expires_at"] else None
            made = insert(api_key).values(
                name=old["name"],
                key_hash=hash_of(key),
                scopes=old["scopes"],
                agencies=old["agencies"],
                expires_at=None if lifetime is None else func.now() + lifetime,
            )
            await connection.execute(made)
            detail = {"old_ends_at": old["revoked_at"].isoformat()}
            await note(connection, actor=actor, action="api_key.rotated", target=old["name"], detail=detail)
        self._trusted.clear()
        return key

    async def revoke(self, number: int, *, actor: str) -> None:
        """End that one now. Raises NoKey."""
        async with self._database.begin() as connection:
            ended = update(api_key).where(api_key.c.id == number, *_STILL_GOOD).values(revoked_at=func.now())
            name = await connection.scalar(ended.returning(api_key.c.name))
            if name is None:
                raise NoKey(f"no key {number} is good any more")
            await note(connection, actor=actor, action="api_key.revoked", target=name, detail={"number": number})
        self._trusted.clear()

    # --- asked with -------------------------------------------------------------------------------

    def needs(self, scope: Scope) -> Callable[..., Awaitable[Caller]]:
        """A FastAPI dependency: whose key was sent; a 401 problem without a valid one, 403 for one without `scope`."""

        async def caller(key: Annotated[str | None, Security(HEADER)] = None) -> Caller:
            found = await self.caller(key)
            if not found.may(scope):
                raise ProblemError(
                    ProblemType.FORBIDDEN,
                    f"The key of {found.name} lacks the scope {scope}: {scope.meaning}.",
                    missing_scope=scope.value,
                )
            return found

        return caller

    async def caller(self, key: str | None) -> Caller:
        """Whose key it is. Raises a 401 problem."""
        if not key:
            raise ProblemError(ProblemType.API_KEY_REFUSED, "The header X-Api-Key is missing.")
        found = await self._look_up(key)
        if isinstance(found, datetime):
            at = f"{found.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
            raise ProblemError(ProblemType.API_KEY_REFUSED, f"The key in X-Api-Key has ended, at {at}.")
        if found is None:
            raise ProblemError(ProblemType.API_KEY_REFUSED, "The key in X-Api-Key is not valid.")
        return found

    async def holder(self, key: str) -> Caller | None:
        """The frontend whose valid key it is. A key that was ended in another process may pass for seconds more."""
        found = await self._look_up(key)
        return found if isinstance(found, Caller) else None

    async def _look_up(self, key: str) -> Caller | datetime | None:
        """Whose it is; or when it ended."""
        key_hash = hash_of(key)
        known = self._trusted.get(key_hash)
        if known and time.monotonic() < known[1]:
            return known[0]
        row = await self._database.reads.fetchrow(_FIND, key_hash)
        if row is None or (row["ends_at"] is not None and row["seconds_left"] <= 0):
            self._trusted.pop(key_hash, None)
            return row["ends_at"] if row else None
        # What is not known here any more is of a scope that ended.
        scopes = frozenset(Scope(each) for each in row["scopes"] if each in set(Scope))
        found = Caller(row["name"], scopes, None if row["agencies"] is None else tuple(row["agencies"]))
        if len(self._trusted) >= _MOST_TRUSTED:
            self._trusted.clear()
        left = _TRUSTED_SECONDS if row["ends_at"] is None else min(_TRUSTED_SECONDS, row["seconds_left"])
        self._trusted[key_hash] = (found, time.monotonic() + left)
        return found


def _new() -> str:
    return "ghk_" + secrets.token_urlsafe(32)


async def _end(connection: AsyncConnection, name: str) -> None:
    """All keys of that name."""
    good = or_(api_key.c.revoked_at.is_(None), api_key.c.revoked_at > func.now())
    await connection.execute(update(api_key).where(api_key.c.name == name, good).values(revoked_at=func.now()))


def _check(name: str, scopes: Collection[Scope], agencies: Collection[str] | None, expires_at: datetime | None) -> None:
    """Raises KeyWrong."""
    if not _NAME.fullmatch(name):
        raise KeyWrong("name", "a name is 2 to 60 small letters, digits, dots and hyphens: portal")
    if agencies is not None and any(scope.is_of_all_agencies for scope in scopes):
        raise KeyWrong("agencies", "who keeps people, keys and secrets, or reads the audit, is for all agencies")
    if expires_at is not None and expires_at <= datetime.now(UTC):
        raise KeyWrong("expires_at", "that moment is over: give one to come")


def _shown() -> Select[Any]:
    return select(*(column for column in api_key.c if column.name != "key_hash"))


def _key(row: Any) -> ApiKey:
    told = dict(row) | {"scopes": tuple(row["scopes"])}
    return ApiKey(**told | {"agencies": None if row["agencies"] is None else tuple(row["agencies"])})
