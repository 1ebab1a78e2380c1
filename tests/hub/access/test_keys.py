"""Keys that end: by a date, by somebody, and by one that takes their place while they are still good for a while."""

from datetime import UTC, datetime, timedelta

import pytest

from hub.access.keys import ApiKeys, KeyWrong, NoKey
from hub.access.scopes import Scope
from hub.db import Database
from hub.problems import ProblemError

READ = [Scope.DOSSIERS_READ]
HOUR = timedelta(hours=1)


async def passes(database: Database, key: str) -> bool:
    """In another process, which trusts nothing that it has not looked at."""
    return await ApiKeys(database).holder(key) is not None


async def later(database: Database, wait: timedelta) -> None:
    """All that is in the table happened so much earlier."""
    for column in ("created_at", "last_used_at", "expires_at", "revoked_at"):
        await database.reads.execute(f"UPDATE api_key SET {column} = {column} - $1::interval", wait)


async def test_a_key_that_is_replaced_is_good_until_its_moment(database: Database) -> None:
    keys = ApiKeys(database)
    old = await keys.create("portal", scopes=READ, agencies=["so-tnmt"], actor="an")
    [first] = await keys.all()
    new = await keys.rotate(first.id, HOUR, actor="an")
    for key in (old, new):
        caller = await keys.caller(key)
        assert (caller.name, caller.scopes, caller.agencies) == ("portal", frozenset(READ), ("so-tnmt",))
    second, first = await keys.all()
    assert (second.goes_on, first.goes_on, first.has_ended) == (True, False, False)
    with pytest.raises(NoKey):
        await keys.rotate(first.id, HOUR, actor="an")
    await later(database, HOUR)
    assert (await passes(database, old), await passes(database, new)) == (False, True)
    assert [(each.id, each.has_ended) for each in await keys.all()] == [(second.id, False), (first.id, True)]


async def test_one_without_an_overlap_ends_at_once(database: Database) -> None:
    keys = ApiKeys(database)
    old = await keys.create("portal", scopes=READ, actor="an")
    await keys.caller(old)
    [first] = await keys.all()
    new = await keys.rotate(first.id, timedelta(0), actor="an")
    assert (await keys.holder(old), (await keys.caller(new)).name) == (None, "portal")


async def test_a_key_ends_on_its_date_and_is_told_so(database: Database) -> None:
    keys = ApiKeys(database)
    with pytest.raises(KeyWrong, match="over"):
        await keys.create("portal", scopes=READ, expires_at=datetime.now(UTC), actor="an")
    key = await keys.create("portal", scopes=READ, expires_at=datetime.now(UTC) + HOUR, actor="an")
    assert await passes(database, key)
    [first] = await keys.all()
    new = await keys.rotate(first.id, HOUR / 2, actor="an")
    second, _ = await keys.all()
    assert second.expires_at
    assert first.expires_at
    assert second.expires_at - second.created_at == first.expires_at - first.created_at, "as long a life as the first"
    await later(database, 2 * HOUR)
    for each in (key, new):
        with pytest.raises(ProblemError, match="has ended, at 20"):
            await ApiKeys(database).caller(each)
    with pytest.raises(NoKey):
        await keys.rotate(second.id, HOUR, actor="an")
    # Its name is free again, also for whoever may not take over.
    assert await keys.create("portal", scopes=READ, actor="an", takes_over=False)


async def test_a_key_is_not_trusted_beyond_its_end(database: Database) -> None:
    keys = ApiKeys(database)
    key = await keys.create("portal", scopes=READ, actor="an")
    await database.reads.execute("UPDATE api_key SET expires_at = clock_timestamp() + interval '0.3 s'")
    while await keys.holder(key):
        assert not await database.reads.fetchval("SELECT expires_at < now() - interval '5 s' FROM api_key")


async def test_either_can_be_ended_now(database: Database) -> None:
    keys = ApiKeys(database)
    old = await keys.create("portal", scopes=READ, actor="an")
    [first] = await keys.all()
    new = await keys.rotate(first.id, HOUR, actor="an")
    await keys.caller(old)
    await keys.revoke(first.id, actor="an")
    assert (await keys.holder(old), (await keys.caller(new)).name) == (None, "portal")
    for number in (first.id, 4711):
        with pytest.raises(NoKey):
            await keys.revoke(number, actor="an")
    lines = await database.reads.fetch("SELECT actor, action, target FROM audit ORDER BY id")
    assert [tuple(line) for line in lines] == [
        ("an", "api_key.created", "portal"),
        ("an", "api_key.rotated", "portal"),
        ("an", "api_key.revoked", "portal"),
    ]


async def test_whoever_takes_over_ends_all_of_the_name(database: Database) -> None:
    keys = ApiKeys(database)
    old = await keys.create("portal", scopes=READ, actor="an")
    [first] = await keys.all()
    between = await keys.rotate(first.id, HOUR, actor="an")
    with pytest.raises(KeyWrong, match="already"):
        await keys.create("portal", scopes=READ, actor="an", takes_over=False)
    assert await passes(database, between)
    new = await keys.create("portal", scopes=READ, actor="an")
    assert [await passes(database, each) for each in (old, between, new)] == [False, False, True]


@pytest.mark.parametrize(
    ("name", "scopes", "agencies", "field"),
    [
        ("", READ, None, "name"),
        ("Cổng", READ, None, "name"),
        ("x" * 61, READ, None, "name"),
        ("robot", [Scope.ADMIN_MANAGE], ["so-tnmt"], "agencies"),
        ("robot", [Scope.ADMIN_LOOK, Scope.ADMIN_AUDIT], ["so-tnmt"], "agencies"),
    ],
)
async def test_what_can_be_no_key(
    database: Database, name: str, scopes: list[Scope], agencies: list[str] | None, field: str
) -> None:
    with pytest.raises(KeyWrong) as error:
        await ApiKeys(database).create(name, scopes=scopes, agencies=agencies, actor="an")
    assert error.value.field == field
