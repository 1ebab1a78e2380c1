"""Watching against fixed polling, with the same number of look-ups: how old is what people look at? Simulated days.

One agency that can only be asked by look-up, so many times an hour. The hub knows each dossier from its submission
on, and asks either whoever was asked longest ago (`fixed`: all open dossiers in turn) or whom `hub.watch` chooses,
by the very code of the product, which learns as it goes and is told nothing of what follows. `clairvoyant` knows
which answers are outdated and when each will be looked at next, which is as good as it can get.

**The figures.** A look, at time t, at a dossier of which the answer lacks a change has the age t − c, where c is when
the agency made the first change that is lacking; where none is lacking the age is 0. `age` is the mean over all looks
of the counted days, `p90` and `p99` are percentiles of the same. `unchecked` is the mean of t − (last look-up) over
looks at dossiers shown as open: the age that the page itself tells. `longest` is the longest that any open dossier
waited for a look-up; the policy promises a day and ten rounds (open dossiers ÷ calls). `calls` are those made of those
allowed: watching leaves some where none is worth it. Ratios are watch ÷ fixed in one and the same world: what happens
there, looks included, depends on its seed alone and not on who watches. A week goes by before days count.

What the worlds are like, and what that assumes, is told in `benchmarks.simulated_agency`.
"""

import argparse
import os
from bisect import bisect_right
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from heapq import nsmallest
from itertools import pairwise
from statistics import mean

from benchmarks.figures import figure
from benchmarks.simulated_agency import FINAL, HOUR, OFFSET, START, WARM_UP, Kind, Life, World
from hub.watch import policy
from hub.watch.policy import Candidate
from hub.watch.rates import Rates

#: How often whoever watches spends what it may; the product's default is a minute.
TICK = 600.0


@dataclass(slots=True)
class Seen:
    """What came of one policy."""

    ages: list[float] = field(default_factory=list)
    unchecked: list[float] = field(default_factory=list)
    longest: float = 0.0
    calls: int = 0
    rounds: list[float] = field(default_factory=list)


class Hub:
    """What the hub knows of the world, and asks it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.open: dict[int, Candidate] = {}
        self.known: dict[int, int] = {}  # steps known, by dossier
        self.rates = Rates({}, OFFSET)

    def hear_of(self, life: Life, now: float) -> None:
        steps = self._steps(life, now)
        self.known[life.id] = steps
        at, status = life.steps[steps - 1]
        if status not in FINAL:
            self.open[life.id] = Candidate(
                life.id, str(life.id), status, since=at, known_at=now, submitted_at=life.steps[0][0], due_at=life.due_at
            )

    def ask(self, candidate: Candidate, now: float) -> None:
        life = self.world.lives[candidate.id]
        steps = self._steps(life, now)
        at, status = life.steps[steps - 1]
        policy.learn_check(
            candidate,
            self.rates,
            now=now,
            changed=status != candidate.status,
            changed_at=at if self.world.tells_times else None,
        )
        if steps != self.known[life.id]:
            self.known[life.id], candidate.status, candidate.since = steps, status, now
        candidate.known_at = now
        if status in FINAL:
            del self.open[life.id]

    def show(self, life: Life, now: float) -> float:
        """Somebody looks. Returns the answer's age."""
        candidate = self.open.get(life.id)
        if candidate and (candidate.opened_at is None or now - candidate.opened_at > 600):
            candidate.opened, candidate.opened_at = policy.opened(candidate, now) + 1, now
        known = self.known[life.id]
        return max(0.0, now - life.steps[known][0]) if known < len(life.steps) else 0.0

    def is_outdated(self, life: Life, now: float) -> bool:
        return self._steps(life, now) != self.known[life.id]

    @staticmethod
    def _steps(life: Life, now: float) -> int:
        return bisect_right(life.steps, (now, 99))


Choose = Callable[[Hub, float, float, float], Sequence[Candidate]]


def fixed(hub: Hub, per_second: float, since: float, now: float) -> list[Candidate]:
    calls = policy.calls_between(per_second, since, now)
    return nsmallest(calls, hub.open.values(), key=lambda each: each.known_at)


def watch(hub: Hub, per_second: float, since: float, now: float) -> list[Candidate]:
    policy.learn_looks(hub.open.values(), hub.rates, since=since, now=now)
    return policy.choose(hub.open.values(), hub.rates, per_second=per_second, since=since, now=now)


def clairvoyant(hub: Hub, per_second: float, since: float, now: float) -> list[Candidate]:
    calls = policy.calls_between(per_second, since, now)
    outdated = [each for each in hub.open.values() if hub.is_outdated(hub.world.lives[each.id], now)]

    def next_look(candidate: Candidate) -> float:
        looks = hub.world.lives[candidate.id].looks
        place = bisect_right(looks, now)
        return looks[place] if place < len(looks) else float("inf")

    return nsmallest(calls, outdated, key=next_look)


