"""An agency's clock: when it may be called next, and when its day ends."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

from contracts.system import Hours, Weekday

_WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)


def day_there(now: datetime, zone: ZoneInfo) -> date:
    return now.astimezone(zone).date()


def until_midnight(now: datetime, zone: ZoneInfo) -> float:
    """Seconds until the day there ends."""
    tomorrow = day_there(now, zone) + timedelta(days=1)
    return (_at(tomorrow, time(), zone) - now).total_seconds()


def until_open(now: datetime, hours: Sequence[Hours], zone: ZoneInfo) -> float:
    """Seconds until the agency may be called: 0 within its hours, and where it has none."""
    if not hours:
        return 0
    today = day_there(now, zone)
    openings = []
    # To the same day of the next week, which may be the only one.
    for day in (today + timedelta(days=ahead) for ahead in range(8)):
        for span in hours:
            if _WEEKDAYS[day.weekday()] in span.days and now < _at(day, span.closes, zone):
                openings.append(_at(day, span.opens, zone))
    return max(0.0, (min(openings) - now).total_seconds())


def _at(day: date, clock: time, zone: ZoneInfo) -> datetime:
    # In UTC, where differences are true ones also when the clocks change.
    return datetime.combine(day, clock, zone).astimezone(UTC)
