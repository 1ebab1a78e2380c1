"""What the gate's rules answer, case by case, and that no story whatever leads past a ceiling."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.adapter import Priority
from contracts.system import Budget, Hours
from hub.gate.rules import LEASE_SECONDS, Ask, Decision, Hindrance, Leave, News, State, decide

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
#: A Wednesday, ten in the morning there.
NOW = datetime(2025, 7, 2, 3, 0, tzinfo=UTC)


@dataclass
class Story:
    """One agency's gate as its processes meet it, one after the other."""

    budget: Budget
    now: datetime = NOW
    calls: Counter[str] = field(default_factory=Counter)
    probing: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.state = State(day=date(1970, 1, 1), full_at=self.now, window_began=self.now)

    def exchange(self, holder: str = "a", *asks: Ask, news: News | None = None) -> Decision:
        decision = decide(
            self.state,
            self.budget,
            ZONE,
            self.now,
            holder=holder,
            calls=self.calls[holder],
            probing=holder in self.probing,
            news=news or News(),
            asks=asks,
            jitter=0,
        )
        self.state = decision.state
        for answer in decision.answers:
            if isinstance(answer, Leave):
                self.calls[holder] += 1
                if answer.probe:
                    self.probing.add(holder)
        return decision

    def ask(self, priority: Priority = Priority.INCREMENTAL, holder: str = "a") -> Leave | Hindrance:
        return self.exchange(holder, Ask(priority, 0)).answers[0]

    def end(self, holder: str = "a", **news: Any) -> Decision:
        self.calls[holder] -= 1
        self.probing.discard(holder)
        return self.exchange(holder, news=News(**news))

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def break_down(self) -> Decision:
        return self.exchange(news=News(succeeded=10, failed=10))


def hindered(answer: Leave | Hindrance) -> Hindrance:
    assert isinstance(answer, Hindrance)
    return answer


def test_slots_are_shared_and_the_last_one_is_kept_for_the_urgent() -> None:
    story = Story(Budget(concurrency=3))
    assert story.ask(Priority.INCREMENTAL, "a") == Leave(probe=False)
    assert story.ask(Priority.BACKFILL, "b") == Leave(probe=False)
    assert hindered(story.ask(Priority.INCREMENTAL, "c")).short
    assert story.ask(Priority.AFTER_WEBHOOK, "c") == Leave(probe=False)
    assert hindered(story.ask(Priority.PERSON, "a")).short
    story.end("a")
    assert story.ask(Priority.PERSON, "b") == Leave(probe=False)


def test_an_only_slot_is_kept_for_nobody() -> None:
    assert Story(Budget(concurrency=1)).ask(Priority.BACKFILL) == Leave(probe=False)


def test_a_silent_processs_slots_run_out() -> None:
    story = Story(Budget(concurrency=1))
    story.ask(holder="dead")
    story.later(LEASE_SECONDS - 1)
    assert hindered(story.ask(holder="b"))
    story.later(1)
    assert story.ask(holder="b") == Leave(probe=False)


def test_a_person_waiting_in_another_process_goes_first() -> None:
    story = Story(Budget(concurrency=1))
    story.ask(Priority.RECONCILE, "a")
    hindered(story.ask(Priority.PERSON, "b"))
    story.end("a")
    assert hindered(story.ask(Priority.RECONCILE, "a")).short
    assert story.ask(Priority.PERSON, "b") == Leave(probe=False)


def test_an_equal_in_another_process_goes_first_once_it_is_overdue() -> None:
    story = Story(Budget(concurrency=1))
    story.ask(holder="a")
    hindered(story.exchange("b", Ask(Priority.INCREMENTAL, 1.9)).answers[0])
    story.end("a")
    assert story.ask(holder="a") == Leave(probe=False)
    story.later(0.2)
    hindered(story.exchange("b", Ask(Priority.INCREMENTAL, 2.1)).answers[0])
    story.end("a")
    assert hindered(story.ask(holder="a")).short


