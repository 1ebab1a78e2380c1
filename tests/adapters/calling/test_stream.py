"""Big answers that come in parts, pieces of work that are no HTTP, and the gate before all of them."""

import asyncio
import gzip
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from adapters.calling.client import KEPT_BYTES, Client, RawAnswer, Request, Stream
from contracts.adapter import Priority
from contracts.errors import (
    AgencyFailure,
    Malformed,
    NotFound,
    Rejected,
    Throttled,
    TimedOut,
    Unauthorized,
    Unreachable,
    Withheld,
)
from contracts.system import Limits
from tests.adapters.calls import ONCE, ListedGate, Records, call, peer
from tests.adapters.servers import Talk, Told, answering, read_request, talking


@asynccontextmanager
async def streaming(
    address: str,
    limits: Limits = ONCE,
    *,
    records: Records | None = None,
    gate: ListedGate | None = None,
    secrets: tuple[str, ...] = (),
) -> AsyncIterator[Stream]:
    async with (
        Client(records, gate) as client,
        client.stream(
            peer(limits),
            Request("GET", address, secrets=secrets),
            operation="changes",
            priority=Priority.RECONCILE,
            repeatable=True,
        ) as answer,
    ):
        yield answer


async def whole(answer: Stream, then: Exception | None = None) -> bytes:
    body = b"".join([chunk async for chunk in answer.chunks()])
    if then:
        raise then
    return body


