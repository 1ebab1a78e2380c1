"""Pages of a list operation: what each answer says of the next, put before the pager. Pagers only do the counting."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from adapters.answers import maybe, said, says_last
from adapters.paging.pagers import NEEDED, Floor, Rows, Taken, pager
from adapters.speaker import Speaker
from contracts.adapter import Position, Window
from contracts.errors import Malformed
from contracts.operations import CursorPages, NextPages, Paged, Pages, QueuePages

_NEXT_LINK = re.compile(r"<([^<>]*)>[^<]*?;\s*rel\s*=\s*\"?next\"?", re.IGNORECASE)


class Paging:
    """How one list goes on."""

    def __init__(self, pages: Pages, floor: Floor, speaker: Speaker) -> None:
        """Raises ValueError where the request lacks what its pages need."""
        self._pager = pager(pages, floor)
        self._last_when = maybe(pages.last_when if isinstance(pages, Paged) else None)
        self._total = maybe(pages.total if isinstance(pages, Paged) else None)
        self._cursor = maybe(pages.cursor if isinstance(pages, CursorPages) else None)
        self._address = maybe(pages.address if isinstance(pages, NextPages) else None)
        self._batch = maybe(pages.batch if isinstance(pages, QueuePages) else None)
        self._by_link = pages.kind == "link"
        needed = NEEDED.get(pages.kind)
        if needed and needed not in speaker.names:
            raise ValueError(f"{pages.kind} pages need {{{needed}}} in the request")

    def ask(self, window: Window, position: Position | None) -> dict[str, Any]:
        """What the placeholders of the next request stand for."""
        return asdict(self._pager.ask(window, position))

    def total(self, content: Any) -> int | None:
        """How many rows the answer says there are. Raises Malformed."""
        return _whole_number(said(self._total, content))

    def after(
        self,
        window: Window,
        position: Position | None,
        content: Any,
        headers: Mapping[str, str],
        *,
        count: int,
        fingerprint: str,
        times: Sequence[datetime] = (),
        revisions: Sequence[int] = (),
        taken: Sequence[Taken] = (),
    ) -> Position | None:
        """Where to go on after an answer of `count` rows; None where there is no more. The rest as in Rows.

        Raises Malformed.
        """
        rows = Rows(
            count=count,
            times=times,
            revisions=revisions,
            fingerprint=fingerprint,
            last=says_last(self._last_when, content),
            total=self.total(content),
            cursor=text_of(said(self._cursor, content)),
            address=_linked(headers.get("link", "")) if self._by_link else text_of(said(self._address, content)),
            taken=taken,
            batch=text_of(said(self._batch, content)),
        )
        return self._pager.after(window, position, rows)


def text_of(value: Any) -> str | None:
    """A name or number as text; None for anything else, and for what is empty."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) and str(value) else None


def _whole_number(value: Any) -> int | None:
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise Malformed(f"Where the number of rows should be there is {type(value).__name__}.")


def _linked(header: str) -> str | None:
    found = _NEXT_LINK.search(header)
    return found.group(1) if found else None
