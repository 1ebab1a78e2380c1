"""When a plan comes round next: every so often, by a cron line, with jitter, within office hours."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.agency import Plan
from hub.streams.plans import longest_wait, next_time
from tests.parts import pulled_spec

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
SPEC = pulled_spec()
#: A Monday.
MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=VIETNAM)
OFFICE = pulled_spec().model_copy(
    update={
        "system": pulled_spec().system.model_validate(  # type: ignore[union-attr]
            {
                "kind": "rest",
                "address": "http://127.0.0.1:1",
                "budget": {
                    "hours": [{"days": ["mon", "tue", "wed", "thu", "fri"], "opens": "07:00", "closes": "17:00"}]
                },
            }
        )
    }
)


@given(every=st.integers(1, 86_400), late=st.floats(0, 0.999), now=st.datetimes(timezones=st.just(UTC)))
def test_a_run_that_is_late_makes_the_next_one_no_later(every: int, late: float, now: datetime) -> None:
    plan, apart = Plan(every_seconds=every), timedelta(seconds=every)
    due = next_time(plan, SPEC, now)
    assert now < due <= now + apart
    assert next_time(plan, SPEC, due + apart * late) == due + apart


def test_agencies_of_the_same_plan_are_spread_over_its_time() -> None:
    plan = Plan(every_seconds=60)
    agencies = [SPEC.model_copy(update={"id": f"so-{number}"}) for number in range(600)]
    waits = [(next_time(plan, agency, MONDAY) - MONDAY).total_seconds() for agency in agencies]
    in_each_tenth = Counter(int(wait // 6) for wait in waits)
    assert min(in_each_tenth[tenth] for tenth in range(10)) > 30


def test_a_cron_line_goes_by_the_agencys_clock_and_names_its_days() -> None:
    plan = Plan(cron="30 2 * * sat,sun")
    due = next_time(plan, SPEC, MONDAY.astimezone(UTC))
    assert due == datetime(2026, 11, 28, 2, 30, tzinfo=VIETNAM)
    assert next_time(plan, SPEC, due) == datetime(2026, 11, 29, 2, 30, tzinfo=VIETNAM)


@pytest.mark.parametrize("cron", ["30 2 * * 1-5", "30 2 * *", "every day"])
def test_days_go_by_their_names(cron: str) -> None:
    with pytest.raises(ValidationError):
        Plan(cron=cron)


def test_one_of_both() -> None:
    for wrong in ({}, {"every_seconds": 60, "cron": "0 2 * * *"}):
        with pytest.raises(ValidationError, match="one of"):
            Plan.model_validate(wrong)


def test_jitter_only_ever_delays() -> None:
    plan = Plan(every_seconds=60, jitter_seconds=30)
    due = next_time(plan, SPEC, MONDAY, chance=0)
    assert next_time(plan, SPEC, MONDAY, chance=1) == due + timedelta(seconds=30)


def test_outside_office_hours_nothing_is_due_before_they_begin() -> None:
    friday_evening = datetime(2026, 11, 27, 16, 59, 59, tzinfo=VIETNAM)
    assert next_time(Plan(every_seconds=60), OFFICE, friday_evening) == datetime(2026, 11, 30, 7, 0, tzinfo=VIETNAM)
    assert next_time(Plan(every_seconds=60), OFFICE, MONDAY) <= MONDAY + timedelta(seconds=60)


def test_one_waits_as_long_as_from_one_time_to_the_next() -> None:
    assert longest_wait(Plan(every_seconds=60, jitter_seconds=5), SPEC, MONDAY) == timedelta(seconds=65)
    assert longest_wait(Plan(cron="0 2 * * *"), SPEC, MONDAY) == timedelta(days=1)
