"""Dossiers that pass to another agency: one dossier whoever speaks of it, in any order, and its owner's word holds."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.observation import Channel, Observation
from hub.db import Database, metadata
from hub.index import succession, tallies
from hub.index.check import check
from hub.index.marks import filed_under
from hub.index.record import record
from hub.index.succession import Clash
from hub.index.tables import change, dossier, dossier_alias, observation
from hub.vault import Vault
from tests.observations import T0, move
from tests.observations import observation as said

CODE = "H21.20-261123-0001"
OLD, NEW, LATER = "ubnd-pleiku", "phuong-pleiku", "phuong-hoi-phu"


async def do(database: Database, vault: Vault, *heard: Observation) -> None:
    async with database.begin() as connection:
        await record(connection, heard, vault)


async def rows(database: Database) -> list[Any]:
    async with database.begin() as connection:
        return list((await connection.execute(select(dossier).order_by(dossier.c.code))).mappings())


async def only(database: Database) -> Any:
    found = await rows(database)
    assert len(found) == 1
    return found[0]


async def nothing_to_repair(database: Database, vault: Vault) -> None:
    """Counts, marks and steps are those of the dossiers that there are, and no marks are left of others."""
    dossiers = await database.reads.fetchval("SELECT count(*) FROM dossier")
    assert await check(database, vault) == (dossiers, [], 0, 0)
    marks = 0
    for row in await database.reads.fetch("SELECT code, national_code, personal FROM dossier"):
        facts = orjson.loads(vault.open(row["personal"])) if row["personal"] else {}
        marks += len(filed_under(row["code"], facts | {"national_code": row["national_code"] or ""}, vault))
    assert await database.reads.fetchval("SELECT count(*) FROM dossier_mark") == marks
    stray = "SELECT count(*) FROM dossier_alias a LEFT JOIN dossier d ON d.id = a.dossier_id WHERE d.updated_at"
    assert await database.reads.fetchval(f"{stray} IS DISTINCT FROM a.updated_at") == 0


async def kinds(database: Database) -> list[str]:
    async with database.begin() as connection:
        return list((await connection.execute(select(change.c.kind).order_by(change.c.seq))).scalars())


async def test_a_dossier_moves_and_says_so(database: Database, vault: Vault) -> None:
    await do(database, vault, said(agency=OLD, status=4, due_at=T0, applicant_name="Rơ Châm H'Yéo"))
    before = await only(database)
    await do(database, vault, move(NEW))
    row = await only(database)
    assert (row["agency"], row["former_agencies"], row["told_by"]) == (NEW, [OLD], OLD)
    # It says nothing of the dossier, nor when it was last spoken of.
    for name in ("id", "status", "due_at", "observed_at", "channel", "moment_rank", "top", "personal"):
        assert row[name] == before[name], name
    assert await kinds(database) == ["created", "moved"]
    await do(database, vault, move(NEW))
    assert await kinds(database) == ["created", "moved"]


async def test_who_was_first_still_finds_it(database: Database, vault: Vault) -> None:
    await do(database, vault, said(agency=OLD, status=4))
    await do(database, vault, move(NEW))
    await do(database, vault, said(agency=OLD, at=3, heard=600, status=5))
    row = await only(database)
    assert (row["agency"], row["status"], row["told_by"]) == (NEW, 5, OLD)


async def test_the_successor_speaks_of_the_same_dossier_and_goes_before(database: Database, vault: Vault) -> None:
    """Whatever its numbers: the city counted its changes, the ward tells times."""
    await do(database, vault, said(agency=OLD, revision=900, status=4, procedure_code="1.001612"))
    await do(database, vault, move(NEW))
    await do(database, vault, said(agency=NEW, at=10, status=9))
    row = await only(database)
    assert (row["status"], row["procedure_code"], row["told_by"]) == (9, "1.001612", None)
    # Late, or out of a system that nobody turned off: kept, and not told.
    await do(database, vault, said(agency=OLD, revision=901, heard=900, status=5))
    assert (await only(database))["status"] == 9
    assert (await kinds(database))[-1] == "history"


async def test_what_the_successor_said_before_it_moved_is_joined(database: Database, vault: Vault) -> None:
    await do(database, vault, said(agency=OLD, status=4), said(agency=NEW, at=10, status=9))
    kept, gone = sorted(await rows(database), key=lambda row: row["agency"] != OLD)
    await do(database, vault, move(NEW))
    await nothing_to_repair(database, vault)
    row = await only(database)
    assert (row["id"], row["agency"], row["status"], row["told_by"]) == (kept["id"], NEW, 9, None)
    async with database.begin() as connection:
        last = (await connection.execute(select(change).order_by(change.c.seq.desc()).limit(2))).mappings().all()
    assert [(each["kind"], each["dossier_id"], each["joined_id"]) for each in last] == [
        ("moved", kept["id"], None),
        ("joined", kept["id"], gone["id"]),
    ]


def test_all_tables_that_name_a_dossier_are_thought_of_when_two_are_one() -> None:
    naming = {table.name for table in metadata.tables.values() if "dossier_id" in table.c}
    statements = " ".join((succession.SAID_BY, succession.TOLD_OF, *succession.ENDS))
    # What is archived of the one that ends is a history again by then.
    elsewhere = {"dossier_alias", "dossier_mark", "archive"}
    assert {name for name in naming if f" {name} " not in statements} == elsewhere


async def test_a_code_that_names_no_unit_may_be_another_dossier(database: Database, vault: Vault) -> None:
    await do(database, vault, said("12/2026", agency=OLD, status=4), said("12/2026", agency=NEW, status=9))
    with pytest.raises(Clash):
        await do(database, vault, move(NEW, "12/2026"))
    assert [row["former_agencies"] for row in await rows(database)] == [None, None]


async def test_moves_follow_each_other_and_go_back(database: Database, vault: Vault) -> None:
    await do(database, vault, said(agency=OLD, status=4))
    await do(database, vault, move(LATER, decided=700), move(NEW, decided=600))
    row = await only(database)
    assert (row["agency"], row["former_agencies"]) == (LATER, [OLD, NEW])
    await do(database, vault, said(agency=NEW, at=1, status=5), said(agency=LATER, at=0, status=6))
    assert (await only(database))["status"] == 6
    await do(database, vault, move(OLD, decided=800))
    row = await only(database)
    assert (row["agency"], row["former_agencies"], row["told_by"]) == (OLD, [OLD, NEW, LATER], None)
    # The word of whose dossier it is now holds again.
    assert row["status"] == 4
    await do(database, vault, said(agency=NEW, at=9, heard=900, status=9))
    assert (await only(database))["status"] == 4


async def test_one_that_moved_to_where_it_was_has_not_moved(database: Database, vault: Vault) -> None:
    await do(database, vault, said(agency=OLD, at=5, status=4))
    before = await only(database)
    await do(database, vault, move(OLD))
    await do(database, vault, said(agency=OLD, at=1, heard=600, status=2))
    row = await only(database)
    assert (row["agency"], row["former_agencies"], row["status"]) == (OLD, None, 4)
    assert row["top"] == before["top"]


async def test_that_an_unknown_dossier_moved_says_nothing(database: Database, vault: Vault) -> None:
    await do(database, vault, move(NEW))
    assert await rows(database) == []


async def test_a_moved_dossier_is_gone_and_back_by_its_owners_word(database: Database, vault: Vault) -> None:
    await do(database, vault, said(agency=OLD, status=4, channel=Channel.PULL))
    await do(database, vault, move(NEW), said(agency=NEW, at=5, status=4, channel=Channel.PULL))
    gone_at = T0 + timedelta(minutes=20)
    await do(database, vault, said(agency=NEW, at=20, channel=Channel.PULL, gone_at=gone_at))
    assert (await only(database))["gone_at"] == gone_at
    await do(database, vault, said(agency=NEW, at=5, heard=30, status=4, channel=Channel.PULL))
    assert (await only(database))["gone_at"] is None


async def test_polls_of_a_predecessor_without_times_do_not_fill_the_history(database: Database, vault: Vault) -> None:
    await do(database, vault, said(agency=OLD, at=None, heard=0, status=4, channel=Channel.PULL))
    await do(database, vault, move(NEW), said(agency=NEW, at=5, status=9))
    for minutes in range(10, 15):
        await do(database, vault, said(agency=OLD, at=None, heard=minutes, status=4, channel=Channel.PULL))
    async with database.begin() as connection:
        lines = (await connection.execute(select(observation.c.digest))).all()
    assert len(lines) == 3


# Few values of each, so that ties and copies are common.
_words = st.builds(
    said,
    code=st.just(CODE),
    agency=st.sampled_from([OLD, NEW, LATER]),
    at=st.sampled_from([0, 1, 2]),
    revision=st.one_of(st.none(), st.integers(1, 3)),
    heard=st.sampled_from([5, 8]),
    status=st.sampled_from([2, 4, 9]),
    applicant_name=st.sampled_from(["Nguyễn Văn Đức", "Rơ Châm H'Yéo"]),
    due_at=st.sampled_from([T0, T0 + timedelta(days=40)]),
)
_moves = st.lists(
    st.builds(move, st.sampled_from([OLD, NEW, LATER]), decided=st.sampled_from([600, 601, 602])), max_size=3
)


_EMPTY = "TRUNCATE dossier, dossier_alias, dossier_mark, tally, tally_delta CASCADE"


async def dump(database: Database, vault: Vault) -> Any:
    """What the index holds, but for when it was written and how it is numbered."""
    apart = ("id", "dossier_id", "updated_at", "timeline_at", "recorded_at", "correlation_id", "personal")

    async def all_of(connection: AsyncConnection, table: Any) -> list[Any]:
        found = (await connection.execute(select(table))).mappings()
        return sorted(repr({name: row[name] for name in row if name not in apart}) for row in found)

    async with database.begin() as connection:
        return [await all_of(connection, table) for table in (dossier, dossier_alias, observation)]


@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.generate],  # each takes long; a failure says enough as it is
    suppress_health_check=list(HealthCheck),
)
@given(words=st.lists(_words, min_size=1, max_size=6), moves=_moves, data=st.data())
async def test_in_any_order_it_is_the_same_dossier(
    words: Sequence[Observation], moves: Sequence[Observation], data: st.DataObject, database: Database, vault: Vault
) -> None:
    """Words come in any order, before and after the moves; a plan is applied as often as one likes. What agencies said
    that never had the dossier is another's."""
    concerned = {OLD, *(each.facts.moved_to for each in moves)}
    words = [said(agency=OLD, at=0, heard=5, status=2), *(each for each in words if each.agency in concerned)]
    dumps = []
    for _ in range(2):
        async with database.begin() as connection:
            await connection.execute(text(_EMPTY))
        order = data.draw(st.permutations([*words, *moves]))
        size = data.draw(st.integers(1, len(order)))
        for begin in range(0, len(order), size):
            await do(database, vault, *order[begin : begin + size])
            await nothing_to_repair(database, vault)
            if data.draw(st.booleans()):
                await tallies.fold(database)
        await do(database, vault, *moves)
        await nothing_to_repair(database, vault)
        dumps.append(await dump(database, vault))
    assert dumps[0] == dumps[1]
