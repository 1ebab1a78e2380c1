"""Mail from the outbox to a real SMTP server: once for each key, spaced, and no more to who is not there."""

import asyncio
import email
import email.policy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from cryptography.fernet import Fernet

from hub.db import Database
from hub.mail import addresses
from hub.mail.addresses import NoSuchAddress, destination_of, mark_bounced, mark_good, write
from hub.mail.channel import MailChannel, Server
from hub.mail.returned import take
from hub.outbox.store import Outbox
from hub.subscriptions.owners import teller
from hub.vault import Vault
from sync_jobs.courier import Courier
from tests.adapters.servers import Told
from tests.hub.subscriptions.conftest import Stage, stage, until  # noqa: F401  (the fixture)
from tests.hub.subscriptions.receiver import receiving
from tests.parts import NamedSecrets

TO = "can.bo@so.example"


class Mailboxes:
    """What aiosmtpd asks: it takes what comes, unless it is told what to say instead."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.at_recipient = "250 OK"
        self.at_data = "250 OK"

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.at_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.at_recipient

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        if self.at_data.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return self.at_data


#: Tags mails as the fixture `vault` does.
TAGS = Vault(seal_keys=Fernet.generate_key().decode(), digest_key="0" * 64)


@asynccontextmanager
async def mail_server() -> AsyncIterator[tuple[Mailboxes, MailChannel]]:
    mailboxes = Mailboxes()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(mailboxes, hostname="mail.test", loop=loop), "127.0.0.1", 0)
    try:
        port = server.sockets[0].getsockname()[1]
        server_there = Server("127.0.0.1", port, "none", "hub@gialai.example")
        yield mailboxes, MailChannel(server_there, NamedSecrets(), TAGS)
    finally:
        server.close()


def outbox_of(database: Database, vault: Vault, spacing: float = 0.0) -> Outbox:
    return Outbox(database, vault, spacing={"mail": spacing})


async def carry(outbox: Outbox, channel: MailChannel) -> int:
    """Try what is due once. Returns how many."""
    claimed = [each for ailing in (False, True) for each in await outbox.claim(["mail"], most=10, ailing=ailing)]
    if claimed:
        await outbox.conclude([(each, await channel.carry(each)) for each in claimed])
    return len(claimed)


async def have(database: Database, vault: Vault, key: str, to: str = TO) -> None:
    async with database.begin() as connection:
        destination = await destination_of(connection, to, vault)
        await write(connection, destination, key=key, subject="Đã tắt", body="Kính gửi…", vault=vault)


async def test_a_mail_is_written_once_and_says_who_it_is(database: Database, vault: Vault) -> None:
    async with mail_server() as (mailboxes, channel):
        for _ in range(3):
            await have(database, vault, "notice-1")
        outbox = outbox_of(database, vault)
        while await carry(outbox, channel):
            pass
    [mail] = mailboxes.mails
    assert (mail["To"], mail["Subject"], mail.get_content()) == (TO, "Đã tắt", "Kính gửi…\r\n")
    assert mail["Message-ID"].startswith("<delivery-") and mail["Message-ID"].endswith("@gialai.example>")
    assert mail["Auto-Submitted"] == "auto-generated"
    [row] = await database.reads.fetch("SELECT target FROM destination")
    assert b"so.example" not in row["target"]


async def test_one_recipient_gets_one_at_a_time_and_others_do_not_wait(database: Database, vault: Vault) -> None:
    async with mail_server() as (mailboxes, channel):
        for number in range(3):
            await have(database, vault, f"notice-{number}")
        await have(database, vault, "another", "nguoi.khac@so.example")
        outbox = outbox_of(database, vault, spacing=MailChannel.spacing)
        while await carry(outbox, channel):
            pass
        assert sorted(mail["To"] for mail in mailboxes.mails) == [TO, "nguoi.khac@so.example"]
        await database.reads.execute("UPDATE destination SET held_until = NULL, next_due_at = now()")
        assert await carry(outbox, channel) == 1


async def test_an_address_that_is_refused_for_good_gets_nothing_more(database: Database, vault: Vault) -> None:
    async with mail_server() as (mailboxes, channel):
        mailboxes.at_recipient = "550 5.1.1 no such user can.bo@so.example"
        await have(database, vault, "notice-1")
        outbox = outbox_of(database, vault)
        await carry(outbox, channel)
        mailboxes.at_recipient = "250 OK"
        await have(database, vault, "notice-2")
        await database.reads.execute("UPDATE destination SET held_until = NULL, next_due_at = now()")
        assert await carry(outbox, channel) == 0
    [row] = await database.reads.fetch("SELECT enabled, disabled_why FROM destination")
    assert (row["enabled"], row["disabled_why"]) == (False, "gone")
    [tried] = await database.reads.fetch("SELECT outcome, status, message FROM attempt")
    assert (tried["outcome"], tried["status"]) == ("gone", 550)
    assert "can.bo" not in tried["message"]


@pytest.mark.parametrize(
    ("at_recipient", "at_data", "outcome", "state"),
    [
        ("450 4.2.1 busy", "250 OK", "failed", "open"),
        ("250 OK", "451 4.3.0 later", "failed", "open"),
        ("250 OK", "554 5.6.0 not that", "rejected", "failed"),
    ],
)
async def test_what_the_server_says_is_what_follows(
    database: Database, vault: Vault, at_recipient: str, at_data: str, outcome: str, state: str
) -> None:
    async with mail_server() as (mailboxes, channel):
        mailboxes.at_recipient, mailboxes.at_data = at_recipient, at_data
        await have(database, vault, "notice-1")
        await carry(outbox_of(database, vault), channel)
    [tried] = await database.reads.fetch("SELECT outcome FROM attempt")
    [row] = await database.reads.fetch("SELECT state, next_try_at - now() AS pause FROM delivery")
    assert (tried["outcome"], row["state"]) == (outcome, state)
    if state == "open":
        assert timedelta(seconds=2) < row["pause"] < timedelta(seconds=7)


async def test_a_server_that_is_away_is_tried_again(database: Database, vault: Vault) -> None:
    channel = MailChannel(Server("127.0.0.1", 9, "none", "hub@gialai.example"), NamedSecrets(), vault)
    await have(database, vault, "notice-1")
    await carry(outbox_of(database, vault), channel)
    [row] = await database.reads.fetch("SELECT d.state, t.enabled FROM delivery d JOIN destination t ON true")
    assert (row["state"], row["enabled"]) == ("open", True)


async def test_a_bounce_that_came_to_a_mailbox_is_marked_by_hand(database: Database, vault: Vault) -> None:
    await have(database, vault, "notice-1")
    await mark_bounced(database, vault, TO.upper(), actor="cli:test")
    async with mail_server() as (mailboxes, channel):
        outbox = outbox_of(database, vault)
        assert await carry(outbox, channel) == 0
        with pytest.raises(NoSuchAddress) as told:
            await mark_bounced(database, vault, TO, actor="cli:test")
        assert "can.bo" not in str(told.value)
        await mark_good(database, vault, TO, actor="cli:test")
        await have(database, vault, "notice-2")
        assert await carry(outbox, channel) == 1
    assert len(mailboxes.mails) == 1
    audit = await database.reads.fetch("SELECT action, target FROM audit ORDER BY id")
    assert [row["action"] for row in audit] == ["mail.bounced", "mail.good_again"]
    assert addresses.MAIL == "mail" and "so.example" not in str(audit)


NOTICE = """\
From: MAILER-DAEMON@mail.test
To: hub@gialai.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I'm sorry to have to inform you that your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.test

