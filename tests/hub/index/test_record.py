"""The one door: any order, duplication, batching or concurrency gives the same dossiers and the same history."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import code_key, tidy_code
from contracts.observation import Channel, Observation
from hub.db import Database
from hub.index.merge import canonical
from hub.index.record import Recorded, record
from hub.index.tables import change, dossier, observation, recheck
from hub.vault import Vault
from tests.observations import T0
from tests.observations import observation as said
from tests.observations import observations as any_observation

many = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
few = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


async def dump(connection: AsyncConnection, vault: Vault) -> Any:
    """The whole index as plain values, without what legitimately depends on when it was written."""

    def plain(row: Any) -> dict[str, Any]:
        values = dict(row)
        values["personal"] = orjson.loads(vault.open(row["personal"])) if row["personal"] else None
        for key in ("id", "updated_at", "recorded_at", "correlation_id", "dossier_id"):
            values.pop(key, None)
        return values

    dossiers = (await connection.execute(select(dossier))).mappings().all()
    lines = (await connection.execute(select(observation))).mappings().all()
    names = {row["id"]: row["code_key"] for row in dossiers}
    return (
        sorted((plain(row) for row in dossiers), key=lambda row: row["code_key"]),
        sorted(
            ((names[row["dossier_id"]], plain(row)) for row in lines), key=lambda line: (line[0], line[1]["digest"])
        ),
    )


async def recorded_in(database: Database, vault: Vault, batches: Sequence[Sequence[Observation]]) -> Any:
    """What the index holds after the batches. Rolled back, so that each example starts from nothing."""
    async with database.engine.connect() as connection:
        for batch in batches:
            await record(connection, batch, vault)
        result = await dump(connection, vault)
        await connection.rollback()
    return result


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[Observation], list[list[Observation]]]:
    """Observations, and the same shuffled, some of them doubled, cut into batches."""
    base = draw(st.lists(any_observation, min_size=1, max_size=8))
    shuffled = draw(st.permutations(base + draw(st.lists(st.sampled_from(base), max_size=4))))
    cuts = sorted(draw(st.lists(st.integers(0, len(shuffled)), max_size=3)))
    edges = [0, *cuts, len(shuffled)]
    return base, [list(shuffled[a:b]) for a, b in pairwise(edges)]


@many
@given(deliveries())
async def test_any_order_duplication_and_batching_gives_the_same_index(
    database: Database, vault: Vault, delivery: tuple[list[Observation], list[list[Observation]]]
) -> None:
    base, batches = delivery
    assert await recorded_in(database, vault, batches) == await recorded_in(database, vault, [base])


@many
@given(st.lists(any_observation, min_size=1, max_size=8))
async def test_the_index_agrees_with_a_plain_model(database: Database, vault: Vault, heard: list[Observation]) -> None:
    dossiers, _ = await recorded_in(database, vault, [[one] for one in heard])
    shown = {row["code_key"]: row for row in dossiers}
    for key, facts in model(heard, vault).items():
        row = shown[key]
        present = {name: row[name] for name in ("status_raw", "procedure_code", "due_at") if row[name] is not None}
        present |= row["personal"] or {}
        if row["status"] is not None:
            present["status"] = str(row["status"])
        assert present == facts


def model(heard: list[Observation], vault: Vault) -> dict[str, dict[str, Any]]:
    """SEMANTICS §1 as plainly as it can be put: per field, the value with the highest stamp."""
    first_heard: dict[tuple[str, bytes], Observation] = {}
    for one in heard:
        name = (code_key(one.code), vault.digest(canonical(one)[0]))
        known = first_heard.get(name)
        if known is None or one.observed_at < known.observed_at:
            first_heard[name] = one
    best: dict[str, dict[str, Any]] = defaultdict(dict)
    for (key, digest), one in first_heard.items():
        too_far_ahead = (one.occurred_at - one.observed_at).total_seconds() > 300
        at = one.observed_at if too_far_ahead else one.occurred_at
        stamp = ((one.revision is not None), one.revision or at.timestamp(), one.settles, digest)
        _ = best[key]
        for field in one.facts.model_fields_set:
            value = getattr(one.facts, field)
            if field not in best[key] or stamp > best[key][field][0]:
                best[key][field] = (stamp, value)
    return {key: {field: value for field, (_, value) in fields.items()} for key, fields in best.items()}


@few
@given(deliveries())
async def test_two_connections_at_once_give_the_same_index(
    database: Database, vault: Vault, delivery: tuple[list[Observation], list[list[Observation]]]
) -> None:
    base, batches = delivery
    expected = await recorded_in(database, vault, [base])

    async def write(some: Sequence[Sequence[Observation]]) -> None:
        for batch in some:
            async with database.begin() as connection:
                await record(connection, batch, vault)

    # Both record everything, from opposite ends, so that they meet on the same rows.
    await asyncio.gather(write(batches), write([list(reversed(batch)) for batch in reversed(batches)]))
    async with database.begin() as connection:
        assert await dump(connection, vault) == expected
        await connection.execute(text("TRUNCATE dossier, observation, change, recheck"))


async def do(database: Database, vault: Vault, *heard: Observation) -> Recorded:
    async with database.begin() as connection:
        return await record(connection, heard, vault, correlation_id="test")


async def present(database: Database, code: str = "H21.20-261123-0001") -> Any:
    async with database.begin() as connection:
        found = await connection.execute(select(dossier).where(dossier.c.code_key == code_key(code)))
        return found.mappings().one()


async def test_what_is_not_mentioned_is_not_changed(database: Database, vault: Vault) -> None:
    await do(database, vault, said(at=0, status=2, due_at=T0, applicant_name="Nguyễn Văn Đức"))
    await do(database, vault, said(at=1, status=4))
    row = await present(database)
    assert (row["status"], row["due_at"]) == (4, T0)
    assert orjson.loads(vault.open(row["personal"])) == {"applicant_name": "Nguyễn Văn Đức"}


async def test_the_same_again_adds_nothing(database: Database, vault: Vault) -> None:
    first = await do(database, vault, said(status=2))
    again = await do(database, vault, said(status=2, heard=9, channel=Channel.PULL))
    assert (first.added, first.changed) == (1, 1)
    assert (again.received, again.added, again.changed) == (1, 0, 0)
    async with database.begin() as connection:
        assert (await connection.execute(select(func.count()).select_from(change))).scalar_one() == 1


async def test_a_clock_far_ahead_is_not_believed(database: Database, vault: Vault) -> None:
    """A status from an agency's future would otherwise stand until that future comes."""
    await do(database, vault, said(at=600, heard=0, status=9))
    await do(database, vault, said(at=5, heard=5, status=4))
    assert (await present(database))["status"] == 4


