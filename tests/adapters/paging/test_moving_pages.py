"""Paging over lists that move while they are read, and over agencies that page wrongly: each kind keeps its promise."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.paging.pagers import Ask, Pager, Rows, acknowledgement, pager
from contracts.adapter import Position, Window
from contracts.errors import Malformed
from contracts.operations import CursorPages, NumberPages, OffsetPages, QueuePages, RestRequest

WINDOW = Window(until=datetime(2026, 11, 23, tzinfo=UTC))
END = st.sampled_from(["short", "empty", "last", "total"])
SIZE = st.integers(1, 5)
#: What happens between two pages: (what, to which row).
MOVES = st.lists(st.lists(st.tuples(st.sampled_from(["add", "change", "remove"]), st.integers(0, 20)), max_size=3))


def made(pages: Any) -> Pager:
    return pager(pages, lambda moment: moment)


def page_of(rows: list[str], **said: Any) -> Rows:
    return Rows(count=len(rows), times=[], revisions=[], fingerprint=repr(rows), **said)


def stored(position: Position | None) -> Position | None:
    """As it is after a night in the database."""
    return orjson.loads(orjson.dumps(position)) if position else None


@dataclass
class Agency:
    """A list that moves: dossiers by name, in the order of the number of their last change."""

    changes: dict[str, int]
    size: int
    end: str
    seen: set[str] = field(default_factory=set)

    def rows(self) -> list[str]:
        return sorted(self.changes, key=lambda name: self.changes[name])

    def move(self, what: str, where: int) -> None:
        newest = max(self.changes.values(), default=0) + 1
        if what == "add":
            self.changes[f"new{newest}"] = newest
        elif f"d{where}" in self.changes:
            if what == "change":
                self.changes[f"d{where}"] = newest
            else:
                del self.changes[f"d{where}"]

    def page(self, start: int, **said: Any) -> Rows:
        """The rows from `start` on, and how this agency says whether there are more."""
        every = self.rows()
        found = every[start : start + self.size]
        self.seen.update(found)
        if self.end == "last":
            said["last"] = start + self.size >= len(every)
        if self.end == "total":
            said["total"] = len(every)
        return page_of(found, **said)

    @property
    def told_size(self) -> int | None:
        """What the spec says of it."""
        return None if self.end in ("empty", "last") else self.size


def read_all(pages: Pager, answer: Callable[[Ask], Rows], between: Callable[[], None]) -> None:
    """As the pull job reads: begun anew upon Malformed."""
    position: Position | None = None
    for _ in range(500):
        rows = answer(pages.ask(WINDOW, position))
        try:
            position = stored(pages.after(WINDOW, position, rows))
        except Malformed:
            position = None
        else:
            if position is None:
                return
        between()
    raise AssertionError("it never ends")


def mover(agency: Agency, moves: list[list[tuple[str, int]]], allowed: set[str]) -> Callable[[], None]:
    script = iter(moves)

    def between() -> None:
        for what, where in next(script, []):
            if what in allowed:
                agency.move(what, where)

    return between


@settings(max_examples=200, deadline=None)
@given(count=st.integers(0, 20), size=SIZE, end=END, by=st.sampled_from(["page", "offset"]), moves=MOVES)
def test_counting_misses_nothing_of_a_list_to_which_rows_are_added(
    count: int, size: int, end: str, by: str, moves: list[list[tuple[str, int]]]
) -> None:
    agency = Agency({f"d{index}": index for index in range(count)}, size, end)
    before = set(agency.changes)
    if by == "page":
        pages = made(NumberPages(kind="number", size=agency.told_size))
    else:
        pages = made(OffsetPages(kind="offset", size=agency.told_size))

    def answer(ask: Ask) -> Rows:
        return agency.page(ask.offset if ask.offset is not None else ((ask.page or 1) - 1) * size)

    read_all(pages, answer, mover(agency, moves, {"add"}))
    assert before <= agency.seen


@settings(max_examples=200, deadline=None)
@given(
    count=st.integers(0, 20),
    size=SIZE,
    end=st.sampled_from(["none", "last", "total"]),
    moves=MOVES,
    always=st.booleans(),
)
def test_a_cursor_that_is_a_place_in_an_order_misses_nothing_whatever_moves(
    count: int, size: int, end: str, moves: list[list[tuple[str, int]]], always: bool
) -> None:
    agency = Agency({f"d{index}": index for index in range(count)}, size, end)
    before = dict(agency.changes)

    def answer(ask: Ask) -> Rows:
        after = int(ask.cursor.split("/")[0]) if ask.cursor else -1
        every = agency.rows()
        start = sum(agency.changes[name] <= after for name in every)
        last = start + size >= len(every)
        at = agency.changes[every[min(start + size, len(every)) - 1]] if every else after
        # Some always give a cursor, a new one each time; the end is told in another way.
        given = f"{max(at, after)}/{start}-{len(agency.seen)}" if not last or (always and end != "none") else None
        return agency.page(start, cursor=given)

    read_all(made(CursorPages(kind="cursor", cursor="c")), answer, mover(agency, moves, {"add", "change", "remove"}))
    assert {name for name, at in before.items() if agency.changes.get(name) == at} <= agency.seen


@settings(max_examples=200, deadline=None)
@given(count=st.integers(0, 15), size=SIZE, added=st.lists(st.integers(0, 3), max_size=20), lost=st.sets(st.integers()))
def test_a_queue_gives_all_that_was_put_into_it(count: int, size: int, added: list[int], lost: set[int]) -> None:
    waiting = [f"d{index}" for index in range(count)]
    every = list(waiting)
    recorded: set[str] = set()
    acknowledge = {"request": RestRequest(path="/da-nhan")}
    pages = made(QueuePages.model_validate({"kind": "queue", "size": size, "taken": "ma", "acknowledge": acknowledge}))
    position: Position | None = None
    for call in range(500):
        names, _, done = acknowledgement(position)
        codes = [str(name) for name in names]
        assert set(codes) <= recorded, "only what is recorded is acknowledged"
        if call not in lost or call - 1 in lost:
            waiting = [row for row in waiting if row not in codes]
        if done and not waiting:
            break
        new = [f"d{len(every) + index}" for index in range(added.pop() if added else 0)]
        waiting, every = waiting + new, every + new
        if done:
            # The run has ended; the next one begins.
            position = None
            continue
        found = waiting[:size]
        try:
            position = stored(pages.after(WINDOW, position, page_of(found, taken=found)))
            recorded.update(found)
        except Malformed:
            position = None
        else:
            if position is None and not added:
                break
    else:
        raise AssertionError("it never ends")
    assert recorded == set(every)


# --- agencies that page wrongly -------------------------------------------------------------------


def walk(pages: Pager, answer: Callable[[Ask], Rows]) -> None:
    """Once through the list. Raises Malformed."""
    position: Position | None = None
    for _ in range(200):
        position = pages.after(WINDOW, position, answer(pages.ask(WINDOW, position)))
        if position is None:
            return
    raise AssertionError("it never ends")


DEFECTS = ["repeats", "goes back", "never ends", "counts the page", "counts too much", "counts too little"]


@settings(max_examples=300, deadline=None)
@given(
    kind=st.sampled_from(["number", "offset", "cursor"]),
    count=st.integers(1, 20),
    size=SIZE,
    defect=st.sampled_from([*DEFECTS, "empty in the middle"]),
    at=st.integers(0, 4),
)
def test_a_defect_is_found_out_or_does_no_harm(kind: str, count: int, size: int, defect: str, at: int) -> None:
    every = [f"d{index}" for index in range(count)]
    seen: list[str] = []
    asked = 0

    def answer(ask: Ask) -> Rows:
        nonlocal asked
        asked += 1
        if kind == "offset":
            start = ask.offset or 0
        else:
            start = (int(ask.cursor or 0) if kind == "cursor" else (ask.page or 1) - 1) * size
        page = start // size
        rows, last, following = list(every), start + size >= len(every), page + 1
        if defect == "repeats" and page > at:
            start, last, following = at * size, False, page + 1
        elif defect == "goes back" and page == at:
            last, following = False, 0
        elif defect == "never ends":
            rows, last = [f"{asked}.{index}" for index in range(start + size)], False
        found = rows[start : start + size]
        if defect == "empty in the middle" and page == at + 1 and not last:
            # Its rows are on the next page.
            every[start:start] = ["-"] * size
            found = []
        seen.extend(found)
        said: dict[str, Any] = {"cursor": None if last else str(following)} if kind == "cursor" else {}
        if defect.startswith("counts"):
            total = {"counts the page": len(found), "counts too much": count + 7}.get(defect, max(1, count - 2))
            said["total"] = total
        elif kind != "cursor":
            said["last"] = last
        return page_of(found, **said)

    if kind == "number":
        pages = made(NumberPages(kind="number", size=size, max_pages=60))
    elif kind == "offset":
        pages = made(OffsetPages(kind="offset", size=size, max_pages=60))
    else:
        pages = made(CursorPages(kind="cursor", cursor="c", size=size, max_pages=60))
    try:
        walk(pages, answer)
    except Malformed:
        return
    assert defect != "never ends"
    assert set(every) - {"-"} <= set(seen)


def test_an_empty_list_ends_whatever_it_says_of_more() -> None:
    for pages in (NumberPages(kind="number"), OffsetPages(kind="offset", size=10)):
        assert made(pages).after(WINDOW, None, page_of([], last=False)) is None


def test_pages_that_stay_empty_are_found_out_long_before_the_limit_of_pages() -> None:
    asked = 0

    def answer(ask: Ask) -> Rows:
        nonlocal asked
        asked += 1
        return page_of([] if asked > 1 else ["a"], total=30)

    with pytest.raises(Malformed, match="empty pages"):
        walk(made(NumberPages(kind="number", size=10)), answer)
    assert asked < 30