def test_who_waited_there_and_went_away_is_not_waited_for() -> None:
    story = Story(Budget(concurrency=1))
    story.ask(Priority.RECONCILE, "a")
    hindered(story.ask(Priority.PERSON, "b"))
    story.end("a")
    story.later(1)
    assert story.ask(Priority.RECONCILE, "a") == Leave(probe=False)


def test_the_bucket_empties_and_fills() -> None:
    story = Story(Budget(concurrency=100, per_second=2, burst=10))
    ordinary = [isinstance(story.ask(), Leave) for _ in range(10)]
    assert ordinary == [True] * 9 + [False]
    assert story.ask(Priority.PERSON) == Leave(probe=False)
    refused = hindered(story.ask(Priority.PERSON))
    assert refused.short and refused.retry_after == pytest.approx(0.5)
    story.later(0.5)
    assert hindered(story.ask()).short
    assert story.ask(Priority.PERSON) == Leave(probe=False)


def test_the_day_is_spent_until_midnight_there() -> None:
    story = Story(Budget(concurrency=100, per_day=20))
    granted = Counter(
        priority
        for priority in (Priority.BACKFILL, Priority.INCREMENTAL, Priority.PERSON)
        for _ in range(30)
        if isinstance(story.ask(priority), Leave)
    )
    assert granted == {Priority.BACKFILL: 6, Priority.INCREMENTAL: 12, Priority.PERSON: 2}
    refused = hindered(story.ask(Priority.PERSON))
    assert not refused.short and refused.retry_after == 14 * 3600
    story.later(14 * 3600)
    assert story.ask(Priority.PERSON) == Leave(probe=False)
    assert (story.state.day, story.state.calls_today) == (date(2025, 7, 3), 1)


@pytest.mark.parametrize(
    ("spans", "seconds"),
    [
        ([Hours(opens=time(8), closes=time(17))], 0),
        ([Hours(opens=time(10), closes=time(11))], 0),
        ([Hours(opens=time(7), closes=time(10))], 21 * 3600),
        ([Hours(opens=time(7), closes=time(9)), Hours(opens=time(13), closes=time(17))], 3 * 3600),
        ([Hours(days=("wed",), opens=time(7), closes=time(9))], (7 * 24 - 3) * 3600),
        ([Hours(days=("sat", "sun"), opens=time(0), closes=time(9))], (2 * 24 + 14) * 3600),
    ],
)
def test_hours(spans: list[Hours], seconds: float) -> None:
    answer = Story(Budget(hours=tuple(spans))).ask(Priority.PERSON)
    if seconds:
        assert not hindered(answer).short and hindered(answer).retry_after == seconds
    else:
        assert answer == Leave(probe=False)


def test_the_breaker_needs_twenty_calls_of_which_half_failed() -> None:
    story = Story(Budget())
    assert story.exchange(news=News(failed=19)).turned is None
    story = Story(Budget())
    assert story.exchange(news=News(succeeded=21, failed=19)).turned is None
    assert story.exchange(news=News(failed=1)).turned is None
    assert story.exchange("b", news=News(failed=1)).turned == "opened"


def test_failures_of_long_ago_do_not_count() -> None:
    story = Story(Budget())
    story.exchange(news=News(failed=19))
    story.later(60)
    assert story.exchange(news=News(failed=1)).turned is None


def test_an_open_breaker_lets_one_probe_through_and_a_success_closes_it() -> None:
    story = Story(Budget())
    assert story.break_down().turned == "opened"
    refused = hindered(story.ask(Priority.PERSON))
    assert not refused.short and refused.retry_after == 5
    story.later(5)
    assert story.ask(Priority.BACKFILL, "b") == Leave(probe=True)
    assert not hindered(story.ask(Priority.PERSON, "a")).short
    assert story.end("b", probe=True).turned == "closed"
    assert story.ask(Priority.PERSON, "a") == Leave(probe=False)