Final-Recipient: rfc822; can.bo@so.example
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 user unknown

--b
Content-Type: {kind}

From: hub@gialai.example
Message-ID: {message_id}
Subject: x

--b--
"""


@pytest.mark.parametrize(
    ("changed", "marked"),
    [
        ({}, True),
        ({"kind": "text/rfc822-headers"}, True),
        ({"status": "5.2.1"}, True),
        ({"status": "5.2.2"}, False),
        ({"action": "delayed", "status": "4.4.1"}, False),
        # Made up by somebody: the number is guessed, and the tag cannot be.
        ({"message_id": "<delivery-1-0000000000000000@gialai.example>"}, False),
        ({"message_id": "<somebody's@else.example>"}, False),
        ({"kind": "text/plain"}, False),
    ],
)
async def test_a_mail_that_comes_back_ends_the_sending_there(
    database: Database, vault: Vault, changed: dict[str, str], marked: bool
) -> None:
    async with mail_server() as (mailboxes, channel):
        await have(database, vault, "notice-1")
        outbox = outbox_of(database, vault)
        assert await carry(outbox, channel) == 1
        told = {"action": "failed", "status": "5.1.1", "kind": "message/rfc822"}
        notice = NOTICE.format(**told | {"message_id": mailboxes.mails[0]["Message-ID"]} | changed).encode()
        assert await take(database, vault, notice, actor="cli:mail") is marked
        # Told twice, it is marked once.
        assert await take(database, vault, notice, actor="cli:mail") is False
        await have(database, vault, "notice-2")
        assert await carry(outbox, channel) == (0 if marked else 1)


@pytest.mark.parametrize(
    "raw", [b"", b"\xff\x00\r\n\r\n", b"Content-Type: message/delivery-status\n\nAction: failed\n"]
)
async def test_what_is_no_notice_is_let_be(database: Database, vault: Vault, raw: bytes) -> None:
    assert await take(database, vault, raw, actor="cli:mail") is False


async def test_the_owner_of_a_disabled_endpoint_is_told_once(stage: Stage) -> None:  # noqa: F811
    async with mail_server() as (mailboxes, channel), receiving(answer=lambda _: Told("", status=410)) as receiver:
        made, _ = await stage.subscribe(receiver.address, name="Một cửa", email=TO)
        tell = teller(stage.vault)
        outbox = Outbox(stage.database, stage.vault, spacing={"mail": 30.0}, on_disabled=tell)
        courier = Courier(stage.database, stage.fan_out(), outbox, {"webhook": stage.channel, "mail": channel})
        running = asyncio.create_task(courier.run())
        await stage.changes(3)

        async def mailed() -> bool:
            return bool(mailboxes.mails)

        await until(mailed)
        await asyncio.sleep(0.5)
        courier.stop()
        await running
    [mail] = mailboxes.mails
    body = mail.get_content()
    assert mail["To"] == TO
    assert "đã bị tắt" in mail["Subject"]
    assert "Một cửa" in body and f"POST /v1/subscriptions/{made.id}/enable" in body and "410" in body
