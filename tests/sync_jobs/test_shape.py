"""An agency that was changed without a word: its records are not what they were."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from contracts.adapter import Window
from hub.db import Database
from hub.index.tables import dossier
from hub.quarantine.tables import quarantine
from hub.streams import store
from hub.streams.shape import Shape
from hub.streams.tables import stream
from hub.sync import orders
from hub.sync.status import statuses
from hub.vault import Vault
from sync_jobs.pull import pull
from tests.parts import Told, pulled_spec
from tests.sync_jobs.listing import AGENCY, System, filled, listing

Record = dict[str, Any]


def without(name: str) -> Callable[[Record], Record]:
    return lambda record: {key: value for key, value in record.items() if key != name}


def saying(**values: Any) -> Callable[[Record], Record]:
    return lambda record: record | values


def recently() -> datetime:
    # Not this very moment: it is asked for in whole seconds.
    return datetime.now(UTC) - timedelta(seconds=2)


def fresh(system: System, count: int) -> None:
    for number in range(count):
        system.put(f"H21.09-261123-{number:05}", recently())


@contextmanager
def warned() -> Iterator[list[dict[str, Any]]]:
    with capture_logs() as logs:
        found: list[dict[str, Any]] = []
        yield found
    found += [{k: v for k, v in each.items() if k != "log_level"} for each in logs if each["log_level"] == "warning"]


async def known(database: Database) -> int:
    async with database.begin() as connection:
        return (await connection.execute(select(func.count()).select_from(dossier))).scalar_one()


@pytest.mark.parametrize(
    ("defect", "why"),
    [
        (without("ma"), "150 of 150 records cannot be read, more than 1 %"),
        (without("luc"), "150 of 150 records cannot be read, more than 1 %"),
        (saying(luc="23-11-2026"), "150 of 150 records cannot be read, more than 1 %"),
    ],
)
async def test_records_that_cannot_be_read_stop_the_stream_until_they_can(
    database: Database, vault: Vault, defect: Callable[[Record], Record], why: str
) -> None:
    system = filled(System(size=300), 100, newest=recently(), apart=timedelta(seconds=1))
    async with listing(system) as adapter:
        await store.ensure(database, [adapter.spec])
        assert (await pull(database, adapter, vault)).added == 100
        covered = (await standing(database))["covered_until"]
        fresh(system, 150)
        # What the overlap reads again is read as it is now, too.
        system.rows = {code: row for code, row in system.rows.items() if code.startswith("H21.09-261123")}
        system.defect = defect
        stopped = await pull(database, adapter, vault)
        assert (stopped.outcome, stopped.message) == ("shape_changed", why)
        row = await standing(database)
        assert (row["covered_until"], row["failures_in_a_row"], row["last_failure"]) == (covered, 1, why)
        async with database.begin() as connection:
            assert (await connection.execute(select(func.count()).select_from(quarantine))).scalar_one() == 150

        # The agency mends it, and nobody need do anything.
        system.defect = None
        assert (await pull(database, adapter, vault)).outcome == "ok"
        assert await known(database) == 250


async def standing(database: Database) -> dict[str, Any]:
    async with database.begin() as connection:
        return dict((await connection.execute(select(stream).where(stream.c.kind == "pull"))).mappings().one())


async def test_a_few_bad_records_spoil_nothing(database: Database, vault: Vault) -> None:
    system = filled(System(), 95, newest=recently(), apart=timedelta(seconds=1))

    def spoilt(record: Record) -> Record:
        return record | {"luc": "hôm qua"} if int(record["ma"][-5:]) < 9 else record

    system.defect = spoilt
    async with listing(system) as adapter:
        await store.ensure(database, [adapter.spec])
        run = await pull(database, adapter, vault)
    assert (run.outcome, run.added, run.quarantined, run.details) == ("ok", 86, 9, {"unreadable": 9})


async def test_an_agency_known_for_bad_records_may_have_more_of_them(database: Database, vault: Vault) -> None:
    system = filled(System(), 95, newest=recently(), apart=timedelta(seconds=1))
    system.defect = lambda record: record | {"luc": ""} if int(record["ma"][-5:]) < 20 else record
    async with listing(system, unreadable_percent=25) as adapter:
        await store.ensure(database, [adapter.spec])
        run = await pull(database, adapter, vault)
    assert (run.outcome, run.added, run.quarantined) == ("ok", 75, 20)


async def test_an_admin_may_have_it_read_as_it_is(database: Database, vault: Vault) -> None:
    system = filled(System(), 50, newest=recently(), apart=timedelta(seconds=1))
    system.defect = lambda record: record | {"luc": ""} if int(record["ma"][-5:]) < 20 else record
    async with listing(system) as adapter:
        await store.ensure(database, [adapter.spec])
        assert (await pull(database, adapter, vault)).outcome == "shape_changed"
        assert await known(database) == 0
        await orders.want(database, AGENCY, "pull", actor="test")
        run = await pull(database, adapter, vault)
    assert (run.outcome, run.added) == ("ok", 30)


async def test_a_status_that_is_told_no_more_stops_the_stream(database: Database, vault: Vault) -> None:
    system = filled(System(size=100), 100, newest=recently(), apart=timedelta(milliseconds=1))
    async with listing(system) as adapter:
        await store.ensure(database, [adapter.spec])
        await pull(database, adapter, vault)
        system.defect = without("tinhTrang")
        fresh(system, 150)
        stopped = await pull(database, adapter, vault)
    assert (stopped.outcome, stopped.message) == ("shape_changed", "no record tells its status any more")


async def test_a_field_that_is_told_no_more_is_warned_of_and_keeps_what_it_was(
    database: Database, vault: Vault
) -> None:
    system = filled(System(), 100, newest=recently(), apart=timedelta(milliseconds=1))
    async with listing(system) as adapter:
        await store.ensure(database, [adapter.spec])
        await pull(database, adapter, vault)
        system.defect = without("tenHoSo")
        fresh(system, 150)
        with warned() as warnings:
            for _ in range(2):
                assert (await pull(database, adapter, vault)).outcome == "ok"
    assert warnings == [{"event": "agency.field_gone", "agency": AGENCY, "field": "procedure_name"}]
    async with database.begin() as connection:
        names = select(func.count()).where(dossier.c.procedure_name == "Cấp giấy phép")
        assert (await connection.execute(names)).scalar_one() == 100
    async with database.reads.acquire() as reads:
        [status] = await statuses(reads)
    assert status.warnings == ["procedure_name is told no more"]


async def test_a_new_status_word_is_warned_of_once_until_the_spec_knows_it(database: Database, vault: Vault) -> None:
    system = filled(System(), 30, newest=recently(), apart=timedelta(milliseconds=1))
    system.defect = saying(tinhTrang="Chờ bổ sung HS")
    async with listing(system) as adapter:
        await store.ensure(database, [adapter.spec])
        with warned() as warnings:
            for _ in range(2):
                # The word alone is not known; the dossiers are.
                assert (await pull(database, adapter, vault)).outcome == "ok"
        assert warnings == [{"event": "agency.unknown_status", "agency": AGENCY, "word": "Chờ bổ sung HS"}]
        async with database.reads.acquire() as reads:
            [status] = await statuses(reads)
        assert status.warnings == ["unknown status 'Chờ bổ sung HS'"]


async def test_a_list_that_is_empty_all_at_once_is_the_agencys_incident(database: Database, vault: Vault) -> None:
    spec = pulled_spec()
    assert not spec.lists_since
    system = filled(System(), 30, newest=recently(), apart=timedelta(seconds=1))
    async with listing(system) as adapter:
        rows = [each async for page in adapter.changes(whole()) for each in page.observations]
    await store.ensure(database, [spec])
    told = [each.model_copy(update={"agency": spec.id}) for each in rows]
    assert (await pull(database, Told(spec, [told]), vault)).added == 30
    covered = (await standing(database))["covered_until"]
    stopped = await pull(database, Told(spec, [[]]), vault)
    assert (stopped.outcome, stopped.message) == ("shape_changed", "its list is empty; it had 30 rows the last time")
    assert (await standing(database))["covered_until"] == covered
    assert (await pull(database, Told(spec, [told[:5]]), vault)).outcome == "ok"


def whole() -> Window:
    return Window(until=datetime.now(UTC))


def test_a_long_silence_is_worth_a_word() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    heard = Shape(heard_at=now - timedelta(days=9), times_heard=500, longest_silence=63 * 3600)
    assert heard.warnings(now) == ["nothing has come for 9 days"]
    # A weekend is none.
    assert heard.warnings(now - timedelta(days=6)) == []


def test_a_shape_is_kept_as_it_was() -> None:
    shape = Shape(
        records=5, told={"status": (5, 0)}, words=("Chờ",), rows_before=5, heard_at=datetime(2026, 11, 23, tzinfo=UTC)
    )
    stored = shape.to_json()
    assert Shape.from_json(stored).to_json() == stored
    assert Shape.from_json({}) == Shape()
