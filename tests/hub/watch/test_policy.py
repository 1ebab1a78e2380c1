"""Whom watching asks about: what must hold of any agency and any dossiers, and the order that people would expect."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from math import expm1
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.status import DossierStatus
from contracts.system import Budget
from hub.watch import policy
from hub.watch.policy import AT_REST, Candidate, calls_between, choose, gain, learn_check, learn_looks
from hub.watch.rates import Rates, Tally
from hub.watch.week import HOURS, Week

HOUR, DAY = 3600.0, 86_400.0
OFFSET = 7 * HOUR
#: A Wednesday, ten in the morning in Gia Lai.
NOW = datetime(2026, 11, 25, 10, 0, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh")).timestamp()


def candidate(id: int = 1, **changes: Any) -> Candidate:
    """In processing for two days, submitted a week ago, due in ten days, known up to four hours ago."""
    values: dict[str, Any] = {
        "id": id,
        "code": f"H21.20-261118-{id:04}",
        "status": 4,
        "since": NOW - 2 * DAY,
        "known_at": NOW - 4 * HOUR,
        "submitted_at": NOW - 7 * DAY,
        "due_at": NOW + 10 * DAY,
    }
    return Candidate(**(values | changes))


def rates(**seen: tuple[float, float]) -> Rates:
    return Rates({name.replace("_", " "): Tally(*tally) for name, tally in seen.items()}, OFFSET)


times = st.floats(NOW - 60 * DAY, NOW)
candidates = st.builds(
    candidate,
    id=st.integers(1, 10**6),
    status=st.sampled_from([None, 1, 2, 4, 5, 6, 9]),
    since=times,
    known_at=times,
    submitted_at=st.none() | times,
    due_at=st.none() | st.floats(NOW - 60 * DAY, NOW + 60 * DAY),
    opened_at=times,
    opened=st.floats(0, 50),
)
many = st.lists(candidates, max_size=30, unique_by=lambda each: each.id)
# What a misled or hostile agency could have taught: any rates at all.
contexts = [
    *(f"change {status} {due} {age}" for status in (None, 4, 9) for due in ("due", "late") for age in ("fresh", "old")),
    *(f"change {status}" for status in (None, 1, 2, 4, 5, 6, 9)),
    *(f"look {phase}" for phase in ("submitted", "asked", "due", "late", "done", "waiting")),
    *(f"hour {hour}" for hour in (0, 9, 10, 100)),
    "look",
]
tallies = st.builds(Tally, st.floats(0, 1e6), st.floats(0, 1e12))
any_rates = st.dictionaries(st.sampled_from(contexts), tallies).map(lambda seen: Rates(seen, OFFSET))


# --- the gain ---


@given(candidates, any_rates, st.floats(0, 30 * DAY))
def test_waiting_longer_is_never_worth_less(each: Candidate, known: Rates, longer: float) -> None:
    now = gain(each, known, NOW)
    assert 0 <= now <= gain(replace(each, known_at=each.known_at - longer), known, NOW) * (1 + 1e-9)


@given(candidates, any_rates, st.floats(0, 50))
def test_being_looked_at_more_is_never_worth_less(each: Candidate, known: Rates, more: float) -> None:
    assert gain(each, known, NOW) <= gain(replace(each, opened=each.opened + more), known, NOW)


@pytest.mark.parametrize("hazard", [1e-6, 0.009, 0.011, 0.5, 3, 40])
def test_the_gain_is_the_integral_it_is_said_to_be(hazard: float) -> None:
    steps = 20_000
    middles = ((step + 0.5) / steps for step in range(steps))
    integral = sum(-u * expm1(-hazard * u) for u in middles) / steps
    assert policy._missed(hazard) == pytest.approx(integral, rel=1e-4)


# --- the order people expect ---


@pytest.mark.parametrize(
    ("sooner", "later"),
    [
        pytest.param({"due_at": NOW + DAY}, {}, id="near its deadline"),
        pytest.param({"opened_at": NOW - DAY, "opened": 1.0}, {}, id="looked at by its owner"),
        pytest.param(
            {"status": 1, "submitted_at": NOW - 4 * HOUR, "since": NOW - 4 * HOUR}, {}, id="submitted just now"
        ),
        pytest.param({"known_at": NOW - 8 * HOUR}, {}, id="known for longer"),
        pytest.param({"opened_at": NOW - DAY, "opened": 2.0}, {"opened_at": NOW - 9 * DAY, "opened": 2.0}, id="lately"),
    ],
)
def test_of_two_the_one_whose_change_will_be_seen_goes_first(sooner: dict[str, Any], later: dict[str, Any]) -> None:
    pair = [candidate(1, **later), candidate(2, **sooner)]
    assert [each.id for each in choose(pair, rates(), per_second=1 / HOUR, since=NOW - HOUR, now=NOW)] == [2]


def test_at_night_nothing_happens_that_was_not_seen_in_the_evening() -> None:
    midnight = NOW + 14 * HOUR
    seen_in_the_evening = candidate(1, known_at=midnight - 6 * HOUR)
    seen_at_noon = candidate(2, known_at=midnight - 12 * HOUR)
    assert gain(seen_at_noon, rates(), midnight) > 10 * gain(seen_in_the_evening, rates(), midnight)


# --- the choice ---


@given(many, any_rates, st.floats(1e-5, 1), st.floats(1, HOUR))
def test_no_more_than_the_calls_and_nobody_who_was_asked_just_now(
    known: list[Candidate], learnt: Rates, per_second: float, seconds: float
) -> None:
    chosen = choose(known, learnt, per_second=per_second, since=NOW - seconds, now=NOW)
    ready = [each for each in known if each.known_at <= NOW - AT_REST]
    assert len(chosen) <= calls_between(per_second, NOW - seconds, NOW)
    assert len({each.id for each in chosen}) == len(chosen)
    assert all(each in ready for each in chosen)


@given(st.floats(1e-6, 10), st.lists(st.floats(0, HOUR), min_size=1, max_size=50))
def test_no_call_is_lost_or_made_twice_however_time_is_cut(per_second: float, pauses: list[float]) -> None:
    ends = [NOW]
    for pause in pauses:
        ends.append(ends[-1] + pause)
    assert sum(calls_between(per_second, *span) for span in pairwise(ends)) == calls_between(per_second, NOW, ends[-1])


@given(many, any_rates, st.floats(1e-5, 1), st.floats(1, HOUR))
def test_calls_are_left_only_where_none_is_worth_its_price(
    known: list[Candidate], learnt: Rates, per_second: float, seconds: float
) -> None:
    chosen = choose(known, learnt, per_second=per_second, since=NOW - seconds, now=NOW)
    if len(chosen) < calls_between(per_second, NOW - seconds, NOW):
        left = [each for each in known if each not in chosen and each.known_at <= NOW - AT_REST]
        assert all(gain(each, learnt, NOW) < policy.PRICE for each in left)


@given(many.map(lambda known: known[:8]).filter(bool), any_rates)
def test_nobody_starves_whatever_the_rates_are(known: list[Candidate], learnt: Rates) -> None:
    """Each is asked within a day and ten rounds, though rates say that it never changes or is never looked at."""
    known = [replace(each, known_at=NOW) for each in known]
    pause = HOUR
    for step in range(1, 24 + 25 * len(known)):
        now = NOW + pause * step
        for each in choose(known, learnt, per_second=1 / pause, since=now - pause, now=now):
            each.known_at = now
        assert max(now - each.known_at for each in known) <= DAY + pause * 10 * (len(known) + 1)


def test_an_agency_that_is_pulled_every_few_minutes_is_left_in_peace() -> None:
    known = [candidate(id, known_at=NOW - 290, status=1, opened_at=NOW - HOUR, opened=3.0) for id in range(100)]
    assert choose(known, rates(), per_second=10, since=NOW - 60, now=NOW) == []


def test_a_share_of_the_budget() -> None:
    assert policy.per_second(Budget()) == 0.5
    assert policy.per_second(Budget(per_second=1)) == 0.25
    assert policy.per_second(Budget(per_second=1, per_day=8640)) == pytest.approx(0.025)


# --- learning ---


def test_a_quick_agency_is_learnt() -> None:
    known, quick = rates(), candidate(1, status=1, known_at=NOW - HOUR / 2)
    before = known.change(1, "ahead", "standing")
    for _ in range(200):
        learn_check(quick, known, now=NOW, changed=True)
    # A change for each quarter of an hour of work; the prior weighs as little as three of them.
    assert known.change(1, "ahead", "standing") == pytest.approx(1 / 900, rel=0.1)
    assert known.change(1, "ahead", "standing") > 10 * before


def test_what_is_seen_at_a_status_is_believed_of_its_rarer_stages_too() -> None:
    known, each = rates(), candidate(status=2, due_at=None)
    before = known.change(2, "late", "old")
    for _ in range(100):
        learn_check(each, known, now=NOW, changed=True, changed_at=each.known_at + 60)
    assert known.change(2, "late", "old") > 5 * before
    assert known.change(4, "late", "old") == rates().change(4, "late", "old")


def test_a_change_without_a_time_may_have_been_at_any_time() -> None:
    known, each = rates(), candidate()
    worked = known.week.between(each.known_at, NOW)
    learn_check(each, known, now=NOW, changed=True)
    assert known.seen["change 4"] == Tally(1, worked / 2)
    assert not [name for name in known.seen if name.startswith("hour")]


def test_a_time_that_cannot_be_is_none() -> None:
    """An agency's clock that is ahead, or a change that was before we last asked."""
    for said in (NOW + DAY, NOW - 30 * DAY):
        known = rates()
        learn_check(candidate(), known, now=NOW, changed=True, changed_at=said)
        assert not [name for name in known.seen if name.startswith("hour")]


