"""Rounds of chaos: faults while the agencies work on, then quiet, then the audit."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from tests.chaos.auditor import audit, until_equal
from tests.chaos.faults import FAULTS
from tests.chaos.stage import Stage

#: Mean seconds between changes of an agency.
PACE = 0.1

#: An agency that failed often is asked again after a minute or more; nothing may take longer than this.
RECOVERY_SECONDS = 180


@dataclass(frozen=True, slots=True)
class Round:
    """What one round did, as it is printed."""

    round: int
    seed: int
    faults: Sequence[str]
    acknowledged: int
    lost: int
    double_effects: int
    invented: int
    recovery_seconds: float

    @property
    def clean(self) -> bool:
        return (self.lost, self.double_effects, self.invented) == (0, 0, 0)

    def line(self) -> dict[str, object]:
        return asdict(self)


async def play(stage: Stage, number: int, seed: int, faults: Sequence[str] | None = None) -> Round:
    """One round: `faults`, or up to three of them by the seed, all at once. Raises AssertionError where the index
    does not come to equal the estate."""
    chance = random.Random(f"{seed} {number}")
    chosen = faults or chance.sample(sorted(FAULTS), chance.randint(1, 3))
    await stage.estate.pace(PACE)
    await asyncio.sleep(chance.uniform(0.5, 2))
    await asyncio.gather(*(FAULTS[name](stage, random.Random(f"{seed} {number} {name}")) for name in _apart(chosen)))
    await asyncio.sleep(chance.uniform(0, 1))
    await stage.estate.pace(0)
    began = time.monotonic()
    await stage.start_missing()
    await until_equal(stage.estate, stage.cluster.url, seconds=RECOVERY_SECONDS)
    recovery = time.monotonic() - began
    found = await audit(stage.estate, stage.cluster.url)
    return Round(
        number, seed, chosen, found.acknowledged, found.lost, found.doubled, found.invented, round(recovery, 1)
    )


def _apart(names: Sequence[str]) -> Sequence[str]:
    """Those that may happen at once: a process is not frozen and killed together, nor a database twice."""
    taken: set[str] = set()
    kept = []
    for name in names:
        about = "workers" if name == "clock_jumped" else name.split("_")[0].rstrip("s")
        about = "database" if about == "disk" else about.rstrip("s")
        if about not in taken:
            kept.append(name)
            taken.add(about)
    return kept
