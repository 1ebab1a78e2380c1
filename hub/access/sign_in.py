"""How people who keep the hub come in: by name, password and authenticator, or by way of an identity provider; the
first time by a one-time password.

A session goes through steps: `begin` (a one-time password was right, and they choose what is to prove them from now
on), `away` (they are at the provider), `code` (the password was right, or the provider has told who it is by one factor
alone), `in`. Each step has a token of its own, in a cookie; only hashes are stored.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import pyotp
import structlog
from sqlalchemy import delete, func, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.access.accounts import Account, Accounts, AccountWrong, new_one_time_password
from hub.access.audit import note
from hub.access.id_token import Identity
from hub.access.keys import hash_of
from hub.access.tables import account, admin_session, one_time_password
from hub.db import Database
from hub.vault import Vault

log = structlog.get_logger()

SESSION_LIFETIME = timedelta(hours=12)
#: Of whom nothing is heard for so long, the session ends.
IDLE_LIFETIME = timedelta(hours=2)
#: For what lies between the first step and the last.
STEP_LIFETIME = timedelta(minutes=15)

Step = Literal["begin", "away", "code", "in"]

_LONGEST_AGENT = 200

_COLUMNS = """
    s.id AS session_id, s.step, s.totp_secret AS session_secret, s.identity AS session_identity,
    s.created_at AS begun_at, s.last_used_at, s.agent,
    a.id, a.name, a.role, a.agencies, a.created_at, a.last_signed_in_at, a.ended_at, a.password_hash, a.identity
      FROM admin_session s LEFT JOIN account a ON a.id = s.account_id
     WHERE s.expires_at > now() AND a.ended_at IS NULL AND (s.account_id IS NOT NULL OR s.step IN ('begin', 'away'))
"""
# Once a minute is enough to see who is about.
_FIND = f"""
    WITH used AS (
        UPDATE admin_session SET last_used_at = now()
         WHERE token_hash = $1 AND last_used_at < now() - interval '1 minute' AND last_used_at > now() - $2::interval
    )
    SELECT {_COLUMNS} AND s.token_hash = $1 AND s.last_used_at > now() - $2::interval
"""
_IN = f"SELECT {_COLUMNS} AND s.step = 'in' AND s.last_used_at > now() - $1::interval"
_ALL = f"{_IN} ORDER BY s.last_used_at DESC"
_ONE = f"{_IN} AND s.id = $2"


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody on the way in, or in."""

    id: int
    step: Step
    #: None for the first of all, until they have a name; at the step `away` for who does not come from `begin`.
    account: Account | None
    #: At the step `begin`, and away from there: for their authenticator.
    totp_secret: str | None
    #: At the step `begin`: as what the provider knows them, once it has told.
    identity: bytes | None
    begun_at: datetime
    last_used_at: datetime
    #: What their browser says it is.
    agent: str


class NotLetIn(Exception):
    """Whoever comes back from the provider is not let in."""

    def __init__(self, why: Literal["declined", "used", "stranger", "one factor"]) -> None:
        super().__init__(why)
        self.why = why


