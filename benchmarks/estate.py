"""Many agencies, due every minute, and several worker processes: is nothing missed, how late do runs begin, what do
they cost?

Real processes (`hub clock`, `hub worker`) on a real PostgreSQL. One small server on loopback plays all the agencies'
systems; it numbers their changes, and each agency has a new one every minute. Each number of workers has a database of
its own. What is counted stands in the table `run`:

- `missed`: moments at which an agency was due and after which, within its minute, no run of it began and came to a good
  end. Due moments are those of `hub.streams.plans`.
- `start_delay`: from the moment an agency was due to the beginning of its run.
- `cpu_ms_per_run`: processor time of the workers, of the clock and of PostgreSQL (each also apart) over the measured
  minutes, by the runs of those minutes. `spread` is the largest of these ÷ the smallest, over all numbers of workers.

Where all are due at the same second of each minute (`at_once`), the delay tells how long so many runs take.
"""

import argparse
import asyncio
import multiprocessing
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import quantiles

import orjson
import psutil
import yaml

from benchmarks.database import fresh_database
from benchmarks.figures import figure
from config.load import load_agencies
from contracts.agency import AgencySpec
from hub.db import Database
from hub.streams.plans import next_time
from tests.running import HubProcess

MINUTE = timedelta(minutes=1)

#: How many of an agency's changes there are before the first minute.
_PAST = 3

_ASKED = re.compile(rb"GET /(\d+)/thay-doi(?:\?sau=(\d+))?")


class _Agencies(asyncio.Protocol):
    """All agencies' systems: /<number>/thay-doi lists what has changed, after the number `sau` where it is given."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        # A request without a body on loopback comes in one piece.
        asked = _ASKED.match(data)
        assert asked and data.endswith(b"\r\n\r\n"), data
        body = orjson.dumps({"ketQua": list(_changes(int(asked[1]), int(asked[2] or 0)))})
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: %b\r\nContent-Length: %d\r\n\r\n"
        date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime()).encode()
        self._transport.write(head % (date, len(body)) + body)


def _changes(agency: int, after: int) -> Iterator[dict[str, object]]:
    """One in each minute since 1970, of which the first are forgotten."""
    now = int(time.time()) // 60
    for minute in range(max(after + 1, now - _PAST), now + 1):
        yield {
            "ma": f"H21.{agency}-261125-{minute}",
            "thoiDiem": datetime.fromtimestamp(minute * 60, UTC).isoformat(),
            "phienBan": minute,
            "trangThai": "DANG_XU_LY",
            "nguoiNop": "Nguyễn Văn A",
            "ghiChu": "x" * 300,
        }


def _serve(told: Connection) -> None:
    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(_Agencies, "127.0.0.1", 0)
        told.send("http://{}:{}".format(*server.sockets[0].getsockname()))
        await server.serve_forever()

    asyncio.run(serve())


@contextmanager
def agencies_systems() -> Iterator[str]:
    """Their server's address."""
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
    server.start()
    try:
        yield ours.recv()
    finally:
        server.terminate()
        server.join()


def write_specs(folder: Path, address: str, agencies: int, *, at_once: bool) -> dict[str, AgencySpec]:
    folder.mkdir()
    for number in range(agencies):
        name = f"so-{number:04}"
        spec = {
            "id": name,
            "identifier": f"H21.{number}",
            "name": {"vi": f"Cơ quan {number}", "en": f"Agency {number}"},
            "kind": "department",
            "enabled": True,
            "system": {"kind": "rest", "address": f"{address}/{number}", "private": True},
            "operations": {
                "changes": {
                    "request": {"path": "/thay-doi", "query": {"sau": "{revision}"}},
                    "answer": {"records": "ketQua"},
                    "pages": {"kind": "revision", "size": 200},
                }
            },
            "mapping": {
                "code": "ma",
                "occurred_at": {"path": "thoiDiem", "convert": "date", "formats": ["iso"]},
                "revision": {"path": "phienBan", "convert": "integer"},
                "facts": {"status": "trangThai", "applicant_name": "nguoiNop", "note": "ghiChu"},
            },
            "statuses": {"DANG_XU_LY": "4"},
            "sync": ({"cron": "* * * * *"} if at_once else {"every_seconds": 60})
            | {"overlap_revisions": 1, "reconcile": None, "watch": None},
        }
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(spec, allow_unicode=True))
    return load_agencies(folder)


@dataclass(frozen=True)
class Measured:
    """What one number of workers did."""

    missed: int
    delays: list[float]
    runs: int
    #: Seconds of processor time by whose it was.
    cpu: dict[str, float]

    def cpu_ms_per_run(self, whose: Sequence[str] = ("workers", "clock", "postgres")) -> float:
        return 1000 * sum(self.cpu[each] for each in whose) / self.runs


