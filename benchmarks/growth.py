"""What growing costs: an index of `--rows` dossiers with six lines of history each, beside one of 100,000.

- Bytes on disk per dossier, table by table and index by index.
- What `record` takes for a row, by the clock, in pages of 500 as a sync reads them, each committed: `new` dossiers, of
  persons who mostly have others; `changed` ones; and, of as many that are known, `one_in_ten` changed. These two are of
  the last month's dossiers, which are what agencies work on; `changed_anywhere` are of all five years alike.

Both sizes are on one server and take turns, kind by kind; ratios are medians of the rounds' own. What is measured is
going on, not beginning: the index of marks is read before, and each size is worked on for a round that does not count.

Ten million rows take 37 GB and half an hour to make; with `--keep FOLDER` they are there the next time, with what was
recorded. The smaller index, which that would change more, is made anew.
"""

import argparse
import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter

import asyncpg

from benchmarks import country, persons
from benchmarks.countries import Countries, countries
from benchmarks.figures import figure
from contracts.observation import Channel, Facts, Observation
from contracts.status import DossierStatus
from hub.db import Database
from hub.index import tallies
from hub.index.archive import archive
from hub.index.record import record
from hub.vault import Vault

GOAL = 1.3

SMALL = 100_000
PAGE = 500
KINDS = ("new", "changed", "one_in_ten", "changed_anywhere")
_YEARS = 2

#: What grows with the dossiers.
_TABLES = ("dossier", "observation", "change", "dossier_mark")

_PARTS = """
    SELECT coalesce(pg_partition_root(c.oid), c.oid)::regclass::text AS name, sum(pg_table_size(c.oid)) AS bytes
      FROM pg_class c
      LEFT JOIN pg_index i ON i.indexrelid = c.oid
     WHERE coalesce(pg_partition_root(coalesce(i.indrelid, c.oid)), i.indrelid, c.oid) = ANY($1::text[]::regclass[])
     GROUP BY name, i.indexrelid IS NULL
     ORDER BY i.indexrelid IS NULL DESC, bytes DESC
"""


async def size(url: str, rows: int) -> None:
    connection = await asyncpg.connect(url)
    parts = await connection.fetch(_PARTS, _TABLES)
    await connection.close()
    for part in parts:
        figure(f"growth.bytes_per_dossier.{part['name']}", float(part["bytes"]) / rows, better="lower")
    figure("growth.bytes_per_dossier", float(sum(part["bytes"] for part in parts)) / rows, better="lower")


