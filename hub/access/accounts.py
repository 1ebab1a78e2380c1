"""The accounts of people who keep the hub: who they are, what they may do, and what proves that it is they.

A person's password is kept as an argon2id hash, the secret of their authenticator sealed. Both are set by themselves,
with a one-time password that an admin, or whoever is at the hub's terminal, has made for them. Instead of the password
an identity provider may tell who they are; of its name for them only a digest is kept.
"""

import asyncio
import re
import secrets
import time
import unicodedata
from base64 import b64encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import RowMapping, delete, extract, func, insert, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.access.audit import note
from hub.access.id_token import Identity
from hub.access.keys import hash_of
from hub.access.roles import Role
from hub.access.scopes import Caller
from hub.access.tables import account, admin_session, one_time_password
from hub.db import Database
from hub.vault import Vault

ONE_TIME_LIFETIME = timedelta(hours=24)

#: NIST SP 800-63B asks for length, not for kinds of characters.
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 200

#: So often a code may be wrong in a row; then each time doubles for how long none is looked at. Only who knows the
#: password comes so far.
FREE_MISTAKES, LONGEST_WAIT_SECONDS = 5, 900

# No 0/O, 1/I/L: the password is read off a screen and typed. 20 letters of 31 are 99 bits.
_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
_NAME = re.compile(r"[a-z][a-z0-9.-]{1,39}")
_STEP_SECONDS = 30

_HASHER = PasswordHasher()
#: Of nobody: that there is no account of a name takes as long to find out as that its password is another.
#: Salt and hash are drawn: to hash something would take every command a quarter of a second before it begins.
_NOBODYS = "$argon2id$v=19$m={},t={},p={}${}${}".format(
    *(_HASHER.memory_cost, _HASHER.time_cost, _HASHER.parallelism),
    *(b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (_HASHER.salt_len, _HASHER.hash_len)),
)

# Any number will do: "people" on a phone's keys.
_LOCK = 736753

_CODE_MISTAKEN = text("""
    UPDATE account
       SET mistakes = mistakes + 1,
           closed_until = CASE WHEN mistakes + 1 >= :free
                               THEN now() + make_interval(secs => least(2 ^ least(mistakes + 1 - :free, 20), :most))
                          END
     WHERE id = :id
""")
_BOUNDS = {"free": FREE_MISTAKES, "most": LONGEST_WAIT_SECONDS}


class AccountWrong(Exception):
    """What was asked of an account cannot be; `field` is what was wrong, the message says what would be right."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class NoAccount(AccountWrong):
    """Nobody has an account of that name."""

    def __init__(self, name: str) -> None:
        super().__init__("name", f"there is no account {name}")


class Closed(Exception):
    """Nobody's code is looked at for a while, because whoever has the password was wrong too often."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"closed for {seconds:.0f} s")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who keeps the hub."""

    id: int
    name: str
    role: Role
    #: The only agencies that are theirs to keep; None for all.
    agencies: tuple[str, ...] | None
    created_at: datetime
    last_signed_in_at: datetime | None
    ended_at: datetime | None
    #: Whether they have begun: chosen a password and set up an authenticator, or been told by the identity provider.
    enrolled: bool
    #: Whether the provider tells who they are.
    by_provider: bool

    @classmethod
    def of(cls, row: Mapping[str, Any] | RowMapping) -> Self:
        """From its row of `account`."""
        return cls(
            row["id"],
            row["name"],
            Role(row["role"]),
            None if row["agencies"] is None else tuple(row["agencies"]),
            row["created_at"],
            row["last_signed_in_at"],
            row["ended_at"],
            row["password_hash"] is not None or row["identity"] is not None,
            row["identity"] is not None,
        )

    @property
    def caller(self) -> Caller:
        """As who they are where scopes are asked for."""
        return Caller(f"person:{self.name}", self.role.scopes, self.agencies)


