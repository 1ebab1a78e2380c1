"""A spec tried out on a page: its agency asked for real, what came beside what became of it, and a value mapped, or a
word given its status, by a click."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Any, Protocol

from contracts.adapter import Window
from contracts.agency import AgencySpec
from contracts.codes import fold
from contracts.errors import AgencyFailure
from contracts.observation import SUCCESSION, Facts
from contracts.status import DossierStatus
from hub.index.rehearsal import Would
from hub.specs.editing import Path, edited
from hub.specs.texts import spec_in
from hub.studio.trial import Attempt

#: What a dry run reads, and how much of what it finds is shown.
DRY_RUN = timedelta(days=1)
_MOST_SHOWN = 20
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: Longer answers are cut where they are shown.
_LONGEST = 20_000

#: What a record can be mapped to, as a form names it.
TARGETS = ("code", "occurred_at", *(name for name in Facts.model_fields if name not in SUCCESSION | {"gone_at"}))
_DATES = ("occurred_at", "submitted_at", "received_at", "due_at", "finished_at")

#: hub.studio.trial.try_out, with the hub's secrets and documents.
Try = Callable[[AgencySpec, str | None, datetime | None], Awaitable[Attempt]]


class Page(Protocol):
    """What one page of a dry run would have done; as sync_jobs.rehearsal has it."""

    @property
    def received(self) -> int: ...
    @property
    def added(self) -> int: ...
    @property
    def changed(self) -> int: ...
    @property
    def unusable(self) -> int: ...
    @property
    def changes(self) -> tuple[Would, ...]: ...


DryRun = Callable[[AgencySpec, Window], AsyncIterator[Page]]


@dataclass(frozen=True, slots=True)
class Tools:
    """What asks agencies for the pages."""

    try_out: Try
    dry_run: DryRun


@dataclass(slots=True)
class DryRunFound:
    """What a pull of the last day would do."""

    received: int = 0
    added: int = 0
    changed: int = 0
    unusable: int = 0
    shown: list[Would] = field(default_factory=list)
    failure: str | None = None


async def dry_run(tools: Tools, spec: AgencySpec) -> DryRunFound:
    """Nothing of it is kept. What the agency fails with is told."""
    found = DryRunFound()
    now = datetime.now(UTC)
    try:
        async for page in tools.dry_run(spec, Window(until=now, since=now - DRY_RUN)):
            found.received += page.received
            found.added += page.added
            found.changed += page.changed
            found.unusable += page.unusable
            found.shown += page.changes[: _MOST_SHOWN - len(found.shown)]
    except (AgencyFailure, LookupError, ValueError) as failure:
        found.failure = str(failure)
    return found


def mapped(text: str, fields: Mapping[str, str]) -> str:
    """`text` with what was clicked in it: a value mapped to a fact, words given their statuses."""
    changes: dict[Path, Any] = {}
    target, place = fields.get("target", ""), fields.get("map", "")
    if place and target in TARGETS:
        changes[_place(target)] = _rule(text, target, place)
    for name, code in fields.items():
        if name.startswith("status:") and code in set(DossierStatus):
            changes["statuses", name.removeprefix("status:")] = code
    return edited(text, changes) if changes else text


def _place(target: str) -> Path:
    return ("mapping", target) if target in ("code", "occurred_at") else ("mapping", "facts", target)


def _rule(text: str, target: str, place: str) -> Any:
    if target not in _DATES:
        return place
    spec = spec_in(text)
    mapping = spec.mapping if spec else None
    rules = [mapping.occurred_at, *mapping.facts.values()] if mapping else []
    # As the agency writes its other dates, so this one.
    known = next((rule.formats for rule in rules if rule and rule.formats), ("iso",))
    return {"path": place, "convert": "date", "formats": list(known)}


def values_of(record: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Each value of a record with the expression that finds it."""
    if isinstance(record, dict):
        for name, value in record.items():
            step = name if _PLAIN.fullmatch(name) else f'"{name}"'
            yield from values_of(value, f"{place}.{step}" if place else step)
    elif isinstance(record, list):
        for number, value in enumerate(record[:5]):
            yield from values_of(value, f"{place}[{number}]")
    elif record is not None:
        yield place, str(record)


def words_of(attempt: Attempt) -> dict[str, DossierStatus | None]:
    """The status words that were met and have no status, each with the one it is most like."""
    words = {each.value for each in attempt.unusable if each.reason == "unknown_status" and each.value}
    return {word: _likely(word) for word in sorted(words)}


def _likely(word: str) -> DossierStatus | None:
    known = {fold(status.name_vi): status for status in DossierStatus}
    near = get_close_matches(fold(word), known, 1, cutoff=0.55)
    return known[near[0]] if near else None


def shown_answer(attempt: Attempt) -> tuple[str, str]:
    """The last request and its answer, as they went over the line, without secrets."""
    record = attempt.exchanges[-1].record if attempt.exchanges else None
    if record is None:
        return "", ""
    request = f"{record.method} {record.address}\n\n{record.request.decode('utf-8', 'replace')}"
    return request, record.response.decode("utf-8", "replace")[:_LONGEST]