class Index:
    """An index, and what agencies say next about its dossiers."""

    def __init__(self, database: Database, vault: Vault, rows: int) -> None:
        self.database = database
        self._vault = vault
        self._rows = rows
        self._chance = Random(rows)
        self._agencies = [agency for agency, share in country.SHARES.items() for _ in range(share)]

    async def read_marks(self) -> None:
        connection = await self.database.connect_alone()
        # Along the index: a whole table would not stay in the server's memory.
        await connection.execute("SET enable_seqscan = off; SELECT count(*) FROM dossier_mark")
        await connection.close()

    async def fold_counts(self) -> None:
        """As the clock does, for whoever measures here next."""
        await tallies.fold(self.database)

    async def costs(self, rows: int) -> AsyncIterator[float]:
        """Seconds per row, of each of KINDS."""
        yield await self._seconds(await self._first_words(rows))
        # The last month of five years, unless that is fewer than are asked for.
        known = await self._some_of(max(self._rows // 60, rows), rows)
        said = self._words(known, DossierStatus.SUPPLEMENT)
        yield await self._seconds(said)
        said[::10] = self._words(known[::10], DossierStatus.PROCESSING)
        yield await self._seconds(said)
        yield await self._seconds(self._words(await self._some_of(self._rows, rows), DossierStatus.SUPPLEMENT))

    async def _first_words(self, rows: int) -> list[Observation]:
        now = datetime.now(UTC)
        last = await self.database.reads.fetchval("SELECT max(id) FROM dossier")
        people = self._rows // persons.DOSSIERS_EACH
        said = []
        for number in range(last + 1, last + 1 + rows):
            agency, start = self._chance.choice(self._agencies)
            procedure, title = self._chance.choice(list(country.PROCEDURES.items()))
            facts = Facts.model_validate(
                {
                    "status": DossierStatus.RECEIVED,
                    "status_raw": "Đã tiếp nhận",
                    "procedure_code": procedure,
                    "procedure_name": title,
                    "submitted_at": now - timedelta(hours=1),
                    "received_at": now,
                    "due_at": now + timedelta(days=15),
                }
                | persons.facts(self._chance.randrange(people))
            )
            said.append(_observation(agency, f"{start}-{now:%y%m%d}-{number}", now, facts))
        return said

    async def _some_of(self, last: int, count: int) -> list[asyncpg.Record]:
        """Of the last so many of the made dossiers, chosen at random."""
        ids = self._chance.sample(range(self._rows - last + 1, self._rows + 1), count)
        rows: list[asyncpg.Record] = await self.database.reads.fetch(
            "SELECT agency, code FROM dossier WHERE id = ANY($1::bigint[])", ids
        )
        return rows

    def _words(self, known: Iterable[asyncpg.Record], status: DossierStatus) -> list[Observation]:
        now = datetime.now(UTC)
        facts = Facts(status=status, status_raw=country.WORDS[status.number - 1])
        said = [_observation(each["agency"], each["code"], now, facts) for each in known]
        self._chance.shuffle(said)
        return said

    async def _seconds(self, said: Sequence[Observation]) -> float:
        began = perf_counter()
        for start in range(0, len(said), PAGE):
            async with self.database.begin() as connection:
                await record(connection, said[start : start + PAGE], self._vault)
        return (perf_counter() - began) / len(said)


def _observation(agency: str, code: str, now: datetime, facts: Facts) -> Observation:
    return Observation(agency=agency, code=code, occurred_at=now, facts=facts, observed_at=now, channel=Channel.PULL)


async def archived(database: Database) -> None:
    began = perf_counter()
    dossiers = (await archive(database, _YEARS)).dossiers.total()
    figure("growth.archive_us", 1e6 * (perf_counter() - began) / dossiers, better="lower")
    size_of = await database.reads.fetchval("SELECT pg_table_size('archive') + pg_indexes_size('archive')")
    figure("growth.bytes_per_archived_history", size_of / dossiers, better="lower")


async def growth(made: Countries, rows: int, each: int, rounds: int) -> None:
    found: dict[tuple[str, int], list[float]] = defaultdict(list)
    async with AsyncExitStack() as stack:
        indexes = {}
        for size_of in (SMALL, rows):
            url = await made.of(size_of, anew=size_of == SMALL)
            database = await stack.enter_async_context(made.open(url))
            indexes[size_of] = Index(database, made.vault, size_of)
            await indexes[size_of].read_marks()
        for turn in range(rounds + 1):
            costs = {size_of: index.costs(each) for size_of, index in indexes.items()}
            for kind in KINDS:
                for size_of in indexes:
                    seconds = await anext(costs[size_of])
                    if turn:
                        found[kind, size_of].append(seconds)
        for index in indexes.values():
            await index.fold_counts()
        await archived(indexes[SMALL].database)
    for (kind, size_of), values in found.items():
        figure(f"growth.record_us.{kind}.{size_of}", 1e6 * median(values), better="lower")
    for kind in KINDS:
        ratios = [large / small for large, small in zip(found[kind, rows], found[kind, SMALL], strict=True)]
        figure(f"growth.record_over_small.{kind}", median(ratios), goal=GOAL, better="lower")


async def main(rows: int, kept: Path | None, each: int, rounds: int) -> None:
    with countries(kept) as made:
        await size(await made.of(rows), rows)
        await growth(made, rows, each, rounds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    parser.add_argument("--each", type=int, default=10_000, help="rows of each kind in a round")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    asyncio.run(main(given.rows, given.keep, given.each, given.rounds))
