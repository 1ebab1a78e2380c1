"""Webhooks out after the database came back from a copy: what lies ahead of its transactions' numbers holds up nobody,
nothing is lost, and what had arrived does not come again."""

from typing import Any

from hub.feed import keeping
from tests.hub.subscriptions.conftest import Stage, until
from tests.hub.subscriptions.receiver import receiving

_AHEAD = "(xid::text::bigint + 1000000000)::text::xid8"


async def restore(stage: Stage) -> None:
    """As a dump brings it: all places are numbered by a server that has counted much further."""
    for table in ("change", "fan_out", "subscription"):
        await stage.sql(f"UPDATE {table} SET xid = {_AHEAD}")
    await keeping.check_restored(stage.database)


async def settled(stage: Stage) -> list[Any]:
    """Hand on all there is, without a courier: what is waiting then."""
    fan_out = stage.fan_out()
    for _ in range(20):
        if not await fan_out.step():
            break
    else:
        raise AssertionError("it does not come to an end")
    return await stage.sql("SELECT m.key FROM delivery d JOIN message m ON m.id = d.message_id ORDER BY d.id")


async def test_what_arrived_does_not_come_again_and_what_is_new_comes(stage: Stage) -> None:
    async with receiving() as receiver:
        await stage.subscribe(receiver.address)
        async with stage.delivering():
            await stage.changes(3)
            await receiver.told(3)
            await until(lambda: _all_done(stage, 3))
        await restore(stage)
        await stage.changes(2, first=3)
        async with stage.delivering():
            await receiver.told(5)
            await until(lambda: _all_done(stage, 5))
    assert len(receiver.ids) == len(set(receiver.ids)) == 5
    assert [each["data"]["code"][-4:] for each in receiver.events] == ["0001", "0002", "0003", "0004", "0005"]


async def _all_done(stage: Stage, count: int) -> bool:
    return await stage.states() == ["done"] * count


async def test_what_was_handed_on_and_had_not_arrived_keeps_its_id(stage: Stage) -> None:
    await stage.subscribe("http://127.0.0.1:9/")
    await stage.changes(2)
    before = await settled(stage)
    await restore(stage)
    assert await settled(stage) == before
    assert len(before) == 2


async def test_what_was_not_handed_on_yet_is_told(stage: Stage) -> None:
    await stage.subscribe("http://127.0.0.1:9/")
    await stage.changes(1)
    assert len(await settled(stage)) == 1
    await stage.changes(2, first=1)
    await restore(stage)
    assert len(await settled(stage)) == 3


async def test_one_that_was_disabled_is_told_what_it_missed(stage: Stage) -> None:
    made, _ = await stage.subscribe("http://127.0.0.1:9/")
    await stage.changes(1)
    await settled(stage)
    await stage.store.disable(int(made.id), "portal", actor="test")
    await stage.changes(2, first=1)
    await settled(stage)
    await restore(stage)
    await settled(stage)
    await stage.store.enable(int(made.id), "portal", actor="test")
    assert len(await settled(stage)) == 3
    assert not (await stage.told(made)).catching_up


async def test_a_copy_without_a_single_change_holds_up_nobody(stage: Stage) -> None:
    """The feed goes on as it was; but the places in it lie ahead of every transaction to come."""
    await stage.subscribe("http://127.0.0.1:9/")
    await stage.changes(1)
    await settled(stage)
    await stage.sql("DELETE FROM change")
    await restore(stage)
    await stage.changes(2, first=1)
    assert len(await settled(stage)) == 3


async def test_a_copy_whose_changes_were_all_pruned_holds_up_nobody(stage: Stage) -> None:
    await stage.subscribe("http://127.0.0.1:9/")
    await stage.changes(1)
    await settled(stage)
    await stage.sql("UPDATE change SET at = now() - interval '40 days'")
    assert await keeping.prune(stage.database) == 1
    await stage.sql(f"UPDATE feed SET pruned_xid = {_AHEAD.replace('xid:', 'pruned_xid:')}")
    await restore(stage)
    await stage.changes(2, first=1)
    assert len(await settled(stage)) == 3


async def test_restored_twice_it_is_still_told_once(stage: Stage) -> None:
    await stage.subscribe("http://127.0.0.1:9/")
    await stage.changes(2)
    await settled(stage)
    await restore(stage)
    await stage.changes(1, first=2)
    await settled(stage)
    await restore(stage)
    await stage.changes(1, first=3)
    told = [row.key for row in await settled(stage)]
    assert len(told) == len(set(told)) == 4
