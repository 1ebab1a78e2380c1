"""A machine whose clock is set while the hub runs: nothing is dated wrongly, and work that is due is handed out."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, select, text, update

from contracts.adapter import Page
from hub.db import ClockWrong, Database
from hub.index.tables import dossier
from hub.streams import store
from hub.streams.tables import run, stream
from hub.vault import Vault
from sync_jobs.pull import pull
from tests.observations import observation as said
from tests.parts import Told, pulled_spec
from tests.sync_jobs.test_worker_and_clock import registry_with, scalar, ticking, until

SPEC = pulled_spec(every=timedelta(seconds=1))
JUMPS = (timedelta(hours=2), timedelta(hours=-2))

_JOBS = text("SELECT count(*) FROM pgqueuer WHERE entrypoint = 'pull'")


def off_by(jump: timedelta) -> Any:
    return time_machine.travel(datetime.now(UTC) + jump, tick=True)


@pytest.mark.parametrize("jump", JUMPS)
async def test_what_is_due_is_handed_out_all_the_same(database: Database, jump: timedelta) -> None:
    """The database says what is due; the clock's own machine only when to look."""
    registry = registry_with(Told(SPEC, [[]]))
    await store.ensure(database, [SPEC])
    async with ticking(database, registry):
        await until(lambda: scalar(database, _JOBS))
        with off_by(jump):
            # What was on its way is; and once more, from then on.
            for _ in range(2):
                async with database.begin() as connection:
                    # In the clock's order, or the two would wait for each other.
                    await connection.execute(update(stream).values(next_due_at=func.now()))
                    await connection.execute(text("DELETE FROM pgqueuer"))
                await until(lambda: scalar(database, _JOBS))
                await asyncio.sleep(1)


@pytest.mark.parametrize("jump", JUMPS)
async def test_a_page_heard_by_a_wrong_clock_is_not_taken_in(database: Database, vault: Vault, jump: timedelta) -> None:
    await store.ensure(database, [SPEC])
    travels = []

    class Jumping(Told):
        async def changes(self, *args: Any, **options: Any) -> AsyncIterator[Page]:
            travels.append(off_by(jump))
            travels[-1].start()
            async for page in super().changes(*args, **options):
                yield page

    try:
        with pytest.raises(ClockWrong):
            await pull(database, Jumping(SPEC, [[said(status=4)]]), vault)
    finally:
        travels[-1].stop()
    assert await scalar(database, select(func.count()).select_from(dossier)) == 0
    # It is no fault of the agency.
    assert await scalar(database, select(stream.c.failures_in_a_row)) == 0

    assert (await pull(database, Told(SPEC, [[said(status=4)]]), vault)).outcome == "ok"
    async with database.begin() as connection:
        outcomes = (await connection.execute(select(run.c.outcome).order_by(run.c.id))).scalars().all()
    assert outcomes == ["lost", "ok"]
