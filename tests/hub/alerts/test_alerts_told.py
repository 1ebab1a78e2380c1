"""Alerts for real: an agency is taken down and comes up again, and a mailbox and an endpoint are told each once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text

from adapters import Messenger
from contracts.agency import AgencySpec
from hub.alerts import silences
from hub.alerts.reading import known
from hub.alerts.recipients import NoSuchRecipient, Recipients, RecipientWrong
from hub.alerts.rules import Kind
from hub.alerts.texts import told
from hub.alerts.watch import AlertWatch
from hub.db import Database
from hub.outbox.channel import Channel
from hub.outbox.store import Outbox
from hub.registry import Registry
from hub.streams import store
from hub.subscriptions.channel import WebhookChannel
from hub.subscriptions.fan_out import FanOut
from hub.vault import Vault
from sync_jobs.courier import Courier
from sync_jobs.pull import pull
from tests.adapters.servers import Told, read_request
from tests.hub.mail.test_mail import Mailboxes, mail_server
from tests.hub.subscriptions.conftest import LOOPBACK, until
from tests.hub.subscriptions.receiver import Receiver, receiving
from tests.parts import pulled_spec, registry_of
from tests.running import free_port

PORT = free_port()
TO = "truc.hub@gialai.example"


@pytest.fixture
async def registry() -> AsyncIterator[Registry]:
    async with registry_of(spec()) as made:
        yield made


@pytest.fixture
def watch(database: Database, registry: Registry, vault: Vault) -> AlertWatch:
    return AlertWatch(database, registry, vault)


@pytest.fixture
def recipients(database: Database, vault: Vault) -> Recipients:
    return Recipients(database, vault, plain_http=True)


def spec() -> AgencySpec:
    told = pulled_spec("so-tnmt").model_dump(mode="json")
    told["system"] |= {"address": f"http://127.0.0.1:{PORT}", "private": True, "limits": {"attempts": 1}}
    return AgencySpec.model_validate(told)


@asynccontextmanager
async def agency_up() -> AsyncIterator[None]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await read_request(reader):
            writer.write(Told("[]", headers=(("Connection", "close"),)).encoded())
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", PORT)
    try:
        yield
    finally:
        server.close()


async def read(database: Database, registry: Registry, vault: Vault, times: int = 1) -> None:
    adapter = registry.adapter("so-tnmt")
    assert adapter
    for _ in range(times):
        await pull(database, adapter, vault)


async def pass_by(database: Database, seconds: int) -> None:
    """As if so much time had passed for the alerts."""
    columns = ("since", "opened_at", "clear_since", "resolved_at", "told_at", "told_resolved_at")
    changes = ", ".join(f"{each} = {each} - make_interval(secs => :s)" for each in columns)
    async with database.begin() as connection:
        await connection.execute(text(f"UPDATE alert SET {changes}"), {"s": seconds})


@asynccontextmanager
async def carrying(database: Database, registry: Registry, vault: Vault) -> AsyncIterator[tuple[Mailboxes, Receiver]]:
    """A courier, a mailbox and an endpoint."""
    async with mail_server() as (mailboxes, mail), receiving() as receiver, Messenger(LOOPBACK) as messenger:
        outbox = Outbox(database, vault, spacing={})
        channels: dict[str, Channel] = {"mail": mail, "webhook": WebhookChannel(messenger)}
        courier = Courier(database, FanOut(database, registry, vault), outbox, channels)
        running = asyncio.create_task(courier.run())
        try:
            yield mailboxes, receiver
        finally:
            courier.stop()
            await running


async def test_an_agency_goes_down_and_comes_up_and_each_is_told_once(
    database: Database, registry: Registry, vault: Vault, watch: AlertWatch, recipients: Recipients
) -> None:
    await store.ensure(database, [spec()])
    async with carrying(database, registry, vault) as (mailboxes, receiver):
        receiver.secret = await recipients.add_webhook(receiver.address, actor="test")
        await recipients.add_mail(TO, actor="test")
        async with agency_up():
            await read(database, registry, vault)
        await read(database, registry, vault, times=2)
        await watch.look()
        assert not (await known(database)).open, "two failures are the network's"
        await read(database, registry, vault)
        # Known up to an hour ago: that lags follows from that it is down.
        await database.reads.execute("UPDATE stream SET covered_until = now() - interval '1 hour'")
        for _ in range(3):
            await watch.look()
        await pass_by(database, 200)
        for _ in range(3):
            await watch.look()
        opened = (await known(database)).open
        assert [(each.kind, each.cause_id is None) for each in opened] == [(Kind.DOWN, True), (Kind.LAG, False)]

        async def told(count: int) -> bool:
            return len(mailboxes.mails) >= count and len(receiver.events) >= count

        await until(lambda: told(1))
        async with agency_up():
            await read(database, registry, vault)
        await watch.look()
        await pass_by(database, 200)
        for _ in range(3):
            await watch.look()
        assert not (await known(database)).open
        await pass_by(database, 60)
        for _ in range(3):
            await watch.look()
        await until(lambda: told(2))
        await asyncio.sleep(0.5)
    assert [each["data"]["opened"] + each["data"]["resolved"] for each in receiver.events]
    first, second = receiver.events
    assert [each["title_vi"] for each in first["data"]["opened"]] == ["Cơ quan thử: hệ thống không trả lời"]
    assert (first["type"], first["data"]["resolved"]) == ("alerts.changed", [])
    assert [each["kind"] for each in second["data"]["resolved"]] == ["down"]
    assert [mail["Subject"] for mail in mailboxes.mails] == [
        "Cảnh báo: Cơ quan thử: hệ thống không trả lời",
        "Đã hết: Cơ quan thử: hệ thống không trả lời",
    ]
    assert "/admin/agencies/so-tnmt" in mailboxes.mails[0].get_content()
    assert "its system does not answer" in mailboxes.mails[0].get_content()


async def test_what_is_silenced_is_shown_and_told_when_that_ends(
    database: Database, registry: Registry, vault: Vault, watch: AlertWatch, recipients: Recipients
) -> None:
    await store.ensure(database, [spec()])
    await recipients.add_mail(TO, actor="test")
    await read(database, registry, vault, times=3)
    length = timedelta(hours=1)
    await silences.silence(database, agency="so-tnmt", kind="down", length=length, why="bảo trì", actor="an")
    await watch.look()
    await pass_by(database, 60)
    await watch.look()
    shown = await known(database)
    assert [shown.is_silenced(each) for each in shown.open] == [True]
    assert await database.reads.fetchval("SELECT count(*) FROM delivery") == 0
    assert (await known(database, ["ubnd-pleiku"])).open == []
    await silences.end(database, shown.silences[0].id, actor="binh")
    await watch.look()
    assert await database.reads.fetchval("SELECT count(*) FROM delivery") == 1
    lines = await database.reads.fetch("SELECT actor, action FROM audit WHERE action LIKE 'alert.%' ORDER BY id")
    assert [tuple(each) for each in lines] == [("an", "alert.silenced"), ("binh", "alert.silence_ended")]
    with pytest.raises(silences.NoSuchSilence):
        await silences.end(database, shown.silences[0].id, actor="binh")


async def test_as_long_as_there_is_nobody_to_tell_nothing_is_lost(
    database: Database, registry: Registry, vault: Vault, watch: AlertWatch, recipients: Recipients
) -> None:
    await store.ensure(database, [spec()])
    await read(database, registry, vault, times=3)
    await watch.look()
    await pass_by(database, 600)
    await watch.look()
    await recipients.add_mail(TO, actor="test")
    await asyncio.gather(*(watch.look() for _ in range(4)))
    await watch.look()
    assert await database.reads.fetchval("SELECT count(*) FROM delivery") == 1


async def test_recipients_are_kept_and_a_webhook_that_was_given_up_goes_on(
    database: Database, recipients: Recipients
) -> None:
    secret = await recipients.add_webhook("http://127.0.0.1:1/hook?token=of-theirs", actor="an")
    await recipients.add_mail(TO, actor="an")
    for wrong in ("nobody", "a@b", "x" * 300 + "@so.example"):
        with pytest.raises(RecipientWrong):
            await recipients.add_mail(wrong, actor="an")
    with pytest.raises(RecipientWrong):
        await recipients.add_mail(TO.upper(), actor="an")
    with pytest.raises(RecipientWrong):
        await recipients.add_webhook("ftp://so.example", actor="an")
    hook, mail = await recipients.all()
    assert (hook.shown, mail.shown) == ("http://127.0.0.1:1/hook?token=of-theirs", "t***@gialai.example")
    await database.reads.execute("UPDATE destination SET enabled = false, disabled_why = 'gone'")
    await recipients.enable(hook.id, actor="an")
    await recipients.test(hook.id, actor="an")
    assert [each.enabled for each in await recipients.all()] == [True, False]
    await recipients.remove(hook.id, actor="an")
    await recipients.remove(mail.id, actor="an")
    with pytest.raises(NoSuchRecipient):
        await recipients.remove(mail.id, actor="an")
    told = str([dict(row) for row in await database.reads.fetch("SELECT * FROM audit")])
    assert '"to": "127.0.0.1"' in told
    for each in (secret, TO, "of-theirs"):
        assert each not in told


async def test_other_things_that_are_the_matter(database: Database, registry: Registry, watch: AlertWatch) -> None:
    await store.ensure(database, [spec()], ("pull", "reconcile"))
    for statement in (
        "INSERT INTO run (agency, kind, reason, started_at, finished_at, outcome, details) VALUES ('so-tnmt',"
        """ 'reconcile', 'schedule', now(), now(), 'ok', '{"seen": 4000, "missing": 3, "differs": 2}')""",
        "INSERT INTO run (agency, kind, reason, started_at, finished_at, outcome) VALUES ('so-tnmt', 'pull',"
        " 'schedule', now(), now(), 'shape_changed')",
        "UPDATE stream SET failures_in_a_row = 1, last_failure = 'no record tells its status' WHERE kind = 'pull'",
        "INSERT INTO quarantine (agency, digest, channel, reason, value, message, raw)"
        " VALUES ('so-tnmt', 'x', 'pull', 'unknown_status', 'Nguyễn Văn Đức', 'm', 'r')",
        "INSERT INTO secret (name, value, set_by, expires_at) VALUES ('khoa', 'x', 'an', now() + interval '3 days'),"
        " ('later', 'x', 'an', now() + interval '17 days'), ('for-long', 'x', 'an', now() + interval '90 days')",
        "INSERT INTO api_key (name, key_hash, expires_at) VALUES ('cong', 'x', now() + interval '3 days')",
    ):
        await database.reads.execute(statement)
    await watch.look()
    opened = (await known(database)).open
    assert [(each.kind, each.what) for each in opened] == [
        (Kind.SHAPE, "pull"),
        (Kind.DRIFT, ""),
        (Kind.SECRET, "khoa"),
        (Kind.API_KEY, "cong"),
    ]
    await database.reads.execute("UPDATE stream SET failures_in_a_row = 0")
    await watch.look()
    await pass_by(database, 100)
    await watch.look()
    left = (await known(database)).open
    assert (Kind.QUARANTINE, "unknown_status") in [(each.kind, each.what) for each in left]
    assert "Nguyễn" not in str(left)


async def test_webhooks_that_need_a_person(
    database: Database, registry: Registry, vault: Vault, watch: AlertWatch
) -> None:
    for statement in (
        "INSERT INTO inbox (agency, webhook_id, body_digest, state, correlation_id)"
        " VALUES ('so-tnmt', 'hs-1', '', 'applied', 'hs-1'), ('so-tnmt', 'hs-2', '', 'dead', 'hs-2')",
        "INSERT INTO inbox_conflict (inbox_id, body_digest, body)"
        " SELECT id, 'x', 'x' FROM inbox WHERE state = 'applied'",
    ):
        await database.reads.execute(statement)
    await watch.look()
    opened = (await known(database)).open
    assert [(each.kind, each.what) for each in opened] == [(Kind.WEBHOOKS, "conflict"), (Kind.WEBHOOKS, "dead")]
    said = [told(each, registry) for each in opened]
    assert said[0].title_vi.endswith(": 1 webhook mang id cũ mà nội dung khác")
    assert said[1].path == "/admin/inbox?agency=so-tnmt&state=dead"
    # A day later, and once the other was read again.
    await database.reads.execute("UPDATE inbox_conflict SET received_at = received_at - interval '25 hours'")
    await database.reads.execute("UPDATE inbox SET state = 'applied'")
    await watch.look()
    await watch.look()
    assert (await known(database)).open == []
