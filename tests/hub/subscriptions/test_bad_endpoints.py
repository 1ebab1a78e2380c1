"""Endpoints that hang, drip, redirect, flood, reset, refuse, or lead elsewhere: each is its own trouble alone."""

import asyncio
import socket
from asyncio import StreamReader as Reader
from asyncio import StreamWriter as Writer
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest

from adapters import Messenger, NotDelivered
from hub.access.scopes import Scope
from hub.outbox.rules import PLAN_SECONDS
from hub.subscriptions.channel import WebhookChannel
from hub.subscriptions.subscriptions import MOST_PER_OWNER
from tests.adapters.servers import Told, read_request
from tests.hub.subscriptions.conftest import LOOPBACK, Stage, until
from tests.hub.subscriptions.receiver import OK, receiving


async def hang(reader: Reader, _: Writer) -> None:
    await reader.read(1)
    await asyncio.sleep(3600)


async def drip_head(reader: Reader, writer: Writer) -> None:
    await read_request(reader)
    for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 3600:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.1)


async def drip_body(reader: Reader, writer: Writer) -> None:
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.1)


async def flood(reader: Reader, writer: Writer) -> None:
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
        await writer.drain()


async def flood_head(reader: Reader, writer: Writer) -> None:
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: " + b"x" * 8000 + b"\r\n")
        await writer.drain()


async def reset(reader: Reader, writer: Writer) -> None:
    await read_request(reader)
    writer.transport.abort()


async def babble(reader: Reader, writer: Writer) -> None:
    await read_request(reader)
    writer.write(b"220 mail.example ESMTP\r\n")
    await writer.drain()


@pytest.mark.parametrize(
    ("talk", "outcome", "message"),
    [
        (hang, "failed", "There was no answer within 2 s."),
        (drip_head, "failed", "There was no answer within 2 s."),
        (drip_body, "ok", None),
        (flood, "ok", None),
        (flood_head, "failed", "It broke off, or does not speak HTTP."),
        (reset, "failed", "It broke off, or does not speak HTTP."),
        (babble, "failed", "It broke off, or does not speak HTTP."),
    ],
)
async def test_whatever_an_endpoint_does_a_try_ends(stage: Stage, talk: Any, outcome: str, message: str | None) -> None:
    async with receiving(talk=talk) as receiver, stage.delivering():
        await stage.subscribe(receiver.address)
        await stage.changes(1)
        [row] = await until(lambda: stage.sql("SELECT outcome, message, answer FROM attempt"))
    assert (row.outcome, row.message) == (outcome, message)
    assert row.answer is None


@pytest.mark.parametrize("status", [100, 199, 300, 301, 302, 307, 308, 400, 401, 403, 404, 500, 502])
async def test_only_2xx_is_success(stage: Stage, status: int) -> None:
    async with receiving() as elsewhere, receiving() as receiver, stage.delivering():
        receiver.answer = lambda _: Told("no", status=status, headers=(("Location", elsewhere.address),))
        await stage.subscribe(receiver.address)
        await stage.changes(1)
        [row] = await until(lambda: stage.sql("SELECT outcome, status FROM attempt"))
    assert row.outcome == "failed"
    # Nothing is followed.
    assert elsewhere.connections == 0


async def test_410_disables_at_once_and_what_waits_is_kept(stage: Stage) -> None:
    async with receiving(answer=lambda _: Told("", status=410)) as receiver, stage.delivering():
        made, _ = await stage.subscribe(receiver.address)
        await stage.changes(1)

        async def disabled() -> bool:
            return not (await stage.told(made)).enabled

        await until(disabled)
        assert (await stage.told(made)).disabled_why == "gone"
        await stage.changes(2, first=1)
        await asyncio.sleep(0.5)
        assert len(receiver.asked) == 1
        receiver.answer = lambda _: OK
        await stage.store.enable(int(made.id), "portal", actor="test")
        await receiver.told(4)
    assert len(set(receiver.ids)) == 3