class Accounts:
    def __init__(self, database: Database, vault: Vault) -> None:
        self._database, self._vault = database, vault

    async def all(self) -> list[Account]:
        async with self._database.begin() as connection:
            rows = await connection.execute(select(account).order_by(account.c.ended_at.is_not(None), account.c.name))
            return [Account.of(row) for row in rows.mappings()]

    async def are_there_none(self) -> bool:
        """Whether the first sign-in is still to come."""
        return not await self._database.reads.fetchval("SELECT EXISTS (SELECT FROM account WHERE ended_at IS NULL)")

    async def invite(self, name: str, role: Role, agencies: Collection[str] | None, *, actor: str) -> str:
        """A new account, and the one-time password with which its owner begins. Raises AccountWrong."""
        check_name(name)
        _check_agencies(role, agencies)
        async with self._database.begin() as connection:
            made = await connection.scalar(
                text("""
                    INSERT INTO account (name, role, agencies) VALUES (:name, :role, :agencies)
                    ON CONFLICT (name) DO NOTHING RETURNING id
                """),
                {"name": name, "role": role, "agencies": _told(agencies)},
            )
            if made is None:
                raise AccountWrong("name", f"there is an account {name} already")
            detail = {"role": role, "agencies": _told(agencies)}
            await note(connection, actor=actor, action="account.invited", target=name, detail=detail)
            return await new_one_time_password(connection, made)

    async def new_password(self, name: str, *, actor: str) -> str:
        """A one-time password for somebody who has lost theirs, or their authenticator. Until they use it what they
        have stays good. Raises AccountWrong."""
        async with self._database.begin() as connection:
            found = await self._named(connection, name)
            await note(connection, actor=actor, action="account.password_made", target=name)
            return await new_one_time_password(connection, found.id)

    async def change(self, name: str, role: Role, agencies: Collection[str] | None, *, actor: str) -> None:
        """From their next click on. Raises AccountWrong."""
        _check_agencies(role, agencies)
        async with self._database.begin() as connection:
            before = await self._named(connection, name)
            if before.role is Role.ADMIN and role is not Role.ADMIN:
                await _another_admin(connection, before.id)
            values = {"role": role, "agencies": _told(agencies)}
            await connection.execute(update(account).where(account.c.id == before.id).values(values))
            told = {"before": {"role": before.role, "agencies": _told(before.agencies)}, "after": values}
            await note(connection, actor=actor, action="account.changed", target=name, detail=told)

    async def end(self, name: str, *, actor: str) -> None:
        """No more of them, and of all their sessions. The name stays taken, for it is in the audit. Raises
        AccountWrong."""
        async with self._database.begin() as connection:
            found = await self._named(connection, name)
            if found.role is Role.ADMIN:
                await _another_admin(connection, found.id)
            # Who was told by that identity may be invited again, by another name.
            ended = {"ended_at": func.now(), "identity": None}
            await connection.execute(update(account).where(account.c.id == found.id).values(ended))
            for table in (admin_session, one_time_password):
                await connection.execute(delete(table).where(table.c.account_id == found.id))
            await note(connection, actor=actor, action="account.ended", target=name)

    async def enrol(
        self, connection: AsyncConnection, id: int | None, *, name: str, password: str, secret: str, code: str
    ) -> Account:
        """Set what proves that it is they. `id`: None for the first of all, who is an admin of that name; `secret`:
        of the authenticator, which has told `code`. Raises AccountWrong."""
        if id is None:
            check_name(name)
        password = _typed_alike(password)
        check_password(password, name)
        step = _step_of(secret, code, after=0)
        if step is None:
            raise AccountWrong("code", "the code is not the one your authenticator shows now")
        proofs = {
            "password_hash": await asyncio.to_thread(_HASHER.hash, password),
            "identity": None,
            "totp_secret": self._vault.seal(secret.encode()),
            "totp_step": step,
            "mistakes": 0,
            "closed_until": None,
            "last_signed_in_at": func.now(),
        }
        if id is None:
            made = insert(account).values(name=name, role=Role.ADMIN, **proofs).returning(account)
            row = (await connection.execute(made)).mappings().one()
        else:
            done = update(account).where(account.c.id == id).values(proofs).returning(account)
            row = (await connection.execute(done)).mappings().one()
            # Whoever had the old proofs is out.
            await connection.execute(delete(admin_session).where(admin_session.c.account_id == id))
        await note(connection, actor=f"person:{row['name']}", action="account.enrolled", target=row["name"])
        return Account.of(row)

    def digest_of(self, identity: Identity) -> bytes:
        return self._vault.digest(f"identity {identity.issuer} {identity.subject}".encode())

    async def link(
        self, connection: AsyncConnection, id: int, identity: bytes, *, secret: str | None = None, code: str = ""
    ) -> Account:
        """From now on the provider tells that it is they, and nothing else does. `secret`: of the authenticator, which
        has told `code`, where the provider told of one factor alone. Raises AccountWrong."""
        step = _step_of(secret, code, after=0) if secret else 0
        if step is None:
            raise AccountWrong("code", "the code is not the one your authenticator shows now")
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        others = select(account.c.id).where(account.c.identity == identity, account.c.id != id)
        if (await connection.execute(others)).first():
            raise AccountWrong("identity", "another account comes in by this one of the provider's")
        values = {
            "identity": identity,
            "password_hash": None,
            "totp_secret": self._vault.seal(secret.encode()) if secret else None,
            "totp_step": step,
            "mistakes": 0,
            "closed_until": None,
            "last_signed_in_at": func.now(),
        }
        done = update(account).where(account.c.id == id).values(values).returning(account)
        linked = Account.of((await connection.execute(done)).mappings().one())
        # Whoever had the old proofs is out.
        await connection.execute(delete(admin_session).where(admin_session.c.account_id == id))
        detail = {"second_factor": "authenticator" if secret else "provider"}
        await note(connection, actor=linked.caller.name, action="account.linked", target=linked.name, detail=detail)
        return linked

    async def by_identity(self, connection: AsyncConnection, identity: bytes) -> tuple[Account, bool] | None:
        """Whom the provider told of, and whether they have an authenticator for us."""
        found = await connection.execute(
            select(account).where(account.c.identity == identity, account.c.ended_at.is_(None)).with_for_update()
        )
        row = found.mappings().one_or_none()
        return (Account.of(row), row["totp_secret"] is not None) if row else None

    async def by_password(self, name: str, password: str) -> Account | None:
        """Whose password it is. Whoever lets people try counts how often they do (hub.admin.coming_in)."""
        async with self._database.begin() as connection:
            found = await connection.execute(
                select(account).where(account.c.name == name, account.c.ended_at.is_(None))
            )
            row = found.mappings().one_or_none()
        if not await asyncio.to_thread(_is_right, row["password_hash"] if row else None, _typed_alike(password)):
            return None
        return Account.of(row) if row else None

    async def confirm(self, connection: AsyncConnection, id: int, code: str) -> Account | None:
        """Whether it is the code that their authenticator shows now; each is good once. Raises Closed."""
        found = await connection.execute(
            select(account, extract("epoch", account.c.closed_until - func.now()).label("closed_for"))
            .where(account.c.id == id, account.c.ended_at.is_(None))
            .with_for_update()
        )
        row = found.mappings().one_or_none()
        if row is None or row["totp_secret"] is None:
            return None
        if row["closed_for"] is not None and row["closed_for"] > 0:
            raise Closed(float(row["closed_for"]))
        step = _step_of(self._vault.open(row["totp_secret"]).decode(), code, after=row["totp_step"])
        if step is None:
            await connection.execute(_CODE_MISTAKEN, {"id": id, **_BOUNDS})
            return None
        values = {"totp_step": step, "mistakes": 0, "closed_until": None, "last_signed_in_at": func.now()}
        done = await connection.execute(update(account).where(account.c.id == id).values(values).returning(account))
        return Account.of(done.mappings().one())

    async def _named(self, connection: AsyncConnection, name: str) -> Account:
        # One after the other: else two admins could end each other.
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        found = await connection.execute(
            select(account).where(account.c.name == name, account.c.ended_at.is_(None)).with_for_update()
        )
        if row := found.mappings().one_or_none():
            return Account.of(row)
        raise NoAccount(name)


