"""The feed tells every change once, whoever else is writing; who follows it ends with what the index has."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from contracts.change import ChangePage, DossierChanged
from contracts.observation import Observation
from hub import problems
from hub.access.keys import ApiKeys
from hub.access.scopes import Scope
from hub.db import Database
from hub.feed import keeping, reading, tail
from hub.feed.feed import Feed
from hub.feed.routes import router
from hub.index.record import record
from hub.registry import Registry
from hub.vault import Vault
from tests.observations import observation as said
from tests.parts import pulled_spec, registry_of

CODES = [f"H21.20-261123-{number:04d}" for number in range(1, 400)]


@pytest.fixture
async def registry() -> AsyncIterator[Registry]:
    async with registry_of(pulled_spec("ubnd-pleiku"), pulled_spec("so-tnmt")) as built:
        yield built


@pytest.fixture
async def feed(database: Database, registry: Registry, vault: Vault) -> Feed:
    return Feed(database, registry, vault)


@pytest.fixture
async def client(database: Database, feed: Feed) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    problems.install(app)
    keys = ApiKeys(database)
    app.include_router(router(feed, keys))
    headers = {"X-Api-Key": await keys.create("portal", scopes=[Scope.CHANGES_READ, Scope.DOSSIERS_READ], actor="test")}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://hub", headers=headers, timeout=60
    ) as client:
        yield client


async def do(database: Database, vault: Vault, *heard: Observation) -> None:
    async with database.begin() as connection:
        await record(connection, heard, vault)


async def ask(client: httpx.AsyncClient, after: str | None = None, **query: Any) -> ChangePage:
    response = await client.get("/v1/changes", params=query | ({"after": after} if after else {}))
    assert response.status_code == 200, response.text
    return ChangePage.model_validate(response.json())


async def test_each_change_is_told_once_and_in_order(
    client: httpx.AsyncClient, database: Database, vault: Vault
) -> None:
    await do(database, vault, said(CODES[0], status=1))
    start = await ask(client)
    assert (start.items, start.more) == ([], False)
    await do(database, vault, said(CODES[1], status=2, procedure_code="1.001612", applicant_name="Nguyễn Văn Đức"))
    await do(database, vault, said(CODES[0], at=1, status=4))
    page = await ask(client, start.cursor, limit=1)
    rest = await ask(client, page.cursor)
    first, second = page.items + rest.items
    assert page.more
    assert not rest.more
    assert (first.type, first.status_before, first.status_after) == ("dossier.created", None, "2")
    assert (first.data.code, first.data.procedure.code, first.subject) == (CODES[1], "1.001612", first.data.id)
    assert (second.type, second.status_before, second.status_after) == ("dossier.status", "1", "4")
    assert "Đức" not in page.model_dump_json()
    assert (await ask(client, rest.cursor)).items == []


async def test_nothing_is_skipped_while_a_slow_writer_has_the_lower_numbers(
    client: httpx.AsyncClient, database: Database, vault: Vault
) -> None:
    start = (await ask(client)).cursor
    async with database.begin() as slow:
        await record(slow, [said(CODES[0], status=1)], vault)
        # Later numbers, and visible first.
        await do(database, vault, said(CODES[1], status=1))
        held = await ask(client, start)
        assert held.items == []
    told = await ask(client, held.cursor)
    assert [item.data.code for item in told.items] == [CODES[0], CODES[1]]


async def test_an_aborted_writer_holds_up_nothing_for_long(
    client: httpx.AsyncClient, database: Database, vault: Vault
) -> None:
    start = (await ask(client)).cursor
    async with database.trial() as doomed:
        await record(doomed, [said(CODES[0], status=1)], vault)
        await do(database, vault, said(CODES[1], status=1))
        waiting = asyncio.create_task(ask(client, start, wait=30))
        await asyncio.sleep(3 * tail.PULSE_SECONDS)
        assert not waiting.done()
    # Nothing is ever notified of a rollback, and yet who waits is told.
    assert [item.data.code for item in (await waiting).items] == [CODES[1]]


async def test_a_cursor_taken_while_others_write_misses_none_of_them(
    client: httpx.AsyncClient, database: Database, vault: Vault
) -> None:
    async with database.begin() as slow:
        await record(slow, [said(CODES[0], status=1)], vault)
        await do(database, vault, said(CODES[1], status=1))
        start = (await ask(client)).cursor
    assert CODES[0] in [item.data.code for item in (await ask(client, start)).items]


async def test_two_changes_of_one_dossier_end_with_how_it_is(
    client: httpx.AsyncClient, database: Database, vault: Vault
) -> None:
    """A transaction that began first may change a dossier last. Each event tells how the dossier is, so that it
    does not matter in which order they are read; and the numbers tell which was later."""
    await do(database, vault, said(CODES[0], status=1))
    start = (await ask(client)).cursor
    async with database.begin() as early:
        await early.execute(text("SELECT pg_current_xact_id()"))
        await do(database, vault, said(CODES[0], at=1, status=2))
        await record(early, [said(CODES[0], at=2, status=4)], vault)
    items = (await ask(client, start)).items
    assert {item.data.status.code for item in items if item.data.status} == {"4"}
    by_number = sorted(items, key=lambda item: int(item.id))
    assert [item.status_after for item in by_number] == ["2", "4"]


async def test_many_writers_some_slow_some_failing(client: httpx.AsyncClient, database: Database, vault: Vault) -> None:
    start = (await ask(client)).cursor
    committed: set[str] = set()

    async def write(number: int) -> None:
        async with database.begin() if number % 4 else database.trial() as connection:
            await record(connection, [said(CODES[number], status=1)], vault)
            await asyncio.sleep((number * 7 % 5) / 50)
        if number % 4:
            committed.add(CODES[number])

    told: list[str] = []
    done = asyncio.Event()

    async def follow() -> None:
        cursor, ended = start, False
        while not ended:
            ended = done.is_set()
            page = await ask(client, cursor, limit=7)
            told.extend(item.data.code for item in page.items)
            cursor = page.cursor
            ended = ended and not page.more

    reader = asyncio.create_task(follow())
    for begin in range(0, 120, 8):
        await asyncio.gather(*map(write, range(begin, begin + 8)))
    done.set()
    await reader
    assert sorted(told) == sorted(committed)


async def test_who_waits_is_woken_and_who_waits_in_vain_is_let_go(
    client: httpx.AsyncClient, database: Database, vault: Vault
) -> None:
    start = (await ask(client)).cursor
    in_vain = await ask(client, start, wait=1)
    assert (in_vain.items, in_vain.more) == ([], False)
    waiting = asyncio.create_task(ask(client, in_vain.cursor, wait=30))
    await asyncio.sleep(0.1)
    await do(database, vault, said(CODES[0], status=1))
    assert [item.data.code for item in (await waiting).items] == [CODES[0]]


async def test_hundreds_who_wait_cost_as_many_queries_as_one(
    client: httpx.AsyncClient, database: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries = 0
    real = reading.read

    async def counted(*arguments: Any) -> reading.Page:
        nonlocal queries
        queries += 1
        return await real(*arguments)

    start = (await ask(client)).cursor
    one = asyncio.create_task(ask(client, start, wait=30))
    await asyncio.sleep(3 * tail.PULSE_SECONDS)
    await do(database, vault, said(CODES[0], status=1))
    # Everybody's cursor is now one that the tail knows.
    start = (await one).cursor
    monkeypatch.setattr(reading, "read", counted)
    waiting = [asyncio.create_task(ask(client, start, wait=30)) for _ in range(200)]
    await asyncio.sleep(0.5)
    await do(database, vault, said(CODES[1], status=1))
    for page in await asyncio.gather(*waiting):
        assert [item.data.code for item in page.items] == [CODES[1]]
    assert 0 < queries < 100


async def test_filters(client: httpx.AsyncClient, database: Database, vault: Vault) -> None:
    start = (await ask(client)).cursor
    await do(database, vault, said(CODES[0], status=1), said(CODES[1], agency="so-tnmt", status=1))
    await do(database, vault, said(CODES[0], at=1, status=4))

    async def told(**query: Any) -> list[tuple[str, str]]:
        return [(item.data.code, item.type) for item in (await ask(client, start, **query)).items]

    assert await told(agency="so-tnmt") == [(CODES[1], "dossier.created")]
    assert await told(type="dossier.status") == [(CODES[0], "dossier.status")]
    assert len(await told(type=["dossier.status", "dossier.created"])) == 3
    assert await told(agency="so-tnmt", type="dossier.status") == []
    waiting = asyncio.create_task(ask(client, start, agency="so-tnmt", type="dossier.status", wait=30))
    await asyncio.sleep(2 * tail.PULSE_SECONDS)
    await do(database, vault, said(CODES[0], at=2, status=9))
    await do(database, vault, said(CODES[1], at=2, agency="so-tnmt", status=9))
    assert [item.status_after for item in (await waiting).items] == ["9"]


async def test_a_filter_that_finds_little_goes_on_by_steps(
    client: httpx.AsyncClient, database: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "LOOKED_THROUGH", 10)
    start = (await ask(client)).cursor
    await do(database, vault, *(said(code, status=1) for code in CODES[:25]))
    await do(database, vault, said(CODES[30], agency="so-tnmt", status=1))
    found: list[DossierChanged] = []
    pages, cursor, more = 0, start, True
    while more:
        page = await ask(client, cursor, agency="so-tnmt", limit=5)
        pages, found, cursor, more = pages + 1, found + page.items, page.cursor, page.more
    assert [item.data.code for item in found] == [CODES[30]]
    assert pages == 3


async def test_the_tail_is_bounded_and_who_falls_behind_it_reads_on(
    database: Database, vault: Vault, feed: Feed, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail, "KEPT", 20)
    start = (await ask(client)).cursor
    quick = asyncio.create_task(ask(client, start, wait=30))
    await asyncio.sleep(2 * tail.PULSE_SECONDS)
    slow = (await ask(client)).cursor
    for code in CODES[:90]:
        await do(database, vault, said(code, status=1))
    assert (await quick).items
    end = await ask(client, start, limit=500)
    await ask(client, end.cursor, wait=1)
    assert len(feed._tail._events) <= 20
    codes: list[str] = []
    while len(codes) < 90:
        page = await ask(client, slow, wait=5, limit=8)
        codes += [item.data.code for item in page.items]
        slow = page.cursor
    assert codes == CODES[:90]


async def test_old_changes_are_forgotten_and_their_readers_told_to_start_over(
    client: httpx.AsyncClient, database: Database, vault: Vault
) -> None:
    start = (await ask(client)).cursor
    for code in CODES[:5]:
        await do(database, vault, said(code, status=1))
    third = (await ask(client, start, limit=3)).cursor
    assert await keeping.prune(database) == 0
    async with database.begin() as connection:
        await connection.execute(
            text("UPDATE change SET at = at - interval '40 days' WHERE seq <= (SELECT min(seq) + 2 FROM change)")
        )
    assert await keeping.prune(database) == 3
    response = await client.get("/v1/changes", params={"after": start})
    assert (response.status_code, response.json()["type"]) == (410, "/problems/cursor-expired")
    # Who had read just so far has missed nothing.
    assert [item.data.code for item in (await ask(client, third)).items] == CODES[3:5]
    async with database.begin() as connection:
        await connection.execute(text("UPDATE change SET at = at - interval '40 days'"))
    assert await keeping.prune(database) == 2
    assert (await client.get("/v1/changes", params={"after": third})).status_code == 410
    assert (await ask(client, (await ask(client)).cursor)).items == []


async def test_a_database_restored_elsewhere_begins_a_new_feed(
    client: httpx.AsyncClient, database: Database, vault: Vault
) -> None:
    before = (await ask(client)).cursor
    await do(database, vault, said(CODES[0], status=1), said(CODES[1], status=1))
    await keeping.check_restored(database)
    assert len((await ask(client, before)).items) == 2
    async with database.begin() as connection:
        # As a dump brings them: numbered by a server that has counted much further.
        await connection.execute(text("UPDATE change SET xid = (xid::text::bigint + 1000000000)::text::xid8"))
    await keeping.check_restored(database)
    assert (await client.get("/v1/changes", params={"after": before})).status_code == 410
    after = (await ask(client)).cursor
    await do(database, vault, said(CODES[2], status=1))
    assert [item.data.code for item in (await ask(client, after)).items] == [CODES[2]]
    await keeping.check_restored(database)
    assert len((await ask(client, after)).items) == 1


async def test_a_cursor_of_the_future_is_refused(
    client: httpx.AsyncClient, database: Database, feed: Feed, vault: Vault
) -> None:
    """As after going back to a backup: what it stands for did not happen here."""
    generation, end = await reading.here(database)
    ahead = feed._cursors.write(generation, end._replace(xid=end.xid + 1_000_000))
    assert (await client.get("/v1/changes", params={"after": ahead})).status_code == 410


@pytest.mark.parametrize("path", ["/v1/changes", "/v1/changes/stream"])
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"after": "AAAA"}, "after"),
        ({"after": "không"}, "after"),
        ({"after": "x" * 300}, "after"),
        ({"agency": "Sở"}, "agency"),
        ({"type": "dossier.sold"}, "type"),
    ],
)
async def test_a_wrong_question_names_the_parameter(
    client: httpx.AsyncClient, path: str, query: dict[str, str], field: str
) -> None:
    response = await client.get(path, params=query)
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"].split("/")[0] == field


async def test_it_needs_a_key(client: httpx.AsyncClient) -> None:
    for path in ("/v1/changes", "/v1/changes/stream"):
        assert (await client.get(path, headers={"X-Api-Key": "ghk_wrong"})).status_code == 401
