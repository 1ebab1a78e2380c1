"""Which dossiers to ask about, and how many: interest × hazard, nothing else. Pure; times in seconds since 1970.

An answer is as old as the change it does not show. For a dossier last known τ ago that changes at the rate h, the
chance that it has changed s after that is 1 − exp(−h s); where people look at it at the rate m, a look-up now saves

    gain = m · ∫₀^τ s (1 − exp(−h s)) ds

of looked-at age: it is what checking it every τ saves per further look-up, so that asking the highest gain first
spends the same calls where they are worth most. What saves less than PRICE is not asked at all: an agency that is
pulled, or that has few dossiers, is left in peace. The gain never stops growing, so everybody's turn comes; but rates
can be wrong, so every tenth call goes to whoever has waited longest, if that is longer than a day.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from heapq import nlargest, nsmallest
from math import exp

from contracts.system import Budget
from hub.watch.rates import Rates

_DAY = 86_400.0

#: What watching takes of an agency's budget; people, pulls and reconciling have the rest.
SHARE = 0.25
#: What an agency without a rate may be asked for, all together.
_UNLIMITED_PER_SECOND = 2.0
#: The seconds of looked-at age that a look-up must save to be worth the agency's trouble.
PRICE = 1.0
#: Of the calls, those kept for whoever has waited longest, and how long that must be.
_IN_TURN, _PATIENCE = 0.1, _DAY

#: Seconds for which a dossier that is known is left alone.
AT_REST = 60.0

#: For how long a look makes further ones likelier, and how alike people are: the lower, the more of them never look.
MEMORY = 5 * _DAY
_ALIKE = 0.3

_ASKED_FOR, _DONE = (5, 6), 9


@dataclass(slots=True)
class Candidate:
    """A dossier that is not at its end, as far as the hub knows."""

    id: int
    code: str
    #: National code as a number; None where the agency has not said.
    status: int | None
    #: When its present state was heard of.
    since: float
    #: Up to when a change would have been heard of.
    known_at: float
    submitted_at: float | None = None
    due_at: float | None = None
    #: The last look at it, and how many there were, each counting for less as it gets older than MEMORY.
    opened_at: float | None = None
    opened: float = 0.0


def per_second(budget: Budget) -> float:
    """Look-ups per second that watching may make."""
    rates = [budget.per_second or _UNLIMITED_PER_SECOND]
    if budget.per_day is not None:
        rates.append(budget.per_day / _DAY)
    return SHARE * min(rates)


def calls_between(per_second: float, earlier: float, later: float) -> int:
    """How many of evenly spread calls fall between: whole ones, and none lost however short the time is."""
    return int(per_second * later) - int(per_second * earlier)


def choose(
    candidates: Collection[Candidate], rates: Rates, *, per_second: float, since: float, now: float
) -> list[Candidate]:
    """Whom to ask about now with the calls of the time from `since` to `now`: those long forgotten, then those most
    worthwhile. Fewer than the calls, where no more are worth one."""
    calls = calls_between(per_second, since, now)
    if not calls:
        return []
    forgotten = [each for each in candidates if each.known_at < now - _PATIENCE]
    in_turn = nsmallest(calls_between(_IN_TURN * per_second, since, now), forgotten, key=lambda each: each.known_at)
    gains = ((gain(each, rates, now), each.id, each) for each in candidates if each.known_at <= now - AT_REST)
    worthwhile = nlargest(calls, (entry for entry in gains if entry[0] >= PRICE))
    chosen = {each.id: each for each in in_turn} | {each.id: each for _, _, each in worthwhile}
    return list(chosen.values())[:calls]


def gain(candidate: Candidate, rates: Rates, now: float) -> float:
    """How much looked-at age a look-up saves, in seconds."""
    known_for = max(0.0, now - candidate.known_at)
    hazard = hazard_rate(candidate, rates, now) * rates.week.between(candidate.known_at, now)
    return interest(candidate, rates, now) * known_for**2 * _missed(hazard)


def _missed(hazard: float) -> float:
    """∫₀¹ u (1 − exp(−hazard u)) du: from hazard / 3 where that is little, up to a half."""
    if hazard < 1e-2:
        return hazard / 3 - hazard**2 / 8
    left = exp(-hazard)
    return 0.5 + left / hazard - (1 - left) / hazard**2


def hazard_rate(candidate: Candidate, rates: Rates, now: float) -> float:
    """Changes per second of working time."""
    return rates.change(candidate.status, due_band(candidate, now, rates.offset), age_band(candidate, now))


def interest(candidate: Candidate, rates: Rates, now: float) -> float:
    """Looks per second that are to be expected: of such a dossier, and of this one's owner.

    Owners differ by a factor that is 1 on average (gamma-distributed); what they did tells which.
    """
    heard_of = candidate.since if candidate.submitted_at is None else min(candidate.submitted_at, candidate.since)
    expected = rates.look_at_any * min(MEMORY, max(0.0, now - heard_of))
    owner = (_ALIKE + opened(candidate, now)) / (_ALIKE + expected)
    return rates.look(phase(candidate, now, rates.offset)) * owner


def opened(candidate: Candidate, now: float) -> float:
    """How often it was looked at of late."""
    if candidate.opened_at is None:
        return 0.0
    return candidate.opened * exp(-max(0.0, now - candidate.opened_at) / MEMORY)


def due_band(candidate: Candidate, now: float, offset: float) -> str:
    """How far the due date is; being late compares dates, by the agency's clock."""
    if candidate.due_at is None:
        return "undated"
    days = (candidate.due_at + offset) // _DAY - (now + offset) // _DAY
    return "ahead" if days > 2 else "due" if days >= 0 else "late"


def age_band(candidate: Candidate, now: float) -> str:
    """For how long it has stood where it stands."""
    age = now - candidate.since
    return "fresh" if age < _DAY else "standing" if age < 5 * _DAY else "old"


def phase(candidate: Candidate, now: float, offset: float) -> str:
    """What its owner waits for."""
    if candidate.status in _ASKED_FOR:
        return "asked"
    if candidate.status == _DONE:
        return "done"
    if candidate.submitted_at is not None and now - candidate.submitted_at < 2 * _DAY:
        return "submitted"
    band = due_band(candidate, now, offset)
    return band if band in ("due", "late") else "waiting"


def learn_looks(candidates: Iterable[Candidate], rates: Rates, *, since: float, now: float) -> None:
    """Teach the rates which of the candidates were looked at after `since`, and which were not."""
    looks: dict[str, int] = {}
    seconds: dict[str, float] = {}
    for candidate in candidates:
        name = phase(candidate, now, rates.offset)
        looked_at = candidate.opened_at is not None and candidate.opened_at > since
        looks[name] = looks.get(name, 0) + looked_at
        seconds[name] = seconds.get(name, 0.0) + now - since
    for name, count in looks.items():
        rates.note_looks(name, looks=count, seconds=seconds[name])


def learn_check(
    candidate: Candidate, rates: Rates, *, now: float, changed: bool, changed_at: float | None = None
) -> None:
    """Teach the rates what a look-up showed. `changed_at`: when the agency says that the change happened."""
    until = now
    if changed and changed_at is not None and candidate.known_at < changed_at <= now:
        rates.note_hour(changed_at)
        until = changed_at
    worked = rates.week.between(candidate.known_at, until)
    if changed and until == now:
        # It may have happened at any time since.
        worked /= 2
    rates.note_change(
        candidate.status,
        due_band(candidate, now, rates.offset),
        age_band(candidate, now),
        worked=worked,
        changed=changed,
    )
