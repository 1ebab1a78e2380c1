"""What befalls the stage: each fault happens, lasts for a while, and is over when its function returns."""

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from tests.chaos.proxy import Mode
from tests.chaos.stage import LEASE_SECONDS, Stage, some
from tests.running import HubProcess

Fault: TypeAlias = Callable[[Stage, random.Random], Awaitable[None]]


async def workers_killed(stage: Stage, chance: random.Random) -> None:
    await _killed(some(chance, stage.workers), chance)


async def clocks_killed(stage: Stage, chance: random.Random) -> None:
    await _killed(some(chance, stage.clocks), chance)


async def api_killed(stage: Stage, chance: random.Random) -> None:
    await _killed([stage.api], chance)


async def _killed(processes: list[HubProcess], chance: random.Random) -> None:
    for process in processes:
        await process.kill()
    await asyncio.sleep(chance.uniform(0, 2))
    for process in processes:
        await process.start(wait=False)


async def workers_frozen(stage: Stage, chance: random.Random) -> None:
    """Past their lease: they go on beside whoever has taken over."""
    await _frozen(some(chance, stage.workers), LEASE_SECONDS + chance.uniform(1, 5))


async def clock_frozen(stage: Stage, chance: random.Random) -> None:
    """Long enough for the other to lead: for a moment there are two."""
    await _frozen([chance.choice(stage.clocks)], chance.uniform(10, 13))


async def _frozen(processes: list[HubProcess], seconds: float) -> None:
    for process in processes:
        process.send(signal.SIGSTOP)
    await asyncio.sleep(seconds)
    for process in processes:
        process.send(signal.SIGCONT)


async def clock_jumped(stage: Stage, chance: random.Random) -> None:
    """Somebody sets the clocks of some machines by hours, to either side, and later sets them right."""
    processes = some(chance, stage.processes)
    for process in processes:
        process.send(signal.SIGUSR1)
    await asyncio.sleep(chance.uniform(4, 8))
    for process in processes:
        process.send(signal.SIGUSR2)


async def database_killed(stage: Stage, chance: random.Random) -> None:
    await stage.cluster.kill()
    await asyncio.sleep(chance.uniform(0, 2))
    await stage.cluster.start_again()


async def database_stopped(stage: Stage, chance: random.Random) -> None:
    await stage.cluster.stop_immediately()
    await asyncio.sleep(chance.uniform(0, 2))
    await stage.cluster.start_again()


async def disk_full(stage: Stage, chance: random.Random) -> None:
    """The limit can only be given at a start, so the server is restarted twice besides; properly at first, since it
    could not recover without room."""
    await stage.cluster.stop_properly()
    await stage.cluster.start_again(full=True)
    await asyncio.sleep(chance.uniform(3, 6))
    await stage.cluster.stop_immediately()
    await stage.cluster.start_again()


async def _link(stage: Stage, chance: random.Random, mode: Mode) -> None:
    links = chance.sample(sorted(stage.links), chance.randint(1, len(stage.links)))
    for name in links:
        stage.links[name].become(mode)
    await asyncio.sleep(chance.uniform(1, 4))
    for name in links:
        stage.links[name].become("pass")


async def links_cut(stage: Stage, chance: random.Random) -> None:
    await _link(stage, chance, "reset")


async def links_slow(stage: Stage, chance: random.Random) -> None:
    await _link(stage, chance, "delay")


async def links_half_open(stage: Stage, chance: random.Random) -> None:
    await _link(stage, chance, "half_open")


async def answers_cut(stage: Stage, chance: random.Random) -> None:
    await _link(stage, chance, "truncate")


async def answers_garbage(stage: Stage, chance: random.Random) -> None:
    await _link(stage, chance, "garbage")


#: Of one group no two happen at once: a process is not frozen and killed together, nor a database twice.
GROUPS: Sequence[Sequence[Fault]] = (
    (workers_killed, workers_frozen),
    (clocks_killed, clock_frozen),
    (api_killed,),
    (clock_jumped,),
    (database_killed, database_stopped, disk_full),
    (links_cut, links_slow, links_half_open, answers_cut, answers_garbage),
)

FAULTS = {fault.__name__: fault for group in GROUPS for fault in group}
