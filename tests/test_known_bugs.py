"""The bugs that real hubs of this kind have had (their sources are in the domain notes), each as a test of ours."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from structlog.testing import capture_logs

from contracts.adapter import Page
from contracts.codes import code_key
from contracts.errors import TimedOut
from contracts.observation import Channel, Unusable
from contracts.webhook import Outcome
from hub.db import Database
from hub.index.record import record
from hub.index.tables import dossier, observation, recheck
from hub.quarantine.tables import quarantine
from hub.streams import store
from hub.streams.store import RunRecord
from hub.streams.tables import stream
from hub.vault import Vault
from sync_jobs.pull import pull
from tests.observations import T0
from tests.observations import observation as said
from tests.parts import Told, deliver, pulled_spec, pushing_spec

CODE = "H21.20-261123-0001"
EIGHT = "2026-11-23T08:00:00+07:00"
NINE = "2026-11-23T09:00:00+07:00"


async def shown(database: Database, code: str = CODE, agency: str = "ubnd-pleiku") -> Any:
    async with database.begin() as connection:
        found = await connection.execute(
            select(dossier).where(dossier.c.code_key == code_key(code), dossier.c.agency == agency)
        )
        return found.mappings().one()


async def test_bug_1_one_unmapped_status_blocks_every_agency(database: Database, vault: Vault) -> None:
    """There, a status nobody mapped threw out of the loop, at each run again, for all agencies."""
    spec, other = pulled_spec(), pulled_spec("so-tnmt")
    await store.ensure(database, [spec, other])
    unknown = Unusable(
        agency=spec.id,
        channel=Channel.PULL,
        reason="unknown_status",
        message="nobody has mapped this status",
        value="Chờ xác minh thực địa",
        code=CODE,
        raw="{}",
        observed_at=T0,
    )
    page = [said(CODE, due_at=T0), said("H21.20-261123-0002", status=4)]
    first = await pull(database, Told(spec, [page], [unknown]), vault)
    second = await pull(database, Told(other, [[said(CODE, agency="so-tnmt", status=9)]]), vault)
    assert (first.outcome, first.changed, first.quarantined) == ("ok", 2, 1)
    assert second.outcome == "ok"
    assert (await shown(database, "H21.20-261123-0002"))["status"] == 4
    # What could be understood of the record itself was applied too.
    assert (await shown(database))["due_at"] == T0
    assert (await shown(database, agency="so-tnmt"))["status"] == 9


async def test_bug_2_an_old_status_arriving_late_wins(database: Database, vault: Vault) -> None:
    spec = pushing_spec()
    await deliver(database, vault, spec, "b", code=CODE, occurred_at=NINE, status="XONG")
    late = await deliver(database, vault, spec, "a", code=CODE, occurred_at=EIGHT, status="DANG_XU_LY")
    assert late.outcome == Outcome.SUPERSEDED
    assert (await shown(database))["status"] == 9
    async with database.begin() as connection:
        assert (await connection.execute(select(func.count()).select_from(observation))).scalar_one() == 2


async def test_bug_3_a_status_before_its_dossier_is_lost_for_good(database: Database, vault: Vault) -> None:
    """The status comes first, the rest of the dossier after it, with the older time it really has."""
    spec = pushing_spec()
    await deliver(database, vault, spec, "b", code=CODE, occurred_at=NINE, status="DANG_XU_LY")
    await deliver(
        database, vault, spec, "a", code=CODE, occurred_at=EIGHT, status="MOI", procedure_code="1.001612", due_at=NINE
    )
    row = await shown(database)
    assert (row["status"], row["procedure_code"]) == (4, "1.001612")
    assert row["due_at"] == datetime(2026, 11, 23, 2, tzinfo=UTC)


async def test_bug_4_a_resent_dossier_cannot_correct_data(database: Database, vault: Vault) -> None:
    spec = pushing_spec()
    await deliver(database, vault, spec, "a", code=CODE, occurred_at=EIGHT, status="XONG", procedure_code="1.0016")
    corrected = await deliver(
        database, vault, spec, "b", code=CODE, occurred_at=NINE, status="DANG_XU_LY", procedure_code="1.001612"
    )
    assert corrected.outcome == Outcome.APPLIED
    row = await shown(database)
    # A correction may well turn a status back: what counts is that the agency said it later.
    assert (row["status"], row["procedure_code"]) == (4, "1.001612")


@pytest.mark.parametrize("due", [{}, {"due_at": None}, {"due_at": ""}, {"due_at": "31/02/2026"}])
async def test_bug_5_a_missing_due_date_becomes_today(database: Database, vault: Vault, due: dict[str, Any]) -> None:
    spec = pushing_spec()
    await deliver(database, vault, spec, "a", code=CODE, occurred_at=EIGHT, status="MOI", due_at=NINE)
    await deliver(database, vault, spec, "b", code=CODE, occurred_at=NINE, status="DANG_XU_LY", **due)
    await deliver(database, vault, spec, "c", code="H21.20-261123-0002", occurred_at=NINE, status="MOI", **due)
    row = await shown(database)
    assert (row["status"], row["due_at"]) == (4, datetime(2026, 11, 23, 2, tzinfo=UTC))
    assert (await shown(database, "H21.20-261123-0002"))["due_at"] is None
    async with database.begin() as connection:
        kept = (await connection.execute(select(quarantine.c.reason))).scalars().all()
    assert set(kept) == ({"bad_value"} if due.get("due_at") else set())


async def test_bug_6_synced_is_set_though_a_later_step_failed(database: Database, vault: Vault) -> None:
    """There, the flag was set after the first step; when the second failed, nobody sent it again."""
    spec = pulled_spec()
    await store.ensure(database, [spec])
    first, second = [said(CODE, status=4)], [said("H21.20-261123-0002", status=9)]
    cut = await pull(database, Told(spec, [first, TimedOut("no answer within 60 s")]), vault)
    assert cut.outcome == "timed_out"
    async with database.begin() as connection:
        row = (await connection.execute(select(stream))).mappings().one()
    assert row["covered_until"] is None
    assert row["failures_in_a_row"] == 1

    again = Told(spec, [first, second])
    whole = await pull(database, again, vault)
    assert whole.outcome == "ok"
    # It went on where it was cut, in the window it had.
    assert [position for _, position in again.asked] == [{"page": 1}]
    assert (await shown(database, "H21.20-261123-0002"))["status"] == 9
    async with database.begin() as connection:
        assert (await connection.execute(select(stream.c.covered_until))).scalar_one() == cut.until


async def test_bug_7_a_change_during_the_push_is_overwritten_by_its_success_flag(
    database: Database, vault: Vault
) -> None:
    """There, "synced" was written without looking whether the dossier had changed meanwhile. Here: a webhook
    that comes while an older page is on its way, and a contradiction that arises while one is asked about."""
    spec = pulled_spec()
    await store.ensure(database, [spec])

    class Slow(Told):
        async def changes(self, *args: Any, **options: Any) -> AsyncIterator[Page]:
            async for page in super().changes(*args, **options):
                async with database.begin() as connection:
                    await record(connection, [said(CODE, at=5, status=9)], vault)
                yield page

    await pull(database, Slow(spec, [[said(CODE, at=1, status=4, channel=Channel.PULL)]]), vault)
    assert (await shown(database))["status"] == 9

    async with database.begin() as connection:
        await record(connection, [said(CODE, at=6, status=4), said(CODE, at=6, status=5)], vault)
        asked_about = (await connection.execute(select(recheck))).mappings().one()
    async with database.begin() as connection:
        await record(connection, [said(CODE, at=7, status=4), said(CODE, at=7, status=5)], vault)
        await connection.execute(
            update(recheck).where(recheck.c.moment_rank == asked_about["moment_rank"]).values(asked_at=func.now())
        )
        open_questions = await connection.execute(select(recheck).where(recheck.c.asked_at.is_(None)))
    assert len(open_questions.all()) == 1


async def test_a_run_that_was_overtaken_writes_nothing(database: Database, vault: Vault) -> None:
    """A worker that was paused past its lease runs on beside its successor."""
    spec = pulled_spec()
    await store.ensure(database, [spec])

    class Overtaken(Told):
        async def changes(self, *args: Any, **options: Any) -> AsyncIterator[Page]:
            async for page in super().changes(*args, **options):
                assert spec.sync
                await store.take(database, RunRecord(spec.id, "pull", datetime.now(UTC)), spec)
                yield page

    run = await pull(database, Overtaken(spec, [[said(CODE, status=4)]]), vault)
    assert (run.outcome, run.added) == ("fenced", 0)
    async with database.begin() as connection:
        assert (await connection.execute(select(func.count()).select_from(dossier))).scalar_one() == 0


async def test_a_failing_agency_is_logged_when_it_goes_and_when_it_is_back(database: Database, vault: Vault) -> None:
    spec = pulled_spec()
    await store.ensure(database, [spec])
    down, up = Told(spec, [TimedOut("no answer")]), Told(spec, [[said(CODE, status=4)]])
    with capture_logs() as lines:
        for agency in (up, down, down, down, up, up):
            await pull(database, agency, vault)
    said_once = [line["event"] for line in lines if line["event"].startswith("agency.")]
    assert said_once == ["agency.down", "agency.back"]
    async with database.begin() as connection:
        row = (await connection.execute(select(stream))).mappings().one()
    assert (row["failures_in_a_row"], row["last_failure"]) == (0, None)


async def test_windows_overlap_and_the_overlap_is_free(database: Database, vault: Vault) -> None:
    spec = pulled_spec()
    await store.ensure(database, [spec])
    agency = Told(spec, [[said(CODE, status=4)]])
    first = await pull(database, agency, vault)
    second = await pull(database, agency, vault)
    assert first.until
    assert second.since
    assert second.since <= first.until - timedelta(seconds=60)
    assert (second.received, second.added, second.changed) == (1, 0, 0)
