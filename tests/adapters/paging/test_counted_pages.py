"""Paging by number, offset, cursor, address and queue: every row is read, and what never ends is found out."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.paging.pagers import Ask, Pager, Rows, acknowledgement, pager
from contracts.adapter import Position, Window
from contracts.errors import Malformed
from contracts.operations import (
    CursorPages,
    LinkPages,
    NextPages,
    NumberPages,
    OffsetPages,
    QueuePages,
    RestRequest,
    TimePages,
)

WINDOW = Window(until=datetime(2026, 11, 23, tzinfo=UTC))
QUEUE = QueuePages.model_validate(
    {"kind": "queue", "size": 3, "taken": "ma", "acknowledge": {"request": RestRequest(path="/da-nhan")}}
)


def made(pages: Any) -> Pager:
    return pager(pages, lambda moment: moment)


def page_of(rows: list[str], **said: Any) -> Rows:
    return Rows(count=len(rows), times=[], revisions=[], fingerprint=repr(rows), **said)


def read_all(pages: Pager, answer: Callable[[Ask], Rows], most: int = 200) -> list[Ask]:
    """Every request made until the list is exhausted."""
    asked: list[Ask] = []
    position: Position | None = None
    for _ in range(most):
        asked.append(pages.ask(WINDOW, position))
        position = pages.after(WINDOW, position, answer(asked[-1]))
        if position is None:
            return asked
    raise AssertionError("it never ends")


ROWS = st.lists(st.integers().map(str), unique=True, max_size=30)
ENDS = st.sampled_from(["short", "empty", "last", "total"])


def _said(end: str, rows: list[str], until: int) -> dict[str, Any]:
    return {"last": until >= len(rows)} if end == "last" else {"total": len(rows)} if end == "total" else {}


@settings(deadline=None)
@given(rows=ROWS, size=st.integers(1, 7), first=st.integers(0, 1), end=ENDS)
def test_numbered_pages_are_read_to_the_end(rows: list[str], size: int, first: int, end: str) -> None:
    seen: list[str] = []

    def answer(ask: Ask) -> Rows:
        assert ask.page is not None and ask.offset is None
        start = (ask.page - first) * size
        seen.extend(found := rows[start : start + size])
        return page_of(found, **_said(end, rows, start + size))

    read_all(made(NumberPages(kind="number", first_page=first, size=None if end == "empty" else size)), answer)
    assert seen == rows


@settings(deadline=None)
@given(rows=ROWS, size=st.integers(1, 7), end=ENDS)
def test_offsets_are_read_to_the_end_even_where_the_agency_cuts_its_pages(rows: list[str], size: int, end: str) -> None:
    seen: list[str] = []

    def answer(ask: Ask) -> Rows:
        assert ask.offset is not None and ask.page is None
        given = rows[ask.offset : ask.offset + size]
        seen.extend(given)
        return page_of(given, **_said(end, rows, ask.offset + size))

    wanted = size if end == "short" else None
    read_all(made(OffsetPages(kind="offset", size=wanted)), answer)
    assert seen == rows


@settings(deadline=None)
@given(rows=ROWS, size=st.integers(1, 7), by=st.sampled_from(["cursor", "next", "link"]), empty=st.booleans())
def test_what_each_answer_gives_leads_to_the_end(rows: list[str], size: int, by: str, empty: bool) -> None:
    seen: list[str] = []
    if by == "cursor":
        pages = made(CursorPages(kind="cursor", cursor="c"))
    else:
        pages = made(NextPages(kind="next", address="n") if by == "next" else LinkPages(kind="link"))

    def answer(ask: Ask) -> Rows:
        given = ask.cursor if by == "cursor" else ask.address
        start = int(given or 0)
        # Some systems filter after they have counted: a page may hold nothing, and more follow.
        found = [] if empty and start == 0 else rows[start : start + size]
        seen.extend(found)
        following = str(start + size) if start + size < len(rows) else None
        return page_of(found, **({"cursor": following} if by == "cursor" else {"address": following}))

    read_all(pages, answer)
    assert seen == (rows[size:] if empty else rows)


@settings(deadline=None)
@given(rows=ROWS, size=st.integers(1, 5), lost=st.sets(st.integers(0, 10)))
def test_a_queue_is_emptied_though_acknowledgements_are_lost(rows: list[str], size: int, lost: set[int]) -> None:
    waiting = list(rows)
    stored: list[str] = []
    pages = made(QUEUE.model_copy(update={"size": size}))
    position: Position | None = None
    for calls in range(1, 200):
        codes, _, done = acknowledgement(position)
        assert set(codes) <= set(stored), "only what is stored is acknowledged"
        # Never twice in a row: that is a queue which does not listen.
        if not (calls in lost and calls - 1 not in lost):
            waiting = [row for row in waiting if row not in codes]
        if done:
            break
        found = waiting[:size]
        stored += [row for row in found if row not in stored]
        last = len(waiting) <= size and not ({calls, calls + 1} & lost)
        position = pages.after(WINDOW, position, page_of(found, taken=found, last=last))
        if position is None:
            break
    assert stored == rows


def test_a_queue_that_does_not_hear_what_was_taken_is_found_out() -> None:
    with pytest.raises(Malformed, match="again and again"):
        read_all(made(QUEUE), lambda _ask: page_of(["1", "2", "3"], taken=["1", "2", "3"]))


@pytest.mark.parametrize(
    ("pages", "answer", "why"),
    [
        (NumberPages(kind="number", size=2), page_of(["1", "2"]), "repeats"),
        (OffsetPages(kind="offset", size=2), page_of(["1", "2"]), "repeats"),
        (OffsetPages(kind="offset"), page_of([], total=9), "how many to pass over"),
        (NumberPages(kind="number"), page_of([], total=9), "does not end"),
        (CursorPages(kind="cursor", cursor="c"), page_of(["1"], cursor="x"), "that of a page before it"),
        (NextPages(kind="next", address="n"), page_of(["1"], address="/x"), "that of a page before it"),
        (TimePages(kind="ascending", size=2, max_pages=5), None, "does not end"),
    ],
)
def test_a_list_that_repeats_or_never_ends_is_found_out(pages: Any, answer: Rows | None, why: str) -> None:
    calls = 0

    def given(_ask: Ask) -> Rows:
        nonlocal calls
        calls += 1
        moment = datetime(2026, 1, 1, 0, calls // 60, calls % 60, tzinfo=UTC)
        return answer or Rows(2, [moment, moment.replace(microsecond=5)], [], str(calls))

    with pytest.raises(Malformed, match=why):
        read_all(made(pages.model_copy(update={"max_pages": min(pages.max_pages, 50)})), given)


@pytest.mark.parametrize("rows", [[], ["a"]])
def test_cursors_that_go_in_a_circle_are_found_out(rows: list[str]) -> None:
    calls = 0

    def answer(_ask: Ask) -> Rows:
        nonlocal calls
        calls += 1
        return page_of([f"{row}{calls}" for row in rows], cursor=str(calls % 3))

    with pytest.raises(Malformed, match="that of a page before it"):
        read_all(made(CursorPages(kind="cursor", cursor="c")), answer)


def test_a_total_does_not_end_a_list_that_grows() -> None:
    rows = [str(number) for number in range(5)]

    def answer(ask: Ask) -> Rows:
        start = ((ask.page or 1) - 1) * 2
        if start == 2:
            rows.extend(["5", "6"])
        return page_of(rows[start : start + 2], total=len(rows))

    assert [ask.page for ask in read_all(made(NumberPages(kind="number", size=2)), answer)] == [1, 2, 3, 4]