@pytest.mark.parametrize(
    ("answer", "least", "most"),
    [
        (Told("", status=429, headers=(("Retry-After", "600"),)), 590, 610),
        (Told("", status=503, headers=(("Retry-After", "120"),)), 110, 130),
        (Told("", status=503), 20, 40),
        (Told("", status=429, headers=(("Retry-After", "999999999"),)), 3500, 3700),
    ],
)
async def test_who_asks_for_less_gets_less(stage: Stage, answer: Told, least: float, most: float) -> None:
    async with receiving(answer=lambda _: answer) as receiver, stage.delivering():
        await stage.subscribe(receiver.address)
        await stage.changes(1)
        await until(lambda: stage.sql("SELECT 1 FROM attempt"))
        await stage.changes(5, first=1)
        [row] = await stage.sql("SELECT extract(epoch FROM held_until - now()) AS held, pace FROM destination")
        assert least < row.held < most
        assert row.pace == 1
        # What is new waits as well.
        await asyncio.sleep(0.5)
        assert len(receiver.asked) == 1


async def test_an_endpoint_that_failed_for_all_of_the_plan_is_disabled_and_goes_on_where_it_stopped(
    stage: Stage,
) -> None:
    async with receiving(answer=lambda _: Told("", status=500)) as receiver, stage.delivering():
        made, _ = await stage.subscribe(receiver.address)
        await stage.changes(1)
        await until(lambda: stage.sql("SELECT 1 FROM attempt"))
        await stage.sql("UPDATE destination SET failing_since = now() - make_interval(secs => :s)", s=PLAN_SECONDS)
        await stage.hurry()

        async def disabled() -> bool:
            return not (await stage.told(made)).enabled

        await until(disabled)
        # Somebody takes it out of what is handed on, in time.
        await until(lambda: stage.sql("SELECT 1 FROM subscription WHERE NOT joined"))
        await stage.changes(3, first=1)
        receiver.answer = lambda _: OK
        asked = len(receiver.asked)
        told = await stage.store.enable(int(made.id), "portal", actor="test")
        assert told.catching_up
        await receiver.told(asked + 4)
        assert not (await stage.told(made)).catching_up
        await stage.changes(1, first=4)
        await receiver.told(asked + 5)
    assert len(set(receiver.ids)) == 5


async def test_one_event_that_is_always_refused_disables_nobody(stage: Stage) -> None:
    refused: list[str] = []

    def answer(asked: Any) -> Told:
        refused[:] = refused or [asked.headers["webhook-id"]]
        return Told("", status=500) if asked.headers["webhook-id"] == refused[0] else OK

    async with receiving(answer=answer) as receiver, stage.delivering():
        made, _ = await stage.subscribe(receiver.address)
        await stage.changes(5)

        async def given_up() -> bool:
            await stage.hurry()
            return sorted(await stage.states()) == ["done"] * 4 + ["failed"]

        await until(given_up)
        assert (await stage.told(made)).enabled
    assert receiver.ids.count(refused[0]) == 10


async def test_endpoints_that_hang_delay_no_other(stage: Stage) -> None:
    """More of them than there are hands, each with more to get than it may at once."""
    async with (
        Messenger(LOOPBACK, seconds=30) as patient,
        # It ends after those that hang, and so need not wait for them.
        replace(stage, channel=WebhookChannel(patient)).delivering(),
        receiving(talk=hang) as dead,
        receiving() as well,
    ):
        for number in range(150):
            owner = f"owner-{number // MOST_PER_OWNER}"
            if number % MOST_PER_OWNER == 0:
                await stage.keys.create(owner, scopes=[Scope.WEBHOOKS_MANAGE], actor="test")
            await stage.subscribe(dead.address, owner)
        await stage.subscribe(well.address)
        for step in range(30):
            await stage.changes(1, first=step)
            # With each, before the hanging ones have timed out once.
            async with asyncio.timeout(25):
                await well.told(step + 1)
    assert dead.connections == 150


