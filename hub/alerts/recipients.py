"""Whom alerts are told: mail addresses and webhooks, each a destination of the outbox, which tries until it arrives."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.alert import CHANGED, TEST
from contracts.subscription import Address, Email
from hub.access.audit import note
from hub.alerts import letters
from hub.alerts.rules import Notice
from hub.alerts.texts import told
from hub.db import Database
from hub.mail.addresses import MAIL, destination_of
from hub.masks import mask_email
from hub.outbox.store import Message, New, enable, put, reckon
from hub.registry import Registry
from hub.subscriptions.endpoint import Endpoint, new_secret
from hub.vault import Vault

#: More is a mistake.
MOST = 50

_WEBHOOK = "webhook"

_ALL = text("""
    SELECT d.id, d.kind, d.target, d.enabled, d.disabled_why, d.failing_since, d.last_success_at, r.made_by, r.made_at
      FROM alert_recipient r JOIN destination d ON d.id = r.destination_id
     ORDER BY d.id
""")
_ONE = text(f"{_ALL.text.replace('ORDER BY d.id', 'AND d.id = :id')} FOR NO KEY UPDATE OF d")
_REACHABLE = text("""
    SELECT d.id, d.kind FROM alert_recipient r JOIN destination d ON d.id = r.destination_id WHERE d.enabled
""")
_MAKE_DESTINATION = text("INSERT INTO destination (kind, target) VALUES ('webhook', :target) RETURNING id")
_MAKE = text("""
    INSERT INTO alert_recipient (destination_id, made_by) VALUES (:id, :made_by) ON CONFLICT DO NOTHING
    RETURNING destination_id
""")
# A mail address may be others' contact, too.
_REMOVE = {
    MAIL: text("DELETE FROM alert_recipient WHERE destination_id = :id"),
    _WEBHOOK: text("DELETE FROM destination WHERE id = :id"),
}
_COUNT = text("SELECT count(*) FROM alert_recipient")


class RecipientWrong(ValueError):
    """There can be none such; the message says what would be right."""


class NoSuchRecipient(LookupError):
    pass


@dataclass(frozen=True, slots=True)
class Recipient:
    id: int
    way: str
    #: A webhook's address; of a mail address as much as lets one recognise it.
    shown: str
    enabled: bool
    disabled_why: str | None
    failing_since: datetime | None
    last_success_at: datetime | None
    made_by: str
    made_at: datetime


class Recipients:
    def __init__(self, database: Database, vault: Vault, *, plain_http: bool) -> None:
        """`plain_http`: whether addresses may be http, as within the province's own network."""
        self._database, self._vault, self._plain_http = database, vault, plain_http

    async def all(self) -> list[Recipient]:
        async with self._database.begin() as connection:
            return [self._shown(row) for row in await connection.execute(_ALL)]

    async def add_mail(self, email: str, *, actor: str) -> None:
        """Raises RecipientWrong."""
        email = _valid(Email, email, "an address such as truc@gialai.gov.vn")
        async with self._database.begin() as connection:
            destination = await destination_of(connection, email, self._vault)
            await self._add(connection, destination, mask_email(email), actor)

    async def add_webhook(self, address: str, *, actor: str) -> str:
        """Its secret, by which it verifies that it is us. Raises RecipientWrong."""
        address = _valid(Address, address, "an address such as https://truc.gialai.gov.vn/alerts")
        if not self._plain_http and not address.startswith("https://"):
            raise RecipientWrong("an address with https://")
        endpoint = Endpoint(address, new_secret())
        async with self._database.begin() as connection:
            target = self._vault.seal(endpoint.target())
            destination = await connection.scalar(_MAKE_DESTINATION, {"target": target})
            await self._add(connection, destination, _host(address), actor)
        return endpoint.secret

    async def remove(self, id: int, *, actor: str) -> None:
        """This, like those below, raises NoSuchRecipient."""
        async with self._database.begin() as connection:
            row = await self._row(connection, id)
            await connection.execute(_REMOVE[row.kind], {"id": id})
            await self._note(connection, row, "removed", actor)

    async def enable(self, id: int, *, actor: str) -> None:
        """Send there again, after it was given up."""
        async with self._database.begin() as connection:
            row = await self._row(connection, id)
            await enable(connection, id)
            await reckon(connection, [id])
            await self._note(connection, row, "enabled", actor)

    async def test(self, id: int, *, actor: str) -> None:
        """Have something go there that only tests."""
        key = f"alert-test-{uuid4().hex}"
        async with self._database.begin() as connection:
            row = await self._row(connection, id)
            content = letters.test_mail() if row.kind == MAIL else letters.test_event(key)
            message = Message(key, MAIL if row.kind == MAIL else TEST, content)
            await put(connection, [message], [New(id, key)], self._vault)
            await self._note(connection, row, "tested", actor)

    async def _add(self, connection: AsyncConnection, destination: int, shown: str, actor: str) -> None:
        made = await connection.scalar(_MAKE, {"id": destination, "made_by": actor})
        if made is None:
            raise RecipientWrong("an address that is told already needs no second entry")
        if await connection.scalar(_COUNT) > MOST:
            raise RecipientWrong(f"{MOST} recipients at most")
        detail = {"to": shown}
        await note(connection, actor=actor, action="alert_recipient.added", target=str(destination), detail=detail)

    async def _row(self, connection: AsyncConnection, id: int) -> Row[Any]:
        row = (await connection.execute(_ONE, {"id": id})).one_or_none()
        if row is None:
            raise NoSuchRecipient(f"there is no recipient {id}")
        return row

    async def _note(self, connection: AsyncConnection, row: Row[Any], action: str, actor: str) -> None:
        shown = self._shown(row).shown
        detail = {"to": shown if row.kind == MAIL else _host(shown)}
        await note(connection, actor=actor, action=f"alert_recipient.{action}", target=str(row.id), detail=detail)

    def _shown(self, row: Row[Any]) -> Recipient:
        target = self._vault.open(row.target)
        return Recipient(
            id=row.id,
            way=row.kind,
            shown=mask_email(target.decode()) if row.kind == MAIL else Endpoint.of(target).address,
            enabled=row.enabled,
            disabled_why=row.disabled_why,
            failing_since=row.failing_since,
            last_success_at=row.last_success_at,
            made_by=row.made_by,
            made_at=row.made_at,
        )


async def tell(connection: AsyncConnection, notice: Notice, registry: Registry, vault: Vault) -> bool:
    """Have all who can be reached be told, with the caller's transaction. False where there is nobody."""
    rows = (await connection.execute(_REACHABLE)).all()
    if not rows:
        return False
    opened, resolved = ([told(each, registry) for each in those] for those in (notice.opened, notice.resolved))
    key = f"alerts-{uuid4().hex}"
    keys = {MAIL: f"{key}-mail", _WEBHOOK: key}
    messages = [
        Message(keys[MAIL], MAIL, letters.mail(opened, resolved)),
        Message(key, CHANGED, letters.event(key, opened, resolved)),
    ]
    wanted = {row.kind for row in rows}
    await put(
        connection,
        [each for each in messages if any(each.key == keys[kind] for kind in wanted)],
        [New(row.id, keys[row.kind]) for row in rows],
        vault,
    )
    return True


def _host(address: str) -> str:
    """What the audit may keep for ever: the rest of an address is, with many, a secret by which they let in."""
    return urlsplit(address).hostname or ""


def _valid(type: Any, told: str, expected: str) -> str:
    try:
        valid: str = TypeAdapter(type).validate_python(told.strip())
    except ValidationError:
        raise RecipientWrong(expected) from None
    return valid
