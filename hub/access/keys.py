"""API keys of portal frontends. Only their hashes are stored; a key is shown once, when it is made."""

import hashlib
import secrets
import time
from collections.abc import Awaitable, Callable, Collection
from typing import Annotated

from fastapi import Security
from fastapi.security import APIKeyHeader
from sqlalchemy import func, insert, update

from hub.access.audit import note
from hub.access.scopes import Caller, Scope
from hub.access.tables import api_key
from hub.db import Database
from hub.problems import ProblemError, ProblemType

HEADER = APIKeyHeader(name="X-Api-Key", auto_error=False, description="Made with `hub keys create NAME --scope …`.")

#: For so long a key that was good is good: a key that was ended elsewhere works on for that long at most.
_TRUSTED_SECONDS = 10
_MOST_TRUSTED = 1000

# Once a minute is enough to see who still uses a key.
_FIND = """
    WITH used AS (
        UPDATE api_key SET last_used_at = now()
         WHERE key_hash = $1 AND revoked_at IS NULL
           AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
    )
    SELECT name, scopes, agencies FROM api_key WHERE key_hash = $1 AND revoked_at IS NULL
"""


def hash_of(secret: str) -> bytes:
    """SHA-256 is enough: what is hashed are 32 random bytes, which nobody can guess from the hash."""
    return hashlib.sha256(secret.encode()).digest()


class ApiKeys:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._trusted: dict[bytes, tuple[Caller, float]] = {}

    async def create(
        self, name: str, *, scopes: Collection[Scope], agencies: Collection[str] | None = None, actor: str
    ) -> str:
        """A new key called `name`; a key of that name that was there before ends. Returns the key itself."""
        key = "ghk_" + secrets.token_urlsafe(32)
        async with self._database.begin() as connection:
            await connection.execute(
                update(api_key)
                .where(api_key.c.name == name, api_key.c.revoked_at.is_(None))
                .values(revoked_at=func.now())
            )
            told = {"scopes": sorted(scopes), "agencies": None if agencies is None else sorted(agencies)}
            await connection.execute(insert(api_key).values(name=name, key_hash=hash_of(key), **told))
            await note(connection, actor=actor, action="api_key.created", target=name, detail=told)
        self._trusted.clear()
        return key

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
        found = await self.holder(key)
        if found is None:
            raise ProblemError(ProblemType.API_KEY_REFUSED, "The key in X-Api-Key is not valid.")
        return found

    async def holder(self, key: str) -> Caller | None:
        """The frontend whose valid key it is. A key that was ended in another process may pass for seconds more."""
        key_hash = hash_of(key)
        known = self._trusted.get(key_hash)
        if known and time.monotonic() - known[1] < _TRUSTED_SECONDS:
            return known[0]
        row = await self._database.reads.fetchrow(_FIND, key_hash)
        if row is None:
            self._trusted.pop(key_hash, None)
            return None
        # What is not known here any more is of a scope that ended.
        scopes = frozenset(Scope(each) for each in row["scopes"] if each in set(Scope))
        found = Caller(row["name"], scopes, None if row["agencies"] is None else tuple(row["agencies"]))
        if len(self._trusted) >= _MOST_TRUSTED:
            self._trusted.clear()
        self._trusted[key_hash] = (found, time.monotonic())
        return found
