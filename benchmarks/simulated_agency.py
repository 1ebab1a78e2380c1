"""A simulated agency: dossiers as they move, and people as they look at them, for `benchmarks.freshness`.

Nothing here was measured at a real agency; the shapes are DOMAIN.md's and the sample estate's. What is assumed:
- 60 dossiers are filed each working day, most of them while offices are open, the others from 7:00 to 22:00.
- The agency works 7:00-11:30 and 13:30-17:00 from Monday to Friday, shifted by up to half an hour, and in every other
  world on Saturday mornings too; one step in twenty is made at night by a batch.
- Statuses follow each other as in the sample estate. Each stands for a log-normal working time, except processing,
  which goes by the due date (3 to 30 working days): seven of eight are done in time, most of them in the last third.
  Supplements and payments take the citizen a log-normal number of days, and move no due date. One step in 150 is
  never made and one finished dossier in twenty is never marked as returned: these stay open for ever.
- Of the citizens 55 in 100 never look. The others differ (gamma, shape 1): they look after submitting, around the due
  date, and now and then while they wait; each look leads to another within hours three times of ten. They look from
  6:00 to 23:00, whatever the hub shows, until three days after the end.

That is the world `province`. Two more are like it but for one thing: in `flat` people look at any open dossier at any
time, so that there is no interest to be guessed; in `silent` the agency tells no time of change.
"""

import random
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

Kind: TypeAlias = Literal["province", "flat", "silent"]

