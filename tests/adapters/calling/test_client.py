"""The one client: bounded, translated, repeated only where safe, recorded without secrets."""

import asyncio
import gzip
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpcore
import pytest
import respx
from structlog.testing import capture_logs

from adapters.calling.client import KEPT_BYTES, Client, RawAnswer, Request
from contracts.adapter import CallRecord, Priority
from contracts.errors import (
    AgencyFailure,
    Malformed,
    NotFound,
    Rejected,
    Throttled,
    TimedOut,
    Unauthorized,
    Unreachable,
)
from contracts.system import Limits
from tests.adapters.calls import Records, call, peer
from tests.adapters.servers import Asked, Talk, Told, answering, read_request, talking

ADDRESS = "http://agency.example/ho-so"


# --- what a status or a broken transport means -------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "headers", "failure"),
    [
        (301, {"Location": "http://elsewhere.example/secret-path?q=1"}, Malformed),
        (304, {}, Malformed),
        (401, {}, Unauthorized),
        (403, {}, Unauthorized),
        (404, {}, NotFound),
        (408, {}, TimedOut),
        (429, {}, Throttled),
        (502, {}, Unreachable),
        (503, {}, Unreachable),
        (503, {"Retry-After": "7"}, Throttled),
        (504, {}, Unreachable),
    ],
)
@respx.mock
async def test_a_status_that_speaks_for_itself(
    status: int, headers: dict[str, str], failure: type[AgencyFailure]
) -> None:
    respx.get(ADDRESS).respond(status, headers=headers, text="<html>wait</html>")
    records = Records()
    with pytest.raises(failure) as caught:
        await call(ADDRESS, records=records)
    assert type(caught.value) is failure
    assert str(status) in caught.value.message
    assert caught.value.raw == b"<html>wait</html>"
    assert (records[0].outcome, records[0].status, records[0].message) == (
        failure.kind,
        status,
        caught.value.message,
    )


@pytest.mark.parametrize("status", [200, 204, 400, 409, 422, 500, 501])
@respx.mock
async def test_an_error_whose_body_must_be_read_is_left_to_the_adapter(status: int) -> None:
    respx.get(ADDRESS).respond(status, text="why")
    assert (await call(ADDRESS)).status == status


@respx.mock
async def test_a_redirect_is_not_followed_and_only_its_host_is_told() -> None:
    respx.get(ADDRESS).respond(302, headers={"Location": "http://elsewhere.example/p?token=1"})
    with pytest.raises(Malformed, match=r"points to elsewhere\.example,") as caught:
        await call(ADDRESS)
    assert "token" not in caught.value.message


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (httpcore.ConnectError("refused"), Unreachable),
        (httpcore.ConnectTimeout("slow"), Unreachable),
        (httpcore.ReadTimeout("slow"), TimedOut),
        (httpcore.WriteTimeout("slow"), TimedOut),
        (httpcore.PoolTimeout("slow"), Unreachable),
        (httpcore.ReadError("reset"), Unreachable),
        (httpcore.WriteError("reset"), Unreachable),
        (httpcore.RemoteProtocolError("gibberish"), Unreachable),
        (httpcore.LocalProtocolError("header 'khóa'"), Malformed),
        (httpcore.UnsupportedProtocol("ftp"), Malformed),
    ],
)
@respx.mock
async def test_every_way_the_library_fails(error: Exception, failure: type[AgencyFailure]) -> None:
    respx.get(ADDRESS).mock(side_effect=error)
    with pytest.raises(failure):
        await call(ADDRESS)


@pytest.mark.parametrize(
    "address", ["http://a:99999/", "ftp://a/", "http://[::1/", "nothing", "http://\u2028/", "http://"]
)
async def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises((Malformed, Unreachable)):
        await call(address)


async def test_a_secret_that_no_header_can_hold_is_not_repeated() -> None:
    with pytest.raises(Malformed) as caught:
        await call(ADDRESS, headers={"X-Khoa": "khóa\nđúng"}, secrets=["khóa\nđúng"])
    assert "kh" not in caught.value.message.replace("The request cannot be sent", "")


# --- rude servers, on real sockets --------------------------------------------------------------------------


async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


def dripping(begin: bytes) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(begin)
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    return talk


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.transport.abort()


async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"half": ')
    await writer.drain()


async def gibberish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
    await writer.drain()


