"""How much later the work of ten agencies begins because thirty others flood, in the engine's order and in plain order.

Real workers on PostgreSQL, and an agency stand-in on loopback. The thirty are read for three things at once (pull,
reconcile, backfill), and none of it ever ends: ninety jobs, more than the workers have hands. The ten have one short
pull each second. The delay is from the moment a pull is asked for to the moment it begins, less what that takes where
nobody floods; `plain` is the same engine where everybody has the same rank, so that who came first goes first.
"""

import argparse
import asyncio
import random
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from statistics import fmean, quantiles
from time import monotonic

import orjson
import yaml
from sqlalchemy import func, select, text, update

from benchmarks.database import fresh_database
from benchmarks.figures import figure
from config.load import load_agencies
from hub.db import Database
from hub.streams import store, turns
from hub.streams.store import Kind
from hub.streams.tables import run, stream
from sync_jobs.engine import Wanted, enqueue
from tests.adapters.servers import read_request
from tests.running import HubProcess

FLOODING = [f"so-tran-{number:02}" for number in range(30)]
OTHERS = [f"so-thuong-{number:02}" for number in range(10)]
FLOODS: tuple[Kind, ...] = ("pull", "reconcile", "backfill")

#: How long an answer takes that is one of very many.
_ANSWER_SECONDS = 3.0
_PAGE = 5
#: The flooding agencies say the same dossiers again and again.
_DOSSIERS = 100

_GOAL_SECONDS = 0.1