def test_what_people_look_at_is_learnt() -> None:
    known = rates()
    shown = [candidate(id, status=9, opened_at=NOW - HOUR / 2) for id in range(50)]
    ignored = [candidate(100 + id) for id in range(50)]
    for hour in range(24):
        learn_looks(
            [replace(each, opened_at=NOW + hour * HOUR - HOUR / 2) for each in shown] + ignored,
            known,
            since=NOW + (hour - 1) * HOUR,
            now=NOW + hour * HOUR,
        )
    assert known.look("done") == pytest.approx(1 / HOUR, rel=0.2)
    assert known.look("waiting") < 0.1 / DAY


@given(st.dictionaries(st.integers(0, HOURS - 1), st.floats(0, 1e6)), times, st.floats(0, 20 * DAY), st.floats(0, DAY))
def test_working_time_runs_on_and_adds_up(seen: dict[int, float], start: float, one: float, two: float) -> None:
    week = Week(OFFSET, seen)
    assert week.between(start, start + one) >= 0
    whole = week.between(start, start + one) + week.between(start + one, start + one + two)
    assert week.between(start, start + one + two) == pytest.approx(whole, abs=1e-3)
    # Whatever was learnt, a week is a week.
    assert week.between(start, start + 7 * DAY) == pytest.approx(Week(OFFSET, {}).between(start, start + 7 * DAY))


def test_office_hours_are_supposed_and_others_learnt() -> None:
    evening = NOW + 9 * HOUR
    assert Week(OFFSET, {}).between(evening, evening + HOUR) < 0.05 * HOUR
    always_then = Week(OFFSET, {48 + 19: 10_000})
    assert always_then.between(evening, evening + HOUR) > 20 * HOUR
    assert always_then.between(NOW, NOW + HOUR) < 0.05 * HOUR


def test_the_clock_of_the_agency_decides_what_is_late() -> None:
    due = datetime(2026, 11, 25, 17, 0, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
    each = candidate(due_at=due.timestamp())
    for after, band in ((timedelta(), "due"), (timedelta(hours=6.9), "due"), (timedelta(hours=7.1), "late")):
        assert policy.due_band(each, (due + after).timestamp(), OFFSET) == band


def test_every_status_that_goes_on_has_a_rate_of_its_own() -> None:
    going_on = {status.number for status in DossierStatus if not status.is_final}
    assert going_on == {1, 2, 4, 5, 6, 9}
    assert len({rates().change(status, "undated", "old") for status in going_on - {2}}) == 5