async def measure(folder: Path, specs: dict[str, AgencySpec], workers: int, minutes: int) -> Measured:
    async with (
        fresh_database() as database,
        started(database, folder, "clock", 1) as clocks,
        started(database, folder, "worker", workers) as hands,
    ):
        await _all_read(database, len(specs))
        backend = await database.reads.fetchval("SELECT pg_backend_pid()")
        server = psutil.Process(backend).parent()
        assert server is not None
        whose = {"workers": hands, "clock": clocks, "postgres": [server]}
        # The second before a minute: no agency is due at once then, where all are at its beginning.
        begins = datetime.now(UTC).replace(second=59, microsecond=0)
        begins += MINUTE if begins < datetime.now(UTC) else timedelta(0)
        ends = begins + minutes * MINUTE
        await asyncio.sleep((begins - datetime.now(UTC)).total_seconds())
        before = {name: _spent(processes) for name, processes in whose.items()}
        await asyncio.sleep((ends - datetime.now(UTC)).total_seconds())
        cpu = {name: _spent(processes) - before[name] for name, processes in whose.items()}
        runs = await database.reads.fetchval(
            "SELECT count(*) FROM run WHERE finished_at >= $1 AND finished_at < $2", begins, ends
        )
        # Whatever was due in the last minute has one more to begin.
        await asyncio.sleep(60)
        missed, delays = await _judge(database, specs, begins, ends)
        return Measured(missed, delays, runs, cpu)


async def _all_read(database: Database, agencies: int) -> None:
    """Returns once each agency has been read twice: workers are warm, and nothing of the start waits."""
    enough = "SELECT count(*) FROM (SELECT FROM run WHERE outcome = 'ok' GROUP BY agency HAVING count(*) > 1) AS r"
    while await database.reads.fetchval(enough) < agencies:
        await asyncio.sleep(1)


async def _judge(
    database: Database, specs: dict[str, AgencySpec], begins: datetime, ends: datetime
) -> tuple[int, list[float]]:
    """How many moments were missed, and the delays of all others."""
    began = defaultdict(list)
    for row in await database.reads.fetch(
        "SELECT agency, started_at FROM run WHERE outcome = 'ok' AND started_at >= $1 ORDER BY started_at", begins
    ):
        began[row["agency"]].append(row["started_at"])
    missed, delays = 0, []
    for spec in specs.values():
        assert spec.sync
        due = next_time(spec.sync, spec, begins)
        while due < ends:
            first = next((start for start in began[spec.id] if due <= start < due + MINUTE), None)
            if first is None:
                missed += 1
            else:
                delays.append((first - due).total_seconds())
            due = next_time(spec.sync, spec, due)
    return missed, delays


def _spent(processes: Sequence[psutil.Process]) -> float:
    """Processor seconds since they began, their children's with them, whether these live or have ended."""
    alive = [each for process in processes for each in (process, *process.children())]
    ended = [process.cpu_times() for process in processes]
    times = [process.cpu_times() for process in alive]
    return sum(each.user + each.system for each in times) + sum(
        each.children_user + each.children_system for each in ended
    )


@asynccontextmanager
async def started(database: Database, folder: Path, command: str, number: int) -> AsyncIterator[list[psutil.Process]]:
    """So many processes of the hub."""
    processes = [
        HubProcess(database.url, data_dir=folder / "data", agencies_dir=folder / "agencies", command=command)
        for _ in range(number)
    ]
    try:
        for process in processes:
            await process.start(wait=False)
        yield [psutil.Process(process.pid) for process in processes]
    finally:
        for process in processes:
            await process.kill()


async def main(agencies: int, minutes: int, workers: Sequence[int], *, at_once: bool) -> None:
    found: dict[int, Measured] = {}
    with tempfile.TemporaryDirectory(prefix="hub-estate-") as name, agencies_systems() as address:
        specs = write_specs(Path(name) / "agencies", address, agencies, at_once=at_once)
        for number in workers:
            found[number] = one = await measure(Path(name), specs, number, minutes)
            prefix = f"estate.{'at_once' if at_once else 'spread'}.{number}_workers"
            percentiles = quantiles(one.delays, n=100)
            figure(f"{prefix}.missed", one.missed, goal=0, better="lower")
            figure(f"{prefix}.due", one.missed + len(one.delays), goal=agencies * minutes, better="higher")
            figure(f"{prefix}.start_delay_p50_s", percentiles[49], better="lower")
            figure(f"{prefix}.start_delay_p99_s", percentiles[98], better="lower")
            figure(f"{prefix}.cpu_ms_per_run", one.cpu_ms_per_run(), better="lower")
            for whose in one.cpu:
                figure(f"{prefix}.cpu_ms_per_run.{whose}", one.cpu_ms_per_run([whose]), better="lower")
    costs = [one.cpu_ms_per_run() for one in found.values()]
    figure("estate.cpu_per_run_spread", max(costs) / min(costs), goal=1.2, better="lower")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.estate", description=__doc__)
    parser.add_argument("--agencies", type=int, default=1000)
    parser.add_argument("--minutes", type=int, default=3)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--at-once", action="store_true", help="all at the beginning of each minute")
    given = parser.parse_args()
    asyncio.run(main(given.agencies, given.minutes, given.workers, at_once=given.at_once))