async def huge(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunk = b"%x\r\n%b\r\n" % (65536, b"x" * 65536)
    while True:
        writer.write(chunk)
        await writer.drain()


def compressed(body: bytes, encoding: str) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(Told(body, headers=(("Content-Encoding", encoding),)).encoded())
        await writer.drain()

    return talk


@pytest.mark.parametrize(
    ("talk", "failure", "why"),
    [
        (hang, TimedOut, "waiting"),
        (dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"), TimedOut, "whole answer within 1 s"),
        (dripping(b"HTTP/1.1 200 OK\r\nX-Header: "), TimedOut, "whole answer within 1 s"),
        (reset, Unreachable, "no connection|broke off"),
        (half, Unreachable, "broke off"),
        (gibberish, Unreachable, "does not speak HTTP"),
        (huge, Malformed, "larger than 1000000 bytes"),
        (compressed(b"this is no gzip", "gzip"), Malformed, "not compressed"),
        (compressed(gzip.compress(b"x" * 5_000_000), "gzip"), Malformed, "larger than 1000000 bytes"),
        (compressed(gzip.compress(gzip.compress(b"x")), "gzip, gzip"), Malformed, "more than once"),
    ],
)
async def test_a_rude_server_is_a_failure_of_its_own(talk: Talk, failure: type[AgencyFailure], why: str) -> None:
    limits = Limits(attempts=1, read_seconds=0.5, total_seconds=1, max_bytes=1_000_000)
    records = Records()
    async with talking(talk) as address:
        with pytest.raises(failure, match=why):
            await call(address, limits, records=records)
    assert [record.outcome for record in records] == [failure.kind]


async def test_nobody_there() -> None:
    async with talking(hang) as address:
        pass
    with pytest.raises(Unreachable, match="no connection"):
        await call(address)


async def test_an_answer_comes_whole_with_the_agencys_time() -> None:
    told = Told(
        gzip.compress("Đã".encode()),
        headers=(("Content-Encoding", "gzip"), ("Date", "Mon, 23 Nov 2026 01:00:00 GMT")),
    )
    async with answering(lambda _: told) as address:
        answer = await call(address)
    assert answer.body.decode() == "Đã"
    assert answer.agency_time == datetime(2026, 11, 23, 1, tzinfo=UTC)


@pytest.mark.parametrize("date", ["yesterday", "", "Mon, 99 Nov 2026 01:00:00 GMT"])
async def test_a_clock_that_cannot_be_read_is_no_clock(date: str) -> None:
    async with answering(lambda _: Told("", headers=(("Date", date),))) as address:
        assert (await call(address)).agency_time is None


async def test_a_cookie_is_not_kept() -> None:
    asked: list[Asked] = []

    def answer(request: Asked) -> Told:
        asked.append(request)
        return Told("", headers=(("Set-Cookie", "session=1; Path=/"),))

    async with answering(answer) as address, Client() as client:
        for _ in range(2):
            await client.call(
                peer(),
                Request("GET", address),
                operation="changes",
                understand=lambda raw: raw,
                priority=Priority.INCREMENTAL,
                repeatable=True,
            )
    assert len(asked) == 2
    assert all("cookie" not in request.headers for request in asked)


# --- repeating ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "repeatable", "attempts"),
    [(502, True, 2), (429, True, 2), (502, False, 1), (403, True, 1), (404, True, 1), (301, True, 1)],
)
async def test_only_what_passes_and_is_safe_is_repeated(first: int, repeatable: bool, attempts: int) -> None:
    statuses = iter([first])
    records = Records()
    async with answering(lambda _: Told("", status=next(statuses, 200))) as address:
        if attempts == 2:
            assert (await call(address, Limits(), records=records, repeatable=repeatable)).status == 200
        else:
            with pytest.raises(AgencyFailure):
                await call(address, Limits(), records=records, repeatable=repeatable)
    assert [record.attempts for record in records] == [attempts]


async def test_what_keeps_failing_ends_with_its_own_failure() -> None:
    records = Records()
    async with answering(lambda _: Told("", status=502)) as address:
        with pytest.raises(Unreachable):
            await call(address, Limits(attempts=3), records=records)
    assert [(record.attempts, record.outcome) for record in records] == [(3, "unreachable")]


async def test_a_wait_the_agency_asks_for_is_kept() -> None:
    told = iter([Told("", status=429, headers=(("Retry-After", "0"),))])
    async with answering(lambda _: next(told, Told("ok"))) as address:
        assert (await call(address, Limits())).body == b"ok"


@pytest.mark.parametrize(
    "after",
    ["3600", format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)],
    ids=["seconds", "moment"],
)
async def test_a_wait_beyond_the_time_allowed_is_not_begun(after: str) -> None:
    records = Records()
    async with answering(lambda _: Told("", status=429, headers=(("Retry-After", after),))) as address:
        with pytest.raises(Throttled) as caught:
            await call(address, Limits(total_seconds=30), records=records)
    assert caught.value.retry_after is not None
    # The moment was an hour away when the tests were collected.
    assert caught.value.retry_after > 1800
    assert records[0].attempts == 1