@asynccontextmanager
async def agencies() -> AsyncIterator[str]:
    """All forty systems behind one address; the path begins with the agency."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Workers are killed at the end, and this server with its answers under way.
        with suppress(ConnectionError, asyncio.CancelledError):
            await answer(reader, writer)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while asked := await read_request(reader):
            agency, page, floods = asked.path.split("/")[1], int(asked.query["trang"]), "/so-tran" in asked.path
            if floods:
                await asyncio.sleep(_ANSWER_SECONDS)
            rows = [
                {"ma": f"{agency}-{(page * _PAGE + number) % _DOSSIERS:05}", "luc": "2026-11-23T08:00:00Z", "tt": "A"}
                for number in range(_PAGE if floods else 1)
            ]
            body = orjson.dumps({"tong": 10**9 if floods else 1, "hoSo": rows})
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
            writer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield "http://{}:{}".format(*server.sockets[0].getsockname())
    finally:
        server.close()


def specs(folder: Path, address: str) -> Path:
    for agency in FLOODING + OTHERS:
        spec = {
            "id": agency,
            "identifier": "H21.99",
            "name": {"vi": "Sở Thử", "en": "Test department"},
            "kind": "department",
            "enabled": True,
            "system": {"kind": "rest", "address": f"{address}/{agency}", "private": True},
            "operations": {
                "changes": {
                    "request": {"path": "/hoso", "query": {"tu": "{since|iso}", "trang": "{page}"}},
                    "answer": {"records": "hoSo"},
                    "pages": {"kind": "number", "size": _PAGE, "total": "tong"},
                }
            },
            "mapping": {
                "code": "ma",
                "occurred_at": {"path": "luc", "convert": "date", "formats": ["iso"]},
                "facts": {"status": "tt"},
            },
            "statuses": {"A": "4"},
            "sync": {"every_seconds": 3600, "watch": None},
        }
        (folder / f"{agency}.yaml").write_text(yaml.safe_dump(spec, allow_unicode=True))
    return folder


async def main(seconds: float, workers: int, seed: int) -> bool:
    chance = random.Random(seed)
    async with fresh_database() as database, agencies() as address:
        # Not under the user's own folders: as root the server is another user.
        with tempfile.TemporaryDirectory(prefix="hub-benchmark-") as place:
            folder = Path(place)
            (folder / "agencies").mkdir()
            hub = HubProcess(
                database.url,
                data_dir=folder / "data",
                agencies_dir=specs(folder / "agencies", address),
                command="worker",
                lease_seconds=30,
            )
            async with _working(database, hub, workers):
                alone = await _delays(database, chance, seconds, flooding=False)
                fair = await _delays(database, chance, seconds, flooding=True)
                plain = await _delays(database, chance, seconds, flooding=True, plain=True)
    usual = fmean(alone)
    for name, delays in (("alone", alone), ("fair", fair), ("plain", plain)):
        figure(f"fairness.{name}.start_seconds", fmean(delays), better="lower")
        figure(f"fairness.{name}.start_p95_seconds", quantiles(delays, n=20)[-1], better="lower")
    delay = fmean(fair) - usual
    figure("fairness.plain.delay_seconds", fmean(plain) - usual, better="lower")
    figure("fairness.delay_seconds", delay, goal=_GOAL_SECONDS, better="lower")
    return delay < _GOAL_SECONDS


@asynccontextmanager
async def _working(database: Database, hub: HubProcess, workers: int) -> AsyncIterator[None]:
    """With the workers at work, and a stream of each kind for everybody."""
    known = load_agencies(hub.agencies_dir, {})
    await store.ensure(database, known.values(), FLOODS)
    processes = [HubProcess(**vars(hub) | {"_process": None}) for _ in range(workers)]
    try:
        for process in processes:
            await process.start(wait=False)
        await _ask(database, [("pull", agency) for agency in OTHERS])
        async with asyncio.timeout(240):
            while await _count(database, "pgqueuer") or not await _count(database, "run WHERE outcome = 'ok'"):
                await asyncio.sleep(0.1)
        yield
    finally:
        for process in processes:
            await process.kill()


async def _count(database: Database, what: str) -> int:
    async with database.begin() as connection:
        return int((await connection.execute(text(f"SELECT count(*) FROM {what}"))).scalar_one())


async def _ask(database: Database, streams: Sequence[tuple[Kind, str]], *, plain: bool = False) -> list[bool]:
    """Have them read, as the clock does; `plain`: with no regard to what each has used."""
    async with database.begin() as connection:
        found = await connection.execute(select(stream.c.kind, stream.c.agency, stream.c.spent, turns.IS_SHORT))
        # In plain order everybody has the same rank, and nothing is short.
        rank = {(row.kind, row.agency): (0.0, False) if plain else (row.spent, row.is_short) for row in found}
        return await enqueue(connection, [Wanted(kind, agency, *rank[kind, agency]) for kind, agency in streams])


async def _delays(
    database: Database, chance: random.Random, seconds: float, *, flooding: bool, plain: bool = False
) -> list[float]:
    """Seconds from asking to beginning, of each pull of the ten."""
    async with database.begin() as connection:
        await connection.execute(text("DELETE FROM pgqueuer WHERE status = 'queued'"))
        await connection.execute(update(stream).values(spent=0))
    floods = [(kind, agency) for agency in FLOODING for kind in FLOODS] if flooding else []
    asked: list[tuple[str, datetime]] = []
    due = {agency: chance.random() for agency in OTHERS}
    # A while for the flood to rise.
    warm = tick = monotonic() + (3 * _ANSWER_SECONDS if flooding else 0)
    tick -= 3 * _ANSWER_SECONDS
    while (now := monotonic()) < warm + seconds:
        if now >= tick:
            # As often as the clock ticks.
            await _ask(database, floods, plain=plain)
            tick = now + 1
        for agency in OTHERS:
            if now < warm + due[agency]:
                continue
            due[agency] += 1
            async with database.begin() as connection:
                moment = (await connection.execute(select(func.clock_timestamp()))).scalar_one()
            [new] = await _ask(database, [("pull", agency)], plain=plain)
            if new:
                asked.append((agency, moment))
        await asyncio.sleep(0.01)
    # What waits still has its delay, too.
    async with asyncio.timeout(120):
        while len(found := await _begun(database, asked)) < len(asked):
            await asyncio.sleep(0.1)
    return found


async def _begun(database: Database, asked: Sequence[tuple[str, datetime]]) -> list[float]:
    async with database.begin() as connection:
        rows = await connection.execute(
            select(run.c.agency, run.c.started_at).where(run.c.kind == "pull").order_by(run.c.started_at)
        )
        runs = [(row.agency, row.started_at) for row in rows]
    delays = []
    for agency, moment in asked:
        after = next((at for whose, at in runs if whose == agency and at >= moment), None)
        if after:
            delays.append((after - moment).total_seconds())
    return delays


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fairness", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20, help="How long each of the three is measured.")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    sys.exit(0 if asyncio.run(main(given.seconds, given.workers, given.seed)) else 1)