async def test_an_endpoint_that_fails_gets_one_try_at_a_time_and_ever_fewer(stage: Stage) -> None:
    async with receiving(answer=lambda _: Told("", status=500)) as receiver, stage.delivering():
        await stage.subscribe(receiver.address)
        await stage.changes(60)
        await until(lambda: _failures(stage, 7))
    # However many wait.
    assert len(receiver.asked) < 15


async def _failures(stage: Stage, least: int) -> bool:
    [row] = await stage.sql("SELECT failures FROM destination")
    return bool(row.failures >= least)


async def test_of_a_refusal_the_beginning_is_shown_without_anybodys_number(stage: Stage) -> None:
    said = "unknown applicant 064085001234, duc@example.vn, +84 905 123 456: " + "x" * 10_000
    async with receiving(answer=lambda _: Told(said, status=422)) as receiver, stage.delivering():
        await stage.subscribe(receiver.address)
        await stage.changes(1)
        [row] = await until(lambda: stage.sql("SELECT answer FROM attempt"))
    shown = stage.vault.open(row.answer).decode()
    assert shown.startswith("unknown applicant ***, ***, ***: xxx")
    assert len(shown) == 500


# --- where a name leads ---------------------------------------------------------------------------------------


class Names(dict[str, list[list[str]]]):
    """What each name leads to: at each look-up the next, in place of the machine's own."""

    def look_up(self, host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        answers = self[host]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    names = Names()
    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", names.look_up)
        yield names


async def test_a_name_that_leads_inside_is_not_called_even_at_the_second_look_up(names: Names) -> None:
    """Public when it is first looked up, and loopback after: what was looked up is what is checked and called."""
    async with receiving() as inside:
        port = inside.address.rpartition(":")[2]
        names["evil.test"] = [["192.0.2.1"], ["127.0.0.1"]]
        async with Messenger(seconds=5) as messenger:
            for _ in range(3):
                with pytest.raises(NotDelivered, match="does not call"):
                    await messenger.post(f"http://evil.test:{port}/", {}, b"{}")
        assert inside.connections == 0


async def test_a_kept_connection_is_no_way_round_the_check(names: Names) -> None:
    """It leads where it led when it was checked, wherever the name leads by now; and a new one is checked again."""
    async with receiving() as allowed:
        port = allowed.address.rpartition(":")[2]
        names["moving.test"] = [["127.0.0.1"], ["10.0.0.1"]]
        async with Messenger(LOOPBACK, seconds=5) as messenger:
            await messenger.post(f"http://moving.test:{port}/", {}, b"{}")
            await messenger.post(f"http://moving.test:{port}/", {}, b"{}")
            assert allowed.connections == 1
        async with Messenger(LOOPBACK, seconds=5) as messenger:
            with pytest.raises(NotDelivered, match="does not call"):
                await messenger.post(f"http://moving.test:{port}/", {}, b"{}")


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "0.0.0.0"],
)
async def test_addresses_inside_are_not_called_however_they_are_written(host: str) -> None:
    async with receiving() as inside, Messenger(seconds=5) as messenger:
        with pytest.raises(NotDelivered, match="does not call"):
            await messenger.post(f"http://{host}:{inside.address.rpartition(':')[2]}/", {}, b"{}")
        assert inside.connections == 0


async def test_only_the_networks_that_are_named_may_be_called() -> None:
    async with receiving() as inside, Messenger((ip_network("10.0.0.0/8"),), seconds=5) as messenger:
        with pytest.raises(NotDelivered, match="does not call"):
            await messenger.post(inside.address, {}, b"{}")


async def test_what_cannot_be_called_is_said_in_a_sentence(names: Names) -> None:
    names["dead.test"] = [["127.0.0.1"]]
    with socket.socket() as taken:
        # Bound, and nobody listens.
        taken.bind(("127.0.0.1", 0))
        async with Messenger(LOOPBACK, seconds=5) as messenger:
            for address, words in {
                f"http://dead.test:{taken.getsockname()[1]}/": "There is no connection to it.",
                "http://[::1": "Its address is not one that can be called.",
            }.items():
                with pytest.raises(NotDelivered) as failure:
                    await messenger.post(address, {}, b"{}")
                assert str(failure.value) == words
