"""Rounds of chaos: faults while the agencies work on, then quiet, then the audit."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.chaos.auditor import Audit, audit
from tests.chaos.faults import FAULTS, GROUPS
from tests.chaos.stage import Stage

#: Mean seconds between changes of an agency.
PACE = 0.1

#: An agency that failed often is asked again after a minute or more, and the machine may have much else to do; nothing
#: may take longer than this.
RECOVERY_SECONDS = 400


@dataclass(frozen=True, slots=True)
class Round:
    """What one round did."""

    number: int
    seed: int
    faults: Sequence[str]
    found: Audit
    recovery_seconds: float

    def line(self) -> dict[str, object]:
        """As it is printed."""
        did = {"round": self.number, "seed": self.seed, "faults": self.faults}
        return did | self.found.line() | {"recovery_seconds": self.recovery_seconds}


def drawn(seed: int, number: int) -> Sequence[str]:
    """The faults of one round of many: up to three."""
    chance = random.Random(f"{seed} {number}")
    groups = chance.sample(GROUPS, chance.randint(1, 3))
    return [chance.choice(group).__name__ for group in groups]


def dealt(seed: int) -> Sequence[Sequence[str]]:
    """As few rounds as have each fault once."""
    chance = random.Random(seed)
    rounds: list[list[str]] = [[] for _ in range(max(map(len, GROUPS)))]
    for group in GROUPS:
        for faults, fault in zip(chance.sample(rounds, len(group)), group, strict=True):
            faults.append(fault.__name__)
    return rounds


async def play(stage: Stage, number: int, seed: int, faults: Sequence[str]) -> Round:
    """One round with these faults, all at once. Raises AssertionError where the index does not come to equal the
    estate."""
    chance = random.Random(f"{seed} {number}")
    await stage.estate.pace(PACE)
    await asyncio.sleep(chance.uniform(0.5, 2))
    await asyncio.gather(*(FAULTS[name](stage, random.Random(f"{seed} {number} {name}")) for name in faults))
    await asyncio.sleep(chance.uniform(0, 1))
    await stage.estate.pace(0)
    began = time.monotonic()
    await stage.until_equal(seconds=RECOVERY_SECONDS)
    recovery = time.monotonic() - began
    found = await audit(stage.estate, stage.cluster.url)
    return Round(number, seed, faults, found, round(recovery, 1))
