"""The watch job against a real system on loopback that can only be asked for one dossier at a time."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import RowMapping, func, insert, select, update

from adapters import Client, build_adapter
from contracts.adapter import AgencyAdapter
from contracts.agency import AgencySpec
from contracts.observation import Observation
from hub.db import Database
from hub.index.record import record
from hub.index.tables import dossier, observation
from hub.streams import store as streams
from hub.streams.tables import run as run_table
from hub.streams.tables import stream
from hub.vault import Vault
from hub.watch.tables import watch as watch_table
from hub.watch.tables import watch_rate
from sync_jobs.watch import watch
from tests.adapters.servers import Asked, Told, answering
from tests.observations import observation as said
from tests.parts import NamedSecrets, pushing_spec

AGENCY = "ubnd-pleiku"
CODES = [f"H21.20-261123-{number:04}" for number in range(1, 9)]
WORDS = {1: "MOI", 4: "DANG_XU_LY", 9: "XONG"}


@dataclass
class System:
    """An agency's own system: one dossier by its code, and no list of any kind."""

    #: National status and time of the last change, by code; a Told is given as it is.
    dossiers: dict[str, tuple[int, datetime] | Told] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def answer(self, asked: Asked) -> Told:
        code = asked.path.rsplit("/", 1)[1]
        self.asked.append(code)
        known = self.dossiers.get(code, Told("{}", 404))
        if isinstance(known, Told):
            return known
        status, at = known
        return Told(orjson.dumps({"ma": code, "tinhTrang": WORDS[status], "luc": at.isoformat()}))


def spec_at(address: str, **budget: Any) -> AgencySpec:
    return pushing_spec(
        AGENCY,
        webhook=None,
        system={
            "kind": "rest",
            "address": address,
            "private": True,
            "limits": {"attempts": 1, "total_seconds": 5},
            "budget": budget,
        },
        operations={"lookup": {"request": {"path": "/ho-so/{code}"}, "answer": {"absent_when": "!ma"}}},
        mapping={
            "code": "ma",
            "occurred_at": {"path": "luc", "convert": "date", "formats": ["iso"]},
            "facts": {"status": "tinhTrang"},
        },
    )


@asynccontextmanager
async def agency(system: System, **budget: Any) -> AsyncIterator[AgencyAdapter]:
    async with answering(system.answer) as address, Client(None) as client:
        yield build_adapter(spec_at(address, **budget), client=client, secrets=NamedSecrets(), documents=Path())


@pytest.fixture
def system() -> System:
    """All its dossiers are in processing, for three weeks."""
    return System({code: (4, datetime.now(UTC) - timedelta(days=21)) for code in CODES})


@pytest.fixture
async def database_of_them(database: Database, vault: Vault, system: System) -> Database:
    """The hub heard of each once, so long ago that asking is worth it at any time of day; it has a stream for it."""
    heard: list[Observation] = []
    for code in CODES:
        known = system.dossiers[code]
        assert not isinstance(known, Told)
        heard.append(
            said(code, status=4, status_raw=WORDS[4]).model_copy(
                update={"occurred_at": known[1], "observed_at": datetime.now(UTC) - timedelta(days=20)}
            )
        )
    async with database.begin() as connection:
        await record(connection, heard, vault)
    await streams.ensure(database, [spec_at("http://127.0.0.1:1")], ["watch"])
    return database


async def statuses(database: Database) -> dict[str, int]:
    async with database.begin() as connection:
        rows = await connection.execute(select(dossier.c.code, dossier.c.status))
        return {row.code: row.status for row in rows}


async def runs(database: Database) -> Sequence[RowMapping]:
    async with database.begin() as connection:
        return (await connection.execute(select(run_table).order_by(run_table.c.id))).mappings().all()


async def checked(database: Database) -> set[str]:
    async with database.begin() as connection:
        rows = await connection.execute(
            select(dossier.c.code)
            .join(watch_table, watch_table.c.dossier_id == dossier.c.id)
            .where(watch_table.c.checked_at.is_not(None))
        )
        return set(rows.scalars())


#: Time for all of them: half a look-up a second is what an agency without a rate is asked.
ENOUGH = 60.0