def slowly(*parts: bytes, pause: float = 0, end: bool = True) -> Talk:
    """Sends a chunked answer of `parts`, with a pause before each."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await read_request(reader):
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for part in parts:
                await asyncio.sleep(pause)
                writer.write(b"%x\r\n%b\r\n" % (len(part), part))
                await writer.drain()
            if not end:
                return
            writer.write(b"0\r\n\r\n")
            await writer.drain()

    return talk


# --- streams ------------------------------------------------------------------------------------------------


async def test_an_answer_comes_in_parts_and_its_beginning_is_kept() -> None:
    body = os.urandom(1_000_000)
    told = Told(gzip.compress(body), headers=(("Content-Encoding", "gzip"), ("Date", "Mon, 23 Nov 2026 01:00:00 GMT")))
    records = Records()
    async with answering(lambda _: told) as address, streaming(address, records=records) as answer:
        assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
        assert answer.agency_time is not None
        assert records == []
        chunks = [chunk async for chunk in answer.chunks()]
    assert len(chunks) > 1
    assert b"".join(chunks) == body
    [record] = records
    assert (record.outcome, record.status, record.response_bytes) == ("ok", 200, len(body))
    assert record.response == body[:KEPT_BYTES]


async def test_the_reader_may_take_longer_than_the_agency() -> None:
    async with (
        talking(slowly(b"a", b"b")) as address,
        streaming(address, Limits(attempts=1, total_seconds=0.4)) as answer,
    ):
        read = []
        async for chunk in answer.chunks():
            read.append(chunk)
            await asyncio.sleep(0.3)
    assert b"".join(read) == b"ab"


async def test_the_agency_may_not_however_often_it_gives_a_little() -> None:
    records = Records()
    async with talking(slowly(*[b"x"] * 100, pause=0.1)) as address:
        with pytest.raises(TimedOut, match=r"whole answer within 0\.5 s"):
            async with streaming(address, Limits(attempts=1, total_seconds=0.5), records=records) as answer:
                await whole(answer)
    assert [record.outcome for record in records] == ["timed_out"]


@pytest.mark.parametrize(
    ("parts", "max_bytes", "failure", "why"),
    [
        ((b"x" * 600, b"x" * 600), 1000, Malformed, "larger than 1000 bytes"),
        ((b"x",), 1000, Unreachable, "broke off"),
    ],
)
async def test_what_breaks_in_the_middle_is_translated_and_not_repeated(
    parts: tuple[bytes, ...], max_bytes: int, failure: type[AgencyFailure], why: str
) -> None:
    records = Records()
    gate = ListedGate()
    async with talking(slowly(*parts, end=False)) as address:
        with pytest.raises(failure, match=why):
            async with streaming(
                address, Limits(attempts=3, max_bytes=max_bytes), records=records, gate=gate
            ) as answer:
                await whole(answer)
    assert [(record.outcome, record.attempts) for record in records] == [(failure.kind, 1)]
    assert gate.heard == ["turn", failure.kind, "over"]


async def test_until_the_head_has_come_it_is_repeated() -> None:
    told = iter([Told("wait", status=502)])
    records, gate = Records(), ListedGate()
    async with (
        answering(lambda _: next(told, Told("there"))) as address,
        streaming(address, Limits(), records=records, gate=gate) as answer,
    ):
        assert gate.heard == ["turn", "unreachable", "over", "turn"]
        assert await whole(answer) == b"there"
    assert [(record.outcome, record.attempts, record.response) for record in records] == [("ok", 2, b"there")]
    assert gate.heard[3:] == ["turn", "succeeded", "over"]


async def test_what_the_reader_finds_wrong_is_the_calls_outcome() -> None:
    records, gate = Records(), ListedGate()
    async with answering(lambda _: Told("s3cret words")) as address:
        with pytest.raises(Rejected, match=r"^The agency says: \*\*\*$") as caught:
            async with streaming(address, records=records, gate=gate, secrets=("s3cret",)) as answer:
                await whole(answer, Rejected("The agency says: s3cret"))
    assert caught.value.raw == b"*** words"
    assert [(record.outcome, record.message) for record in records] == [("rejected", "The agency says: ***")]
    assert gate.heard == ["turn", "succeeded", "over"]


async def test_a_reader_that_stops_early_closes_the_call() -> None:
    records = Records()
    async with talking(slowly(*[b"x" * 1000] * 100, pause=0.01)) as address:
        with pytest.raises(ZeroDivisionError):
            async with streaming(address, records=records) as answer:
                assert [1 / 0 async for _ in answer.chunks()]
    assert [record.outcome for record in records] == ["ok"]
    assert records[0].response_bytes < 100_000


# --- the gate -----------------------------------------------------------------------------------------------


async def test_every_attempt_has_a_turn_held_until_the_body_is_read() -> None:
    told = iter([Told("", status=503)])
    gate = ListedGate()

    def understand(_: RawAnswer) -> None:
        gate.heard.append("understood")

    async with answering(lambda _: next(told, Told("ok"))) as address, Client(gate=gate) as client:
        await client.call(
            peer(Limits()),
            Request("GET", address),
            operation="lookup",
            understand=understand,
            priority=Priority.PERSON,
            repeatable=True,
        )
    assert gate.heard == ["turn", "unreachable", "over", "turn", "understood", "succeeded", "over"]


@pytest.mark.parametrize(
    ("failure", "heard"),
    [
        (Rejected("no"), "succeeded"),
        (NotFound("none"), "succeeded"),
        (Malformed("what"), "malformed"),
        (Unauthorized("who"), "unauthorized"),
    ],
)
async def test_a_system_that_says_no_is_well(failure: AgencyFailure, heard: str) -> None:
    gate = ListedGate()

    def understand(_: RawAnswer) -> None:
        raise failure

    async with answering(lambda _: Told("ok")) as address, Client(gate=gate) as client:
        with pytest.raises(type(failure)):
            await client.call(
                peer(),
                Request("GET", address),
                operation="lookup",
                understand=understand,
                priority=Priority.PERSON,
                repeatable=True,
            )
    assert gate.heard == ["turn", heard, "over"]


async def test_what_the_gate_withholds_is_not_sent_nor_tried_again() -> None:
    records = Records()
    with pytest.raises(Withheld) as caught:
        await call("http://127.0.0.1:1", Limits(), records=records, gate=ListedGate(Withheld("It is night there.")))
    assert not caught.value.sent
    assert [(record.outcome, record.attempts) for record in records] == [("withheld", 0)]


async def test_what_came_of_trying_says_more_than_that_we_may_not_try_again() -> None:
    records = Records()
    gate = ListedGate(None, Withheld("The breaker is open."))
    async with answering(lambda _: Told("", status=502)) as address:
        with pytest.raises(Unreachable) as caught:
            await call(address, Limits(), records=records, gate=gate)
    assert caught.value.sent
    assert [(record.outcome, record.status, record.attempts) for record in records] == [("unreachable", 502, 1)]


async def test_waiting_at_the_gate_is_waiting() -> None:
    class SlowGate(ListedGate):
        @asynccontextmanager
        async def turn(self, *given: object, wait_seconds: float) -> AsyncIterator[ListedGate]:
            assert wait_seconds <= 0.5
            await asyncio.sleep(0.45)
            yield self

    async with talking(slowly(b"x", pause=0.2)) as address:
        with pytest.raises(TimedOut):
            await call(address, Limits(attempts=1, total_seconds=0.5), gate=SlowGate())


# --- whether the agency may have had it ---------------------------------------------------------------------


async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)


@pytest.mark.parametrize("sent", [True, False])
async def test_what_must_not_be_repeated_is_tried_again_only_if_it_was_never_sent(sent: bool) -> None:
    records = Records()
    async with talking(hangs_up) as address:
        if not sent:
            address = "http://127.0.0.1:1"
        with pytest.raises(Unreachable) as caught:
            await call(address, Limits(attempts=2), records=records, repeatable=False)
    assert caught.value.sent is sent
    assert records[0].attempts == (1 if sent else 2)


async def test_an_earlier_attempt_that_was_sent_is_not_forgotten() -> None:
    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        server.close()
        writer.close()

    records = Records()
    server = await asyncio.start_server(once, "127.0.0.1", 0)
    with pytest.raises(Unreachable, match="no connection") as caught:
        await call("http://{}:{}".format(*server.sockets[0].getsockname()), Limits(attempts=2), records=records)
    assert records[0].attempts == 2
    assert caught.value.sent


# --- work that is no HTTP -----------------------------------------------------------------------------------


async def carried(work: Callable[[], object], limits: Limits, records: Records, gate: ListedGate) -> object:
    async def awaited() -> object:
        return work()

    async with Client(records, gate) as client:
        return await client.carry(
            awaited,
            peer(limits),
            operation="files",
            method="LIST",
            address="/drop",
            priority=Priority.INCREMENTAL,
            repeatable=True,
        )


async def test_other_work_goes_by_the_same_rules() -> None:
    records, gate = Records(), ListedGate()
    outcomes = iter([Unreachable("The server is not there."), "a.csv"])

    def work() -> object:
        outcome = next(outcomes)
        if isinstance(outcome, AgencyFailure):
            raise outcome
        return outcome

    assert await carried(work, Limits(), records, gate) == "a.csv"
    [record] = records
    assert (record.method, record.address, record.outcome, record.attempts) == ("LIST", "/drop", "ok", 2)
    assert gate.heard == ["turn", "unreachable", "over", "turn", "succeeded", "over"]


async def test_other_work_that_hangs_is_timed_out() -> None:
    records = Records()
    async with Client(records) as client:
        with pytest.raises(TimedOut):
            await client.carry(
                lambda: asyncio.sleep(60),
                peer(Limits(attempts=1, total_seconds=0.1)),
                operation="files",
                method="LIST",
                address="/drop",
                priority=Priority.INCREMENTAL,
                repeatable=True,
            )
    assert [record.outcome for record in records] == ["timed_out"]


async def test_a_wait_asked_for_within_the_answer_is_kept_too() -> None:
    records, gate = Records(), ListedGate()
    failures = iter([Throttled("Busy.", retry_after=0.1)])

    def work() -> object:
        for failure in failures:
            raise failure
        return "ok"

    assert await carried(work, Limits(), records, gate) == "ok"
    assert records[0].attempts == 2
    assert records[0].seconds >= 0.1
