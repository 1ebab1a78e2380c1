"""Answers at most so old: over real agencies that answer, fail, hang and drip, with many who ask at once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import insert, select

from contracts.dossier import Dossier
from contracts.observation import Channel
from contracts.status import DossierStatus
from hub.access.keys import ApiKeys
from hub.access.scopes import Scope
from hub.db import Database
from hub.index import list_routes
from hub.index.answers import Answers
from hub.index.lists import Lists
from hub.index.record import record
from hub.index.tables import observation
from hub.live import fresh as fresh_module
from hub.live import looks as looks_module
from hub.live.claims import prune
from hub.live.fresh import Fresh, NotAnswering
from hub.live.looks import Looks
from hub.live.tables import live_look
from hub.registry import Registry
from hub.vault import Vault
from tests.hub.live.agencies import ENDLESS, Agency, Manner, code_of, connected
from tests.observations import observation as said
from tests.parts import pushing_spec, registry_of

HOUR = timedelta(hours=1)

#: Enough for the slowest machine; nothing here waits for it unless it fails.
PATIENCE = 120


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
def connect(database: Database, vault: Vault, stack: AsyncExitStack) -> Callable[..., Awaitable[Fresh]]:
    """Makes what one process of the hub has to ask the agencies with."""

    async def make(*agencies: Agency, registry: Registry | None = None, **system: Any) -> Fresh:
        built = registry if registry else await stack.enter_async_context(connected(database, agencies, **system))
        looks = await stack.enter_async_context(Looks(database, built, vault))
        # Before `looks` ends, so that nothing is left to wait for.
        for each in agencies:
            stack.callback(each.released.set)
        return Fresh(Answers(database, built, vault).find, looks, built)

    return make


async def know(database: Database, vault: Vault, *agencies: str) -> None:
    """The index holds one dossier of each, last heard of on the day before yesterday."""
    heard = [said(code_of(agency), agency=agency, at=0, status=DossierStatus.PROCESSING) for agency in agencies]
    async with database.begin() as connection:
        await record(connection, heard, vault)


async def eventually(what: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await what():
            await asyncio.sleep(0.05)


def how(dossier: Dossier) -> tuple[str, bool, str | None]:
    assert dossier.status
    return dossier.status.code, dossier.stale, dossier.stale_reason


def is_fresh(dossier: Dossier) -> bool:
    return how(dossier) == ("9", False, None) and datetime.now(UTC) - dossier.checked_at < HOUR


MANNERS: Sequence[Manner] = ("well",) * 12 + ("hang",) * 6 + ("drip",) * 4 + ("error",) * 4 + ("nonsense",) * 4


async def test_a_page_of_thirty_agencies_comes_whatever_they_do(
    connect: Callable[..., Awaitable[Fresh]], database: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks_module, "_DISTRUST_SECONDS", 10 * PATIENCE)
    agencies = [Agency(f"co-quan-{number}", manner) for number, manner in enumerate(MANNERS, 1)]
    await know(database, vault, *(each.name for each in agencies))
    fresh = await connect(*agencies)
    read_one = fresh._find

    async def page() -> list[Dossier]:
        return [dossier for each in agencies for dossier in await read_one(code_of(each.name))]

    # Ten of them never answer while we wait: that there are pages at all is the proof.
    async with asyncio.timeout(PATIENCE):
        pages = await asyncio.gather(*(fresh.at_most(HOUR, page) for _ in range(20)))
    for shown in pages:
        assert [each.agency.id for each in shown] == [each.name for each in agencies]
        for dossier, agency in zip(shown, agencies, strict=True):
            if agency.manner in ENDLESS:
                assert how(dossier) == ("4", True, "agency_slow")

    # The others have been asked as well, and are known as soon as they have answered.
    async def all_others() -> bool:
        shown = await fresh.at_most(HOUR, page, seconds=5)
        told = {agency.name: how(dossier) for dossier, agency in zip(shown, agencies, strict=True)}
        expected = {"well": ("9", False, None)} | dict.fromkeys(ENDLESS, ("4", True, "agency_slow"))
        failing = ("4", True, "agency_failing")
        return all(told[each.name] == expected.get(each.manner, failing) for each in agencies)

    await eventually(all_others)
    asked = {each.name: sum(each.asked.values()) for each in agencies if each.manner in ("well", *ENDLESS)}
    assert set(asked.values()) == {1}, "twenty pages, and yet each dossier was asked about once"

    # What those say who came too late for the page is not lost.
    for each in agencies:
        each.released.set()

    async def everybody() -> bool:
        answered = [await read_one(code_of(each.name)) for each in agencies if each.manner in ("well", *ENDLESS)]
        return all(is_fresh(dossier) for found in answered for dossier in found)

    await eventually(everybody)


async def test_many_by_code_are_asked_of_their_agencies(
    connect: Callable[..., Awaitable[Fresh]], database: Database, vault: Vault
) -> None:
    agencies = [Agency("co-quan-1"), Agency("co-quan-2", "error")]
    for agency in agencies:
        await know(database, vault, agency.name)
    fresh = await connect(*agencies)
    keys = ApiKeys(database)
    app = FastAPI()
    async with registry_of(*(pushing_spec(agency.name) for agency in agencies)) as registry:
        app.include_router(
            list_routes.router(Lists(database, registry, vault), keys, partial(fresh.at_most, seconds=PATIENCE))
        )
        key = await keys.create("portal", scopes=[Scope.DOSSIERS_READ], actor="test")
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as client:
            asked = {"codes": [code_of(agency.name) for agency in agencies], "max_age": 3600}
            told = (await client.post("/v1/dossiers/by-code", json=asked, headers={"X-Api-Key": key})).json()
    (well,), (failing,) = (each["dossiers"] for each in told["items"])
    assert (well["stale"], well["source"]["channel"]) == (False, "lookup")
    assert (failing["stale"], failing["stale_reason"]) == (True, "agency_failing")
    assert agencies[0].asked.total() == 1


async def test_what_is_young_enough_is_asked_of_nobody(
    connect: Callable[..., Awaitable[Fresh]], database: Database, vault: Vault
) -> None:
    agency = Agency("co-quan-1")
    await know(database, vault, agency.name)
    fresh = await connect(agency)
    (first,) = await fresh.find(code_of(agency.name), HOUR, seconds=PATIENCE)
    (second,) = await fresh.find(code_of(agency.name), HOUR, seconds=PATIENCE)
    assert is_fresh(first) and is_fresh(second)
    assert agency.asked.total() == 1
    assert first.timeline[-1].source.channel == Channel.LOOKUP


async def test_an_agency_that_kept_somebody_waiting_is_not_waited_for_until_it_answers(
    connect: Callable[..., Awaitable[Fresh]], database: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks_module, "_DISTRUST_SECONDS", PATIENCE)
    agency = Agency("co-quan-1", "hang")
    await know(database, vault, agency.name)
    fresh = await connect(agency)
    code = code_of(agency.name)
    monkeypatch.setattr(looks_module, "_PATIENCE_SECONDS", 0.0)
    await fresh.find(code, HOUR, seconds=0)

    async def asked() -> bool:
        return agency.asked.total() == 1

    await eventually(asked)
    assert [how(each) for each in await fresh.find(code, HOUR, seconds=0.5)] == [("4", True, "agency_slow")]
    async with asyncio.timeout(PATIENCE):
        shown = await fresh.find(code, HOUR, seconds=10 * PATIENCE)
    assert [how(each) for each in shown] == [("4", True, "agency_slow")]
    agency.released.set()

    async def answered() -> bool:
        return all(is_fresh(each) for each in await fresh.find(code, HOUR, seconds=0.5))

    await eventually(answered)


async def test_two_processes_ask_once(
    connect: Callable[..., Awaitable[Fresh]], database: Database, vault: Vault
) -> None:
    agency = Agency("co-quan-1", "hang")
    await know(database, vault, agency.name)
    one = await connect(agency)
    registry = one._registry
    other = await connect(registry=registry)
    first = asyncio.create_task(one.find(code_of(agency.name), HOUR, seconds=PATIENCE))

    async def asked() -> bool:
        return agency.asked.total() == 1

    await eventually(asked)
    second = asyncio.create_task(other.find(code_of(agency.name), HOUR, seconds=PATIENCE))
    await asyncio.sleep(0.3)
    agency.released.set()
    for shown in await asyncio.gather(first, second):
        assert [is_fresh(each) for each in shown] == [True]
    assert agency.asked.total() == 1


async def test_a_process_that_died_while_asking_keeps_nobody_from_it(
    connect: Callable[..., Awaitable[Fresh]], database: Database, vault: Vault
) -> None:
    agency = Agency("co-quan-1")
    await know(database, vault, agency.name)
    async with database.begin() as connection:
        ago = datetime.now(UTC) - timedelta(seconds=1)
        await connection.execute(
            insert(live_look).values(agency=agency.name, code_key="H2101" + "2611230001", claimed_until=ago)
        )
    fresh = await connect(agency)
    assert all(is_fresh(each) for each in await fresh.find(code_of(agency.name), HOUR, seconds=PATIENCE))


async def test_the_hub_stops_with_looks_under_way(
    database: Database, vault: Vault, stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks_module, "_STOP_SECONDS", 0.1)
    agency = Agency("co-quan-1", "hang")
    await know(database, vault, agency.name)
    registry = await stack.enter_async_context(connected(database, [agency]))
    async with Looks(database, registry, vault) as looks:
        fresh = Fresh(Answers(database, registry, vault).find, looks, registry)
        await fresh.find(code_of(agency.name), HOUR, seconds=0)
        assert any(task.get_name().startswith("look ") for task in asyncio.all_tasks())
    assert not any(task.get_name().startswith("look ") for task in asyncio.all_tasks())


NIGHT = [{"days": ["mon"], "opens": "00:00", "closes": "00:01"}]


@pytest.mark.parametrize(
    ("budget", "reason"),
    [({"per_day": 1}, "budget_spent"), ({"hours": NIGHT}, "agency_closed")],
    ids=["spent", "closed"],
)
async def test_the_budget_is_kept_and_named(
    connect: Callable[..., Awaitable[Fresh]], database: Database, vault: Vault, budget: dict[str, Any], reason: str
) -> None:
    assert datetime.now(UTC).time() > time(0, 1)
    agency = Agency("co-quan-1")
    numbers = [said(code_of(agency.name, number), agency=agency.name, at=0, status=4) for number in (1, 2)]
    async with database.begin() as connection:
        await record(connection, numbers, vault)
    fresh = await connect(agency, budget=budget)
    await fresh.find(code_of(agency.name, 1), HOUR, seconds=PATIENCE)
    shown = await fresh.find(code_of(agency.name, 2), HOUR, seconds=PATIENCE)
    assert [how(each) for each in shown] == [("4", True, reason)]
    assert agency.asked.total() <= 1


async def test_agencies_that_cannot_be_asked(
    connect: Callable[..., Awaitable[Fresh]], database: Database, vault: Vault, stack: AsyncExitStack
) -> None:
    pushing, unknown = pushing_spec("co-quan-1"), "co-quan-2"
    await know(database, vault, pushing.id, unknown)
    fresh = await connect(registry=await stack.enter_async_context(registry_of(pushing)))
    (pushed,) = await fresh.find(code_of(pushing.id), HOUR)
    (gone,) = await fresh.find(code_of(unknown), HOUR)
    assert (pushed.stale_reason, gone.stale_reason) == ("cannot_be_asked", "agency_disabled")
    # On the page nobody is alarmed by that: the agency has promised nothing else.
    (shown,) = await fresh.for_page(code_of(pushing.id))
    assert not shown.stale


async def test_an_agency_that_has_lost_a_dossier_deletes_nothing(
    connect: Callable[..., Awaitable[Fresh]], database: Database, vault: Vault
) -> None:
    agency = Agency("co-quan-1", "none")
    await know(database, vault, agency.name)
    fresh = await connect(agency)
    for _ in range(2):
        (shown,) = await fresh.find(code_of(agency.name), HOUR, seconds=PATIENCE)
    assert (shown.status and shown.status.code, shown.gone_at) == ("4", None)
    async with database.begin() as connection:
        assert len((await connection.execute(select(observation.c.digest))).all()) == 1
    assert agency.asked.total() == 1


class TestUnknown:
    """Of a dossier that the index does not hold."""

    async def test_the_agency_that_the_code_names_is_asked(self, connect: Callable[..., Awaitable[Fresh]]) -> None:
        named, other = Agency("co-quan-1"), Agency("co-quan-2")
        fresh = await connect(named, other)
        (shown,) = await fresh.find("h21.01 261123 0007", HOUR, seconds=PATIENCE)
        assert shown.agency.id == named.name and is_fresh(shown)
        assert (named.asked.total(), other.asked.total()) == (1, 0)

    async def test_or_the_one_that_is_named(self, connect: Callable[..., Awaitable[Fresh]]) -> None:
        agency = Agency("co-quan-1")
        fresh = await connect(agency)
        assert await fresh.find("03706/2026/07906", HOUR, seconds=PATIENCE) == []
        (shown,) = await fresh.find("03706-2026-07906", HOUR, agency=agency.name, seconds=PATIENCE)
        assert shown.code == "03706-2026-07906"

    async def test_it_is_not_there_only_where_the_agency_says_so(
        self, connect: Callable[..., Awaitable[Fresh]]
    ) -> None:
        none, hung, broken = Agency("co-quan-1", "none"), Agency("co-quan-2", "hang"), Agency("co-quan-3", "error")
        fresh = await connect(none, hung, broken)
        assert await fresh.find(code_of(none.name), HOUR, seconds=PATIENCE) == []
        assert await fresh.find(code_of(none.name), HOUR, seconds=PATIENCE) == []
        assert none.asked.total() == 1, "the agency's no is as good as any answer, for as long"
        with pytest.raises(NotAnswering) as slow:
            await fresh.find(code_of(hung.name), HOUR, seconds=0.5)
        with pytest.raises(NotAnswering) as failing:
            await fresh.find(code_of(broken.name), HOUR, seconds=PATIENCE)
        assert (slow.value.members["reason"], failing.value.members["reason"]) == ("agency_slow", "agency_failing")
        assert slow.value.headers["Retry-After"] == str(fresh_module._RETRY_AFTER["agency_slow"])

    async def test_a_word_that_nobody_mapped_is_no_absence(self, connect: Callable[..., Awaitable[Fresh]]) -> None:
        agency = Agency("co-quan-1", status="ĐÃ HỎNG", changed_at="bao giờ")
        fresh = await connect(agency)
        with pytest.raises(NotAnswering):
            await fresh.find(code_of(agency.name), HOUR, seconds=PATIENCE)


async def test_looks_of_days_past_are_forgotten(database: Database) -> None:
    now = datetime.now(UTC)
    async with database.begin() as connection:
        for key, ago in (("OLD", timedelta(days=2)), ("NEW", timedelta(hours=2))):
            await connection.execute(
                insert(live_look).values(agency="co-quan-1", code_key=key, outcome="none", asked_at=now - ago)
            )
    await prune(database)
    async with database.begin() as connection:
        assert (await connection.execute(select(live_look.c.code_key))).scalars().all() == ["NEW"]
