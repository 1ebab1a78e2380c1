"""Which part of an agency's past is read next: the newest first, in windows as wide as there are few rows. Pure."""

from dataclasses import replace
from datetime import timedelta

from contracts.adapter import Window

_FIRST = timedelta(days=1)
#: As many rows as are worth a run of their own.
_ROWS = 2_000
#: Where there was nothing for so long, what is left is read in one.
_EMPTY = timedelta(days=365)


def first_window(present: Window, *, between: bool) -> Window:
    """Where a backfill begins. `between`: the agency can be asked for what is between two times."""
    return replace(present, since=present.until - _FIRST if between else None, since_revision=None)


def next_window(read: Window, rows: int) -> Window | None:
    """What comes before the window that was `read` and had so many `rows`; None when all has been read."""
    if read.since is None:
        return None
    width = read.until - read.since
    if not rows and width >= _EMPTY:
        return Window(until=read.since)
    width *= min(2.0, max(0.25, _ROWS / max(rows, 1)))
    return Window(until=read.since, since=read.since - max(width, timedelta(minutes=1)))
