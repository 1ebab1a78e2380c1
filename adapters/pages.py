"""How reading a window goes on from page to page. Pure: what to ask next, from what was asked and what came.

Each guard raises Malformed, upon which the window is begun anew: reading twice is free, skipping is not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Protocol

from contracts.adapter import Position, Window
from contracts.errors import Malformed
from contracts.operations import DescendingPages, Pages, RevisionPages, SinglePage, TimePages

Floor = Callable[[datetime], datetime]

#: By kind of pages: the placeholders that stand for something in a request, and the one it cannot do without.
OFFERED = {
    "single": ("since", "until", "revision"),
    "ascending": ("since", "until", "page", "size"),
    "descending": ("since", "page", "size"),
    "revision": ("since", "until", "revision", "size"),
}
NEEDED = {"ascending": "since", "descending": "page", "revision": "revision"}


@dataclass(frozen=True, slots=True)
class Ask:
    """What the placeholders of one request stand for."""

    since: datetime | None = None
    until: datetime | None = None
    revision: int | None = None
    page: int | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """What paging has to know of the records of one answer."""

    count: int
    #: Change times and revisions in the order of the records, without those that could not be read.
    times: Sequence[datetime]
    revisions: Sequence[int]
    #: Equal for two answers only where they hold the same records.
    fingerprint: str
    #: Whether the answer says that it is the last one; None where it does not say.
    last: bool | None = None

    def exhausted(self, size: int | None) -> bool:
        return self.count == 0 or (size is not None and self.count < size if self.last is None else self.last)


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
            return _Ascending(pages, floor)
        case DescendingPages():
            return _Descending(pages)
        case RevisionPages():
            return _Revision(pages)
    raise ValueError(f"pages of kind {pages.kind} are not known")


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
            since, page = _moment(position, "since"), _number(position, "page")
        return Ask(since=since, until=window.until, page=page, size=self._size)

    def after(self, window: Window, position: Position | None, rows: Rows) -> Position | None:
        asked = self.ask(window, position)
        since, page = self._floor(asked.since) if asked.since else None, asked.page or 0
        if position is not None and "then" in position:
            return self._backwards(since, page, _moment(position, "then"))
        last = self._floor(rows.times[-1]) if rows.times else None
        if any(earlier > later for earlier, later in pairwise(rows.times)):
            raise Malformed("The rows are not in ascending order of their change time, as the spec says.")
        if last is not None and since is not None and last < since:
            raise Malformed("The rows are older than the time asked for.")
        if rows.exhausted(self._size):
            return self._backwards(since, page, None)
        if last is not None and (since is None or last > since):
            return self._backwards(since, page, last)
        if position is not None and position.get("seen") == rows.fingerprint:
            raise Malformed(f"Page {page} repeats the page before it.")
        return {"since": _text(since), "page": page + 1, "seen": rows.fingerprint}

    def _backwards(self, since: datetime | None, page: int, then: datetime | None) -> Position | None:
        """The page before `page` of a crowded moment; before its first one, `then`, where there is more."""
        if page > self._first:
            return {"since": _text(since), "page": page - 1, "then": _text(then)}
        return {"since": _text(then), "page": self._first} if then else None


class _Descending:
    """Goes back in time by page number. A row that changes meanwhile moves to the front and pushes the others
    towards pages not yet read, so they are seen twice rather than skipped."""

    def __init__(self, pages: DescendingPages) -> None:
        self._size, self._first = pages.size, pages.first_page

    def ask(self, window: Window, position: Position | None) -> Ask:
        page = self._first if position is None else _number(position, "page")
        return Ask(since=window.since, page=page, size=self._size)

    def after(self, window: Window, position: Position | None, rows: Rows) -> Position | None:
        if any(newer < older for newer, older in pairwise(rows.times)):
            raise Malformed("The rows are not in descending order of their change time, as the spec says.")
        if rows.exhausted(self._size):
            return None
        if window.since and rows.times and rows.times[-1] < window.since:
            return None
        page = self.ask(window, position).page or 0
        if position is not None and position.get("seen") == rows.fingerprint:
            raise Malformed(f"Page {page} repeats the page before it.")
        return {"page": page + 1, "seen": rows.fingerprint}


class _Revision:
    """Goes forward by the agency's change number; a row that changes meanwhile comes again, with another."""

    def __init__(self, pages: RevisionPages) -> None:
        self._size = pages.size

    def ask(self, window: Window, position: Position | None) -> Ask:
        revision = window.since_revision if position is None else _number(position, "revision")
        return Ask(revision=revision, since=window.since, until=window.until, size=self._size)

    def after(self, window: Window, position: Position | None, rows: Rows) -> Position | None:
        if any(earlier > later for earlier, later in pairwise(rows.revisions)):
            raise Malformed("The rows are not in ascending order of their revision, as the spec says.")
        if rows.exhausted(self._size):
            return None
        if not rows.revisions:
            raise Malformed("Not one row of a page has a readable revision, so there is no way on from it.")
        asked = self.ask(window, position).revision
        if asked is not None and rows.revisions[-1] <= asked:
            raise Malformed(f"Rows after revision {asked} were asked for, and end at {rows.revisions[-1]}.")
        return {"revision": rows.revisions[-1]}


def _number(position: Position, key: str) -> int:
    value = position.get(key)
    if not isinstance(value, int):
        raise _foreign_position()
    return value


def _moment(position: Position, key: str) -> datetime | None:
    value: Any = position.get(key)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise _foreign_position() from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _foreign_position() -> Malformed:
    # Positions outlive a spec: this one was made when the agency paged in another way.
    return Malformed("The place to go on from was not made by this way of paging.")