async def new_one_time_password(connection: AsyncConnection, account_id: int | None) -> str:
    """A password that lets its owner begin once, within a day; the one made before for them ends, and who has begun
    with it begins no more. `account_id`: None for whoever is the first."""
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(20))
    password = "-".join(letters[i : i + 5] for i in range(0, 20, 5))
    await connection.execute(
        delete(one_time_password).where(one_time_password.c.account_id.is_not_distinct_from(account_id))
    )
    await connection.execute(
        delete(admin_session).where(
            admin_session.c.step.in_(("begin", "away")), admin_session.c.account_id.is_not_distinct_from(account_id)
        )
    )
    await connection.execute(
        insert(one_time_password).values(
            password_hash=hash_of(password), account_id=account_id, expires_at=func.now() + ONE_TIME_LIFETIME
        )
    )
    return password


def check_name(name: str) -> None:
    """Raises AccountWrong."""
    if not _NAME.fullmatch(name):
        raise AccountWrong(
            "name", "a name is 2 to 40 small letters, digits, dots and hyphens, a letter first: an.nguyen"
        )


def check_password(password: str, name: str) -> None:
    """Raises AccountWrong."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise AccountWrong("password", f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters")
    if len(set(password)) < 5 or (len(name) > 3 and name in password.lower()):
        raise AccountWrong("password", "this password is easy to guess; take four words that have nothing in common")


def _typed_alike(password: str) -> str:
    """An accent may be a letter's or one of its own, as keyboards have it (NIST SP 800-63B, 5.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


def _is_right(password_hash: str | None, password: str) -> bool:
    try:
        return _HASHER.verify(password_hash or _NOBODYS, password[:LONGEST_PASSWORD]) and password_hash is not None
    except (VerifyMismatchError, InvalidHashError):
        return False


def _step_of(secret: str, code: str, *, after: int) -> int | None:
    """The step of time (RFC 6238) of which it is the code: this one, or its neighbours, for clocks differ. None where
    it is none's, or not after the one that was used last."""
    totp, told = pyotp.TOTP(secret), re.sub(r"\s", "", code)[:10].encode()
    now = int(time.time()) // _STEP_SECONDS
    for step in (now - 1, now, now + 1):
        if step > after and secrets.compare_digest(totp.generate_otp(step).encode(), told):
            return step
    return None


def _check_agencies(role: Role, agencies: Collection[str] | None) -> None:
    if agencies is not None and any(scope.is_of_all_agencies for scope in role.scopes):
        raise AccountWrong("agencies", f"{role} is for all agencies: leave them out, or make it an operator or viewer")


async def _another_admin(connection: AsyncConnection, id: int) -> None:
    others = await connection.scalar(
        select(func.count()).where(
            account.c.role == Role.ADMIN,
            account.c.ended_at.is_(None),
            or_(account.c.password_hash.is_not(None), account.c.identity.is_not(None)),
            account.c.id != id,
        )
    )
    if not others:
        raise AccountWrong("role", "nobody else is an admin, and somebody must be")


def _told(agencies: Collection[str] | None) -> list[str] | None:
    return None if agencies is None else sorted(agencies)
