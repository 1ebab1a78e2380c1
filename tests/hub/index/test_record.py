"""The one door: any order, duplication, batching or concurrency gives the same dossiers and the same history."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import code_key, tidy_code
from contracts.observation import Channel, Observation
from hub.db import Database, driver_of
from hub.index.history import LINES, entries_of
from hub.index.merge import Entry, entry_from, fold, timeline
from hub.index.record import Recorded, record
from hub.index.rows import agencies_of
from hub.index.steps import unpacked
from hub.index.tables import change, dossier, observation, recheck
from hub.vault import Vault
from tests.observations import T0
from tests.observations import observation as said
from tests.observations import observations as any_observation

many = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
few = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


async def dump(connection: AsyncConnection, vault: Vault) -> Any:
    """The whole index as plain values, without what legitimately depends on when it was written. Each dossier keeps the
    steps that its history tells."""

    def plain(row: Any) -> dict[str, Any]:
        values = dict(row)
        values["personal"] = orjson.loads(vault.open(row["personal"])) if row["personal"] else None
        for key in ("id", "updated_at", "timeline_at", "recorded_at", "correlation_id", "dossier_id"):
            values.pop(key, None)
        return values

    dossiers = (await connection.execute(select(dossier))).mappings().all()
    lines = (await connection.execute(select(observation))).mappings().all()
    names = {row["id"]: row["code_key"] for row in dossiers}
    told = entries_of(await driver_of(connection).fetch(LINES, list(names)), vault)
    for row in dossiers:
        assert row["timeline_at"] == row["updated_at"]
        assert unpacked(row["timeline"]) == timeline(told[row["id"]], agencies_of(row))
    return (
        sorted((plain(row) for row in dossiers), key=lambda row: row["code_key"]),
        sorted(
            ((names[row["dossier_id"]], plain(row)) for row in lines), key=lambda line: (line[0], line[1]["digest"])
        ),
    )


async def recorded_in(database: Database, vault: Vault, batches: Sequence[Sequence[Observation]]) -> Any:
    """What the index holds after the batches. Rolled back, so that each example starts from nothing."""
    async with database.trial() as connection:
        for batch in batches:
            await record(connection, batch, vault)
        return await dump(connection, vault)


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
        name = (code_key(one.code), entry_from(one, vault).digest)
        known = first_heard.get(name)
        if known is None or one.observed_at < known.observed_at:
            first_heard[name] = one
    best: dict[str, dict[str, Any]] = defaultdict(dict)
    for (key, digest), one in first_heard.items():
        assert one.occurred_at is not None, "of those that tell none, what is kept depends on the order"
        too_far_ahead = (one.occurred_at - one.observed_at).total_seconds() > 300
        at = one.observed_at if too_far_ahead else one.occurred_at
        answered_at = one.observed_at if one.settles else T0
        stamp = ((one.revision is not None), one.revision or at.timestamp(), one.settles, answered_at, digest)
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
        await connection.execute(text("TRUNCATE dossier, observation, archive, change, recheck, watch"))


async def test_who_finds_a_dossier_made_meanwhile_goes_on_from_it(database: Database, vault: Vault) -> None:
    """And what else it brought is not lost with the attempt."""
    async with database.begin() as first:
        await record(first, [said("H21.20-261123-0002", at=0, status=2)], vault)
        brought = [said(f"H21.20-261123-000{number}", at=1, status=4) for number in (1, 2, 3)]
        second = asyncio.create_task(do(database, vault, *brought))
        # Long enough for it to come to the dossier that we have made, and wait for us.
        await asyncio.wait([second], timeout=0.5)
        assert not second.done()
    assert (await second).created == 2
    async with database.begin() as connection:
        rows = (await connection.execute(select(dossier.c.status))).scalars().all()
        kinds = (await connection.execute(select(change.c.kind).order_by(change.c.seq))).scalars().all()
    assert (rows, sorted(kinds)) == ([4, 4, 4], ["created", "created", "created", "status"])
    assert await lines(database) == 4


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
    async with database.trial() as connection:
        await record(connection, [said(status=2)], vault)
    async with database.begin() as connection:
        assert (await connection.execute(select(func.count()).select_from(dossier))).scalar_one() == 0


async def test_codes_are_one_dossier_however_they_are_written(database: Database, vault: Vault) -> None:
    await do(database, vault, said("h21.20–261123–0001", at=0, status=2), said("H21.20-261123-0001 ", at=1, status=4))
    row = await present(database)
    assert (row["status"], row["code"]) == (4, tidy_code("H21.20-261123-0001"))


# --- agencies that tell no time of change -----------------------------------------------------------

_untimed = st.builds(
    said,
    at=st.none(),
    heard=st.integers(0, 9),
    status=st.sampled_from([2, 4]),
    channel=st.sampled_from([Channel.LOOKUP, Channel.PULL]),
)


async def lines(database: Database) -> int:
    async with database.begin() as connection:
        return (await connection.execute(select(func.count()).select_from(observation))).scalar_one()


async def test_each_poll_of_an_agency_that_tells_no_time_is_not_a_line(database: Database, vault: Vault) -> None:
    """And a status that it takes back is one."""
    for minute, status in enumerate([2, 2, 4, 4, 4, 2, 2]):
        await do(database, vault, said(at=None, heard=minute, status=status, applicant_name="Rơ Châm H'Yéo"))
    assert (await present(database))["status"] == 2
    assert await lines(database) == 3


async def test_a_poll_that_says_nothing_new_takes_no_lock(database: Database, vault: Vault) -> None:
    await do(database, vault, said(at=None, heard=0, status=2))
    async with database.begin() as other:
        await other.execute(select(dossier).with_for_update())
        again = await asyncio.wait_for(do(database, vault, said(at=None, heard=1, status=2)), timeout=5)
    assert (again.received, again.added) == (1, 0)


async def test_a_poll_after_an_event_says_what_holds(database: Database, vault: Vault) -> None:
    """An agency that pushes with times, and is polled without."""
    await do(database, vault, said(at=None, heard=0, status=2))
    await do(database, vault, said(at=1, status=4))
    await do(database, vault, said(at=None, heard=2, status=2))
    assert (await present(database))["status"] == 2


@many
@given(
    st.lists(_untimed, min_size=1, max_size=8, unique_by=lambda one: one.observed_at),
    st.lists(any_observation, max_size=4),
    st.data(),
)
async def test_untimed_words_in_the_order_heard_are_as_if_all_were_kept(
    database: Database, vault: Vault, untimed: list[Observation], timed: list[Observation], data: st.DataObject
) -> None:
    """What is left out of the history would not have changed the dossier or its timeline."""
    untimed.sort(key=lambda one: one.observed_at)
    doubled = [one for one in untimed for _ in range(data.draw(st.integers(1, 2)))]
    heard = [*timed, *doubled]
    by_key: dict[str, list[Entry]] = defaultdict(list)
    for one in heard:
        by_key[code_key(one.code)].append(entry_from(one, vault))
    async with database.trial() as connection:
        await record(connection, timed, vault)
        for one in doubled:
            await record(connection, [one], vault)
        dossiers, _ = await dump(connection, vault)
    for row in dossiers:
        # Of copies, the one heard first: it may be that by which a clock that is ahead is clamped.
        lines = sorted(by_key[row["code_key"]], key=lambda entry: entry.first_heard, reverse=True)
        whole = fold({entry.digest: entry for entry in lines}.values())
        assert (str(row["status"]) if row["status"] is not None else None) == whole.facts.get("status")
        assert row["due_at"] == whole.facts.get("due_at")


async def test_a_poll_that_contradicts_itself_is_asked_about(database: Database, vault: Vault) -> None:
    await do(database, vault, said(at=None, heard=0, status=4))
    recorded = await do(database, vault, said(at=None, heard=1, status=4), said(at=None, heard=1, status=2))
    assert recorded.conflicts == 1


@many
@given(st.permutations(range(4)), st.data())
async def test_untimed_words_in_any_order_are_right_after_the_next_poll(
    database: Database, vault: Vault, order: list[int], data: st.DataObject
) -> None:
    statuses = data.draw(st.lists(st.sampled_from([2, 4, 5]), min_size=5, max_size=5))
    polls = [said(at=None, heard=minute, status=status) for minute, status in enumerate(statuses)]
    dossiers, _ = await recorded_in(database, vault, [[polls[place]] for place in order] + [[polls[4]]])
    assert dossiers[0]["status"] == statuses[4]


# --- dossiers that are gone at source ---------------------------------------------------------------


def gone(code: str = "H21.20-261123-0001", *, at: float, revision: int | None = None) -> Observation:
    when = T0 + timedelta(minutes=at)
    return said(
        code,
        at=None if revision else at,
        heard=at,
        revision=revision,
        settles=revision is not None,
        channel=Channel.PULL,
        gone_at=when,
    )


@pytest.mark.parametrize("revision", [None, 7])
async def test_a_dossier_is_marked_gone_and_comes_back_when_it_is_shown_again(
    database: Database, vault: Vault, revision: int | None
) -> None:
    first = said(at=0, revision=revision, status=4, channel=Channel.PULL)
    await do(database, vault, first)
    for round_ in (1, 2):
        await do(database, vault, gone(at=10 * round_, revision=revision))
        row = await present(database)
        assert (row["gone_at"], row["status"]) == (T0 + timedelta(minutes=10 * round_), 4)
        # The very line that was known, listed again.
        again = first.model_copy(update={"observed_at": T0 + timedelta(minutes=10 * round_ + 5)})
        await do(database, vault, again)
        assert (await present(database))["gone_at"] is None
        await do(database, vault, again)
    async with database.begin() as connection:
        kinds = (await connection.execute(select(change.c.kind).order_by(change.c.seq))).scalars().all()
    assert kinds == ["created", "gone", "back", "gone", "back"]


async def test_a_late_event_does_not_bring_a_dossier_back(database: Database, vault: Vault) -> None:
    await do(database, vault, said(at=0, status=4))
    await do(database, vault, gone(at=10))
    await do(database, vault, said(at=5, heard=11, status=5))
    row = await present(database)
    assert (row["gone_at"], row["status"]) == (T0 + timedelta(minutes=10), 5)


async def test_a_newer_word_brings_a_dossier_back(database: Database, vault: Vault) -> None:
    await do(database, vault, said(at=0, status=4))
    await do(database, vault, gone(at=10))
    await do(database, vault, said(at=11, status=9))
    row = await present(database)
    assert (row["gone_at"], row["status"]) == (None, 9)
