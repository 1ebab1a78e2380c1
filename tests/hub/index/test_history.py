"""The past: any moment of it is the fold over what had happened, or what had been heard, by then."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from contracts.observation import Channel
from hub.db import Database
from hub.index import history
from hub.index.history import past
from hub.index.merge import Entry, State, apply, entry_from, fold, timeline
from hub.index.record import record
from hub.vault import Vault
from tests.observations import T0, observations
from tests.observations import observation as said

CODE = "H21.20-261123-0001"
AGENCIES = ["ubnd-pleiku"]
LATER = T0 + timedelta(days=365)

histories = st.lists(observations.map(lambda each: each.model_copy(update={"code": CODE})), min_size=1, max_size=8)
moments = st.integers(-1, 22).map(lambda minutes: T0 + timedelta(minutes=minutes))


def lines(said: list, vault: Vault) -> list[Entry]:  # type: ignore[type-arg]
    """As `record` keeps them: each once, as it was first heard."""
    kept: dict[bytes, Entry] = {}
    for entry in (entry_from(each, vault) for each in said):
        known = kept.get(entry.digest)
        if known is None or entry.first_heard < known.first_heard:
            kept[entry.digest] = entry
    return list(kept.values())


@given(histories)
def test_at_the_end_of_time_the_past_is_the_present(vault: Vault, heard: list) -> None:  # type: ignore[type-arg]
    entries = lines(heard, vault)
    assert fold(past(entries, as_of=LATER, known_at=LATER)) == fold(past(entries)) == fold(entries)


@given(histories, moments)
def test_what_was_known_is_what_would_have_been_made_of_what_was_heard(vault: Vault, heard: list, at) -> None:  # type: ignore[no-untyped-def, type-arg]
    """By then, in whatever order: nothing that was heard after it is needed, nor does it matter."""
    entries = lines(heard, vault)
    by_then = [each for each in heard if each.observed_at <= at]
    known = past(entries, known_at=at)
    assert sorted(known, key=lambda each: each.digest) == sorted(lines(by_then, vault), key=lambda each: each.digest)
    later = [each for each in entries if each.observed_at > at]
    assert past([*known, *later], known_at=at) == known


@given(histories, moments)
def test_between_two_happenings_nothing_changes(vault: Vault, heard: list, at) -> None:  # type: ignore[no-untyped-def, type-arg]
    entries = lines(heard, vault)
    before = [each.happened_at for each in entries if each.happened_at <= at]
    if not before:
        assert past(entries, as_of=at) == []
        return
    assert past(entries, as_of=at) == past(entries, as_of=max(before))


@given(histories, moments)
def test_the_way_to_then_ends_where_it_stood_then(vault: Vault, heard: list, at) -> None:  # type: ignore[no-untyped-def, type-arg]
    known = past(lines(heard, vault), as_of=at)
    if not known:
        return
    state: State | None = None
    for entry in sorted(known, key=lambda each: each.stamp):
        state = apply(state, entry)
    assert state == fold(known)
    steps = timeline(known, AGENCIES)
    assert (steps[-1].status if steps else None) == state.facts.get("status")


async def test_what_was_answered_once_can_be_answered_again(database: Database, vault: Vault) -> None:
    """Recorded as it was heard; after each, the state is noted, and found again when all has been heard."""
    heard = [
        said(CODE, at=0, heard=1, status=1, status_raw="MOI", channel=Channel.WEBHOOK),
        said(CODE, at=10, heard=11, status=4, applicant_name="Nguyễn Văn Đức"),
        said(CODE, at=5, heard=20, status=2, channel=Channel.PULL),  # late
        said(CODE, at=30, heard=31, status=9, finished_at=T0 + timedelta(minutes=30)),
        said(CODE, at=30, heard=40, status=4, settles=True),  # a correction
    ]
    noted = []
    for each in heard:
        async with database.begin() as connection:
            await record(connection, [each], vault)
        row = await database.reads.fetchrow("SELECT id, code, status, finished_at, observed_at FROM dossier")
        noted.append((each.observed_at, row["status"], row["finished_at"]))
    entries = await history.entries(database, vault, row["id"], personal=False)
    for at, status, finished_at in noted:
        then = history.state(past(entries, known_at=at), AGENCIES)
        assert then and then.status
        assert (then.status.code.number, then.finished_at) == (status, finished_at)
    # How it stood at the agency: the late word has its place, and the correction is about the moment it corrects.
    stood = {
        minute: history.state(past(entries, as_of=T0 + timedelta(minutes=minute)), AGENCIES)
        for minute in (0, 5, 10, 30)
    }
    assert {minute: then and then.status and then.status.code for minute, then in stood.items()} == {
        0: "1",
        5: "2",
        10: "4",
        30: "4",
    }
    assert history.state(past(entries, as_of=T0 - timedelta(minutes=1)), AGENCIES) is None
    now = history.state(entries, AGENCIES)
    assert now and now.status and now.status.code == "4"
    assert not any("applicant_name" in each.facts for each in entries)
    in_full = await history.entries(database, vault, row["id"], personal=True)
    assert [each.facts.get("applicant_name") for each in in_full if "applicant_name" in each.facts] == [
        "Nguyễn Văn Đức"
    ]
