"""`python -m tests.chaos`: rounds of faults, or an estate's working day with workers killed at random.

Each round prints a line of JSON; the last line sums them up. Exits with 1 where anything was lost or doubled.
"""

import argparse
import asyncio
import json
import random
import sys
import time

from tests.chaos.auditor import Audit, audit
from tests.chaos.faults import FAULTS, workers_killed
from tests.chaos.rounds import PACE, RECOVERY_SECONDS, Round, drawn, play
from tests.chaos.stage import Stage, staged


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument(
        "--faults", nargs="*", metavar="FAULT", choices=sorted(FAULTS), help="these in every round: %(choices)s"
    )
    parser.add_argument("--minutes", type=float, help="instead of rounds: so long, with workers killed at random")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--seed", type=int, default=random.randrange(2**31))
    arguments = parser.parse_args()
    sys.exit(0 if asyncio.run(_run(arguments)) else 1)


async def _run(arguments: argparse.Namespace) -> bool:
    async with staged(workers=arguments.workers, seed=arguments.seed) as stage:
        if arguments.minutes:
            return await _day(stage, arguments.minutes, arguments.seed)
        played: list[Round] = []
        for number in range(1, arguments.rounds + 1):
            played.append(await play(stage, number, arguments.seed, arguments.faults or drawn(arguments.seed, number)))
            print(json.dumps(played[-1].line()), flush=True)
            _complain(played[-1].found)
        worst = {
            name: max(each.found.line()[name] for each in played) for name in ("lost", "double_effects", "invented")
        }
        line = {"rounds": len(played), "seed": arguments.seed, "acknowledged": played[-1].found.acknowledged} | worst
        print(json.dumps(line | {"longest_recovery_seconds": max(each.recovery_seconds for each in played)}))
        return all(each.found.clean for each in played)


def _complain(found: Audit) -> None:
    for what, items in (("lost", found.lost), ("doubled", found.doubled), ("invented", found.invented)):
        for item in items[:10]:
            print(f"{what}: {item}", file=sys.stderr, flush=True)


async def _day(stage: Stage, minutes: float, seed: int) -> bool:
    chance = random.Random(seed)
    ends, kills = time.monotonic() + 60 * minutes, 0
    await stage.estate.pace(PACE)
    while time.monotonic() < ends:
        await asyncio.sleep(chance.uniform(1, 10))
        await workers_killed(stage, chance)
        kills += 1
    await stage.estate.pace(0)
    began = time.monotonic()
    await stage.until_equal(seconds=RECOVERY_SECONDS)
    recovery = time.monotonic() - began
    found = await audit(stage.estate, stage.cluster.url)
    line = {"minutes": minutes, "seed": seed, "kills": kills} | found.line() | {"recovery_seconds": round(recovery, 1)}
    print(json.dumps(line))
    _complain(found)
    return found.clean


if __name__ == "__main__":
    main()
