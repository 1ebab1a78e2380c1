"""Mail that comes back by itself, hours after a server took it: about which delivery a notice is (RFC 3464), and
whether it says that there is nobody at the address.

Anybody can write to a mailbox. So the id of each of our mails holds a tag that only we can make, and a notice counts
only where it gives such an id back.
"""

import email
import email.policy
import hmac
import re
from email.message import EmailMessage

from sqlalchemy import text

from hub.db import Database
from hub.mail.addresses import MAIL, mark_destination
from hub.vault import Vault

#: A notice is a few kilobytes, with the mail that came back in it.
LARGEST = 1_000_000

_OURS = re.compile(r"<delivery-([0-9]{1,18})-([0-9a-f]{16})@")
# Of RFC 3463: no such mailbox or system, a mailbox that takes nothing any more. A full one, or one that takes us for
# spam, is somebody's all the same.
_NOBODY = re.compile(r"5\.(?:1\.\d{1,3}|2\.1)")

#: As what a notice holds the mail that it is about, or its head.
_GIVEN_BACK = ("message/rfc822", "message/global", "text/rfc822-headers")

_FIND = text("""
    SELECT t.id
      FROM delivery d JOIN destination t ON t.id = d.destination_id
     WHERE d.id = :delivery AND t.kind = :mail AND t.enabled
       FOR NO KEY UPDATE OF t
""")


def message_id(delivery: int, domain: str, vault: Vault) -> str:
    """The same at each try, so that whoever gets a mail twice sees that it is one."""
    return f"<delivery-{delivery}-{_tag(delivery, vault)}@{domain}>"


def to_nobody(raw: bytes, vault: Vault) -> int | None:
    """The delivery of which the notice `raw` says that there is nobody at its address; None for any other mail."""
    mail = email.message_from_bytes(raw[:LARGEST], policy=email.policy.default)
    parts = list(mail.walk())
    told = [each for each in parts if each.get_content_type() == "message/delivery-status"]
    if not any(_is_nobody(status) for each in told for status in each.walk()):
        return None
    ours = (_OURS.search(_text(each)) for each in parts if each.get_content_type() in _GIVEN_BACK)
    found = next((each for each in ours if each), None)
    if found is None or not hmac.compare_digest(found[2], _tag(int(found[1]), vault)):
        return None
    return int(found[1])


async def take(database: Database, vault: Vault, raw: bytes, *, actor: str) -> bool:
    """Send nothing more to the address that the notice is about. Returns whether there was one."""
    delivery = to_nobody(raw, vault)
    if delivery is None:
        return False
    async with database.begin() as connection:
        found = await connection.execute(_FIND, {"delivery": delivery, "mail": MAIL})
        if (destination := found.scalar_one_or_none()) is None:
            return False
        await mark_destination(connection, int(destination), bounced=True, actor=actor)
    return True


def _tag(delivery: int, vault: Vault) -> str:
    return vault.digest(b"mail-id:%d" % delivery)[:8].hex()


def _is_nobody(status: EmailMessage) -> bool:
    """Of one recipient."""
    return (
        str(status.get("Action", "")).strip().lower() == "failed"
        and _NOBODY.match(str(status.get("Status", "")).strip()) is not None
    )


def _text(part: EmailMessage) -> str:
    return part.as_bytes()[:100_000].decode("ascii", "replace")
