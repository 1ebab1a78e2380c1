"""How reading a window goes on from page to page. Pure: what to ask next, from what was asked and what came.

Each guard raises Malformed, upon which the window is begun anew: reading twice is free, skipping is not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from itertools import pairwise
from typing import Any, Literal, Protocol, TypeAlias

from adapters.paging import positions
from contracts.adapter import Position, Window
from contracts.errors import Malformed
from contracts.operations import (
    CursorPages,
    DescendingPages,
    LinkPages,
    NextPages,
    NumberPages,
    OffsetPages,
    Pages,
    QueuePages,
    RevisionPages,
    SinglePage,
    TimePages,
)

Floor = Callable[[datetime], datetime]

#: What one record of a queue is acknowledged by: one value, or several by their names.
Taken: TypeAlias = str | dict[str, Any]

#: By kind of pages: the placeholders that stand for something in a request, and the one it cannot do without.
OFFERED = {
    "single": ("since", "until", "revision"),
    "ascending": ("since", "until", "page", "size"),
    "descending": ("since", "page", "size"),
    "revision": ("since", "until", "revision", "size"),
    "number": ("since", "until", "page", "size"),
    "offset": ("since", "until", "offset", "size"),
    "cursor": ("since", "until", "cursor", "size"),
    "next": ("since", "until", "size"),
    "link": ("since", "until", "size"),
    "queue": ("since", "until", "size"),
}
NEEDED = {"ascending": "since", "descending": "page", "revision": "revision"} | {
    "number": "page",
    "offset": "offset",
    "cursor": "cursor",
}

# How many pages back one is looked for that repeats.
_REMEMBERED = 8

# So many pages in a row without a row, each with the promise of more, are no list but a mistake.
_MOST_EMPTY = 20


@dataclass(frozen=True, slots=True)
class Ask:
    """What the placeholders of one request stand for."""

    since: datetime | None = None
    until: datetime | None = None
    revision: int | None = None
    page: int | None = None
    size: int | None = None
    offset: int | None = None
    cursor: str | None = None
    #: Of the next page, as the page before gave it.
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """What paging has to know of the records of one answer."""

    count: int
    #: Change times and revisions in the order of the records, without those that could not be read.
    times: Sequence[datetime]
    revisions: Sequence[int]
    #: Equal for two answers only where they hold the same records.
    fingerprint: str
    #: Whether the answer says that it is the last one, and how many rows it says there are; None where it does not.
    last: bool | None = None
    total: int | None = None
    #: What the answer gives to ask the next page by.
    cursor: str | None = None
    address: str | None = None
    #: What a queue's rows are acknowledged by, each and all together.
    taken: Sequence[Taken] = field(default=())
    batch: str | None = None

    def exhausted(self, size: int | None, before: int = 0) -> bool:
        """Whether no page follows, where `before` rows came on the pages before.

        A total may be less than there is: it counts the page alone, or stops at 10,000. So it does not end a list
        upon a full page, but the next page is asked for, and tells.
        """
        if before == self.count == 0 and not self.total:
            return True
        if self.last is not None:
            return self.last
        came = before + self.count
        if self.total is not None and self.total > came:
            return False
        if size is None:
            return self.count == 0 or self.total == came
        return self.count < size


class Pager(Protocol):
    def ask(self, window: Window, position: Position | None) -> Ask: ...

    def after(self, window: Window, position: Position | None, rows: Rows) -> Position | None:
        """Where to go on after `rows`; None where the window is exhausted.

        Raises Malformed where the agency does not page as the spec says.
        """
        ...


def pager(pages: Pages, floor: Floor) -> Pager:
    """`floor` cuts a moment down to what the agency's `since` parameter can say."""
    match pages:
        case SinglePage():
            return _Single()
        case TimePages():
            return _Bounded(_Ascending(pages, floor), pages.max_pages)
        case DescendingPages():
            return _Bounded(_Descending(pages), pages.max_pages)
        case RevisionPages():
            return _Bounded(_Revision(pages), pages.max_pages)
        case NumberPages():
            return _Bounded(_Counted(pages, "page", pages.first_page), pages.max_pages)
        case OffsetPages():
            return _Bounded(_Counted(pages, "offset", pages.first_offset), pages.max_pages)
        case CursorPages():
            return _Bounded(_Given(pages, "cursor"), pages.max_pages)
        case NextPages() | LinkPages():
            return _Bounded(_Given(pages, "address"), pages.max_pages)
        case QueuePages():
            return _Bounded(_Queue(pages), pages.max_pages)


