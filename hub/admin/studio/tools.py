"""What the studio does with agencies' systems: reads their documents, asks them, and tells what a pull would do."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Protocol

from pydantic import BaseModel

from contracts.adapter import Secrets, Window
from contracts.agency import AgencySpec
from contracts.errors import AgencyFailure
from hub.documents.documents import Documents
from hub.index.rehearsal import Would
from hub.specs.drafts import Draft
from hub.studio.found import Found
from hub.studio.introspect import Introspection, introspect, read_text
from hub.studio.trial import Attempt, read_again, try_out

#: What is asked for, and what a dry run reads.
LAST_DAY = timedelta(days=1)
_MOST_SHOWN = 20
#: Of an answer, so much is kept to be worked with.
_MOST_RECORDS = 50
_FEW = 20
_LONGEST = 20_000


class Tried(BaseModel):
    """One operation that was tried out, and what its agency answered. It may be about people."""

    operation: str
    #: Why nothing came of it, where that is so, and what to look at.
    failure: str | None
    advice: list[str]
    records: list[Any]
    #: As they went over the line, without secrets.
    request: str
    response: str


class Seen(BaseModel):
    """A trial, as a draft keeps it for its steps."""

    at: datetime
    code: str | None
    tried: list[Tried]

    @property
    def best(self) -> Tried | None:
        """The one whose first record is mapped by clicks."""
        return next((each for each in self.tried if each.records), None)

    def of(self, operation: str) -> Tried | None:
        return next((each for each in self.tried if each.operation == operation), None)


def seen_in(draft: Draft) -> Seen | None:
    """The last trial, as long as the draft keeps it."""
    return Seen.model_validate_json(draft.seen) if draft.seen else None


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


@dataclass(slots=True)
class DryRunFound:
    """What a pull of the last day would do."""

    received: int = 0
    added: int = 0
    changed: int = 0
    unusable: int = 0
    shown: list[Would] = field(default_factory=list)
    failure: str | None = None


class Tools:
    def __init__(
        self, documents: Documents, secrets: Secrets, dry_run: DryRun, addresses: Mapping[str, str] | None = None
    ) -> None:
        """`addresses`: where agencies' systems really are, in place of what their specs say."""
        self._documents, self._secrets, self._dry_run = documents, secrets, dry_run
        self._addresses = addresses or {}

    async def fetch(self, address: str, *, private: bool, actor: str) -> Introspection:
        """What the document at that address describes; it is kept. Raises ValueError, and AgencyFailure."""
        seen = await introspect(address, store=self._documents.folder, private=private)
        await self._documents.put(seen.documents, actor=actor)
        return seen

    async def take(self, name: str, text: str, *, actor: str) -> Introspection:
        """Likewise of a document that somebody has at hand, kept under that name. Raises ValueError."""
        seen = await read_text(name, text)
        await self._documents.put(seen.documents, actor=actor)
        return seen

    async def offered(self, name: str) -> Found | None:
        """What a document that is kept describes; None where it is not there, or cannot be used."""
        await self._documents.look()
        if not (self._documents.folder / name).is_file():
            return None
        try:
            return (await introspect(name, store=self._documents.folder)).found
        except ValueError:
            return None

    async def ask(self, spec: AgencySpec, code: str) -> Seen:
        """Ask the agency for what changed in the last day, or longer ago if that is little; and for the dossier `code`,
        or one of those that changed.

        Raises ValueError for a spec that cannot work.
        """
        await self._documents.look()
        spec, now = self._where_it_is(spec), datetime.now(UTC)
        attempts = list[Attempt]()
        if spec.operations.changes or spec.operations.lookup is None:
            attempt = await self._try(spec, None, now - LAST_DAY)
            if attempt.works and len(attempt.records or attempt.observations) < _FEW:
                # A quiet day has few of the agency's words.
                attempt = await self._try(spec, None, None)
            attempts.append(attempt)
            told = next((each for each in attempt.fields if each.fact == "code"), None)
            code = code or str((told.value or told.raw or "") if told else "")
        if spec.operations.lookup and code:
            attempts.insert(0, await self._try(spec, code, None))
        return Seen(at=now, code=code or None, tried=[_tried(each) for each in attempts])

    async def _try(self, spec: AgencySpec, code: str | None, since: datetime | None) -> Attempt:
        folder = self._documents.folder
        try:
            return await try_out(spec, code=code, since=since, secrets=self._secrets, documents=folder)
        except LookupError as error:
            raise ValueError(str(error)) from None

    async def read(self, spec: AgencySpec, tried: Tried) -> Attempt:
        """What the spec makes of it now. Raises ValueError for a spec that cannot work."""
        await self._documents.look()
        work = partial(read_again, spec, tried.operation, tried.records)
        return await asyncio.to_thread(work, secrets=self._secrets, documents=self._documents.folder)

    async def dry_run(self, spec: AgencySpec) -> DryRunFound:
        """What a pull of the last day would do. Nothing of it is kept; what the agency fails with is told."""
        found = DryRunFound()
        now = datetime.now(UTC)
        try:
            await self._documents.look()
            async for page in self._dry_run(self._where_it_is(spec), Window(until=now, since=now - LAST_DAY)):
                found.received += page.received
                found.added += page.added
                found.changed += page.changed
                found.unusable += page.unusable
                found.shown += page.changes[: _MOST_SHOWN - len(found.shown)]
        except (AgencyFailure, LookupError, ValueError) as failure:
            found.failure = str(failure)
        return found

    def _where_it_is(self, spec: AgencySpec) -> AgencySpec:
        address = self._addresses.get(spec.id)
        if address is None or spec.system is None:
            return spec
        return spec.model_copy(update={"system": spec.system.model_copy(update={"address": address})})


def _tried(attempt: Attempt) -> Tried:
    record = attempt.exchanges[-1].record if attempt.exchanges else None
    request = response = ""
    if record:
        request = f"{record.method} {record.address}\n\n{record.request.decode('utf-8', 'replace')}"[:_LONGEST]
        response = record.response.decode("utf-8", "replace")[:_LONGEST]
    return Tried(
        operation=attempt.operation,
        failure=attempt.failure.message if attempt.failure else None,
        advice=attempt.advice,
        records=attempt.records[:_MOST_RECORDS],
        request=request,
        response=response,
    )
