"""When an alert opens, what explains it, when it is over, and when it is told. Pure.

What is seen for a moment is no alert, and what is well for a moment is not over: a condition must be `ripe` for its
kind's `opens_after`, and then be gone for `resolves_after`. What keeps an alert open is less than what opens it.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeAlias


class Kind(StrEnum):
    DOWN = "down"
    FAILING = "failing"
    SHAPE = "shape"
    BUDGET = "budget"
    LAG = "lag"
    QUARANTINE = "quarantine"
    WEBHOOKS = "webhooks"
    DRIFT = "drift"
    CERTIFICATE = "certificate"
    SECRET = "secret"  # noqa: S105
    API_KEY = "api_key"


#: Seconds for which a kind's condition must hold before it is an alert, and be gone before that is over.
_PATIENCE = {
    Kind.DOWN: (0, 120),
    Kind.FAILING: (0, 120),
    Kind.SHAPE: (0, 60),
    Kind.LAG: (180, 60),
    Kind.QUARANTINE: (30, 30),
}
_AT_ONCE = (0, 0)

#: What would be several mails within this time is one; and after one nothing is told for so long.
GATHER, PAUSE = timedelta(seconds=20), timedelta(seconds=120)

#: kind, agency, what.
Key: TypeAlias = tuple[Kind, str, str]


@dataclass(frozen=True, slots=True)
class Held:
    """A condition that holds now."""

    kind: Kind
    agency: str
    what: str = ""
    #: Whether it is bad enough for an alert; what is not keeps one that is open from being over.
    ripe: bool = True
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        return self.kind, self.agency, self.what


@dataclass(frozen=True, slots=True)
class Alert:
    id: int
    kind: Kind
    agency: str
    what: str
    since: datetime
    opened_at: datetime | None = None
    clear_since: datetime | None = None
    resolved_at: datetime | None = None
    cause_id: int | None = None
    detail: dict[str, Any] = field(default_factory=dict)
    told_at: datetime | None = None
    told_resolved_at: datetime | None = None

    @property
    def key(self) -> Key:
        return self.kind, self.agency, self.what

    @property
    def opens_after(self) -> timedelta:
        return timedelta(seconds=_PATIENCE.get(self.kind, _AT_ONCE)[0])

    @property
    def resolves_after(self) -> timedelta:
        return timedelta(seconds=_PATIENCE.get(self.kind, _AT_ONCE)[1])

    @property
    def to_be_told_from(self) -> datetime | None:
        """From when on its opening is news; None where it is none, or is told."""
        if self.opened_at is None or self.resolved_at or self.told_at or self.cause_id:
            return None
        return max(self.opened_at, self.since + self.opens_after)

    @property
    def over_to_be_told_from(self) -> datetime | None:
        return self.resolved_at if self.told_at and not self.told_resolved_at else None


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing of this kind and agency is told until then; None for all."""

    id: int
    agency: str | None
    kind: Kind | None
    until: datetime
    why: str
    made_by: str
    made_at: datetime

    def covers(self, alert: Alert) -> bool:
        return self.agency in (None, alert.agency) and self.kind in (None, alert.kind)


@dataclass(frozen=True, slots=True)
class Notice:
    """What is told at once."""

    opened: tuple[Alert, ...]
    resolved: tuple[Alert, ...]


def follow(alerts: Iterable[Alert], held: Iterable[Held], now: datetime) -> tuple[list[Alert], list[int]]:
    """What becomes of the alerts that are not resolved, one of which there is for each of `held`. Returns those that
    are other than they were, and the numbers of those that came to nothing."""
    known = [each for each in alerts if each.resolved_at is None]
    conditions = {each.key: each for each in held}
    changed, nothing = [], []
    for alert in known:
        condition = conditions.get(alert.key)
        if condition is None and alert.opened_at is None:
            nothing.append(alert.id)
            continue
        further = _held(alert, condition, known, now) if condition else _clear(alert, now)
        if further != alert:
            changed.append(further)
    return changed, nothing


def notice(
    alerts: Sequence[Alert], silences: Collection[Silence], last_told_at: datetime | None, now: datetime
) -> Notice | None:
    """What is to be told now; None where there is nothing, or more may come that is told with it."""
    loud = [each for each in alerts if not any(silence.covers(each) for silence in silences)]
    opened = [(at, each) for each in loud if (at := each.to_be_told_from) and at <= now]
    resolved = [(at, each) for each in loud if (at := each.over_to_be_told_from)]
    if not opened and not resolved:
        return None
    oldest = min(at for at, _ in opened + resolved)
    if now - oldest < GATHER or (last_told_at and now - last_told_at < PAUSE):
        return None
    return Notice(tuple(each for _, each in opened), tuple(each for _, each in resolved))


def _held(alert: Alert, condition: Held, known: Sequence[Alert], now: datetime) -> Alert:
    cause = next((each.id for each in known if each.id != alert.id and _explains(each, alert)), None)
    # What is no longer explained by another has its own time from now on: lag ends a while after an outage.
    since = now if alert.cause_id and cause is None and alert.told_at is None else alert.since
    opens = condition.ripe and now - since >= alert.opens_after
    return replace(
        alert,
        since=since,
        opened_at=alert.opened_at or (now if opens else None),
        clear_since=None,
        cause_id=cause if alert.told_at is None else alert.cause_id,
        detail=condition.detail,
    )


def _clear(alert: Alert, now: datetime) -> Alert:
    clear_since = alert.clear_since or now
    over = now - clear_since >= alert.resolves_after
    return replace(alert, clear_since=clear_since, resolved_at=now if over else None)


def _explains(cause: Alert, effect: Alert) -> bool:
    """Whether `effect` follows from `cause`, which may itself not be ripe yet."""
    if cause.agency != effect.agency or not effect.agency:
        return False
    if effect.kind is Kind.LAG:
        # Of its streams it is the pull that lags.
        pulls = cause.kind in (Kind.FAILING, Kind.SHAPE) and cause.what == "pull"
        return pulls or cause.kind in (Kind.DOWN, Kind.BUDGET)
    if effect.kind is Kind.FAILING:
        is_pull = cause.kind is Kind.FAILING and cause.what == "pull" and effect.what != "pull"
        return cause.kind is Kind.DOWN or is_pull
    return effect.kind is Kind.QUARANTINE and cause.kind is Kind.SHAPE
