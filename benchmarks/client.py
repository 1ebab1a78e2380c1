"""What the client adds to a call: its time through the Client ÷ the same call by bare httpx.

Both ask the same server, a process of its own on loopback that keeps connections alive and answers with 2 KB of
JSON; the client logs as the hub does. They take turns call by call; medians. `alone` is without gate and recorder;
`whole` is with ones that do nothing, so that what the client does for them is counted and what they do is not.
"""

import argparse
import asyncio
import multiprocessing
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection
from os import devnull
from statistics import median
from zoneinfo import ZoneInfo

import httpx

from adapters.calling.client import Client, Peer, RawAnswer, Request
from benchmarks.figures import figure
from benchmarks.timing import call_seconds, ratio
from contracts.adapter import CallRecord, Priority
from contracts.errors import AgencyFailure
from contracts.system import Budget, Limits
from hub.log import configure

GOAL = 1.3

_BODY = b'{"maHoSo": "H21.09-261123-0001", "trangThai": "' + b"x" * 2000 + b'"}'
_ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Mon, 23 Nov 2026 01:00:00 GMT\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(_BODY), _BODY)
)

_PEER = Peer("so-x", ZoneInfo("Asia/Ho_Chi_Minh"), Limits(), Budget(), private=True)
_QUERY = {"ma": "H21.09-261123-0001", "trang": "1"}
_HEADERS = {"Accept": "application/json", "Authorization": "Bearer abc"}


class _Server(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        # A request without a body on loopback comes in one piece.
        assert data.endswith(b"\r\n\r\n")
        self._transport.write(_ANSWER)


def _serve(told: Connection) -> None:
    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(_Server, "127.0.0.1", 0)
        told.send("http://{}:{}".format(*server.sockets[0].getsockname()))
        await server.serve_forever()

    asyncio.run(serve())


class OpenGate:
    """contracts.adapter.Gate and its Turn, for everybody at once."""

    @asynccontextmanager
    async def turn(self, *_: object, wait_seconds: float) -> AsyncIterator["OpenGate"]:
        yield self

    def succeeded(self) -> None:
        pass

    def failed(self, failure: AgencyFailure) -> None:
        pass


async def forget(record: CallRecord) -> None:
    """A contracts.adapter.CallRecorder."""


def body(raw: RawAnswer) -> bytes:
    return raw.body


def through(client: Client, address: str) -> Callable[[], Awaitable[bytes]]:
    async def call() -> bytes:
        request = Request("GET", f"{address}/ho-so", _QUERY, _HEADERS, secrets=("abc",))
        return await client.call(
            _PEER, request, operation="lookup", understand=body, priority=Priority.PERSON, repeatable=True
        )

    return call


async def main(calls: int) -> None:
    with open(devnull, "w") as log:
        configure(stream=log)
        ours, theirs = multiprocessing.Pipe()
        server = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
        server.start()
        try:
            await compare(ours.recv(), calls)
        finally:
            server.terminate()
            server.join()


async def compare(address: str, calls: int) -> None:
    async with Client() as alone, Client(forget, OpenGate()) as whole, httpx.AsyncClient() as http:

        async def bare() -> bytes:
            return (await http.get(f"{address}/ho-so", params=_QUERY, headers=_HEADERS)).content

        ways = {"bare": bare, "alone": through(alone, address), "whole": through(whole, address)}
        for way in ways.values():
            assert await way() == _BODY
        spent = dict(zip(ways, await call_seconds(calls, *ways.values()), strict=True))
    figure("client.call_over_bare_httpx.whole", ratio(spent["whole"], spent["bare"]), goal=GOAL, better="lower")
    figure("client.call_over_bare_httpx.alone", ratio(spent["alone"], spent["bare"]), goal=GOAL, better="lower")
    for name, times in spent.items():
        figure(f"client.{name}_us", 1e6 * median(times), better="lower")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.client", description=__doc__)
    parser.add_argument("--calls", type=int, default=3000)
    given = parser.parse_args()
    asyncio.run(main(given.calls))
