"""Mail to the province's SMTP server. What the server says of a recipient for good ends the sending there."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Literal

import aiosmtplib
import orjson

from contracts.adapter import Secrets
from hub.mail.returned import message_id
from hub.outbox.rules import Outcome, Result
from hub.outbox.store import TRY_SECONDS, Claimed
from hub.vault import Vault

#: The secret's name, where the server wants a password.
PASSWORD = "smtp-password"  # noqa: S105

_SECONDS = TRY_SECONDS - 5


@dataclass(frozen=True, slots=True)
class Server:
    """An SMTP server that takes our mail."""

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    sender: str
    username: str | None = None


class MailChannel:
    """hub.outbox.channel.Channel over SMTP."""

    #: To one recipient so many seconds apart at least.
    spacing = 30.0

    def __init__(self, server: Server | None, secrets: Secrets, vault: Vault) -> None:
        self._server, self._secrets, self._vault = server, secrets, vault

    async def carry(self, claimed: Claimed) -> Result:
        at, began = datetime.now(UTC), time.monotonic()
        try:
            async with asyncio.timeout(_SECONDS):
                outcome, status, message = await self._send(claimed)
        except TimeoutError:
            outcome, status, message = Outcome.FAILED, None, "The mail server keeps us waiting."
        return Result(outcome, at, time.monotonic() - began, status=status, message=message)

    async def _send(self, claimed: Claimed) -> tuple[Outcome, int | None, str | None]:
        if self._server is None:
            return Outcome.FAILED, None, "No mail server is set: HUB_SMTP_HOST."
        try:
            password = self._secrets.get(PASSWORD) if self._server.username else None
        except KeyError as missing:
            return Outcome.FAILED, None, str(missing.args[0])
        recipient = claimed.target.decode()
        client = aiosmtplib.SMTP(
            hostname=self._server.host,
            port=self._server.port,
            use_tls=self._server.security == "tls",
            start_tls=self._server.security == "starttls",
            username=self._server.username,
            password=password,
            timeout=_SECONDS,
        )
        try:
            async with client:
                # One recipient for each mail, so that no one's refusal is another's.
                mail = _written(claimed, self._server.sender, recipient, self._vault)
                await client.sendmail(self._server.sender, [recipient], mail)
        except aiosmtplib.SMTPRecipientsRefused as refused:
            # The server's words may hold the address.
            code = refused.recipients[0].code
            if 500 <= code < 600:
                return Outcome.GONE, code, "The recipient is refused for good."
            return Outcome.FAILED, code, "The recipient is refused for now."
        except aiosmtplib.SMTPDataError as error:
            if 500 <= error.code < 600:
                return Outcome.REJECTED, error.code, "The mail is refused for good."
            return Outcome.FAILED, error.code, "The mail is refused for now."
        except aiosmtplib.SMTPResponseException as error:
            return Outcome.FAILED, error.code, f"The mail server refuses us ({type(error).__name__})."
        except (aiosmtplib.SMTPException, OSError) as error:
            return Outcome.FAILED, None, f"The mail server is not there ({type(error).__name__})."
        return Outcome.OK, 250, None


def _written(claimed: Claimed, sender: str, recipient: str, vault: Vault) -> bytes:
    told = orjson.loads(claimed.content)
    mail = EmailMessage()
    mail["From"] = Address(display_name="Trục tích hợp tỉnh Gia Lai", addr_spec=sender)
    mail["To"] = recipient
    mail["Subject"] = told["subject"]
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = message_id(claimed.id, sender.rpartition("@")[2], vault)
    # No holiday notices, please.
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(told["body"])
    return mail.as_bytes()
