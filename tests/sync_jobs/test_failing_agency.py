"""An agency that fails: left alone more and more, nothing of ours is spoilt, and taken back by itself."""

import os
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import func, select, update
from structlog.testing import capture_logs

from contracts.errors import Rejected, TimedOut
from hub.db import Database
from hub.index.tables import dossier
from hub.streams import store, turns
from hub.streams.store import MAX_BACKOFF
from hub.streams.tables import stream
from hub.vault import Vault
from sync_jobs.pull import pull
from sync_jobs.reconcile import reconcile
from tests.adapters.servers import Told as Answer
from tests.observations import observation as said
from tests.parts import Told, pulled_spec
from tests.sync_jobs.listing import System, filled, listing

SEED = int(os.environ.get("HUB_TEST_SEED", random.randrange(2**31)))


def garbage(chance: random.Random) -> Answer:
    """What comes where JSON was promised: other things, other JSON, half of it, and records that are none."""
    other: list[Any] = [{}, [], None, 42, "hoSo", {"hoSo": "x"}, {"data": []}]
    sound = orjson.dumps({"tong": 30, "hoSo": [{"ma": "H21.09-260101-00001", "luc": "2026-11-25T08:00:00Z"}] * 30})
    return chance.choice(
        [
            Answer(chance.randbytes(chance.randint(1, 5000))),
            Answer(""),
            Answer("<html><body>Hệ thống đang bảo trì</body></html>", content_type="text/html"),
            Answer("<html><body>Bad gateway</body></html>", status=502, content_type="text/html"),
            Answer("Runtime Error", status=500, content_type="text/plain"),
            Answer(sound[: chance.randint(1, len(sound) - 1)]),
            *(Answer(orjson.dumps(each)) for each in other),
            Answer(orjson.dumps({"hoSo": [{"ma": None, "luc": str(chance.random())}] * 30})),
            Answer(orjson.dumps({"hoSo": [chance.random() for _ in range(30)]})),
        ]
    )


async def known(database: Database) -> list[Any]:
    async with database.begin() as connection:
        found = await connection.execute(select(dossier.c.code, dossier.c.status, dossier.c.procedure_name))
        return sorted(tuple(row) for row in found)


async def pulled(database: Database) -> dict[str, Any]:
    async with database.begin() as connection:
        found = await connection.execute(select(stream, func.now().label("now")).where(stream.c.kind == "pull"))
        return dict(found.mappings().one())


async def passes(database: Database, time: timedelta) -> None:
    """All that is known lies so much longer back."""
    columns = (stream.c.next_due_at, stream.c.covered_until, stream.c.last_failed_at, stream.c.last_succeeded_at)
    async with database.begin() as connection:
        await connection.execute(update(stream).values({each.name: each - time for each in columns}))


async def test_an_hour_of_garbage_spoils_nothing_and_ends_by_itself(database: Database, vault: Vault) -> None:
    print(f"HUB_TEST_SEED={SEED}")
    chance = random.Random(SEED)
    system = filled(System(), 30, newest=datetime.now(UTC) - timedelta(seconds=5), apart=timedelta(seconds=1))
    async with listing(system) as adapter:
        spec = adapter.spec
        await store.ensure(database, [spec])
        assert (await pull(database, adapter, vault)).added == 30
        before, hour, tries = await known(database), timedelta(), 0
        system.babbles = lambda: garbage(chance)
        await passes(database, timedelta(seconds=10))
        with capture_logs() as lines:
            while hour < timedelta(hours=1):
                run = await pull(database, adapter, vault)
                tries += 1
                assert run.outcome in ("malformed", "unreachable", "shape_changed", "rejected"), run
                assert await known(database) == before
                row = await pulled(database)
                assert (row["failures_in_a_row"], row["last_failure"]) == (tries, run.message)
                async with database.begin() as connection:
                    assert not await turns.due(connection, {spec.id: spec}), "it is left alone for a while"
                wait = row["next_due_at"] - row["now"]
                hour += wait
                await passes(database, wait)
                async with database.begin() as connection:
                    assert [each.agency for each in await turns.due(connection, {spec.id: spec})] == [spec.id]
            # What changed meanwhile is all there once it talks sense again.
            for number in range(20):
                system.put(f"H21.09-260101-{number:05}", datetime.now(UTC) - timedelta(seconds=2), "XONG")
            system.babbles = None
            back = await pull(database, adapter, vault)
    assert (back.outcome, back.changed) == ("ok", 20)
    assert sum(status == 9 for _, status, _ in await known(database)) == 20
    # 5 s, 10 s, 20 s … 15 minutes.
    assert tries == 11
    said_once = [line["event"] for line in lines if line["log_level"] in ("warning", "error")]
    assert [event for event in said_once if event.startswith("agency.")] == ["agency.down", "agency.back"]
    row = await pulled(database)
    assert (row["failures_in_a_row"], row["last_failure"]) == (0, None)


async def test_what_broke_off_goes_on_soon_however_seldom_it_is_begun(database: Database, vault: Vault) -> None:
    """A reconcile of every night is not put off to the next by a moment's trouble; one that is refused is."""
    spec = pulled_spec(every=timedelta(days=1))
    await store.ensure(database, [spec], ["reconcile"])
    tomorrow = datetime.now(UTC) + timedelta(days=1)

    async def next_due(agency: Told) -> datetime:
        async with database.begin() as connection:
            await connection.execute(update(stream).values(next_due_at=tomorrow))
        await reconcile(database, agency, vault)
        async with database.begin() as connection:
            due = (await connection.execute(select(stream.c.next_due_at))).scalar_one()
        assert isinstance(due, datetime)
        return due

    assert await next_due(Told(spec, [TimedOut("no answer")])) < datetime.now(UTC) + MAX_BACKOFF
    assert await next_due(Told(spec, [Rejected("no")])) == tomorrow


async def test_an_agency_whose_clock_is_set_back_is_read_again_from_there(database: Database, vault: Vault) -> None:
    """What it changes after that has times that were covered already."""
    system = System(ahead=timedelta(hours=1))
    async with listing(system) as adapter:
        await store.ensure(database, [adapter.spec])
        # The first run finds out how far ahead it is, and the second reads up to there.
        for _ in range(2):
            assert (await pull(database, adapter, vault)).outcome == "ok"
        covered = (await pulled(database))["covered_until"]
        assert covered > datetime.now(UTC) + timedelta(minutes=59)
        system.ahead = timedelta()
        # While nobody has noticed, and later.
        system.put("H21.09-260101-00001", datetime.now(UTC) - timedelta(seconds=1))
        assert (await pull(database, adapter, vault)).outcome == "ok"
        system.put("H21.09-260101-00002", datetime.now(UTC) - timedelta(seconds=1))
        assert (await pull(database, adapter, vault)).outcome == "ok"
    assert [code for code, _, _ in await known(database)] == ["H21.09-260101-00001", "H21.09-260101-00002"]


async def test_a_refused_pull_is_tried_again_before_its_plan_says(database: Database, vault: Vault) -> None:
    spec = pulled_spec(every=timedelta(days=1))
    await store.ensure(database, [spec])
    async with database.begin() as connection:
        await connection.execute(update(stream).values(next_due_at=func.now() + timedelta(days=1)))
    await pull(database, Told(spec, [Rejected("not now")]), vault)
    assert (await pulled(database))["next_due_at"] < datetime.now(UTC) + MAX_BACKOFF
    assert (await pull(database, Told(spec, [[said(status=4)]]), vault)).outcome == "ok"
