"""More is asked of the API than it can answer: `python -m benchmarks.overload`, on an index of `--rows`.

One process of the real app (`hub api`: all middlewares, its log). First its capacity: what programs with a key get
answered in a second, asking again as soon as they are answered; a mixture of lists, searches, counts and many by code.
Then people alone, who look up a dossier by its code at a steady rate: the 99th percentile of their time, unloaded. Then
both, with the programs offering three times the capacity, whether or not they are answered; and at once afterwards both
again, with the programs offering half of it.

What counts: people's p99 under overload ÷ unloaded; whether everybody who is turned away is told when to come again,
and nothing fails otherwise; how much is still answered; and that afterwards nobody is turned away, and people's p99 is
as before. The load comes from a process of its own, which must not be what is measured: `overload.generator_core` is
the share of one core that it takes at three times the capacity. API, PostgreSQL and load share what cores there are.
"""

import argparse
import asyncio
from pathlib import Path
from random import Random
from statistics import median

from benchmarks.countries import Countries, countries
from benchmarks.figures import figure
from benchmarks.load import Callers, Outcome, drive, request
from benchmarks.lookup import codes, key_for, synced_now
from benchmarks.queries import BY_CODE, questions
from hub.access.scopes import Scope

TIMES = 3
P99_GOAL = 2

#: Look-ups by people, a second: a busy morning of a province is 20.
_PEOPLE = 40.0
_AT_A_TIME = 50
#: As many as a server may meet with, so that what is offered does not depend on what is answered.
_CONNECTIONS = 400


def program_requests(key: str, of: list[str], rows: int) -> list[bytes]:
    """What programs ask, of each kind as much."""
    kinds = questions(key, of, rows)
    chance = Random(2)
    many = [
        request("/v1/dossiers/by-code", {"codes": chance.sample(of, _AT_A_TIME)}, X_Api_Key=key) for _ in range(1000)
    ]
    # A person's own dossiers are people's.
    return many + [each for kind, asked in kinds.items() if kind not in (BY_CODE, "person") for each in asked[:1000]]


class Stage:
    """The hub, and who asks it."""

    def __init__(self, port: int, people: list[bytes], programs: list[bytes], seconds: float) -> None:
        self._address = ("127.0.0.1", port)
        self._people, self._programs, self._seconds = people, programs, seconds

    async def capacity(self) -> float:
        """Of programs, answers a second."""
        told = await self._drive({"programs": Callers(self._programs, 4)}, self._seconds)
        assert set(told["programs"].statuses) == {200}, told["programs"].statuses
        return told["programs"].rate

    async def asked(self, programs: float | None, warm_up: float = 2.0) -> dict[str, Outcome]:
        """People ask, and programs so many times a second."""
        callers = {"people": Callers(self._people, 16, _PEOPLE)}
        if programs is not None:
            callers["programs"] = Callers(self._programs, _CONNECTIONS, programs)
        return await self._drive(callers, self._seconds + warm_up, warm_up)

    async def _drive(self, callers: dict[str, Callers], seconds: float, warm_up: float = 1.0) -> dict[str, Outcome]:
        return await asyncio.to_thread(drive, self._address, callers, seconds=seconds, warm_up=warm_up)


async def measured(made: Countries, rows: int, seconds: float, rounds: int) -> None:
    url = await made.of(rows)
    key = await key_for(made, url, list(Scope))
    of = await codes(url)
    people = [request(f"/v1/dossiers/{code}") for code in of]
    capacities: list[float] = []
    alone: list[Outcome] = []
    over: list[dict[str, Outcome]] = []
    after: list[dict[str, Outcome]] = []
    async with made.api(url) as hub:
        stage = Stage(hub.port, people, program_requests(key, of, rows), seconds)
        for _ in range(rounds):
            await synced_now(url)
            capacities.append(await stage.capacity())
            alone.append((await stage.asked(None))["people"])
            over.append(await stage.asked(TIMES * capacities[-1]))
            after.append(await stage.asked(capacities[-1] / 2))
        assert hub.runs

    def p99(outcomes: list[Outcome]) -> float:
        return median(each.percentile(99) for each in outcomes)

    unloaded = p99(alone)
    figure("overload.capacity_a_second", median(capacities), better="higher")
    figure("overload.people_p99_ms.unloaded", 1000 * unloaded, better="lower")
    for name, told in (("overloaded", over), ("after", after)):
        those = p99([each["people"] for each in told])
        figure(f"overload.people_p99_ms.{name}", 1000 * those, better="lower")
        figure(f"overload.people_p99_over_unloaded.{name}", those / unloaded, goal=P99_GOAL, better="lower")
        figure(f"overload.people_turned_away.{name}", _share(told, "people", 503), goal=0, better="lower")
    share = median(each["programs"].rate / capacity for each, capacity in zip(over, capacities, strict=True))
    figure("overload.programs_answered_over_capacity", share, better="higher")
    figure("overload.programs_turned_away.overloaded", _share(over, "programs", 503), better="lower")
    figure("overload.programs_turned_away.after", _share(after, "programs", 503), goal=0, better="lower")
    figure("overload.generator_core", median(each["programs"].core for each in over), better="lower")
    every = [outcome for told in (*over, *after) for outcome in told.values()]
    figure("overload.not_told_when_to_come_again", sum(each.silent for each in every), goal=0, better="lower")
    failed = sum(count for each in every for status, count in each.statuses.items() if status not in (200, 503))
    figure("overload.otherwise_failed", failed, goal=0, better="lower")


def _share(told: list[dict[str, Outcome]], name: str, status: int) -> float:
    statuses = [outcomes[name].statuses for outcomes in told]
    return sum(each[status] for each in statuses) / sum(each.total() for each in statuses)


async def main(rows: int, kept: Path | None, seconds: float, rounds: int) -> None:
    with countries(kept) as made:
        await measured(made, rows, seconds, rounds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overload", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    asyncio.run(main(given.rows, given.keep, given.seconds, given.rounds))
