"""One observation's way into the index, in microseconds per stage: fetch, parse, map, record; SOAP and REST.

The estate serves 20,000 dossiers per agency on loopback; each agency is read whole, as at a first sync, into an
empty index, several times over. Each figure is the median of the rounds. `again` is the same page once more: what
an overlap costs. No goals were set; the figures are there to be compared with later ones.
"""

import argparse
import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from statistics import median
from time import perf_counter
from typing import Any, TypeVar

import structlog
from cryptography.fernet import Fernet
from sqlalchemy import text

from adapters import Client, build_adapter
from adapters.calling.client import RawAnswer
from adapters.mapping.record_reader import RecordReader
from benchmarks.database import fresh_database
from benchmarks.figures import figure
from config.load import load_agencies
from config.settings import Settings
from contracts.adapter import AgencyAdapter, Position, Window
from hub.db import Database
from hub.index.record import record
from hub.vault import Vault
from tests.adapters.specs import one_page
from tests.estate.client import running_estate

T = TypeVar("T")

#: Which agency stands for which kind of system.
KINDS = {"soap": "so-tnmt", "rest": "so-khdt"}


class Stopwatch:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    def timed(self, stage: str, work: Callable[..., T]) -> Callable[..., T]:
        def run(*arguments: Any) -> T:
            started = perf_counter()
            try:
                return work(*arguments)
            finally:
                self.seconds[stage] += perf_counter() - started

        return run


class TimedClient(Client):
    """The one client, with what it does apart from what is made of its answers."""

    def __init__(self, watch: Stopwatch) -> None:
        super().__init__(None)
        self._watch = watch

    async def call(self, *arguments: Any, understand: Callable[[RawAnswer], T], **named: Any) -> T:
        started = perf_counter()
        try:
            understand = self._watch.timed("understand", understand)
            return await super().call(*arguments, understand=understand, **named)
        finally:
            self._watch.seconds["call"] += perf_counter() - started


class Known(dict[str, str]):
    """contracts.adapter.Secrets over a dict."""

    def get(self, name: str) -> str:  # type: ignore[override]
        return self[name]


async def read_whole(adapter: AgencyAdapter, database: Database, vault: Vault, watch: Stopwatch) -> int:
    """Read all the agency has into the index. Returns how many observations that were."""
    window = Window(until=datetime.now(UTC))
    position: Position | None = None
    rows = 0
    while True:
        page = await one_page(adapter.changes(window, position))
        for stage in ("record", "again"):
            started = perf_counter()
            async with database.begin() as connection:
                await record(connection, page.observations, vault)
            watch.seconds[stage] += perf_counter() - started
        rows += len(page.observations)
        position = page.next
        if position is None:
            return rows


async def round_of(
    agency: str, addresses: Mapping[str, str], secrets: Mapping[str, str], database: Database, vault: Vault
) -> dict[str, float]:
    """Microseconds per observation, by stage."""
    watch = Stopwatch()
    # Mapping happens inside what is made of an answer, a record at a time; this tells it from parsing.
    plain, RecordReader.read = RecordReader.read, watch.timed("map", RecordReader.read)  # type: ignore[method-assign]
    spec = load_agencies(Settings().agencies_dir, addresses)[agency]
    async with TimedClient(watch) as client:
        adapter = build_adapter(spec, client=client, secrets=Known(secrets), documents=Settings().documents_dir)
        rows = await read_whole(adapter, database, vault, watch)
    RecordReader.read = plain  # type: ignore[method-assign]
    seconds = watch.seconds
    stages = {
        "fetch": seconds["call"] - seconds["understand"],
        "parse": seconds["understand"] - seconds["map"],
        "map": seconds["map"],
        "record": seconds["record"],
        "again": seconds["again"],
    }
    return {stage: 1e6 * spent / rows for stage, spent in stages.items()}


async def main(dossiers: int, rounds: int) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    vault = Vault(seal_keys=Fernet.generate_key().decode(), digest_key="benchmark")
    async with fresh_database() as database, running_estate(size=dossiers) as estate:
        for kind, agency in KINDS.items():
            found: dict[str, list[float]] = defaultdict(list)
            for _ in range(rounds):
                async with database.begin() as connection:
                    await connection.execute(text("TRUNCATE dossier, observation, change, recheck, watch CASCADE"))
                for stage, value in (await round_of(agency, estate.addresses, estate.secrets, database, vault)).items():
                    found[stage].append(value)
            for stage, values in found.items():
                figure(f"path.{kind}.{stage}_us_per_observation", median(values), better="lower")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.path", description=__doc__)
    parser.add_argument("--dossiers", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    asyncio.run(main(given.dossiers, given.rounds))
