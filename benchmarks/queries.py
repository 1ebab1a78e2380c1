"""What else a frontend asks beside one dossier, on an index of `--rows` with six lines of history each.

The 99th percentile of each kind of question, ÷ that of GET /v1/dossiers/{code}: lists by each filter, searches, a
person's dossiers, counts. They are asked of the real app (`hub api`: one process, all middlewares, its log) one after
the other, so that none waits for another. The kinds take turns; medians of the rounds. What is asked for is chosen at
random: another dossier, person, day or name each time. Pages are of 20, as a frontend gets them that says nothing, but
for `list.of_50`.

Ten million rows take 37 GB and half an hour to make; with `--keep FOLDER` they are there the next time.
"""

import argparse
import asyncio
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median
from urllib.parse import urlencode

from benchmarks import country, persons
from benchmarks.countries import Countries, countries
from benchmarks.figures import figure
from benchmarks.load import Callers, drive, request
from benchmarks.lookup import checked, codes, key_for, synced_now, warmed
from hub.access.scopes import Scope

GOAL = 5

BY_CODE = "by_code"
_SAMPLE = 5_000
_SCOPES = (Scope.DOSSIERS_READ, Scope.DOSSIERS_SEARCH, Scope.PEOPLE_READ, Scope.STATISTICS_READ)
#: Statuses that a made dossier can have now, but for the one in which nine in ten are.
_STATUSES = ("4", "7", "8", "9")


def questions(key: str, of: list[str], rows: int) -> dict[str, list[bytes]]:
    """Requests by kind. `of`: codes of dossiers."""
    chance = Random(1)
    now = datetime.now(UTC)
    agencies = [agency for (agency, _), share in country.SHARES.items() for _ in range(share)]
    procedures = list(country.PROCEDURES)

    def day(first: int, last: int) -> datetime:
        return now + timedelta(days=chance.randint(first, last))

    def get(path: str, **asked: str) -> bytes:
        return request(f"{path}?{urlencode(asked)}" if asked else path, X_Api_Key=key)

    def listed(**asked: str) -> bytes:
        return get("/v1/dossiers", **asked)

    def received() -> dict[str, str]:
        first = day(-country.DAYS, -7)
        return {"received_from": f"{first:%F}", "received_to": f"{first + timedelta(days=6):%F}"}

    def search(**asked: str) -> bytes:
        return request("/v1/dossiers/search", asked, X_Api_Key=key)

    def person() -> dict[str, str]:
        return persons.facts(chance.randrange(rows // persons.DOSSIERS_EACH))

    def code() -> str:
        return chance.choice(of)

    kinds: dict[str, Callable[[], bytes]] = {
        BY_CODE: lambda: get(f"/v1/dossiers/{code()}"),
        "list": lambda: listed(),
        "list.of_50": lambda: listed(limit="50"),
        "list.agency": lambda: listed(agency=chance.choice(agencies)),
        "list.procedure": lambda: listed(procedure=chance.choice(procedures)),
        "list.status": lambda: listed(status=chance.choice(_STATUSES)),
        "list.agency_status": lambda: listed(agency=chance.choice(agencies), status=chance.choice(_STATUSES)),
        "list.received": lambda: listed(agency=chance.choice(agencies), **received()),
        "list.due": lambda: listed(agency=chance.choice(agencies), due_from=f"{day(0, 14):%F}"),
        "list.overdue": lambda: listed(agency=chance.choice(agencies), overdue="true"),
        "list.updated": lambda: listed(updated_since=f"{day(-country.DAYS, -1):%FT%TZ}"),
        "search.name": lambda: search(name=person()["applicant_name"]),
        "search.name_part": lambda: search(name=" ".join(person()["applicant_name"].lower().split()[-2:])),
        "search.code_part": lambda: search(code=code().split("-", 1)[1]),
        "person": lambda: request("/v1/people/dossiers", {"number": person()["applicant_number"]}, X_Api_Key=key),
        "counts": lambda: get("/v1/statistics"),
        "counts.agency": lambda: get("/v1/statistics", agency=chance.choice(agencies)),
    }
    return {kind: [ask() for _ in range(_SAMPLE)] for kind, ask in kinds.items()}


async def measured(made: Countries, rows: int, seconds: float, rounds: int) -> None:
    url = await made.of(rows)
    key = await key_for(made, url, _SCOPES)
    asked = questions(key, await codes(url), rows)
    p99: dict[str, list[float]] = defaultdict(list)
    async with made.api(url) as hub:
        await synced_now(url)
        await warmed(url)
        for _ in range(rounds):
            for kind, requests in asked.items():
                callers = {kind: Callers(requests, connections=1)}
                outcome = await asyncio.to_thread(
                    drive, ("127.0.0.1", hub.port), callers, seconds=seconds, warm_up=seconds / 4
                )
                p99[kind].append(checked(outcome[kind]).percentile(99))
    by_code = median(p99.pop(BY_CODE))
    figure("queries.p99_ms.by_code", 1000 * by_code, better="lower")
    for kind, values in p99.items():
        figure(f"queries.p99_ms.{kind}", 1000 * median(values), better="lower")
    for kind, values in p99.items():
        figure(f"queries.p99_over_by_code.{kind}", median(values) / by_code, goal=GOAL, better="lower")


async def main(rows: int, kept: Path | None, seconds: float, rounds: int) -> None:
    with countries(kept) as made:
        await measured(made, rows, seconds, rounds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.queries", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    asyncio.run(main(given.rows, given.keep, given.seconds, given.rounds))
