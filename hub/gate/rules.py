"""The gate's rules, without a database: what one process tells and asks, and what it is answered."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from contracts.adapter import Priority
from contracts.errors import Why
from contracts.system import Budget
from hub.gate.hours import day_there, until_midnight, until_open

#: How long a process that says nothing is believed to live, and its calls to be under way.
LEASE_SECONDS = 10.0

# How long others make room for who waits there, likewise.
_WAITING_SECONDS = 1.0

# From then on one who waits goes before those of other processes who came just now: a process that has a call
# ending would otherwise always be the first to know, and never let another in.
_OVERDUE_SECONDS = 2.0

_WINDOW = timedelta(seconds=60)
_FEWEST_CALLS = 20
_COOLDOWN, _LONGEST_COOLDOWN = 5.0, 900.0

# An agency that asks for more than that has lost its way, and would be lost to us.
_LONGEST_RETRY_AFTER = 86_400.0


@dataclass(slots=True)
class Holder:
    """One process, as it last told of itself; times in seconds since 1970, being kept as JSON."""

    heard_at: float
    calls: int
    #: Of the first who waits there.
    waits_priority: int | None = None
    waits_since: float = 0


@dataclass(slots=True)
class State:
    """What the table `gate` knows about one agency."""

    day: date
    full_at: datetime  # when the bucket of tokens is full again, if nobody calls
    window_began: datetime
    calls_today: int = 0
    backfill_today: int = 0
    window_calls: int = 0
    window_failures: int = 0
    open_until: datetime | None = None  # None: the breaker is closed; past: it is half-open
    cooldown_seconds: float = 0
    probe: str | None = None
    not_before: datetime | None = None
    holders: dict[str, Holder] = field(default_factory=dict)


@dataclass(slots=True)
class News:
    """What a process has to tell since it last did."""

    succeeded: int = 0
    failed: int = 0
    #: How the probe went.
    probe: bool | None = None
    #: For how many seconds the agency asked to be left alone.
    retry_after: float = 0

    def __add__(self, later: "News") -> "News":
        return News(
            self.succeeded + later.succeeded,
            self.failed + later.failed,
            self.probe if later.probe is None else later.probe,
            max(self.retry_after, later.retry_after),
        )


@dataclass(frozen=True, slots=True)
class Ask:
    """One who wants to call."""

    priority: Priority
    waited_seconds: float


@dataclass(frozen=True, slots=True)
class Leave:
    """One may call; as the one probe, or as many do."""

    probe: bool


@dataclass(frozen=True, slots=True)
class Hindrance:
    """Why one may not call now."""

    message: str
    #: Seconds until it is of use to ask again, where that is known.
    retry_after: float | None
    #: Whether to stay and wait.
    short: bool
    why: Why = "spent"


Turned: TypeAlias = Literal["opened", "closed"]


@dataclass(frozen=True, slots=True)
class Decision:
    state: State
    #: One for each Ask.
    answers: list[Leave | Hindrance]
    #: What this process's news made of the breaker.
    turned: Turned | None


def decide(
    state: State,
    budget: Budget,
    zone: ZoneInfo,
    now: datetime,
    *,
    holder: str,
    calls: int,
    probing: bool,
    news: News,
    asks: Sequence[Ask],
    jitter: float,
) -> Decision:
    """Take in what the process `holder` tells, and answer each of `asks`, which come in order.

    `calls` are all it has under way, `probing` whether the probe is among them. `jitter`: 0 to 1, at random.
    Leaves `state` as it is.
    """
    state = deepcopy(state)
    if (today := day_there(now, zone)) > state.day:
        state.day, state.calls_today, state.backfill_today = today, 0, 0
    state.holders[holder] = mine = Holder(now.timestamp(), calls)
    state.holders = {
        name: other for name, other in state.holders.items() if now.timestamp() - other.heard_at < LEASE_SECONDS
    }
    turned = _take_in(state, now, news, holder, jitter)
    if state.probe not in state.holders or (state.probe == holder and not probing):
        # Its process died, or ended it without an outcome.
        state.probe = None
    answers: list[Leave | Hindrance] = []
    for ask in asks:
        answer = _hindrance(state, budget, zone, now, holder, ask) or Leave(probe=state.open_until is not None)
        if isinstance(answer, Leave):
            _count(state, budget, now, holder, ask)
        elif answer.short and mine.waits_priority is None:
            mine.waits_priority, mine.waits_since = ask.priority, now.timestamp() - ask.waited_seconds
        answers.append(answer)
    if mine.calls == 0 and mine.waits_priority is None:
        del state.holders[holder]
    return Decision(state, answers, turned)


def _take_in(state: State, now: datetime, news: News, holder: str, jitter: float) -> Turned | None:
    """Let the breaker learn from `news`."""
    if news.retry_after:
        asked_for = now + timedelta(seconds=min(news.retry_after, _LONGEST_RETRY_AFTER))
        state.not_before = max(state.not_before or asked_for, asked_for)
    if state.open_until is not None:
        # Calls that began before it opened say nothing new.
        if state.probe != holder or news.probe is None:
            return None
        if not news.probe:
            _open(state, now, min(2 * state.cooldown_seconds, _LONGEST_COOLDOWN), jitter)
            return None
        state.open_until, state.probe, state.cooldown_seconds = None, None, 0
        state.window_began, state.window_calls, state.window_failures = now, 0, 0
        return "closed"
    if now - state.window_began >= _WINDOW:
        state.window_began, state.window_calls, state.window_failures = now, 0, 0
    state.window_calls += news.succeeded + news.failed
    state.window_failures += news.failed
    if news.failed and state.window_calls >= _FEWEST_CALLS and 2 * state.window_failures >= state.window_calls:
        _open(state, now, _COOLDOWN, jitter)
        return "opened"
    return None


def _open(state: State, now: datetime, cooldown: float, jitter: float) -> None:
    state.cooldown_seconds, state.probe = cooldown, None
    state.open_until = now + timedelta(seconds=min(cooldown * (1 + jitter / 5), _LONGEST_COOLDOWN))


def _hindrance(state: State, budget: Budget, zone: ZoneInfo, now: datetime, holder: str, ask: Ask) -> Hindrance | None:
    """What stands against one more call, what lasts longest first."""
    if wait := until_open(now, budget.hours, zone):
        return Hindrance("The agency may not be called outside its hours.", wait, short=False, why="closed")
    urgent = ask.priority <= Priority.AFTER_WEBHOOK
    if budget.per_day is not None:
        left = budget.per_day - state.calls_today - (0 if urgent else budget.per_day // 10)
        if left < 1:
            return Hindrance("The agency's calls of this day are spent.", until_midnight(now, zone), short=False)
        if ask.priority == Priority.BACKFILL and state.backfill_today >= budget.per_day * 3 // 10:
            return Hindrance("What backfill may call in a day is spent.", until_midnight(now, zone), short=False)
    if state.open_until is not None:
        if (wait := (state.open_until - now).total_seconds()) > 0:
            left_alone = "The agency has failed too often; it is left alone for a while."
            return Hindrance(left_alone, wait, short=False, why="failing")
        if state.probe is not None:
            tried = "The agency has failed too often; one call tries it now."
            return Hindrance(tried, _COOLDOWN, short=False, why="failing")
    if state.not_before and (wait := (state.not_before - now).total_seconds()) > 0:
        return Hindrance("The agency asked to be left alone for a while.", wait, short=True)
    ahead = _ahead(state, now, holder, ask)
    kept = 0 if urgent or budget.concurrency == 1 else 1
    if sum(other.calls for other in state.holders.values()) + ahead + kept >= budget.concurrency:
        return Hindrance("As many calls to the agency as it allows are under way.", None, short=True)
    if budget.per_second is not None:
        kept = 0 if urgent else budget.burst // 10
        tokens = budget.burst - max(0.0, (state.full_at - now).total_seconds()) * budget.per_second
        if (missing := 1 + ahead + kept - tokens) > 0:
            wait = missing / budget.per_second
            return Hindrance("The agency has been called as often as it allows.", wait, short=True)
    return None


def _ahead(state: State, now: datetime, holder: str, ask: Ask) -> int:
    """In how many other processes somebody waits who goes first: the more urgent, or one whose turn is overdue."""
    mine = (ask.priority, ask.waited_seconds < _OVERDUE_SECONDS)
    return sum(
        (other.waits_priority, now.timestamp() - other.waits_since < _OVERDUE_SECONDS) < mine
        for name, other in state.holders.items()
        if name != holder and other.waits_priority is not None and now.timestamp() - other.heard_at < _WAITING_SECONDS
    )


def _count(state: State, budget: Budget, now: datetime, holder: str, ask: Ask) -> None:
    """One more call begins."""
    state.holders[holder].calls += 1
    state.calls_today += 1
    state.backfill_today += ask.priority == Priority.BACKFILL
    if budget.per_second is not None:
        state.full_at = max(state.full_at, now) + timedelta(seconds=1 / budget.per_second)
    if state.open_until is not None:
        state.probe = holder
