"""Which part of an agency's past is read next: the newest first, in windows as wide as there are few rows. Pure.

Of all of it, or of the `range` that somebody asked for.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from contracts.adapter import Window

_FIRST = timedelta(days=1)
#: As many rows as are worth a run of their own.
_ROWS = 2_000
#: Where there was nothing for so long, what is left is read in one.
_EMPTY = timedelta(days=365)


def first_window(present: Window, *, between: bool, range: Window | None = None) -> Window:
    """Where a backfill begins. `between`: the agency can be asked for what is between two times."""
    if range:
        return _within(range, Window(until=range.until, since=range.until - _FIRST))
    return replace(present, since=present.until - _FIRST if between else None, since_revision=None)


def next_window(read: Window, rows: int, range: Window | None = None) -> Window | None:
    """What comes before the window that was `read` and had so many `rows`; None when all has been read."""
    if read.since is None or (range and range.since and read.since <= range.since):
        return None
    width = read.until - read.since
    if not rows and width >= _EMPTY:
        return _within(range, Window(until=read.since))
    width *= min(2.0, max(0.25, _ROWS / max(rows, 1)))
    return _within(range, Window(until=read.since, since=read.since - max(width, timedelta(minutes=1))))


def share_read(past: Mapping[str, Any]) -> float | None:
    """How much of it has been read, from 0 to 1: of its rows, or of a range's time; None where that is not known."""
    if past.get("ended"):
        return 1.0
    if past.get("total"):
        return min(1.0, float(past["rows"]) / float(past["total"]))
    if past.get("since") and past.get("read_back_to"):
        since, until, back_to = (datetime.fromisoformat(past[name]) for name in ("since", "until", "read_back_to"))
        return min(1.0, (until - back_to) / (until - since))
    return None


def _within(range: Window | None, window: Window) -> Window:
    if range is None or range.since is None or (window.since and window.since >= range.since):
        return window
    return replace(window, since=range.since)
