"""The steps that a dossier's row tells are those that its whole history makes, on whichever way they came there."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.observation import Channel, Observation
from hub.db import Database, driver_of
from hub.index import sql
from hub.index.answers import Answers
from hub.index.archive import Report, pack_away
from hub.index.merge import timeline
from hub.index.record import record
from hub.index.rows import agencies_of, entry_of, steps_in
from hub.vault import Vault
from tests.observations import observation as said
from tests.parts import pulled_spec, registry_of

CODE = "H21.20-261123-0001"

_words = st.builds(
    said,
    st.just(CODE),
    at=st.one_of(st.none(), st.integers(0, 6)),
    heard=st.integers(7, 12),
    status=st.sampled_from([None, 2, 4, 5]),
    status_raw=st.sampled_from(["Đang xử lý", "CHO_BO_SUNG"]),
    channel=st.sampled_from([Channel.PULL, Channel.WEBHOOK]),
)


async def compared(connection: AsyncConnection, vault: Vault) -> int:
    """How many dossiers there are; each tells the steps that its history makes."""
    driver = await driver_of(connection)
    rows = await driver.fetch(f"SELECT {sql.STANDING} FROM dossier")
    for row in rows:
        history = [entry_of(line, vault) for line in await driver.fetch(sql.HISTORY, [row["id"]])]
        agencies = agencies_of(row)
        # Who had it first is not named in its lines, nor in its steps.
        whole = [
            step._replace(said_by=None if step.said_by == agencies[0] else step.said_by)
            for step in timeline(history, agencies)
        ]
        assert list(steps_in(row["steps"])) == whole
    return len(rows)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.lists(_words, min_size=1, max_size=4), min_size=1, max_size=5))
async def test_in_any_order_and_however_divided(
    database: Database, vault: Vault, batches: list[list[Observation]]
) -> None:
    async with database.engine.connect() as connection:
        for batch in batches:
            await record(connection, batch, vault)
        assert await compared(connection, vault) == 1
        await connection.rollback()


async def test_of_dossiers_that_moved(database: Database, vault: Vault) -> None:
    move: dict[str, Any] = {"channel": Channel.SUCCESSION, "moved_to": "so-tnmt", "moved_under": "plan"}
    async with database.begin() as connection:
        await record(connection, [said(CODE, at=0, status=2), said(CODE, at=3, status=4)], vault)
        await record(connection, [said(CODE, at=4, **move)], vault)
        await record(connection, [said(CODE, at=1, agency="so-tnmt", status=5)], vault)
        await record(connection, [said(CODE, at=2, status=9)], vault)
        assert await compared(connection, vault) == 1
        told = await connection.execute(text("SELECT steps FROM dossier"))
        assert [(step.status, step.said_by) for step in steps_in(told.scalar_one())] == [
            ("2", None),
            ("9", None),
            ("4", None),
            ("5", "so-tnmt"),
        ]


async def test_a_row_of_before_they_were_kept_is_answered_from_its_history(database: Database, vault: Vault) -> None:
    async with registry_of(pulled_spec()) as registry:
        answers = Answers(database, registry, vault)
        async with database.begin() as connection:
            await record(connection, [said(CODE, at=at, status=status) for at, status in enumerate((1, 2, 4))], vault)
        [told] = await answers.find(CODE)
        async with database.begin() as connection:
            await connection.execute(text("UPDATE dossier SET steps = NULL"))
        assert (await answers.find(CODE))[0].timeline == told.timeline
        async with database.begin() as connection:
            driver = await driver_of(connection)
            await connection.execute(text("SELECT 1"))
            await pack_away(driver, [await driver.fetchval("SELECT id FROM dossier")], Report())
        assert (await answers.find(CODE))[0].timeline == told.timeline
        async with database.begin() as connection:
            # What is written again tells them.
            await record(connection, [said(CODE, at=9, status=9)], vault)
            assert await compared(connection, vault) == 1
        assert [step.status.code for step in (await answers.find(CODE))[0].timeline] == ["1", "2", "4", "9"]
