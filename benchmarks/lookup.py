"""GET /v1/dossiers/{code} on an index of `--rows` dossiers with six lines of history each, asked for at random.

- Requests a second through the real app (`hub api`: one process, all middlewares, its log), ÷ those of a bare ASGI
  function over asyncpg that gives the same bytes (benchmarks.bare). Both sides take turns; the median of the rounds.
- The 99th percentile of its time at `--rows`, ÷ that at 10,000; both asked as often, at a third of what they can do,
  and both warm.

The load comes from a process of its own over 16 connections. Ten million rows take 20 GB and some minutes to make;
with `--keep FOLDER` they are there the next time.
"""

import argparse
import asyncio
import random
from collections.abc import Collection
from pathlib import Path
from statistics import median

import asyncpg
import httpx

from benchmarks.bare import bare_server
from benchmarks.countries import Countries, countries
from benchmarks.figures import figure
from benchmarks.load import Callers, Outcome, drive, request
from hub.access.keys import ApiKeys
from hub.access.scopes import Scope

GOAL = 0.75
P99_GOAL = 1.3

SMALL = 10_000
CONNECTIONS = 16
_SAMPLE = 50_000


async def codes(url: str) -> list[str]:
    """Codes of dossiers, chosen at random."""
    connection = await asyncpg.connect(url)
    try:
        last = await connection.fetchval("SELECT max(id) FROM dossier")
        ids = [random.randint(1, last) for _ in range(min(_SAMPLE, last))]
        return [row[0] for row in await connection.fetch("SELECT code FROM dossier WHERE id = ANY($1::bigint[])", ids)]
    finally:
        await connection.close()


_READ = """
    SELECT current_setting('data_directory') || '/' || pg_relation_filepath(oid)
      FROM pg_class
     WHERE relname = 'dossier' OR (relname ~ '^dossier_' AND relkind = 'i')
"""


async def key_for(made: Countries, url: str, scopes: Collection[Scope] = (Scope.DOSSIERS_READ,)) -> str:
    async with made.open(url) as database:
        return await ApiKeys(database).create("benchmark", scopes=scopes, actor="benchmark")


async def warmed(url: str) -> None:
    """As after a morning's work: what questions read is in the machine's memory, as far as it can hold it. That is the
    dossiers, their indexes and those of the marks; not the history. Of a small country all of it is, however short a
    time it was asked."""
    connection = await asyncpg.connect(url)
    try:
        files = await connection.fetch(_READ)
    finally:
        await connection.close()
    for (file,) in files:
        # Beyond a gigabyte there are more, by number.
        for part in sorted(Path(file).parent.glob(f"{Path(file).name}*")):
            with part.open("rb") as opened:
                while opened.read(1 << 20):
                    pass


async def synced_now(url: str) -> None:
    """As after a sync of all agencies: the usual state, in which freshness has to be worked out."""
    connection = await asyncpg.connect(url)
    await connection.execute("UPDATE stream SET covered_until = now()")
    await connection.close()


def checked(outcome: Outcome) -> Outcome:
    assert set(outcome.statuses) == {200}, outcome.statuses
    return outcome


async def throughput(made: Countries, url: str, seconds: float, rounds: int) -> float:
    """Tells the figures; returns the app's requests a second."""
    key = await key_for(made, url)
    asked = [request(f"/v1/dossiers/{code}", X_Api_Key=key) for code in await codes(url)]
    callers = {"all": Callers(asked, CONNECTIONS)}
    rates: dict[str, list[float]] = {"app": [], "bare": []}
    async with made.api(url) as hub:
        await synced_now(url)
        with bare_server(url) as bare:
            addresses = {"app": ("127.0.0.1", hub.port), "bare": bare}
            await same_bytes(url, key, addresses)
            for each in range(rounds):
                for side in rates if each % 2 else reversed(rates):
                    outcome = await asyncio.to_thread(drive, addresses[side], callers, seconds=seconds, warm_up=1)
                    rates[side].append(checked(outcome["all"]).rate)
    for side, values in rates.items():
        figure(f"lookup.requests_a_second.{side}", median(values), better="higher")
    ratios = [app / bare for app, bare in zip(rates["app"], rates["bare"], strict=True)]
    figure("lookup.app_over_bare", median(ratios), goal=GOAL, better="higher")
    return median(rates["app"])


async def same_bytes(url: str, key: str, addresses: dict[str, tuple[str, int]]) -> None:
    async with httpx.AsyncClient(headers={"X-Api-Key": key}) as client:
        for code in (await codes(url))[:20]:
            answers = [
                await client.get(f"http://{host}:{port}/v1/dossiers/{code}") for host, port in addresses.values()
            ]
            assert len({answer.content for answer in answers}) == 1, [answer.text for answer in answers]


async def latency(made: Countries, rows: int, rate: float, seconds: float, rounds: int) -> None:
    """Both sizes take turns, so that what disturbs one disturbs the other."""
    p99: dict[int, list[float]] = {rows: [], SMALL: []}
    for _ in range(rounds):
        for size in (SMALL, rows):
            url = await made.of(size)
            key = await key_for(made, url)
            asked = [request(f"/v1/dossiers/{code}", X_Api_Key=key) for code in await codes(url)]
            async with made.api(url) as hub:
                await synced_now(url)
                callers = {"all": Callers(asked, CONNECTIONS, rate)}
                outcome = await asyncio.to_thread(
                    drive, ("127.0.0.1", hub.port), callers, seconds=seconds, warm_up=seconds / 3
                )
                p99[size].append(checked(outcome["all"]).percentile(99))
    figure("lookup.rate_for_p99", rate, better="higher")
    for size, values in p99.items():
        figure(f"lookup.p99_ms.{size}", 1000 * median(values), better="lower")
    figure("lookup.p99_over_small", median(p99[rows]) / median(p99[SMALL]), goal=P99_GOAL, better="lower")


async def main(rows: int, kept: Path | None, seconds: float, rounds: int) -> None:
    with countries(kept) as made:
        url = await made.of(rows)
        await warmed(url)
        rate = await throughput(made, url, seconds, rounds)
        await latency(made, rows, rate / 3, seconds, rounds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lookup", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    asyncio.run(main(given.rows, given.keep, given.seconds, given.rounds))
