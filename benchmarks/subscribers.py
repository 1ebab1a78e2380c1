"""Webhooks out: how soon an accepted event is at its subscriber, what many subscriptions cost, and whether dead
endpoints delay others. `--only arrival`, `neighbours` or `fan_out` measures that part alone.

- `arrival_p99_ms`: from the 202 that an agency got for its event until the subscriber's endpoint has it, with
  `hub run` as people run it, at a rate of twenty events a second (the province's morning peak).
- `neighbours_p99_ms`: the same, beside fifty subscribers to the same events that hang, are slow, or refuse; and over
  the first.
- `fan_out_10000_over_10`: the time to hand a page of changes on to ten subscribers to everything, beside 10,000 others
  that each want a procedure that does not occur ÷ without them. `crowded`: beside 10,000 that all want this agency, and
  a status that does not occur.
- `catalogue_seconds`: to read who those 10,000 are, which each process does every ten seconds.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import orjson
from cryptography.fernet import Fernet
from sqlalchemy import text

from benchmarks.database import fresh_database
from benchmarks.figures import figure
from benchmarks.webhooks import AGENCY, SECRET, Events, agencies_folder
from hub.access.keys import ApiKeys
from hub.access.scopes import Scope
from hub.db import Database
from hub.index.record import record
from hub.subscriptions.endpoint import Endpoint, new_secret
from hub.subscriptions.fan_out import FanOut, changed
from hub.vault import Vault
from tests.adapters.servers import Asked, Told, answering, read_request, talking
from tests.observations import observation
from tests.parts import pulled_spec, registry_of
from tests.running import HubProcess, free_port, running_hub

PARTS = ("arrival", "neighbours", "fan_out")
_RATE = 20.0
_HANGING, _SLOW, _REFUSING = 30, 10, 10
_SLOW_SECONDS = 5.0
_TAKERS, _MANY, _PAGE = 10, 10_000, 500

_MAKE = text("""
    WITH made AS (
        INSERT INTO destination (kind, target) SELECT 'webhook', :target FROM generate_series(1, :many) RETURNING id
    )
    INSERT INTO subscription (destination_id, owner, name, types, agencies, procedures, statuses, ordered, xid, seq)
    SELECT id, 'benchmark', 'webhook', '{}', CAST(:agencies AS text[]),
           CASE WHEN :own_procedure THEN ARRAY['9.' || lpad((id % 1000000)::text, 6, '0')] ELSE '{}' END,
           CAST(:statuses AS text[]), false, '0', 0
      FROM made
""")


class Endpoint200:
    """A subscriber that is well; when each dossier's event was there."""

    def __init__(self) -> None:
        self.came: dict[str, float] = {}

    def __call__(self, asked: Asked) -> Told:
        self.came.setdefault(orjson.loads(asked.body)["data"]["code"], time.perf_counter())
        return Told("", status=204)


async def hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    while await reader.read(65_536):
        pass


async def dawdle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await read_request(reader):
        await asyncio.sleep(_SLOW_SECONDS)
        writer.write(Told("", status=204).encoded())
        await writer.drain()


@asynccontextmanager
async def hub_with_key(parent: Path) -> AsyncIterator[tuple[HubProcess, httpx.AsyncClient]]:
    """`hub run`, and a client whose key may subscribe."""
    async with fresh_database() as database:
        hub = HubProcess(
            database.url,
            data_dir=parent / "data",
            agencies_dir=agencies_folder(parent),
            secrets={f"{AGENCY}-webhook": SECRET},
            settings={"HUB_ENDPOINT_NETWORKS": '["127.0.0.0/8"]'},
        )
        async with running_hub(hub):
            key = await ApiKeys(database).create("benchmark", scopes=[Scope.WEBHOOKS_MANAGE], actor="benchmark")
            async with httpx.AsyncClient(base_url=hub.url, headers={"X-Api-Key": key}, timeout=60) as client:
                yield hub, client


async def subscribe(client: httpx.AsyncClient, address: str) -> None:
    (await client.post("/v1/subscriptions", json={"address": address})).raise_for_status()


async def arrival(client: httpx.AsyncClient, endpoint: Endpoint200, events: Events, seconds: float) -> float:
    """The 99th percentile, in milliseconds."""
    accepted: dict[str, float] = {}
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number in range(int(_RATE * seconds)):
        await asyncio.sleep(max(0.0, began + number / _RATE - loop.time()))
        code, headers, body = events.one()
        (await client.post(f"/v1/webhooks/{AGENCY}", content=body, headers=headers)).raise_for_status()
        accepted[code] = time.perf_counter()
    async with asyncio.timeout(60):
        while not accepted.keys() <= endpoint.came.keys():
            await asyncio.sleep(0.05)
    took = sorted(endpoint.came[code] - accepted[code] for code in accepted)
    return 1000 * took[int(len(took) * 0.99) - 1]


