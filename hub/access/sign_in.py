"""The admin's way in for now: a one-time password printed at start, exchanged for a session of half a day."""

import secrets
from datetime import timedelta

import structlog
from sqlalchemy import delete, func, insert, select

from hub.access.audit import note
from hub.access.keys import hash_of
from hub.access.tables import admin_session, one_time_password
from hub.db import Database

log = structlog.get_logger()

PASSWORD_LIFETIME = timedelta(hours=24)
SESSION_LIFETIME = timedelta(hours=12)

# No 0/O, 1/I/L: the password is read off a terminal and typed. 20 letters of 31 are 99 bits.
_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"


class SignIn:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def new_password(self) -> str:
        """A password that lets one person in once, within a day. Those made before end."""
        letters = "".join(secrets.choice(_ALPHABET) for _ in range(20))
        password = "-".join(letters[i : i + 5] for i in range(0, 20, 5))
        async with self._database.begin() as connection:
            await connection.execute(delete(one_time_password))
            await connection.execute(
                insert(one_time_password).values(
                    password_hash=hash_of(password), expires_at=func.now() + PASSWORD_LIFETIME
                )
            )
        return password

    async def sign_in(self, password: str) -> str | None:
        """A session token for the password, which is then used up; None when it is not (or no longer) right."""
        typed = password.strip().upper()
        async with self._database.begin() as connection:
            used = await connection.execute(
                delete(one_time_password)
                .where(
                    one_time_password.c.password_hash == hash_of(typed),
                    one_time_password.c.expires_at > func.now(),
                )
                .returning(one_time_password.c.password_hash)
            )
            if used.scalar() is None:
                # Logged, not audited: anybody can knock, and must not be able to fill a table by it.
                log.warning("admin.sign_in_refused")
                return None
            token = secrets.token_urlsafe(32)
            await connection.execute(
                insert(admin_session).values(token_hash=hash_of(token), expires_at=func.now() + SESSION_LIFETIME)
            )
            await note(connection, actor="admin", action="admin.signed_in")
        return token

    async def is_signed_in(self, token: str) -> bool:
        async with self._database.begin() as connection:
            found = await connection.execute(
                select(admin_session.c.token_hash).where(
                    admin_session.c.token_hash == hash_of(token), admin_session.c.expires_at > func.now()
                )
            )
            return found.scalar() is not None

    async def sign_out(self, token: str) -> None:
        async with self._database.begin() as connection:
            ended = await connection.execute(
                delete(admin_session)
                .where(admin_session.c.token_hash == hash_of(token))
                .returning(admin_session.c.token_hash)
            )
            if ended.scalar() is not None:
                await note(connection, actor="admin", action="admin.signed_out")