class _Bounded:
    """Any pager, with an end: a list of too many pages, or of too many empty ones in a row, has none."""

    def __init__(self, inner: Pager, most: int) -> None:
        self._inner, self._most = inner, most

    def ask(self, window: Window, position: Position | None) -> Ask:
        return self._inner.ask(window, position)

    def after(self, window: Window, position: Position | None, rows: Rows) -> Position | None:
        following = self._inner.after(window, position, rows)
        if following is None:
            return None
        pages = 1 + positions.count(position, "pages")
        if pages >= self._most:
            raise Malformed(f"After {pages} pages there are still more: this list does not end.")
        empty = 0 if rows.count else 1 + positions.count(position, "empty")
        if empty > _MOST_EMPTY:
            raise Malformed(f"After {_MOST_EMPTY} empty pages there are still more: this list does not end.")
        return following | {"pages": pages} | ({"empty": empty} if empty else {})


class _Single:
    def ask(self, window: Window, position: Position | None) -> Ask:
        return Ask(since=window.since, until=window.until, revision=window.since_revision)

    def after(self, window: Window, position: Position | None, rows: Rows) -> Position | None:
        return None


class _Ascending:
    """Goes forward by time: each request begins, inclusively, at the last time seen.

    A moment with more rows than a page holds is counted through by page number. Meanwhile a row of that
    moment may change and leave it, upon which those behind it move up, unseen, onto pages already read. So
    once the end of the moment is found, its pages are read again from the last to the first: what moves up
    comes towards us.
    """

    def __init__(self, pages: TimePages, floor: Floor) -> None:
        self._size, self._first, self._floor = pages.size, pages.first_page, floor

    def ask(self, window: Window, position: Position | None) -> Ask:
        since, page = window.since, self._first
        if position is not None:
            since, page = positions.moment(position, "since"), positions.number(position, "page")
        return Ask(since=since, until=window.until, page=page, size=self._size)

    def after(self, window: Window, position: Position | None, rows: Rows) -> Position | None:
        asked = self.ask(window, position)
        since, page = self._floor(asked.since) if asked.since else None, asked.page or 0
        if position is not None and "then" in position:
            return self._backwards(since, page, positions.moment(position, "then"))
        last = self._floor(rows.times[-1]) if rows.times else None
        if any(earlier > later for earlier, later in pairwise(rows.times)):
            raise Malformed("The rows are not in ascending order of their change time, as the spec says.")
        if last is not None and since is not None and last < since:
            raise Malformed("The rows are older than the time asked for.")
        if rows.count == 0 or rows.exhausted(self._size, (page - self._first) * self._size):
            return self._backwards(since, page, None)
        if last is not None and (since is None or last > since):
            return self._backwards(since, page, last)
        if position is not None and position.get("seen") == rows.fingerprint:
            raise Malformed(f"Page {page} repeats the page before it.")
        return {"since": positions.written(since), "page": page + 1, "seen": rows.fingerprint}

    def _backwards(self, since: datetime | None, page: int, then: datetime | None) -> Position | None:
        """The page before `page` of a crowded moment; before its first one, `then`, where there is more."""
        if page > self._first:
            return {"since": positions.written(since), "page": page - 1, "then": positions.written(then)}
        return {"since": positions.written(then), "page": self._first} if then else None


class _Descending:
    """Goes back in time by page number. A row that changes meanwhile moves to the front and pushes the others
    towards pages not yet read, so they are seen twice rather than skipped."""

    def __init__(self, pages: DescendingPages) -> None:
        self._size, self._first = pages.size, pages.first_page

    def ask(self, window: Window, position: Position | None) -> Ask:
        page = self._first if position is None else positions.number(position, "page")
        return Ask(since=window.since, page=page, size=self._size)

    def after(self, window: Window, position: Position | None, rows: Rows) -> Position | None:
        if any(newer < older for newer, older in pairwise(rows.times)):
            raise Malformed("The rows are not in descending order of their change time, as the spec says.")
        before = positions.count(position, "rows")
        if rows.exhausted(self._size, before):
            return None
        if window.since and rows.times and rows.times[-1] < window.since:
            return None
        page = self.ask(window, position).page or 0
        return {"page": page + 1, "rows": before + rows.count, "seen": _unrepeated(position, rows)}


class _Revision:
    """Goes forward by the agency's change number; a row that changes meanwhile comes again, with another."""

    def __init__(self, pages: RevisionPages) -> None:
        self._size = pages.size

    def ask(self, window: Window, position: Position | None) -> Ask:
        revision = window.since_revision if position is None else positions.number(position, "revision")
        return Ask(revision=revision, since=window.since, until=window.until, size=self._size)

    def after(self, window: Window, position: Position | None, rows: Rows) -> Position | None:
        if any(earlier > later for earlier, later in pairwise(rows.revisions)):
            raise Malformed("The rows are not in ascending order of their revision, as the spec says.")
        if rows.count == 0 or rows.exhausted(self._size):
            return None
        if not rows.revisions:
            raise Malformed("Not one row of a page has a readable revision, so there is no way on from it.")
        asked = self.ask(window, position).revision
        if asked is not None and rows.revisions[-1] <= asked:
            raise Malformed(f"Rows after revision {asked} were asked for, and end at {rows.revisions[-1]}.")
        return {"revision": rows.revisions[-1]}


