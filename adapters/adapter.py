"""The AgencyAdapter that any spec makes: what is the same whatever the agency's system speaks."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

from adapters.mapping.record_reader import EVENT_OBJECTS, RecordReader, event_mapping, reading_of
from adapters.operations.listing import Listing
from adapters.operations.lookup import Lookup
from adapters.operations.procedures import ProcedureList
from adapters.operations.results import ResultFetch
from adapters.operations.sending import Sender
from adapters.pushing.events import EventFinder
from adapters.speaker import Speak
from contracts.adapter import Capability, Page, Position, Priority, Pushed, Sending, Sent, Window
from contracts.agency import AgencySpec
from contracts.observation import Channel, Reading
from contracts.submission import Procedures, ResultFile, Submission


class SpecAdapter:
    """contracts.adapter.AgencyAdapter, by a spec alone."""

    def __init__(self, spec: AgencySpec, speak: Speak | None) -> None:
        """`speak` is None for an agency that only pushes. Raises ValueError where the spec cannot work."""
        self.spec = spec
        operations = spec.operations
        self._records = RecordReader(spec.mapping, spec) if spec.mapping else None
        self._events = _event_reader(spec) if spec.webhook else None
        self._pushed = EventFinder(spec.webhook) if spec.webhook else None
        self._lookup: Lookup | None = None
        self._changes: Listing | None = None
        self._everything: Listing | None = None
        if speak and self._records:
            if operations.lookup:
                self._lookup = Lookup(operations.lookup, speak, self._records)
            if operations.changes:
                self._changes = Listing(spec, "changes", operations.changes, speak, self._records)
            if operations.all:
                self._everything = Listing(spec, "all", operations.all, speak, self._records)
        self._senders: dict[Sending, Sender] = {}
        self._result: ResultFetch | None = None
        self._procedures: ProcedureList | None = None
        if speak:
            for what in Sending:
                if sending := getattr(operations, what):
                    self._senders[what] = Sender(what, sending, speak, self._lookup)
            if operations.result:
                self._result = ResultFetch(operations.result, speak)
            if operations.procedures:
                self._procedures = ProcedureList(spec.id, operations.procedures, speak)
        offered = {
            Capability.LOOKUP: self._lookup,
            Capability.CHANGES: self._changes,
            Capability.ALL: self._everything,
            **{Capability(what): sender for what, sender in self._senders.items()},
            Capability.RESULT: self._result,
            Capability.PROCEDURES: self._procedures,
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
        async for page in self._changes.page(window, position, priority):
            yield page

    async def everything(
        self, position: Position | None = None, *, priority: Priority = Priority.RECONCILE
    ) -> AsyncIterator[Page]:
        if self._everything is None:
            raise LookupError(f"{self.spec.id} cannot list everything")
        async for page in self._everything.page(Window(until=datetime.now(UTC)), position, priority):
            yield page

    async def send(self, what: Sending, submission: Submission, position: Position | None = None) -> Sent:
        if what not in self._senders:
            raise LookupError(f"{self.spec.id} takes no {what}")
        return await self._senders[what](submission, position)

    async def result(self, code: str, reference: str | None = None) -> ResultFile:
        if self._result is None:
            raise LookupError(f"{self.spec.id} gives no results")
        return await self._result(code, reference)

    async def procedures(self) -> Procedures:
        if self._procedures is None:
            raise LookupError(f"{self.spec.id} lists no procedures")
        return await self._procedures()

    def pushed(self, body: bytes, headers: Mapping[str, str]) -> Pushed:
        if self._pushed is None:
            raise LookupError(f"{self.spec.id} does not push")
        return self._pushed(body, headers)

    def token(self, body: bytes, headers: Mapping[str, str]) -> str | None:
        return self._pushed.token(body, headers) if self._pushed else None

    def read(self, record: Any, channel: Channel, observed_at: datetime) -> Reading:
        reader = self._events if channel is Channel.WEBHOOK else self._records
        if reader is None:
            raise LookupError(f"{self.spec.id} has no mapping for what comes by {channel}")
        return reading_of([reader.read(record, channel, observed_at)])


def _event_reader(spec: AgencySpec) -> RecordReader:
    if spec.webhook and spec.webhook.mapping:
        return RecordReader(spec.webhook.mapping, spec)
    # Where pulled records have a revision, an event without one could not be put in order with them.
    numbered = bool(spec.mapping and spec.mapping.revision)
    return RecordReader(event_mapping(), spec, revision_required=numbered, objects=EVENT_OBJECTS)
