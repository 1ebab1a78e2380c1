"""The AgencyAdapter that any spec makes: what is the same whatever the agency's system speaks."""

from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from adapters import dates
from adapters.answers import AnswerReader, says_last
from adapters.client import RawAnswer
from adapters.expressions import compiled
from adapters.mapping import MappedRecord, RecordReader, event_mapping
from adapters.pages import NEEDED, OFFERED, Rows, pager
from adapters.speaker import Speak
from contracts.adapter import Capability, Page, Position, Priority, Sending, Sent, Window
from contracts.agency import AgencySpec
from contracts.codes import code_key
from contracts.errors import Malformed, NotFound
from contracts.observation import Channel, Observation, Reading
from contracts.operations import ListOperation, Operation, SinglePage
from contracts.submission import Procedure, ResultFile, Submission


class SpecAdapter:
    """contracts.adapter.AgencyAdapter, by a spec alone."""

    def __init__(self, spec: AgencySpec, speak: Speak | None) -> None:
        """`speak` is None for an agency that only pushes. Raises ValueError where the spec cannot work."""
        self.spec = spec
        operations = spec.operations
        self._records = RecordReader(spec.mapping, spec) if spec.mapping else None
        self._events = _event_reader(spec) if spec.webhook else None
        self._lookup: _Lookup | None = None
        self._changes: _Changes | None = None
        if speak and self._records:
            if operations.lookup:
                self._lookup = _Lookup(operations.lookup, speak, self._records)
            if operations.changes:
                self._changes = _Changes(spec, operations.changes, speak, self._records)
        offered = {
            Capability.LOOKUP: self._lookup,
            Capability.CHANGES: self._changes,
            Capability.EVENTS: self._events,
        }
        self.capabilities = frozenset(name for name, part in offered.items() if part)

    async def lookup(self, code: str, *, priority: Priority = Priority.PERSON) -> Reading:
        if self._lookup is None:
            raise LookupError(f"{self.spec.id} has no look-up")
        return await self._lookup(code, priority)

    async def changes(
        self, window: Window, position: Position | None = None, *, priority: Priority = Priority.INCREMENTAL
    ) -> AsyncIterator[Page]:
        if self._changes is None:
            raise LookupError(f"{self.spec.id} cannot list changes")
        yield await self._changes(window, position, priority)

    async def everything(
        self, position: Position | None = None, *, priority: Priority = Priority.RECONCILE
    ) -> AsyncIterator[Page]:
        raise LookupError(f"{self.spec.id} cannot list everything")
        yield  # an iterator, as the protocol says

    async def send(self, what: Sending, submission: Submission, position: Position | None = None) -> Sent:
        raise LookupError(f"{self.spec.id} takes no {what}")

    async def result(self, code: str, reference: str | None = None) -> ResultFile:
        raise LookupError(f"{self.spec.id} gives no results")

    async def procedures(self) -> tuple[Procedure, ...]:
        raise LookupError(f"{self.spec.id} lists no procedures")

    def read(self, record: Any, channel: Channel, observed_at: datetime) -> Reading:
        reader = self._events if channel is Channel.WEBHOOK else self._records
        if reader is None:
            raise LookupError(f"{self.spec.id} has no mapping for what comes by {channel}")
        return _reading([reader.read(record, channel, observed_at)])


class _Lookup:
    """Asks for one dossier."""

    def __init__(self, operation: Operation, speak: Speak, reader: RecordReader) -> None:
        self._answer = AnswerReader(operation.answer)
        self._speaker = speak("lookup", operation.request, self._answer, ("code",))
        self._reader = reader
        if "code" not in self._speaker.names:
            raise ValueError("the look-up's request never names {code}")

    async def __call__(self, code: str, priority: Priority) -> Reading:
        if not code_key(code):
            # Nothing to ask for; and a path of dots alone would lead elsewhere.
            raise NotFound("A code without letters and digits is no dossier's.")

        def read(raw: RawAnswer) -> Reading:
            records = self._answer.records(self._answer.content(self._speaker.document(raw)))
            now = datetime.now(UTC)
            return _about(code, [self._reader.read(record, Channel.LOOKUP, now) for record in records])

        return await self._speaker.ask({"code": code}, read, priority=priority)


class _Changes:
    """Lists changes, page by page."""

    def __init__(self, spec: AgencySpec, operation: ListOperation, speak: Speak, reader: RecordReader) -> None:
        pages = operation.pages
        self._answer = AnswerReader(operation.answer)
        self._speaker = speak("changes", operation.request, self._answer, OFFERED[pages.kind])
        self._reader = reader
        self._pager = pager(pages, dates.floor(self._speaker.since_formats, ZoneInfo(spec.time_zone)))
        last_when = None if isinstance(pages, SinglePage) else pages.last_when
        self._last_when = compiled(last_when) if last_when else None
        needed = NEEDED.get(pages.kind)
        if needed and needed not in self._speaker.names:
            raise ValueError(f"{pages.kind} pages need {{{needed}}} in the request")

    async def __call__(self, window: Window, position: Position | None, priority: Priority) -> Page:
        def read(raw: RawAnswer) -> Page:
            content = self._answer.content(self._speaker.document(raw))
            records = self._answer.records(content)
            now = datetime.now(UTC)
            mapped = [self._reader.read(record, Channel.PULL, now) for record in records]
            rows = Rows(
                count=len(mapped),
                times=[row.occurred_at for row in mapped if row.occurred_at is not None],
                revisions=[row.revision for row in mapped if row.revision is not None],
                fingerprint=_fingerprint(mapped, records),
                last=says_last(self._last_when, content),
            )
            reading = _reading(mapped)
            following = self._pager.after(window, position, rows)
            return Page(reading.observations, reading.unusable, following, raw.agency_time)

        return await self._speaker.ask(asdict(self._pager.ask(window, position)), read, priority=priority)


def _event_reader(spec: AgencySpec) -> RecordReader:
    if spec.webhook and spec.webhook.mapping:
        return RecordReader(spec.webhook.mapping, spec)
    # Where pulled records have a revision, an event without one could not be put in order with them.
    numbered = bool(spec.mapping and spec.mapping.revision)
    return RecordReader(event_mapping(), spec, revision_required=numbered)


def _reading(mapped: list[MappedRecord]) -> Reading:
    return Reading(
        observations=tuple(row.observation for row in mapped if row.observation),
        unusable=tuple(wrong for row in mapped for wrong in row.unusable),
    )


def _fingerprint(mapped: list[MappedRecord], records: list[Any]) -> str:
    # By code where there is one: some systems number their rows anew in each answer.
    names = [row.code or record for row, record in zip(mapped, records, strict=True)]
    return blake2b(orjson.dumps(names), digest_size=12).hexdigest()


def _about(code: str, mapped: list[MappedRecord]) -> Reading:
    """What was said about the dossier asked for: some systems answer a look-up with whatever resembles it."""
    if not mapped:
        raise NotFound("The agency has no such dossier.")
    wanted = code_key(code)
    ours = [row for row in mapped if row.code is None or _names(row, wanted)]
    if not ours:
        raise Malformed("The agency answered about another dossier than the one asked for.")
    return _reading(ours)


def _names(row: MappedRecord, wanted: str) -> bool:
    said: Observation | None = row.observation
    codes = (row.code, said.facts.national_code if said else None)
    return any(code and code_key(code) == wanted for code in codes)