class _Counted:
    """Goes on by counting pages or rows, in an order of the agency's own.

    Rows that come are seen, at the end, or twice where they push others on. But a row that leaves a page already
    read makes those behind it move up, and one of them is missed: no way of counting can tell. The next run's
    overlap finds it if it changed lately, and a reconcile in any case.
    """

    def __init__(self, pages: NumberPages | OffsetPages, by: Literal["page", "offset"], first: int) -> None:
        self._size, self._by, self._first = pages.size, by, first

    def ask(self, window: Window, position: Position | None) -> Ask:
        where = self._first if position is None else positions.number(position, self._by)
        page, offset = (where, None) if self._by == "page" else (None, where)
        return Ask(since=window.since, until=window.until, page=page, offset=offset, size=self._size)

    def after(self, window: Window, position: Position | None, rows: Rows) -> Position | None:
        before = positions.count(position, "rows")
        if rows.exhausted(self._size, before):
            return None
        seen = _unrepeated(position, rows)
        if self._by == "page":
            step = 1
        else:
            # An empty page in the middle still takes its place.
            step = rows.count or self._size or 0
            if not step:
                raise Malformed("A page without rows says that there are more, and not how many to pass over.")
        where = self._first if position is None else positions.number(position, self._by)
        return {self._by: where + step, "rows": before + rows.count, "seen": seen}


class _Given:
    """Goes on by what each answer gives for the next one, a cursor or an address, and ends where it gives none.

    A total does not end it: rows that were read and are gone would be counted for some that are still to come. But
    it tells that an empty page is the last one, of an agency that always gives a cursor.
    """

    def __init__(self, pages: CursorPages | NextPages | LinkPages, by: Literal["cursor", "address"]) -> None:
        self._size, self._by = pages.size, by

    def ask(self, window: Window, position: Position | None) -> Ask:
        given = None if position is None else positions.text(position, self._by)
        cursor, address = (given, None) if self._by == "cursor" else (None, given)
        return Ask(since=window.since, until=window.until, cursor=cursor, address=address, size=self._size)

    def after(self, window: Window, position: Position | None, rows: Rows) -> Position | None:
        given = rows.cursor if self._by == "cursor" else rows.address
        before = positions.count(position, "rows")
        nothing_left = rows.count == 0 and rows.total is not None and before >= rows.total
        if not given or rows.last or nothing_left:
            return None
        mark = blake2b(given.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
        marks = positions.texts(position, "marks")
        if mark in marks:
            raise Malformed(f"The next page's {self._by} is that of a page before it.")
        came = {"rows": before + rows.count, "seen": _unrepeated(position, rows)}
        return {self._by: given, "marks": [*marks, mark][-_REMEMBERED:]} | came


class _Queue:
    """Asks for what is waiting, until nothing is. What came is acknowledged when it is asked again, by which time
    it is stored; so a page that was lost on the way comes once more."""

    def __init__(self, pages: QueuePages) -> None:
        self._size, self._batch = pages.size, pages.batch

    def ask(self, window: Window, position: Position | None) -> Ask:
        return Ask(since=window.since, until=window.until, size=self._size)

    def after(self, window: Window, position: Position | None, rows: Rows) -> Position | None:
        if rows.count == 0:
            return None
        if self._batch and rows.batch is None:
            raise Malformed(f"Where the batch's name should be ({self._batch}) there is none.")
        # An acknowledgement may be lost, and the same page comes once more. Twice is no accident.
        seen = positions.texts(position, "seen")
        if seen.count(rows.fingerprint) > 1:
            raise Malformed("What was acknowledged comes again and again.")
        done = {"acknowledge": list(rows.taken), "batch": rows.batch, "seen": [*seen, rows.fingerprint][-_REMEMBERED:]}
        return done | ({"last": True} if rows.exhausted(self._size) else {})


def acknowledgement(position: Position | None) -> tuple[list[Taken], str | None, bool]:
    """What a queue is to be told was taken before it is asked again: rows and their batch; and whether it need not
    be asked. Raises Malformed."""
    if position is None:
        return [], None, False
    batch = None if position.get("batch") is None else positions.text(position, "batch")
    return positions.rows(position, "acknowledge"), batch, bool(position.get("last"))


def _unrepeated(position: Position | None, rows: Rows) -> list[str]:
    """The pages seen last, this one among them. Raises Malformed where it was among them before."""
    seen = positions.texts(position, "seen")
    if rows.count and rows.fingerprint in seen:
        raise Malformed("A page repeats one before it.")
    return [*seen, rows.fingerprint][-_REMEMBERED:]
