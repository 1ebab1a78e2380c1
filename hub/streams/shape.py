"""What an agency's records usually look like, and when they no longer do. Pure.

A system that was changed without a word to anybody shows it here first: fields that are told no more, records that
cannot be read, new status words, lists that are empty all at once.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from itertools import chain
from typing import Any, Self

from contracts.adapter import Page
from contracts.agency import AgencySpec

#: A field that so large a part of the records tells is always told; of so many without it, it is gone.
_ALWAYS = 0.9
_WITHOUT = 100

#: Fewer records than this that cannot be read are the records' fault.
_UNREADABLE = 10

#: A list of fewer rows may well be empty the next time.
_ROWS = 20

#: Beyond this many records the older half counts half.
_MOST = 20_000
_MOST_WORDS = 50

#: A silence longer than so many times the longest one known is worth a word, of agencies heard so often.
_SILENCES = 3
_TIMES_HEARD = 50
_DAY_SECONDS = 86_400.0

UNKNOWN_STATUS = "unknown_status"


class ShapeChanged(Exception):
    """The agency's records are not what they were. Nothing of the page was taken in but what cannot be read, into the
    quarantine; the page is asked for again until it can be read, or an admin has the stream read as it is."""

    kind = "shape_changed"


@dataclass(frozen=True, slots=True)
class Shape:
    """What is known of one stream's records."""

    records: int = 0
    #: By field: in how many records it was, and how many have come since it last was.
    told: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    unreadable_in_a_row: int = 0
    #: Status words that the spec does not know.
    words: tuple[str, ...] = ()
    #: Rows of the window so far, and of the last one that was read to its end.
    rows: int = 0
    rows_before: int = 0
    #: When there was anything at all, how often, and the longest time between, in seconds.
    heard_at: datetime | None = None
    times_heard: int = 0
    longest_silence: float = 0

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """As `to_json` gave it; of nothing, nothing known."""
        heard_at = stored.get("heard_at")
        return cls(**{**stored, "heard_at": datetime.fromisoformat(heard_at) if heard_at else None})

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"heard_at": self.heard_at.isoformat() if self.heard_at else None}

    def after(self, page: Page, now: datetime) -> "Shape":
        """The shape once `page` has come."""
        records, told = self._with_fields(page)
        known = self._heard(now) if page.observations or page.unusable else self
        rows = self.rows + len(page.observations)
        ends = page.complete and page.next is None
        unreadable = count_unreadable(page)
        words = [each.value for each in page.unusable if each.reason == UNKNOWN_STATUS and each.value]
        return replace(
            known,
            records=records,
            told=told,
            unreadable_in_a_row=self.unreadable_in_a_row + unreadable if not page.observations else 0,
            words=tuple(dict.fromkeys((*self.words, *words)))[:_MOST_WORDS],
            rows=0 if ends else rows,
            rows_before=rows if ends else self.rows_before,
        )

    def _heard(self, now: datetime) -> "Shape":
        silence = (now - self.heard_at).total_seconds() if self.heard_at else 0.0
        return replace(
            self,
            heard_at=now,
            times_heard=self.times_heard + 1,
            longest_silence=max(self.longest_silence, silence),
        )

    def _with_fields(self, page: Page) -> tuple[int, dict[str, tuple[int, int]]]:
        came = len(page.observations)
        counts = Counter(chain.from_iterable(said.facts.model_fields_set for said in page.observations))
        told: dict[str, tuple[int, int]] = {}
        for name in counts.keys() | self.told.keys():
            before, without = self.told.get(name, (0, 0))
            told[name] = (before + counts[name], 0 if counts[name] else without + came)
        records = self.records + came
        if records > _MOST:
            records //= 2
            halved = {name: (count // 2, without // 2) for name, (count, without) in told.items()}
            told = {name: counted for name, counted in halved.items() if counted[0]}
        return records, told

    @property
    def gone(self) -> list[str]:
        """The fields that were always told, and are no more."""
        return sorted(
            name
            for name, (count, without) in self.told.items()
            if without >= _WITHOUT and count >= _ALWAYS * (self.records - without) > 0
        )

    def objection(self, spec: AgencySpec, *, unreadable: int, read: int, was: "Shape", ends: bool) -> str | None:
        """Why what this is the shape of should not be taken in; None where it may be.

        `unreadable`, `read`: records of the run so far. `was`: the shape before. `ends`: the window ends with it.
        """
        percent = spec.sync.unreadable_percent if spec.sync else 1.0
        if unreadable >= _UNREADABLE and unreadable > percent / 100 * (unreadable + read):
            return f"{unreadable} of {unreadable + read} records cannot be read, more than {percent:g} %"
        if self.unreadable_in_a_row >= _UNREADABLE:
            return f"the last {self.unreadable_in_a_row} records could not be read"
        if "status" in self.gone:
            return "no record tells its status any more"
        if ends and self.rows_before == 0 and was.rows_before >= _ROWS and spec.lists_all:
            return f"its list is empty; it had {was.rows_before} rows the last time"
        return None

    def warnings(self, now: datetime) -> list[str]:
        """What somebody should look at, though nothing stops for it."""
        found = [f"{name} is told no more" for name in self.gone]
        found += [f"unknown status {word!r}" for word in self.words]
        if self.heard_at and self.times_heard >= _TIMES_HEARD:
            silence = (now - self.heard_at).total_seconds()
            if silence > max(_SILENCES * self.longest_silence, _DAY_SECONDS):
                found.append(f"nothing has come for {silence / _DAY_SECONDS:.0f} days")
        return found


def count_unreadable(page: Page) -> int:
    """The records of the page of which something could not be read, other than a status word that is new.

    A record tells of each of its fields once, so that thirty rows that are the same are thirty all the same.
    """
    told = Counter((each.raw, each.reason, each.field) for each in page.unusable if each.reason != UNKNOWN_STATUS)
    records: dict[str, int] = {}
    for (raw, _, _), times in told.items():
        records[raw] = max(records.get(raw, 0), times)
    return sum(records.values())