def test_each_probe_that_fails_doubles_the_pause_up_to_a_quarter_of_an_hour() -> None:
    story = Story(Budget())
    story.break_down()
    pauses = []
    for _ in range(9):
        pause = hindered(story.ask()).retry_after
        assert pause is not None
        pauses.append(pause)
        story.later(pause)
        assert story.ask() == Leave(probe=True)
        assert story.end(probe=False).turned is None
    assert pauses == [5, 10, 20, 40, 80, 160, 320, 640, 900]


def test_a_probe_whose_process_dies_or_gives_up_is_replaced() -> None:
    story = Story(Budget())
    story.break_down()
    story.later(5)
    assert story.ask(holder="dead") == Leave(probe=True)
    story.later(LEASE_SECONDS)
    assert story.ask(holder="b") == Leave(probe=True)
    story.end("b")
    assert story.ask(holder="c") == Leave(probe=True)
    # One that was long taken for dead has no say any more.
    assert story.end("dead", probe=True).turned is None
    assert hindered(story.ask(holder="b"))


def test_calls_begun_before_it_opened_move_nothing() -> None:
    story = Story(Budget())
    story.break_down()
    opened = story.state.open_until
    assert story.exchange("b", news=News(succeeded=50, failed=5)).turned is None
    assert story.state.open_until == opened


def test_retry_after_holds_for_everybody_and_is_never_shortened() -> None:
    story = Story(Budget())
    story.exchange("a", news=News(failed=1, retry_after=30))
    story.exchange("b", news=News(failed=1, retry_after=10))
    refused = hindered(story.ask(Priority.PERSON, "c"))
    assert refused.short and refused.retry_after == 30
    story.later(30)
    assert story.ask(holder="c") == Leave(probe=False)


def test_an_absurd_retry_after_is_a_day() -> None:
    story = Story(Budget())
    story.exchange(news=News(retry_after=1e300))
    assert hindered(story.ask()).retry_after == 86_400


budgets = st.builds(
    Budget,
    concurrency=st.integers(1, 5),
    per_second=st.none() | st.floats(0.1, 5),
    burst=st.integers(1, 12),
    per_day=st.none() | st.integers(1, 25),
)
steps = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.sampled_from(["ask", "end well", "end badly", "cancel"]),
        st.sampled_from(Priority),
        st.floats(0, 4) | st.floats(0, 40_000),
    ),
    max_size=120,
)


@given(budget=budgets, broken=st.booleans(), story_line=steps)
def test_no_story_leads_past_a_ceiling(
    budget: Budget, broken: bool, story_line: list[tuple[str, str, Priority, float]]
) -> None:
    story = Story(budget)
    if broken:
        story.break_down()
    begun: list[tuple[datetime, Priority]] = []
    for holder, what, priority, seconds in story_line:
        # As every process does, so that none is taken for dead.
        for each in story.calls:
            story.exchange(each)
        story.later(min(seconds, LEASE_SECONDS / 2) if story.calls.total() else seconds)
        if what == "ask":
            if isinstance(story.ask(priority, holder), Leave):
                begun.append((story.now, priority))
        elif story.calls[holder]:
            well = {"end well": True, "end badly": False}.get(what)
            if holder in story.probing:
                story.end(holder, probe=well)
            else:
                story.end(holder, succeeded=int(well is True), failed=int(well is False))
        assert story.calls.total() <= budget.concurrency
        assert len(story.probing) <= 1
    days = Counter(at.astimezone(ZONE).date() for at, _ in begun)
    backfilled = Counter(at.astimezone(ZONE).date() for at, priority in begun if priority == Priority.BACKFILL)
    if budget.per_day is not None:
        assert max(days.values(), default=0) <= budget.per_day
        assert max(backfilled.values(), default=0) <= 0.3 * budget.per_day
    if budget.per_second is not None:
        for first in range(len(begun)):
            for last in range(first, len(begun)):
                span = (begun[last][0] - begun[first][0]).total_seconds()
                assert last - first + 1 <= budget.burst + span * budget.per_second + 1e-3