def simulate(world: World, choose: Choose, calls_per_hour: float) -> Seen:
    hub, seen, per_second = Hub(world), Seen(), calls_per_hour / HOUR
    happenings = sorted(
        [(life.steps[0][0], life, True) for life in world.lives]
        + [(at, life, False) for life in world.lives for at in life.looks],
        key=lambda happening: happening[0],
    )
    place = bisect_right(happenings, START, key=lambda happening: happening[0])
    for _, life, filed in happenings[:place]:
        if filed:
            hub.hear_of(life, START)
    ticks = [START + number * TICK for number in range(int((world.end - START) / TICK))]
    for since, now in pairwise(ticks):
        while place < len(happenings) and happenings[place][0] <= now:
            at, life, filed = happenings[place]
            place += 1
            if filed:
                hub.hear_of(life, at)
                continue
            candidate = hub.open.get(life.id)
            age = hub.show(life, at)
            if at >= START + WARM_UP:
                seen.ages.append(age)
                if candidate:
                    seen.unchecked.append(at - candidate.known_at)
        seen.rounds.append(len(hub.open) / per_second)
        for candidate in choose(hub, per_second, since, now):
            if now >= START + WARM_UP:
                seen.longest = max(seen.longest, now - candidate.known_at)
                seen.calls += 1
            hub.ask(candidate, now)
    seen.longest = max([seen.longest, *(ticks[-1] - each.known_at for each in hub.open.values())])
    return seen


POLICIES: dict[str, Choose] = {"fixed": fixed, "watch": watch, "clairvoyant": clairvoyant}


def compare(kind: Kind, seed: int, days: float, calls_per_hour: float) -> dict[str, dict[str, float]]:
    """By policy, what came of it; times in hours."""
    world = World(kind, seed, days)
    return {name: figures(simulate(world, choose, calls_per_hour)) for name, choose in POLICIES.items()}


def figures(seen: Seen) -> dict[str, float]:
    ages = sorted(seen.ages)
    return {
        "age": mean(ages) / HOUR,
        "p90": ages[int(0.9 * len(ages))] / HOUR,
        "p99": ages[int(0.99 * len(ages))] / HOUR,
        "unchecked": mean(seen.unchecked) / HOUR,
        "longest": seen.longest / HOUR,
        "round": mean(seen.rounds) / HOUR,
        "looks": len(ages),
        "calls": seen.calls,
    }


def say(name: str, found: Sequence[dict[str, dict[str, float]]], goal: float) -> list[float]:
    """The figures of some worlds that differ in their seed alone. Returns the ratio in each."""
    for choose in POLICIES:
        for measure in ("age", "p90", "p99", "unchecked"):
            hours = mean(each[choose][measure] for each in found)
            figure(f"freshness.{name}.{choose}.{measure}_hours", hours, better="lower")
    round_hours = mean(each["fixed"]["round"] for each in found)
    figure(f"freshness.{name}.round_hours", round_hours, better="lower")
    longest = max(each["watch"]["longest"] for each in found)
    figure(f"freshness.{name}.watch.longest_hours", longest, goal=round(24 + 10 * round_hours), better="lower")
    for measure in ("calls", "unchecked"):
        ratio = mean(each["watch"][measure] / each["fixed"][measure] for each in found)
        figure(f"freshness.{name}.{measure}_watch_over_fixed", ratio, better="lower")
    ratios = [each["watch"]["age"] / each["fixed"]["age"] for each in found]
    figure(f"freshness.{name}.age_watch_over_fixed", mean(ratios), goal=goal, better="lower")
    figure(f"freshness.{name}.age_watch_over_fixed_worst", max(ratios), goal=goal, better="lower")
    return ratios


def main(seeds: int, budgets: Sequence[float], days: float, workers: int) -> None:
    usual = budgets[len(budgets) // 2]
    wanted: list[tuple[Kind, float]] = [("province", calls) for calls in budgets] + [("flat", usual), ("silent", usual)]
    with ProcessPoolExecutor(workers) as pool:
        running = {
            (kind, calls): [pool.submit(compare, kind, seed, days, calls) for seed in range(seeds)]
            for kind, calls in wanted
        }
        ratios: list[float] = []
        for (kind, calls), worlds in running.items():
            found = [each.result() for each in worlds]
            # Where there is nothing to be guessed, no more is wanted than that guessing does no harm.
            of_kind = say(f"{kind}.calls_{calls:g}", found, goal=1.0 if kind == "flat" else 0.5)
            ratios += of_kind if kind == "province" else []
        figure("freshness.age_watch_over_fixed", mean(ratios), goal=0.5, better="lower")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.freshness", description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="worlds of each kind")
    parser.add_argument("--budgets", type=float, nargs="+", default=[15, 60, 240], help="look-ups an hour")
    parser.add_argument("--days", type=float, default=14, help="that count")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    given = parser.parse_args()
    main(given.seeds, given.budgets, given.days, given.workers)