async def test_the_earliest_receipt_decides_whenever_it_is_recorded(database: Database, vault: Vault) -> None:
    """A copy that was heard earlier, and recorded later, takes a clock that runs ahead further back."""
    ahead, between = said(at=600, heard=8, status=9), said(at=5, heard=5, status=4)
    earlier_copy = said(at=600, heard=0, status=9)
    await do(database, vault, ahead)
    await do(database, vault, between)
    assert (await present(database))["status"] == 9
    await do(database, vault, earlier_copy)
    assert (await present(database))["status"] == 4


async def test_revisions_order_where_the_agency_numbers_its_changes(database: Database, vault: Vault) -> None:
    await do(database, vault, said(at=9, revision=1, status=2), said(at=1, revision=2, status=4))
    assert (await present(database))["status"] == 4


async def test_an_agency_that_contradicts_itself_is_asked_once(database: Database, vault: Vault) -> None:
    recorded = await do(database, vault, said(revision=5, status=4), said(revision=5, status=9))
    assert recorded.conflicts == 1
    await do(database, vault, said(revision=5, status=4, note="again"))
    async with database.begin() as connection:
        assert (await connection.execute(select(func.count()).select_from(recheck))).scalar_one() == 1
    await do(database, vault, said(revision=5, status=9, settles=True))
    row = await present(database)
    assert (row["status"], row["conflict"]) == (9, False)


async def test_a_newer_word_ends_a_contradiction(database: Database, vault: Vault) -> None:
    await do(database, vault, said(at=1, status=4), said(at=1, status=9))
    assert (await present(database))["conflict"]
    await do(database, vault, said(at=2, status=10))
    assert not (await present(database))["conflict"]


async def test_changes_tell_what_happened_in_the_order_it_did(database: Database, vault: Vault) -> None:
    await do(database, vault, said(at=0, status=2))
    await do(database, vault, said(at=2, status=4))
    await do(database, vault, said(at=3, procedure_code="1.001612"))
    await do(database, vault, said(at=1, status=5))
    async with database.begin() as connection:
        rows = (await connection.execute(select(change).order_by(change.c.seq))).mappings().all()
    assert [(row["kind"], row["status_before"], row["status_after"]) for row in rows] == [
        ("created", None, 2),
        ("status", 2, 4),
        ("details", 4, 4),
        ("history", 4, 4),
    ]
    assert {row["correlation_id"] for row in rows} == {"test"}


async def test_personal_data_is_not_readable_in_the_database(database: Database, vault: Vault) -> None:
    await do(database, vault, said(status=2, applicant_name="Nguyễn Văn Đức", applicant_phone="0905123456"))
    async with database.begin() as connection:
        for table in ("dossier", "observation", "change"):
            rows = await connection.execute(text(f"SELECT CAST({table} AS text) FROM {table}"))
            for row in rows.scalars():
                assert "Nguy" not in row and "0905123456" not in row


async def test_nothing_is_recorded_when_the_caller_rolls_back(database: Database, vault: Vault) -> None:
    async with database.engine.connect() as connection:
        await record(connection, [said(status=2)], vault)
        await connection.rollback()
    async with database.begin() as connection:
        assert (await connection.execute(select(func.count()).select_from(dossier))).scalar_one() == 0


async def test_codes_are_one_dossier_however_they_are_written(database: Database, vault: Vault) -> None:
    await do(database, vault, said("h21.20–261123–0001", at=0, status=2), said("H21.20-261123-0001 ", at=1, status=4))
    row = await present(database)
    assert (row["status"], row["code"]) == (4, tidy_code("H21.20-261123-0001"))
