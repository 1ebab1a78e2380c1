"""How long pages of thirty agencies take while some of them hang: `python -m benchmarks.live`.

Thirty agencies on loopback: eighteen answer, four hang, two drip, three fail, three talk nonsense. Each round so many
callers ask at once, each for a page of its own with one dossier of every agency that was not heard of for an hour, with
a `max_age` of a minute. Beside it the same pages without `max_age`, which ask nobody.
"""

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from statistics import median

from cryptography.fernet import Fernet

from benchmarks.database import fresh_database
from benchmarks.figures import figure
from contracts.dossier import Dossier
from contracts.observation import Channel, Facts, Observation
from contracts.status import DossierStatus
from hub.index.answers import Answers
from hub.index.record import record
from hub.live.fresh import Fresh
from hub.live.looks import Looks
from hub.vault import Vault
from tests.hub.live.agencies import Agency, Manner, code_of, connected

MANNERS: tuple[Manner, ...] = ("well",) * 18 + ("hang",) * 4 + ("drip",) * 2 + ("error",) * 3 + ("nonsense",) * 3
_MAX_AGE = timedelta(minutes=1)


def observations(agencies: list[Agency], pages: int) -> list[Observation]:
    heard = datetime.now(UTC) - timedelta(hours=1)
    return [
        Observation(
            agency=agency.name,
            code=code_of(agency.name, number),
            occurred_at=heard,
            facts=Facts(status=DossierStatus.PROCESSING),
            observed_at=heard,
            channel=Channel.PULL,
        )
        for agency in agencies
        for number in range(pages)
    ]


async def timed(work: Awaitable[list[Dossier]]) -> tuple[float, list[Dossier]]:
    began = time.perf_counter()
    found = await work
    return time.perf_counter() - began, found


async def main(callers: int, rounds: int) -> None:
    agencies = [Agency(f"co-quan-{number}", manner) for number, manner in enumerate(MANNERS, 1)]
    vault = Vault(seal_keys=Fernet.generate_key().decode(), digest_key="0" * 64)
    async with fresh_database() as database:
        async with database.begin() as connection:
            await record(connection, observations(agencies, callers * rounds), vault)
        async with (
            connected(database, agencies, budget={"concurrency": 20}) as registry,
            Looks(database, registry, vault) as looks,
        ):
            answers = Answers(database, registry, vault)
            fresh = Fresh(answers.find, looks, registry)

            def page(number: int) -> Callable[[], Awaitable[list[Dossier]]]:
                async def read() -> list[Dossier]:
                    found = await asyncio.gather(*(answers.find(code_of(each.name, number)) for each in agencies))
                    return [dossier for each in found for dossier in each]

                return read

            plain = [seconds for number in range(20) for seconds, _ in [await timed(page(number)())]]
            took: list[float] = []
            answered: list[float] = []
            for each in range(rounds):
                numbers = range(each * callers, (each + 1) * callers)
                pages = await asyncio.gather(*(timed(fresh.at_most(_MAX_AGE, page(number))) for number in numbers))
                took += [seconds for seconds, _ in pages]
                for _, shown in pages:
                    well = shown[: MANNERS.count("well")]
                    answered.append(sum(not dossier.stale for dossier in well) / len(well))
            for agency in agencies:
                agency.released.set()
    took.sort()
    figure("page of 30 agencies without max_age, median s", median(plain), better="lower")
    figure("page of 30 agencies with max_age, median s", median(took), better="lower")
    figure("page of 30 agencies with max_age, p99 s", took[int(0.99 * (len(took) - 1))], goal=2, better="lower")
    figure("page of 30 agencies with max_age, longest s", took[-1], goal=2, better="lower")
    figure("of dossiers at agencies that are well, fresh in time", sum(answered) / len(answered), better="higher")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--callers", type=int, default=2)
    arguments.add_argument("--rounds", type=int, default=10)
    given = arguments.parse_args()
    asyncio.run(main(given.callers, given.rounds))