async def test_what_changed_at_the_agency_is_found(database_of_them: Database, vault: Vault, system: System) -> None:
    system.dossiers[CODES[2]] = (9, datetime.now(UTC) - timedelta(minutes=5))
    async with agency(system) as adapter:
        done = await watch(database_of_them, adapter, vault, seconds=ENOUGH)
    assert done
    assert (done.outcome, done.calls, done.received, done.changed, done.total) == ("ok", 8, 8, 1, 8)
    assert await statuses(database_of_them) == dict.fromkeys(CODES, 4) | {CODES[2]: 9}
    (kept,) = await runs(database_of_them)
    assert (kept["kind"], kept["outcome"], kept["calls"], kept["done"], kept["changed"]) == ("watch", "ok", 8, 8, 1)
    assert kept["finished_at"] is not None
    assert await checked(database_of_them) == set(CODES)
    # It learnt from each, and from the one at what hour its agency works.
    async with database_of_them.begin() as connection:
        seen = (await connection.execute(select(watch_rate.c.seen))).scalar_one()
    assert seen["change 4"][0] == 1
    assert [tally for name, tally in seen.items() if name.startswith("hour ")] == [[1, 0]]


async def test_what_was_asked_about_just_now_is_left_alone(
    database_of_them: Database, vault: Vault, system: System
) -> None:
    async with agency(system) as adapter:
        assert await watch(database_of_them, adapter, vault, seconds=ENOUGH)
        assert await watch(database_of_them, adapter, vault, seconds=ENOUGH) is None
    assert sorted(system.asked) == CODES
    assert len(await runs(database_of_them)) == 1, "a run that asks nobody leaves no record"


async def test_what_a_pull_covers_is_left_alone(database_of_them: Database, vault: Vault, system: System) -> None:
    async with database_of_them.begin() as connection:
        await connection.execute(
            insert(stream).values(agency=AGENCY, kind="pull", covered_until=datetime.now(UTC) - timedelta(seconds=5))
        )
    async with agency(system) as adapter:
        assert await watch(database_of_them, adapter, vault, seconds=ENOUGH) is None
    assert system.asked == []


async def test_the_one_its_owner_looks_at_comes_first(database_of_them: Database, vault: Vault, system: System) -> None:
    async with database_of_them.begin() as connection:
        await connection.execute(
            insert(watch_table).values(
                dossier_id=select(dossier.c.id).where(dossier.c.code == CODES[5]).scalar_subquery(),
                opened_at=datetime.now(UTC) - timedelta(days=1),
                opened_count=2,
            )
        )
    async with agency(system) as adapter:
        assert await watch(database_of_them, adapter, vault, seconds=ENOUGH)
    # The first call but those that go in turn.
    assert CODES[5] in system.asked[:4]


async def test_no_more_than_its_share_of_the_budget(database_of_them: Database, vault: Vault, system: System) -> None:
    # A day of 2,880 calls has 720 for watching: one every two minutes.
    async with agency(system, per_day=2_880) as adapter:
        done = await watch(database_of_them, adapter, vault, seconds=600)
    assert done and done.calls == 5
    assert len(system.asked) == 5


async def test_a_dossier_the_agency_does_not_find_stays(
    database_of_them: Database, vault: Vault, system: System
) -> None:
    for code in CODES:
        del system.dossiers[code]
    async with agency(system) as adapter:
        done = await watch(database_of_them, adapter, vault, seconds=ENOUGH)
    assert done and (done.outcome, done.calls, done.changed, done.details) == ("ok", 8, 0, {"absent": 8})
    assert await statuses(database_of_them) == dict.fromkeys(CODES, 4)
    async with database_of_them.begin() as connection:
        assert (await connection.execute(select(dossier.c.id).where(dossier.c.gone_at.is_not(None)))).all() == []
        assert (await connection.execute(select(func.count()).select_from(observation))).scalar_one() == 8
    assert await checked(database_of_them) == set(CODES), "and is not asked about again at once"


async def test_one_bad_answer_does_not_keep_the_others_from_their_turn(
    database_of_them: Database, vault: Vault, system: System
) -> None:
    system.dossiers[CODES[0]] = Told("not JSON at all")
    system.dossiers[CODES[7]] = (9, datetime.now(UTC))
    async with agency(system) as adapter:
        done = await watch(database_of_them, adapter, vault, seconds=ENOUGH)
    assert done and (done.outcome, done.calls, done.changed, done.details) == ("ok", 8, 1, {"odd": 1})
    assert await checked(database_of_them) == set(CODES)


