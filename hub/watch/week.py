"""When an agency works, by the hour of the week: dossiers move in its office hours, and hardly outside them. Pure."""

from collections.abc import Mapping
from itertools import accumulate

HOURS = 168

#: 1970-01-01 was a Thursday; this is the Monday before, in seconds.
_A_MONDAY = -3 * 86_400

#: Monday to Friday 7:00-11:30 and 13:30-17:00; a full hour is 1.
_OFFICE_DAY = {7: 1.0, 8: 1.0, 9: 1.0, 10: 1.0, 11: 0.5, 13: 0.5, 14: 1.0, 15: 1.0, 16: 1.0}

# Batch jobs, and officers who stay: what happens in an hour at night or at the weekend.
_OFF = 0.02

#: Seen changes that weigh as much as what we suppose about the hours.
_DOUBT = 100.0


def hour_of_week(at: float, offset: float) -> int:
    """0 for Monday 0:00 to 1:00. `at` in seconds since 1970, `offset` of the agency's zone from UTC in seconds."""
    return int((at + offset - _A_MONDAY) // 3600) % HOURS


class Week:
    """An agency's working time, as a clock that runs in its office hours and all but stands at night."""

    def __init__(self, offset: float, seen: Mapping[int, float]) -> None:
        """`seen`: changes by the hour of the week in which the agency made them. Hours we suppose, they correct."""
        supposed = [_OFF] * HOURS
        for day in range(5):
            for hour, share in _OFFICE_DAY.items():
                supposed[24 * day + hour] = share
        total, changes = sum(supposed), sum(seen.values())
        weights = [
            total * (_DOUBT * share / total + seen.get(hour, 0.0)) / (_DOUBT + changes)
            for hour, share in enumerate(supposed)
        ]
        self._offset = offset
        self._weights = weights
        self._before = [0.0, *accumulate(weights)]

    def between(self, earlier: float, later: float) -> float:
        """Working time, in seconds of a full office hour; a week has about 42 hours of it."""
        return self.at(later) - self.at(earlier)

    def at(self, time: float) -> float:
        """Working time since a Monday long ago."""
        weeks, hours = divmod((time + self._offset - _A_MONDAY) / 3600, HOURS)
        whole = int(hours)
        return 3600 * (weeks * self._before[HOURS] + self._before[whole] + (hours - whole) * self._weights[whole])
