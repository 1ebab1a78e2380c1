"""Counts the calls that one piece of work makes, wherever below it they are made."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Calls:
    """How many requests went out, repeated ones each."""

    made: int = 0


_counted: ContextVar[Calls | None] = ContextVar("calls", default=None)


@contextmanager
def counting() -> Iterator[Calls]:
    """What is called while the block runs, and by the tasks it starts, is counted."""
    calls = Calls()
    token = _counted.set(calls)
    try:
        yield calls
    finally:
        _counted.reset(token)


def count(requests: int) -> None:
    if (calls := _counted.get()) is not None:
        calls.made += requests
