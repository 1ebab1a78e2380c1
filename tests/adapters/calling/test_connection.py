"""Connections to agencies' systems: what is written leaves in one piece, and nothing is lost of what comes."""

import asyncio

import httpcore
import pytest

from adapters.calling.connection import Connection
from tests.adapters.servers import talking

TIMEOUT = 20.0


async def connected(address: str) -> Connection:
    return await Connection.to("127.0.0.1", int(address.rpartition(":")[2]), TIMEOUT)


async def test_head_and_body_leave_in_one_piece() -> None:
    pieces: list[bytes] = []

    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pieces.append(await reader.read(100))
        writer.write(b"answer")
        await writer.drain()

    async with talking(server) as address:
        connection = await connected(address)
        await connection.write(b"head ", TIMEOUT)
        await connection.write(b"body", TIMEOUT)
        assert await connection.read(100, TIMEOUT) == b"answer"
        await connection.aclose()
    assert pieces == [b"head body"]


async def test_more_than_is_held_back_goes_both_ways_whole() -> None:
    """Larger than every buffer in between, and echoed only once all of it has come."""
    sent = bytes(range(256)) * 8192

    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(len(sent)))
        await writer.drain()

    async with talking(server) as address:
        connection = await connected(address)
        await connection.write(sent, TIMEOUT)
        received = b""
        while piece := await connection.read(1000 if len(received) < 100_000 else 70_000, TIMEOUT):
            received += piece
            # So that more has come than anybody has read.
            await asyncio.sleep(0)
        await connection.aclose()
    assert received == sent


async def test_what_comes_faster_than_it_is_read_waits_at_the_agency() -> None:
    """The system's own buffers hold some megabytes; the connection none beyond what it may."""
    piece, sent, read = bytes(2**18), 0, 0

    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        while True:
            writer.write(piece)
            await writer.drain()
            sent += len(piece)

    async with talking(server) as address:
        connection = await connected(address)
        while read < 16 * 2**20:
            read += len(await connection.read(2**16, TIMEOUT))
            await asyncio.sleep(0)
        ahead = sent - read
        await connection.aclose()
    assert ahead < 16 * 2**20


async def test_what_was_said_before_the_end_is_read_before_it() -> None:
    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(3)
        writer.write(b"no")
        await writer.drain()

    async with talking(server) as address:
        connection = await connected(address)
        await connection.write(b"ask", TIMEOUT)
        assert [await connection.read(1, TIMEOUT) for _ in range(3)] == [b"n", b"o", b""]
        await connection.aclose()


async def test_one_that_was_closed_there_is_known_to_be_before_it_is_used_again() -> None:
    hang_up = asyncio.Event()

    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await hang_up.wait()

    async with talking(server) as address:
        connection = await connected(address)
        assert not connection.get_extra_info("is_readable")
        hang_up.set()
        async with asyncio.timeout(TIMEOUT):
            while not connection.get_extra_info("is_readable"):
                await asyncio.sleep(0.01)
        assert await connection.read(1, TIMEOUT) == b""
        await connection.aclose()


async def test_nobody_waits_for_ever() -> None:
    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(TIMEOUT)

    async with talking(server) as address:
        connection = await connected(address)
        with pytest.raises(httpcore.ReadTimeout):
            await connection.read(1, 0.01)
        with pytest.raises(httpcore.WriteTimeout):
            await connection.write(b"x" * 30_000_000, 0.01)
        await connection.aclose()


async def test_a_port_where_nobody_listens() -> None:
    async with talking(lambda reader, writer: asyncio.sleep(0)) as address:
        pass
    with pytest.raises(httpcore.ConnectError):
        await connected(address)
