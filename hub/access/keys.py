"""API keys of portal frontends. Only their hashes are stored; a key is shown once, when it is made."""

import hashlib
import secrets
from time import monotonic
from typing import Annotated

from fastapi import Security
from fastapi.security import APIKeyHeader
from sqlalchemy import func, insert, or_, select, update

from hub.access.audit import note
from hub.access.tables import api_key
from hub.db import Database
from hub.problems import ProblemError, ProblemType

#: A key is asked for in the database no more often than this, per process.
_REMEMBERED_SECONDS = 5

_header = APIKeyHeader(name="X-Api-Key", auto_error=False, description="Made with `hub keys create NAME`.")


def hash_of(secret: str) -> bytes:
    """SHA-256 is enough: what is hashed are 32 random bytes, which nobody can guess from the hash."""
    return hashlib.sha256(secret.encode()).digest()


class ApiKeys:
    def __init__(self, database: Database) -> None:
        self._database = database
        #: Valid keys by hash: the name, and until when it need not be looked up again.
        self._known: dict[bytes, tuple[str, float]] = {}

    async def create(self, name: str, *, actor: str) -> str:
        """A new key called `name`; a key of that name that was there before ends. Returns the key itself."""
        key = "ghk_" + secrets.token_urlsafe(32)
        async with self._database.begin() as connection:
            await connection.execute(
                update(api_key)
                .where(api_key.c.name == name, api_key.c.revoked_at.is_(None))
                .values(revoked_at=func.now())
            )
            await connection.execute(insert(api_key).values(name=name, key_hash=hash_of(key)))
            await note(connection, actor=actor, action="api_key.created", target=name)
        return key

    async def required(self, key: Annotated[str | None, Security(_header)] = None) -> str:
        """FastAPI dependency: the name of the valid key that was sent, or a 401 problem."""
        if not key:
            raise ProblemError(ProblemType.API_KEY_REFUSED, "The header X-Api-Key is missing.")
        name = await self.name_of(key)
        if name is None:
            raise ProblemError(ProblemType.API_KEY_REFUSED, "The key in X-Api-Key is not valid.")
        return name

    async def name_of(self, key: str) -> str | None:
        """Whose valid key it is; None where it is none. A key that ended may pass for a few seconds more."""
        hashed = hash_of(key)
        name, until = self._known.get(hashed, ("", 0.0))
        if monotonic() < until:
            return name
        self._known.pop(hashed, None)
        found = await self._use(hashed)
        if found is not None:
            self._known[hashed] = found, monotonic() + _REMEMBERED_SECONDS
        return found

    async def _use(self, hashed: bytes) -> str | None:
        """The name of the valid key, and note that it is used."""
        async with self._database.begin() as connection:
            found = await connection.execute(
                select(api_key.c.name, api_key.c.id).where(api_key.c.key_hash == hashed, api_key.c.revoked_at.is_(None))
            )
            row = found.one_or_none()
            if row is None:
                return None
            # Once a minute is enough to see who still uses a key, and spares a write per request.
            await connection.execute(
                update(api_key)
                .where(
                    api_key.c.id == row.id,
                    or_(
                        api_key.c.last_used_at.is_(None),
                        api_key.c.last_used_at < func.now() - func.make_interval(0, 0, 0, 0, 0, 1),
                    ),
                )
                .values(last_used_at=func.now())
            )
        return str(row.name)