async def test_an_agency_that_answers_nonsense_is_left_alone(
    database_of_them: Database, vault: Vault, system: System
) -> None:
    system.dossiers = {code: Told("not JSON at all") for code in CODES}
    async with agency(system) as adapter:
        done = await watch(database_of_them, adapter, vault, seconds=ENOUGH)
    assert done and (done.outcome, done.calls) == ("malformed", 3)
    assert await statuses(database_of_them) == dict.fromkeys(CODES, 4)


async def test_an_agency_that_is_down_is_asked_once(database_of_them: Database, vault: Vault, system: System) -> None:
    system.dossiers = {code: Told("down", 503) for code in CODES}
    async with agency(system) as adapter:
        done = await watch(database_of_them, adapter, vault, seconds=ENOUGH)
    assert done and (done.outcome, done.calls) == ("unreachable", 1)
    assert await checked(database_of_them) == set()
    async with database_of_them.begin() as connection:
        row = (await connection.execute(select(stream).where(stream.c.kind == "watch"))).mappings().one()
    assert row["failures_in_a_row"] == 1
    assert row["next_due_at"] > datetime.now(UTC)


async def test_an_unknown_word_is_quarantined_and_changes_nothing(
    database_of_them: Database, vault: Vault, system: System
) -> None:
    at = datetime.now(UTC).isoformat()
    system.dossiers[CODES[3]] = Told(orjson.dumps({"ma": CODES[3], "tinhTrang": "LUU_KHO", "luc": at}))
    async with agency(system) as adapter:
        done = await watch(database_of_them, adapter, vault, seconds=ENOUGH)
    assert done and (done.outcome, done.quarantined) == ("ok", 1)
    assert await statuses(database_of_them) == dict.fromkeys(CODES, 4)


async def test_a_run_that_was_overtaken_writes_no_more(
    database_of_them: Database, vault: Vault, system: System
) -> None:
    """As after a SIGSTOP past the lease: another took the stream while the first answer was on its way."""
    async with agency(system) as adapter:
        plain = adapter.lookup

        async def overtaken(code: str, **options: Any) -> Any:
            reading = await plain(code, **options)
            async with database_of_them.begin() as connection:
                await connection.execute(
                    update(stream).where(stream.c.kind == "watch").values(lease_epoch=stream.c.lease_epoch + 1)
                )
            return reading

        adapter.lookup = overtaken  # type: ignore[method-assign]
        done = await watch(database_of_them, adapter, vault, seconds=ENOUGH)
    assert done and (done.outcome, done.calls) == ("fenced", 1)
    assert await checked(database_of_them) == set()


async def test_a_run_ends_with_its_time(database_of_them: Database, vault: Vault, system: System) -> None:
    """What a slow agency leaves undone is chosen anew by the next run."""

    class Slow(System):
        def answer(self, asked: Asked) -> Told:
            time.sleep(0.3)
            return super().answer(asked)

    async with agency(Slow(system.dossiers), per_second=1000) as adapter:
        done = await watch(database_of_them, adapter, vault, seconds=0.5)
    assert done and (done.outcome, done.total) == ("ok", 8)
    assert 1 <= done.calls < 8
    assert len(await checked(database_of_them)) == done.calls


async def test_a_run_made_twice_changes_nothing(database_of_them: Database, vault: Vault, system: System) -> None:
    system.dossiers = {code: (9, datetime.now(UTC)) for code in CODES}
    async with agency(system) as adapter:
        for _ in range(2):
            assert await watch(database_of_them, adapter, vault, seconds=ENOUGH)
            async with database_of_them.begin() as connection:
                await connection.execute(update(watch_table).values(checked_at=None))
                await connection.execute(update(dossier).values(observed_at=datetime.now(UTC) - timedelta(days=20)))
    assert await statuses(database_of_them) == dict.fromkeys(CODES, 9)
    async with database_of_them.begin() as connection:
        lines = (await connection.execute(select(func.count()).select_from(observation))).scalar_one()
    assert (len(system.asked), lines) == (16, 2 * len(CODES))
