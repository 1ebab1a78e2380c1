"""Paging: over a source that moves while it is read, no row is ever skipped."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.paging.pagers import Ask, Pager, Rows, pager
from contracts.adapter import Position, Window
from contracts.errors import Malformed
from contracts.operations import DescendingPages, RevisionPages, SinglePage, TimePages

START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def second(number: int) -> datetime:
    return START + timedelta(seconds=number)


def to_second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


@dataclass
class Source:
    """An agency's table: each dossier's last change as (second, revision), the later the larger."""

    rows: dict[str, tuple[int, int]]
    now: int = 1000
    revision: int = 1000
    asked: list[Ask] = field(default_factory=list)

    def change(self, code: str) -> None:
        self.now, self.revision = self.now + 1, self.revision + 1
        self.rows[code] = (self.now, self.revision)

    def by_time(self, ask: Ask) -> list[tuple[datetime, int, str]]:
        rows = sorted((second(at), revision, code) for code, (at, revision) in self.rows.items())
        return [row for row in rows if ask.since is None or row[0] >= ask.since]

    def ascending(self, ask: Ask) -> list[tuple[datetime, int, str]]:
        rows = [row for row in self.by_time(ask) if ask.until is None or row[0] <= ask.until]
        start = ((ask.page or 1) - 1) * (ask.size or 0)
        return rows[start : start + (ask.size or 0)]

    def descending(self, ask: Ask) -> list[tuple[datetime, int, str]]:
        start = (ask.page or 0) * (ask.size or 0)
        return self.by_time(ask)[::-1][start : start + (ask.size or 0)]

    def by_revision(self, ask: Ask) -> list[tuple[datetime, int, str]]:
        rows = sorted((revision, second(at), code) for code, (at, revision) in self.rows.items())
        found = [(at, revision, code) for revision, at, code in rows if revision > (ask.revision or 0)]
        return found[: ask.size]


def rows_of(found: list[tuple[datetime, int, str]]) -> Rows:
    return Rows(
        count=len(found),
        times=[row[0] for row in found],
        revisions=[row[1] for row in found],
        fingerprint="".join(row[2] + "," for row in found),
    )


def read_all(
    pages: Pager,
    window: Window,
    answer: Callable[[Ask], list[tuple[datetime, int, str]]],
    between: Callable[[], None],
) -> set[str]:
    """The codes seen until the window is exhausted; begun anew upon Malformed, as the pull job does."""
    seen: set[str] = set()
    position: Position | None = None
    for _ in range(2000):
        found = answer(pages.ask(window, position))
        seen |= {row[2] for row in found}
        try:
            position = pages.after(window, position, rows_of(found))
        except Malformed:
            position = None
            continue
        if position is None:
            return seen
        position = orjson.loads(orjson.dumps(position))
        between()
    raise AssertionError("the window was never exhausted")


SOURCES = st.lists(st.integers(0, 6), min_size=0, max_size=25)
MOVES = st.lists(st.lists(st.integers(0, 24), max_size=3), max_size=30)
SIZES = st.integers(1, 6)
SINCES = st.none() | st.integers(0, 7)


def check_nothing_skipped(
    make: Callable[[int], Pager],
    answer: Callable[[Source], Callable[[Ask], list[tuple[datetime, int, str]]]],
    times: list[int],
    moves: list[list[int]],
    size: int,
    since: int | None,
) -> None:
    source = Source({f"d{index}": (at, 10 + index) for index, at in enumerate(sorted(times))})
    window = Window(
        until=second(500),
        since=None if since is None else second(since),
        since_revision=None if since is None else 9 + since,
    )
    before = dict(source.rows)
    script = iter(moves)

    def between() -> None:
        for index in next(script, []):
            if f"d{index}" in source.rows:
                source.change(f"d{index}")

    seen = read_all(make(size), window, answer(source), between)
    by_revision = isinstance(make(size).ask(window, None).revision, int)
    wanted = {
        code
        for code, row in before.items()
        # What changed meanwhile belongs to the next window.
        if source.rows[code] == row and (since is None or (row[1] > 9 + since if by_revision else row[0] >= since))
    }
    assert wanted <= seen


@settings(max_examples=300, deadline=None)
@given(SOURCES, MOVES, SIZES, SINCES)
def test_ascending_skips_nothing(times: list[int], moves: list[list[int]], size: int, since: int | None) -> None:
    def make(size: int) -> Pager:
        return pager(TimePages(kind="ascending", size=size), to_second)

    check_nothing_skipped(make, lambda source: source.ascending, times, moves, size, since)


@settings(max_examples=300, deadline=None)
@given(SOURCES, MOVES, SIZES, SINCES)
def test_descending_skips_nothing(times: list[int], moves: list[list[int]], size: int, since: int | None) -> None:
    def make(size: int) -> Pager:
        return pager(DescendingPages(kind="descending", size=size), to_second)

    check_nothing_skipped(make, lambda source: source.descending, times, moves, size, since)


@settings(max_examples=300, deadline=None)
@given(SOURCES, MOVES, SIZES, SINCES)
def test_revision_skips_nothing(times: list[int], moves: list[list[int]], size: int, since: int | None) -> None:
    def make(size: int) -> Pager:
        return pager(RevisionPages(kind="revision", size=size), to_second)

    check_nothing_skipped(make, lambda source: source.by_revision, times, moves, size, since)


def test_a_row_that_moves_up_within_a_crowded_second_is_seen_on_the_way_back() -> None:
    source = Source({code: (1, index) for index, code in enumerate("abcdef")})
    pages = pager(TimePages(kind="ascending", size=2), to_second)
    changed = iter("a")

    def between() -> None:
        if code := next(changed, None):
            source.change(code)

    # First page a b; a leaves; second page d e: c has moved up onto the first page.
    window = Window(until=second(500), since=second(1))
    assert read_all(pages, window, source.ascending, between) == set("abcdef")


def test_a_single_page_is_the_whole_window() -> None:
    pages = pager(SinglePage(kind="single"), to_second)
    window = Window(until=second(9), since=second(1))
    assert pages.ask(window, None) == Ask(since=second(1), until=second(9))
    assert pages.after(window, None, rows_of([(second(2), 1, "a")])) is None


WINDOW = Window(until=second(500), since=second(10), since_revision=10)
ASCENDING = pager(TimePages(kind="ascending", size=2), to_second)
DESCENDING = pager(DescendingPages(kind="descending", size=2), to_second)
REVISION = pager(RevisionPages(kind="revision", size=2), to_second)


def rows(*marks: int, count: int | None = None, last: bool | None = None) -> Rows:
    moments = [second(mark) for mark in marks]
    return Rows(len(marks) if count is None else count, moments, marks, str(marks), last)


@pytest.mark.parametrize(
    ("pages", "position", "answer", "following"),
    [
        (ASCENDING, None, rows(11, 12), {"since": second(12).isoformat(), "page": 1}),
        (ASCENDING, None, rows(11), None),
        (ASCENDING, None, rows(11, last=False), {"since": second(11).isoformat(), "page": 1}),
        (ASCENDING, None, rows(11, 12, last=True), None),
        (ASCENDING, None, rows(last=False), None),
        # Rows whose time cannot be read count, but do not lead.
        (ASCENDING, None, rows(12, count=2), {"since": second(12).isoformat(), "page": 1}),
        (ASCENDING, None, rows(count=2), {"since": second(10).isoformat(), "page": 2, "seen": "()"}),
        (DESCENDING, None, rows(20, 19), {"page": 1, "seen": ["(20, 19)"]}),
        (DESCENDING, None, rows(20), None),
        (DESCENDING, None, rows(20, last=False), {"page": 1, "seen": ["(20,)"]}),
        (DESCENDING, None, rows(20, 9), None),
        (DESCENDING, None, rows(20, 10), {"page": 1, "seen": ["(20, 10)"]}),
        (DESCENDING, None, rows(20, count=2), {"page": 1, "seen": ["(20,)"]}),
        (REVISION, None, rows(11, 12), {"revision": 12}),
        (REVISION, None, rows(11), None),
        (REVISION, None, rows(11, last=False), {"revision": 11}),
        (REVISION, None, rows(12, count=2), {"revision": 12}),
    ],
)
def test_where_a_page_leads(pages: Pager, position: Position | None, answer: Rows, following: Position | None) -> None:
    led = pages.after(WINDOW, position, answer)
    # How many pages and rows there were is kept beside the place.
    assert led is None or (led.pop("pages"), led.pop("rows", 0)) is not None
    assert led == following


@pytest.mark.parametrize(
    ("pages", "position", "answer", "why"),
    [
        (ASCENDING, None, rows(12, 11), "ascending order"),
        (ASCENDING, None, rows(8, 9), "older than the time asked for"),
        (
            ASCENDING,
            {"since": second(12).isoformat(), "page": 2, "seen": "(12, 12)"},
            rows(12, 12),
            "repeats",
        ),
        (ASCENDING, {"revision": 7}, rows(12), "way of paging"),
        (ASCENDING, {"since": "yesterday", "page": 1}, rows(12), "way of paging"),
        (DESCENDING, None, rows(11, 12), "descending order"),
        (DESCENDING, {"page": 1, "seen": ["(12, 11)"]}, rows(12, 11), "repeats"),
        (DESCENDING, {"since": "x"}, rows(12, 11), "way of paging"),
        (REVISION, None, rows(12, 11), "ascending order"),
        (REVISION, None, rows(9, 10), "Rows after revision 10"),
        (REVISION, None, rows(count=2), "no way on"),
    ],
)
def test_an_agency_that_does_not_page_as_promised_is_found_out(
    pages: Pager, position: dict[str, Any] | None, answer: Rows, why: str
) -> None:
    with pytest.raises(Malformed, match=why):
        pages.after(WINDOW, position, answer)
