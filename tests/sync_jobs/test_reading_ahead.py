"""Reading ahead: the next page is asked for while one is stored, never in vain, and only where that is harmless."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select, text

from contracts.adapter import Page, Position, Window
from contracts.agency import AgencySpec
from contracts.errors import AgencyFailure, TimedOut
from contracts.observation import Observation
from hub.db import Database
from hub.index.tables import dossier
from hub.streams import store
from hub.vault import Vault
from sync_jobs.pull import pull
from tests.observations import observation as said
from tests.parts import Told, pulled_spec

LOCKED = text("LOCK TABLE dossier IN EXCLUSIVE MODE")
SECONDS = 30


def page_of(number: int) -> list[Observation]:
    return [said(code=f"H21.64-260101-{number:04}", status=4)]


class Paged(Told):
    """Tells whenever a page is asked for, and holds back the answers of those it is told to."""

    def __init__(self, spec: AgencySpec, pages: list[list[Observation] | AgencyFailure], *, free: bool) -> None:
        super().__init__(spec, pages)
        self.free = free
        self.asked_for = asyncio.Condition()
        self.held: set[int] = set()
        self.left: list[int] = []

    async def changes(self, window: Window, position: Position | None = None, **_: Any) -> AsyncIterator[Page]:
        number = position["page"] if position else 0
        async with self.asked_for:
            self.asked.append((window, position))
            self.asked_for.notify_all()
        try:
            if number in self.held:
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.left.append(number)
            raise
        self.asked.pop()
        async for page in super().changes(window, position):
            yield replace(page, free=self.free)

    async def has_asked(self, times: int) -> None:
        async with self.asked_for, asyncio.timeout(SECONDS):
            await self.asked_for.wait_for(lambda: len(self.asked) >= times)


async def stored(database: Database) -> int:
    async with database.begin() as connection:
        return (await connection.execute(select(func.count()).select_from(dossier))).scalar_one()


@pytest.mark.parametrize("free", [True, False])
async def test_the_next_page_is_asked_for_while_one_is_stored(database: Database, vault: Vault, free: bool) -> None:
    """Unless asking for it tells the agency that this one was stored."""
    agency = Paged(pulled_spec(), [page_of(0), page_of(1)], free=free)
    await store.ensure(database, [agency.spec])
    async with database.begin() as connection:
        await connection.execute(LOCKED)
        run = asyncio.create_task(pull(database, agency, vault))
        if free:
            await agency.has_asked(2)
        else:
            await agency.has_asked(1)
            await asyncio.sleep(0.5)
            assert len(agency.asked) == 1
    assert (await run).added == 2
    assert len(agency.asked) == 2


async def test_what_is_asked_for_ahead_and_fails_costs_nothing_of_what_came_before(
    database: Database, vault: Vault
) -> None:
    agency = Paged(pulled_spec(), [page_of(0), TimedOut("no answer"), page_of(2)], free=True)
    await store.ensure(database, [agency.spec])
    assert (await pull(database, agency, vault)).outcome == "timed_out"
    assert await stored(database) == 1
    agency.pages = [page_of(0), page_of(1), page_of(2)]
    run = await pull(database, agency, vault)
    # It goes on from the page that failed.
    assert (run.outcome, run.added, await stored(database)) == ("ok", 2, 3)


async def test_who_gives_way_has_asked_for_nothing_more(database: Database, vault: Vault) -> None:
    async def at_once() -> bool:
        return True

    agency = Paged(pulled_spec(), [page_of(number) for number in range(3)], free=True)
    await store.ensure(database, [agency.spec])
    for pages, outcome in ((1, "gave_way"), (2, "gave_way"), (3, "ok")):
        run = await pull(database, agency, vault, give_way=at_once)
        assert (run.outcome, len(agency.asked), await stored(database)) == (outcome, pages, pages)


async def test_what_was_asked_for_ahead_is_left_where_the_page_before_cannot_be_stored(
    database: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    agency = Paged(pulled_spec(), [page_of(0), page_of(1)], free=True)
    agency.held = {1}
    await store.ensure(database, [agency.spec])

    async def fails(*_: Any, **__: Any) -> None:
        await agency.has_asked(2)
        raise OSError("the disk is full")

    monkeypatch.setattr(store, "advance", fails)
    async with asyncio.timeout(SECONDS):
        run = await pull(database, agency, vault)
    assert (run.outcome, agency.left, await stored(database)) == ("error", [1], 0)
