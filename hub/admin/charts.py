"""Charts as rectangles of an SVG, for who would rather look than read; and in words for who cannot look. Pure.

Colours are in the stylesheet, by class. What is bad is also taller, so that colours need not be told apart.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias

from hub.streams.hours import Hour

HOURS = 48
#: Of a chart, in its own units; a bar has a column of ten with a gap of two.
WIDTH, HEIGHT = HOURS * 10, 60

State: TypeAlias = Literal["well", "mixed", "failed", "withheld", "unknown"]
_TALL: dict[State, int] = {"well": 30, "mixed": 45, "failed": HEIGHT, "withheld": 20, "unknown": 4}


@dataclass(frozen=True, slots=True)
class Bar:
    hour: datetime
    x: int
    y: int
    height: int
    #: The state of a strip's hour, `bar` in other charts.
    css: str
    value: float


@dataclass(frozen=True, slots=True)
class Chart:
    bars: tuple[Bar, ...]
    most: float
    most_at: datetime | None
    #: Of a strip: how many hours of each state.
    counts: Mapping[str, int]


def the_hours(now: datetime) -> list[datetime]:
    """The last 48, the present one the last."""
    this = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return [this - timedelta(hours=back) for back in range(HOURS - 1, -1, -1)]


def state_of(hour: Hour | None) -> State:
    if hour is None or not (hour.well or hour.failed or hour.withheld):
        return "unknown"
    if hour.failed:
        return "mixed" if hour.well else "failed"
    return "well" if hour.well else "withheld"


def strip(known: Mapping[datetime, Hour], now: datetime) -> Chart:
    """An agency's last 48 hours."""
    bars, counts = [], dict.fromkeys(_TALL, 0)
    for place, hour in enumerate(the_hours(now)):
        state = state_of(known.get(hour))
        counts[state] += 1
        bars.append(Bar(hour, place * 10, HEIGHT - _TALL[state], _TALL[state], state, 0))
    return Chart(tuple(bars), 0, None, {state: count for state, count in counts.items() if count})


def columns(agencies: Sequence[Mapping[datetime, Hour]], now: datetime, value: Callable[[list[Hour]], float]) -> Chart:
    """What `value` makes of all agencies' hour, for each of the last 48."""
    hours = the_hours(now)
    values = [value([known[hour] for known in agencies if hour in known]) for hour in hours]
    most = max(values)
    bars = []
    for place, (hour, each) in enumerate(zip(hours, values, strict=True)):
        # A little of something is not nothing.
        height = max(2, round(HEIGHT * each / most)) if each else 0
        bars.append(Bar(hour, place * 10, HEIGHT - height, height, "bar", each))
    return Chart(tuple(bars), most, hours[values.index(most)] if most else None, {})