# --- records ------------------------------------------------------------------------------------------------


async def test_a_record_holds_what_was_said_but_no_secret() -> None:
    records = Records()
    secret = 'k&"ế+ /'
    async with answering(lambda asked: Told(b"you said " + asked.body)) as address:
        await call(
            f"{address}/a/k%26%22%E1%BA%BF%2B%20%2F",
            records=records,
            method="POST",
            query={"key": secret, "page": "1"},
            headers={"X-Khoa": "other-secret"},
            body=f'{{"k": "{secret}"}} <k>k&amp;"ế+ /</k> {{"j": "k&\\"ế+ /"}}'.encode(),
            secrets=[secret, ""],
        )
    [record] = records
    assert record.address == f"{address}/a/***"
    assert record.request == b'?key=***&page=1\n{"k": "***"} <k>***</k> {"j": "***"}'
    assert record.response == b'you said {"k": "***"} <k>***</k> {"j": "***"}'
    assert (record.method, record.outcome, record.status, record.attempts) == ("POST", "ok", 200, 1)
    assert b"other-secret" not in record.request


async def test_a_record_keeps_no_more_than_its_share() -> None:
    records = Records()
    body = b"x" * (KEPT_BYTES - 3) + b"secret" + b"y" * 100_000
    async with answering(lambda _: Told(body)) as address:
        await call(address, records=records, method="POST", body=body, secrets=["secret"])
    [record] = records
    assert record.request == record.response == b"x" * (KEPT_BYTES - 3) + b"***"
    assert record.response_bytes == len(body)


@pytest.mark.parametrize("body", [b"token", b"token" * 100_000])
async def test_what_the_adapter_makes_of_an_answer_is_the_calls_outcome(body: bytes) -> None:
    def refuse(_: RawAnswer) -> None:
        raise Rejected("The agency says: wrong key s3cret")

    records = Records()
    async with answering(lambda _: Told(body)) as address, Client(records) as client:
        with pytest.raises(Rejected, match=r"wrong key \*\*\*") as caught:
            await client.call(
                peer(),
                Request("GET", address, secrets=["s3cret"], secret_answer=True),
                operation="login",
                understand=refuse,
                priority=Priority.INCREMENTAL,
                repeatable=True,
            )
    [record] = records
    assert (record.outcome, record.message) == ("rejected", "The agency says: wrong key ***")
    assert record.response == caught.value.raw == b"***"


async def test_a_recorder_that_fails_breaks_no_call() -> None:
    async def broken(record: CallRecord) -> None:
        raise RuntimeError("database is down")

    async with answering(lambda _: Told("ok")) as address:
        with capture_logs() as logs:
            async with Client(broken) as client:
                answer = await client.call(
                    peer(),
                    Request("GET", f"{address}/ho-so/H21", query={"ten": "Nguyễn"}, body=b"Nguyen"),
                    operation="lookup",
                    understand=lambda raw: raw.body,
                    priority=Priority.INCREMENTAL,
                    repeatable=True,
                )
    assert answer == b"ok"
    assert [line["event"] for line in logs] == ["agency.call", "agency.call_not_recorded"]
    assert "Nguy" not in str(logs)
    assert "H21" not in str(logs)


async def test_a_request_leaves_in_one_piece() -> None:
    """Its head and its body: on a slow link each further packet waits for the one before it."""
    pieces: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pieces.append(await reader.read(65_536))
        writer.write(Told("{}").encoded())

    async with talking(talk) as address, Client() as client:
        await client.call(
            peer(Limits()),
            Request("POST", address, body=b"<a/>"),
            operation="lookup",
            understand=lambda raw: raw,
            priority=Priority.PERSON,
            repeatable=False,
        )
    assert pieces[0].endswith(b"\r\n\r\n<a/>")