async def over_http(parts: set[str], seconds: float) -> None:
    events, endpoint = Events(), Endpoint200()
    with tempfile.TemporaryDirectory(prefix="hub-subscribers-") as parent:
        async with (
            hub_with_key(Path(parent)) as (_, client),
            answering(endpoint) as well,
            talking(hang) as hanging,
            talking(dawdle) as slow,
        ):
            await subscribe(client, well)
            # The first connections, plans and caches.
            await arrival(client, endpoint, events, 2)
            alone = await arrival(client, endpoint, events, seconds)
            figure("subscribers.arrival_p99_ms", alone, goal=1000, better="lower")
            if "neighbours" not in parts:
                return
            dead = f"http://127.0.0.1:{free_port()}"
            bad = [hanging] * _HANGING + [slow] * _SLOW + [dead] * _REFUSING
            for number, address in enumerate(bad):
                await subscribe(client, f"{address}/{number}")
            beside = await arrival(client, endpoint, events, seconds)
            figure("subscribers.neighbours", len(bad), better="higher")
            figure("subscribers.neighbours_p99_ms", beside, goal=1000, better="lower")
            figure("subscribers.neighbours_over_alone", beside / alone, better="lower")


async def fan_out(rounds: int) -> None:
    vault = Vault(seal_keys=Fernet.generate_key().decode(), digest_key="0" * 64)
    codes = (f"H21.20-261126-{number:06d}" for number in count())
    async with fresh_database() as database, registry_of(pulled_spec("ubnd-pleiku")) as registry:
        await ApiKeys(database).create("benchmark", scopes=[Scope.WEBHOOKS_MANAGE], actor="benchmark")
        crowds: dict[str, dict[str, Any]] = {
            "none": {"many": 0, "own_procedure": False, "agencies": [], "statuses": []},
            "own": {"many": _MANY, "own_procedure": True, "agencies": [], "statuses": []},
            "crowded": {"many": _MANY, "own_procedure": False, "agencies": ["ubnd-pleiku"], "statuses": ["10"]},
        }
        pages: dict[str, list[float]] = {name: [] for name in crowds}
        catalogues: list[float] = []
        for turn in range(rounds + 1):
            if turn == 1:
                # The first one was for connections, plans and caches.
                pages, catalogues = {name: [] for name in crowds}, []
            for name, crowd in sorted(crowds.items(), reverse=bool(turn % 2)):
                await populate(database, vault, crowd)
                step = FanOut(database, registry, vault)
                began = time.perf_counter()
                await drained(step)
                if crowd["many"]:
                    catalogues.append(time.perf_counter() - began)
                said = [observation(next(codes), status=2) for _ in range(_PAGE)]
                async with database.begin() as connection:
                    await record(connection, said, vault)
                began = time.perf_counter()
                await drained(step)
                pages[name].append(time.perf_counter() - began)
                [(told,)] = await rows(database, "SELECT count(*) FROM delivery")
                assert told == _TAKERS * _PAGE, told
        alone = median(pages["none"])
        figure("subscribers.fan_out_page_ms", 1000 * alone, better="lower")
        figure("subscribers.fan_out_10000_over_10", median(pages["own"]) / alone, goal=1.5, better="lower")
        figure("subscribers.fan_out_crowded_over_10", median(pages["crowded"]) / alone, better="lower")
        figure("subscribers.catalogue_seconds", median(catalogues), better="lower")


async def populate(database: Database, vault: Vault, crowd: dict[str, Any]) -> None:
    """The takers of everything, and the crowd; nobody else, and nothing to deliver."""
    target = vault.seal(Endpoint("http://127.0.0.1:9/", new_secret()).target())
    takers = {"many": _TAKERS, "own_procedure": False, "agencies": [], "statuses": []}
    async with database.begin() as connection:
        await connection.execute(text("DELETE FROM destination"))
        await connection.execute(text("DELETE FROM message"))
        for each in (takers, crowd):
            await connection.execute(_MAKE, each | {"target": target})
        # From now on.
        await connection.execute(
            text(
                "UPDATE fan_out SET xid = pg_snapshot_xmin(pg_current_snapshot()), seq = 0, generation = f.generation"
                " FROM feed f"
            )
        )
        await changed(connection)


async def drained(step: FanOut) -> None:
    while await step.step():
        pass


async def rows(database: Database, statement: str) -> list[Any]:
    async with database.begin() as connection:
        return [tuple(row) for row in await connection.execute(text(statement))]


async def main(parts: set[str], seconds: float, rounds: int) -> None:
    if parts & {"arrival", "neighbours"}:
        await over_http(parts, seconds)
    if "fan_out" in parts:
        await fan_out(rounds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.subscribers", description=__doc__)
    parser.add_argument("--only", choices=PARTS, action="append", help="Several for more; all without it.")
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    asyncio.run(main(set(given.only or PARTS), given.seconds, given.rounds))
