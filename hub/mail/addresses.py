"""Whom mail goes to: one destination of the outbox per address, however many write there."""

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.access.audit import note
from hub.db import Database
from hub.masks import mask_email
from hub.outbox.store import Message, New, disable, drop, enable, put
from hub.vault import Vault

MAIL = "mail"

_FIND = text("SELECT id FROM destination WHERE mark = :mark")
_MAKE = text("""
    INSERT INTO destination (kind, mark, target) VALUES ('mail', :mark, :target) ON CONFLICT (mark) DO NOTHING
    RETURNING id
""")
_FIND_HELD = text("SELECT id FROM destination WHERE mark = :mark AND enabled = :enabled FOR NO KEY UPDATE")


class NoSuchAddress(LookupError):
    """Mail was never sent there, or it stands already as it was to be marked."""


def _mark(address: str, vault: Vault) -> bytes:
    return vault.digest(b"mail:" + address.strip().casefold().encode())


async def destination_of(connection: AsyncConnection, address: str, vault: Vault) -> int:
    """The destination for mail to `address`; made where there is none."""
    mark = _mark(address, vault)
    made = await connection.execute(_MAKE, {"mark": mark, "target": vault.seal(address.strip().encode())})
    if (found := made.scalar_one_or_none()) is None:
        found = (await connection.execute(_FIND, {"mark": mark})).scalar_one()
    return int(found)


async def write(
    connection: AsyncConnection, destination: int, *, key: str, subject: str, body: str, vault: Vault
) -> None:
    """Have a mail go out, with the caller's transaction; once for each `key`."""
    content = orjson.dumps({"subject": subject, "body": body})
    await put(connection, [Message(key, MAIL, content)], [New(destination, key)], vault)


async def mark_bounced(database: Database, vault: Vault, address: str, *, actor: str) -> None:
    """Nothing more goes to `address`, as after a bounce that came to a mailbox. Raises NoSuchAddress."""
    await _mark_as(database, vault, address, bounced=True, actor=actor)


async def mark_good(database: Database, vault: Vault, address: str, *, actor: str) -> None:
    """Mail goes to `address` again. What was to go there meanwhile does not. Raises NoSuchAddress."""
    await _mark_as(database, vault, address, bounced=False, actor=actor)


async def _mark_as(database: Database, vault: Vault, address: str, *, bounced: bool, actor: str) -> None:
    async with database.begin() as connection:
        found = await connection.execute(_FIND_HELD, {"mark": _mark(address, vault), "enabled": bounced})
        if (id := found.scalar_one_or_none()) is None:
            raise NoSuchAddress(f"no mail goes to {mask_email(address)}, or it is marked so already")
        await mark_destination(connection, id, bounced=bounced, actor=actor)


async def mark_destination(connection: AsyncConnection, id: int, *, bounced: bool, actor: str) -> None:
    """With the caller's transaction, which holds it."""
    if bounced:
        await disable(connection, [id], "gone")
    else:
        await enable(connection, id)
    await drop(connection, id)
    action = "mail.bounced" if bounced else "mail.good_again"
    await note(connection, actor=actor, action=action, target=f"destination {id}")
