"""What follows from a try: when the delivery is tried again, and how hard its destination. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

#: Seconds before each try, counted from the one before. They come to a little more than three days.
PLAN = (0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
PLAN_SECONDS = sum(PLAN)

#: By so much of itself a pause is longer or shorter, so that what failed together does not come back together.
_JITTER = 0.2

#: The most tries at once to one destination.
MOST_AT_ONCE = 8

# After so many failures in a row a destination rests between any two tries, whatever is due: from a second to minutes.
_PATIENT_FAILURES = 5
_LONGEST_REST = 300.0

# One that asks us to slow down and does not say for how long rests for so long; and this is the most it may ask for.
_SLOW_DOWN = 30.0
_LONGEST_SLOW_DOWN = 3600.0


class Outcome(StrEnum):
    OK = "ok"
    FAILED = "failed"
    #: Not now: the destination has too much to do.
    SLOW_DOWN = "slow_down"
    #: Not this one, ever.
    REJECTED = "rejected"
    #: Nothing more: there is nobody.
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Result:
    """How one try ended. `message` and `answer` are shown to the destination's owner; no secret is in them."""

    outcome: Outcome
    at: datetime
    seconds: float
    status: int | None = None
    message: str | None = None
    answer: bytes | None = None
    #: Seconds that the other side asked us to wait.
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    attempts: int
    first_tried_at: datetime
    state: str = "open"
    next_try_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Destination:
    pace: int
    failures: int
    failing_since: datetime | None
    held_until: datetime | None
    #: Why it is disabled; None while it is not.
    disabled: str | None = None
    last_success_at: datetime | None = None


def follow(
    delivery: Delivery, destination: Destination, result: Result, now: datetime, *, chance: float, spacing: float = 0
) -> tuple[Delivery, Destination]:
    """`chance`: a random number from 0 to 1. `spacing`: seconds from one arrival there to the next try."""
    attempts = delivery.attempts + 1
    if result.outcome is Outcome.OK:
        held = now + timedelta(seconds=spacing) if spacing else None
        well = replace(
            destination,
            pace=min(MOST_AT_ONCE, destination.pace * 2) if not spacing else 1,
            failures=0,
            failing_since=None,
            held_until=held,
            last_success_at=now,
        )
        return replace(delivery, attempts=attempts, state="done", next_try_at=None), well
    if result.outcome is Outcome.REJECTED:
        return replace(delivery, attempts=attempts, state="failed", next_try_at=None), destination
    failures = destination.failures + 1
    since = destination.failing_since or now
    ill = replace(
        destination,
        pace=1,
        failures=failures,
        failing_since=since,
        held_until=_later(destination.held_until, now + timedelta(seconds=_rest(result, failures))),
    )
    if result.outcome is Outcome.GONE:
        # What is open stays so: it goes when the destination is enabled again.
        return replace(delivery, attempts=attempts), replace(ill, disabled=ill.disabled or "gone")
    if attempts < len(PLAN):
        pause = PLAN[attempts] * (1 - _JITTER + 2 * _JITTER * chance)
        again = replace(delivery, attempts=attempts, next_try_at=now + timedelta(seconds=pause))
    else:
        again = replace(delivery, attempts=attempts, state="failed", next_try_at=None)
    arrived = destination.last_success_at
    gave_up = again.state == "failed" and (arrived is None or arrived < delivery.first_tried_at)
    if gave_up or now - since >= timedelta(seconds=PLAN_SECONDS):
        # Nothing has arrived there for all of the plan: the fault is not this delivery's.
        return replace(again, state="open", next_try_at=None), replace(ill, disabled=ill.disabled or "failing")
    return again, ill


def _rest(result: Result, failures: int) -> float:
    if result.outcome is Outcome.SLOW_DOWN:
        asked = _SLOW_DOWN if result.retry_after is None else result.retry_after
        return min(asked, _LONGEST_SLOW_DOWN)
    if failures < _PATIENT_FAILURES:
        return 0.0
    return float(min(2 ** min(failures - _PATIENT_FAILURES, 20), _LONGEST_REST))


def _later(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else max(one, other)