class SignIn:
    def __init__(self, database: Database, vault: Vault) -> None:
        self._database, self._vault = database, vault
        self.accounts = Accounts(database, vault)

    async def first_password(self) -> str | None:
        """A one-time password for whoever is to be the first admin; None once there is one."""
        if not await self.accounts.are_there_none():
            return None
        async with self._database.begin() as connection:
            return await new_one_time_password(connection, None)

    async def begin(self, password: str, agent: str) -> str | None:
        """A token for the step `begin`. The password is then used up. None where it is not right, or not any more."""
        async with self._database.begin() as connection:
            used = await connection.execute(
                delete(one_time_password)
                .where(
                    one_time_password.c.password_hash == hash_of(password.strip().upper()),
                    one_time_password.c.expires_at > func.now(),
                )
                .returning(one_time_password.c.account_id)
            )
            row = used.one_or_none()
            if row is None:
                # Logged, not audited: anybody can knock, and must not be able to fill a table by it.
                log.warning("admin.sign_in_refused", step="begin")
                return None
            secret = self._vault.seal(pyotp.random_base32().encode())
            return await self._session(connection, "begin", row.account_id, agent, STEP_LIFETIME, secret)

    async def enrol(self, session: Session, *, name: str, password: str, code: str, agent: str) -> str:
        """A token for the step `in`; whom the provider has told needs no name or password. Raises AccountWrong."""
        assert session.step == "begin"
        assert session.totp_secret
        async with self._database.begin() as connection:
            ended = await connection.execute(delete(admin_session).where(admin_session.c.id == session.id))
            if not ended.rowcount:
                raise AccountWrong("session", "this was done already, in another window")
            if session.identity:
                assert session.account
                linked = await self.accounts.link(
                    connection, session.account.id, session.identity, secret=session.totp_secret, code=code
                )
                return await self._session(connection, "in", linked.id, agent, SESSION_LIFETIME)
            enrolled = await self.accounts.enrol(
                connection,
                session.account.id if session.account else None,
                name=session.account.name if session.account else name,
                password=password,
                secret=session.totp_secret,
                code=code,
            )
            return await self._session(connection, "in", enrolled.id, agent, SESSION_LIFETIME)

    async def by_password(self, name: str, password: str, agent: str) -> str | None:
        """A token for the step `code`; None where name and password do not belong together."""
        found = await self.accounts.by_password(name.strip().lower(), password)
        if found is None:
            log.warning("admin.sign_in_refused", step="password")
            return None
        async with self._database.begin() as connection:
            return await self._session(connection, "code", found.id, agent, STEP_LIFETIME)

    async def by_code(self, session: Session, code: str, agent: str) -> str | None:
        """A token for the step `in`; None where it is not what their authenticator shows. Raises Closed."""
        assert session.step == "code"
        assert session.account
        async with self._database.begin() as connection:
            found = await self.accounts.confirm(connection, session.account.id, code)
            if found is None:
                log.warning("admin.sign_in_refused", step="code")
                return None
            await connection.execute(delete(admin_session).where(admin_session.c.id == session.id))
            await note(connection, actor=found.caller.name, action="session.begun", target=found.name)
            return await self._session(connection, "in", found.id, agent, SESSION_LIFETIME)

    async def leave(self, begun: Session | None, agent: str) -> str:
        """A token for the step `away`. `begun`: of the step `begin`, where the provider is to tell from now on that it
        is they."""
        secret = begun.totp_secret if begun else None
        async with self._database.begin() as connection:
            return await self._session(
                connection,
                "away",
                begun.account.id if begun and begun.account else None,
                agent,
                STEP_LIFETIME,
                self._vault.seal(secret.encode()) if secret else None,
            )

    async def by_identity(self, away: Session, identity: Identity, agent: str) -> tuple[Step, str]:
        """The next step of who was `away`, and a token for it. Raises NotLetIn; AccountWrong where it cannot be
        theirs."""
        assert away.step == "away"
        digest = self.accounts.digest_of(identity)
        async with self._database.begin() as connection:
            # Whoever was ended meanwhile, or has a new one-time password, is not away any more.
            ended = await connection.execute(delete(admin_session).where(admin_session.c.id == away.id))
            if not ended.rowcount:
                raise NotLetIn("used")
            if away.account:
                return await self._linked(connection, away, away.account, digest, identity.two_factors, agent)
            found = await self.accounts.by_identity(connection, digest)
            if found is None:
                raise NotLetIn("stranger")
            theirs, has_authenticator = found
            if identity.two_factors:
                came = update(account).where(account.c.id == theirs.id).values(last_signed_in_at=func.now())
                await connection.execute(came)
                how = {"by": "provider"}
                await note(connection, actor=theirs.caller.name, action="session.begun", target=theirs.name, detail=how)
                return "in", await self._session(connection, "in", theirs.id, agent, SESSION_LIFETIME)
            if not has_authenticator:
                raise NotLetIn("one factor")
            return "code", await self._session(connection, "code", theirs.id, agent, STEP_LIFETIME)

    async def session(self, token: str) -> Session | None:
        """Whose token it is; None for one that is not good, or not any more."""
        row = await self._database.reads.fetchrow(_FIND, hash_of(token), IDLE_LIFETIME)
        return self._told(row) if row else None

    async def sessions(self) -> list[Session]:
        """Of all who are in, who was about last first."""
        return [self._told(row) for row in await self._database.reads.fetch(_ALL, IDLE_LIFETIME)]

    async def sign_out(self, session: Session) -> None:
        async with self._database.begin() as connection:
            await _ended(connection, session, session.account.caller.name if session.account else "nobody")

    async def end(self, session_id: int, *, actor: str) -> bool:
        """Put somebody out. False where that session is not, or not any more."""
        row = await self._database.reads.fetchrow(_ONE, IDLE_LIFETIME, session_id)
        if row is None:
            return False
        async with self._database.begin() as connection:
            return await _ended(connection, self._told(row), actor)

    async def _linked(
        self, connection: AsyncConnection, away: Session, theirs: Account, digest: bytes, two_factors: bool, agent: str
    ) -> tuple[Step, str]:
        if two_factors:
            await self.accounts.link(connection, theirs.id, digest)
            return "in", await self._session(connection, "in", theirs.id, agent, SESSION_LIFETIME)
        # Their authenticator is still to be set up, as without a provider.
        assert away.totp_secret
        secret = self._vault.seal(away.totp_secret.encode())
        return "begin", await self._session(connection, "begin", theirs.id, agent, STEP_LIFETIME, secret, digest)

    def _told(self, row: Mapping[str, Any]) -> Session:
        return Session(
            row["session_id"],
            row["step"],
            Account.of(row) if row["id"] is not None else None,
            self._vault.open(row["session_secret"]).decode() if row["session_secret"] else None,
            row["session_identity"],
            row["begun_at"],
            row["last_used_at"],
            row["agent"],
        )

    async def _session(
        self,
        connection: AsyncConnection,
        step: Step,
        account_id: int | None,
        agent: str,
        lifetime: timedelta,
        secret: bytes | None = None,
        identity: bytes | None = None,
    ) -> str:
        token = secrets.token_urlsafe(32)
        await connection.execute(delete(admin_session).where(admin_session.c.expires_at < func.now()))
        await connection.execute(
            insert(admin_session).values(
                token_hash=hash_of(token),
                step=step,
                account_id=account_id,
                totp_secret=secret,
                identity=identity,
                agent=agent[:_LONGEST_AGENT],
                expires_at=func.now() + lifetime,
            )
        )
        return token


async def _ended(connection: AsyncConnection, session: Session, actor: str) -> bool:
    """False where it had ended already."""
    ended = await connection.execute(delete(admin_session).where(admin_session.c.id == session.id))
    if ended.rowcount and session.step == "in" and session.account:
        await note(connection, actor=actor, action="session.ended", target=session.account.name)
    return bool(ended.rowcount)