HOUR, DAY = 3600.0, 86_400.0
#: Of Vietnam from UTC.
OFFSET = 7 * HOUR
#: A Monday; dossiers are filed from 60 days before, and days count after a week.
START = datetime(2026, 11, 2, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh")).timestamp()
FILED_BEFORE, WARM_UP = 60 * DAY, 7 * DAY

#: National statuses after which nothing comes.
FINAL = (3, 7, 8, 10)
#: Median working hours and sigma of the logarithm.
STANDS = {1: (4, 0.8), 2: (8, 1.0), 9: (10, 1.2)}
#: Days until the citizen has done his part, likewise.
ANSWERS = {5: (2.5, 0.9), 6: (1.0, 0.9)}


@dataclass(slots=True)
class Life:
    """A dossier as it really is: its steps (time, status) and the looks at it, in order."""

    id: int
    due_at: float
    steps: list[tuple[float, int]]
    looks: list[float]


class Office:
    """When the agency works."""

    def __init__(self, chance: random.Random) -> None:
        shift = chance.uniform(-0.5, 0.5) * HOUR
        self._spans = [(7 * HOUR + shift, 11.5 * HOUR + shift), (13.5 * HOUR + shift, 17 * HOUR + shift)]
        self._saturdays = chance.random() < 0.5

    def after(self, time: float, hours: float) -> float:
        """When `hours` of work are done that begin at `time`."""
        left = hours * HOUR
        day = midnight(time)
        while True:
            for opens, closes in self._open_on(day):
                begin = max(time, day + opens)
                if (span := day + closes - begin) > 0:
                    if left <= span:
                        return begin + left
                    left -= span
            day += DAY

    def works_on(self, day: float) -> bool:
        return bool(self._open_on(day))

    def _open_on(self, day: float) -> list[tuple[float, float]]:
        weekday = int((day + OFFSET) // DAY + 3) % 7
        return self._spans if weekday < 5 else self._spans[:1] if weekday == 5 and self._saturdays else []


class World:
    """All that happens, whoever watches."""

    def __init__(self, kind: Kind, seed: int, days: float) -> None:
        self.tells_times = kind != "silent"
        self._chance = random.Random(f"freshness {seed}")
        self._office = Office(self._chance)
        self.end = START + WARM_UP + days * DAY
        self.lives: list[Life] = []
        day = START - FILED_BEFORE
        while day < self.end:
            if self._office.works_on(day):
                for _ in range(60):
                    self.lives.append(self._life(day))
            day += DAY
        for life in self.lives:
            life.looks = self._any_looks(life) if kind == "flat" else self._looks(life)

    def _life(self, day: float) -> Life:
        chance = self._chance
        if chance.random() < 0.75:
            filed = self._office.after(day, chance.uniform(0, 7.5))
        else:
            filed = day + chance.uniform(7, 22) * HOUR
        received = self._office.after(filed, chance.lognormvariate(0, 0.3))
        due = self._office.after(received, 8 * chance.choice((3, 5, 7, 10, 15, 20, 30)))
        return Life(len(self.lives), due, self._steps(filed, due), [])

    def _steps(self, filed: float, due: float) -> list[tuple[float, int]]:
        chance = self._chance
        at, status = filed, 1
        steps = [(at, status)]
        while (following := self._next(status)) and not chance.random() < 1 / 150:
            if status in ANSWERS:
                median, sigma = ANSWERS[status]
                at += DAY * median * chance.lognormvariate(0, sigma)
            elif status == 4:
                at = self._processed(at, due, following)
            else:
                median, sigma = STANDS[status]
                at = self._office.after(at, median * chance.lognormvariate(0, sigma))
            if chance.random() < 0.05:
                at = midnight(at) + DAY + chance.uniform(0, 3) * HOUR
            status = following
            steps.append((at, status))
        return steps

    def _next(self, status: int) -> int | None:
        chance = self._chance.random()
        if status == 1:
            return 2 if chance < 0.95 else 3
        if status == 4:
            return 9 if chance < 0.6 else 5 if chance < 0.8 else 6 if chance < 0.95 else 8 if chance < 0.98 else 7
        if status == 9:
            return 10 if chance < 0.95 else None
        return {2: 4, 5: 4, 6: 4}.get(status)

    def _processed(self, at: float, due: float, following: int) -> float:
        """When the officer comes to the end, or to what is missing."""
        chance = self._chance
        if following != 9:
            return self._office.after(at, 12 * chance.lognormvariate(0, 1))
        if due > at and chance.random() < 7 / 8:
            return self._office.after(at + (due - at) * chance.betavariate(4, 1.3), chance.uniform(0, 2))
        return self._office.after(max(at, due), 20 * chance.lognormvariate(0, 1))

    def _looks(self, life: Life) -> list[float]:
        chance = self._chance
        if chance.random() < 0.55:
            return []
        keen = chance.gammavariate(1, 1)
        filed, last = life.steps[0][0], life.steps[-1]
        until = last[0] + 3 * DAY if last[1] in FINAL else self.end
        looks = [filed + chance.expovariate(1 / DAY) for _ in range(self._count(1.5 * keen))]
        looks += [chance.gauss(life.due_at, DAY) for _ in range(self._count(1.5 * keen))]
        at = filed
        while at < until:
            at += 5 * DAY / (keen + 0.1) * chance.lognormvariate(0, 0.6)
            looks.append(at)
        for at in list(looks):
            while chance.random() < 0.3:
                at += chance.expovariate(1 / (4 * HOUR))
                looks.append(at)
        return sorted(at for at in map(self._awake, looks) if filed < at < min(until, self.end))

    def _any_looks(self, life: Life) -> list[float]:
        at, last = life.steps[0][0], life.steps[-1]
        until = min(last[0], self.end) if last[1] in FINAL else self.end
        looks = []
        while (at := at + self._chance.expovariate(0.2 / DAY)) < until:
            looks.append(at)
        return looks

    def _count(self, expected: float) -> int:
        """Poisson-distributed."""
        count, at = 0, self._chance.expovariate(1)
        while at < expected:
            count, at = count + 1, at + self._chance.expovariate(1)
        return count

    def _awake(self, at: float) -> float:
        """When one looks who would look `at` any time."""
        hour = (at - midnight(at)) / HOUR
        return at if 6 <= hour < 23 else midnight(at) + self._chance.uniform(6, 23) * HOUR


def midnight(at: float) -> float:
    """When the day of `at` began in Vietnam."""
    return (at + OFFSET) // DAY * DAY - OFFSET
