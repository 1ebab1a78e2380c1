"""Times of several ways to do the same, which take turns, so that whatever else the machine does meets all alike."""

import gc
import time
from collections.abc import Awaitable, Callable, Sequence
from statistics import median
from typing import Any


def cpu_seconds(rounds: int, *ways: Callable[[], Any]) -> list[list[float]]:
    """The CPU time of each round of each way. For work that never waits."""
    spent: list[list[float]] = [[] for _ in ways]
    for _ in range(rounds):
        for way, times in zip(ways, spent, strict=True):
            # Nobody pays for what another left.
            gc.collect()
            began = time.process_time()
            way()
            times.append(time.process_time() - began)
    return spent


async def call_seconds(
    calls: int, *ways: Callable[[], Awaitable[Any]], clock: Callable[[], float] = time.perf_counter
) -> list[list[float]]:
    """The time of each call of each way. By the default `clock` waiting is included; by time.process_time only our
    own work is. The ways take turns call by call."""
    spent: list[list[float]] = [[] for _ in ways]
    for _ in range(calls):
        for way, times in zip(ways, spent, strict=True):
            began = clock()
            await way()
            times.append(clock() - began)
    return spent


def ratio(top: Sequence[float], bottom: Sequence[float]) -> float:
    """The median of what each turn of one is to the same turn of the other."""
    return median(one / other for one, other in zip(top, bottom, strict=True))
