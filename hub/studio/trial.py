"""Tries a spec out on its agency's real system, and tells each step from the request to the observation."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from adapters.answers import AnswerReader
from adapters.build import build_adapter, speak_of
from adapters.calling.client import Client, RawAnswer
from adapters.mapping.expressions import ExpressionError, compiled
from adapters.operations.lookup import with_code
from adapters.paging.pagers import OFFERED
from contracts.adapter import AgencyAdapter, Priority, Secrets, Window
from contracts.agency import AgencySpec
from contracts.errors import AgencyFailure, NotFound
from contracts.mapping import FieldRule, RecordMapping
from contracts.observation import Channel, Observation, Reading, Unusable
from contracts.operations import ListOperation, LookupOperation
from contracts.spec_model import Expression
from contracts.status import DossierStatus
from contracts.system import FileSystem
from hub.studio.advice import advice
from hub.studio.trials import Trial
from hub.studio.walk import leaves
from hub.studio.watching import Exchange, Touches, WatchedClient, WatchedRecord, unused

# More records than these of one answer are not looked into.
_RECORDS = 200


@dataclass(frozen=True, slots=True)
class FieldTrace:
    """How one fact came about: fact ← expression ← raw value → converted."""

    fact: str
    expression: str
    raw: Any
    value: Any
    problem: str | None


@dataclass
class Attempt:
    """What came of trying one operation, as far as it got."""

    operation: str
    #: A login, where there is one, comes before the call itself.
    exchanges: list[Exchange] = field(default_factory=list)
    #: What the expressions look at: the answer as a plain value, or the document that a string inside of it holds.
    content: Any = None
    records: list[Any] = field(default_factory=list)
    #: Of the first record.
    fields: list[FieldTrace] = field(default_factory=list)
    observations: tuple[Observation, ...] = ()
    unusable: tuple[Unusable, ...] = ()
    #: Parts of the records that nobody reads, and expressions that found nothing in any of them.
    unused: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    failure: AgencyFailure | None = None
    #: What to look at next where it failed.
    advice: list[str] = field(default_factory=list)

    @property
    def works(self) -> bool:
        return self.failure is None and bool(self.observations or not (self.records or self.unusable))

    @property
    def verdict(self) -> str:
        if isinstance(self.failure, NotFound):
            return f"The agency was reached, but gave no dossier: {self.failure.message}"
        if self.failure:
            return f"It does not work: {self.failure.message}"
        if not (self.records or self.observations or self.unusable):
            return "The agency answered, and has nothing to list; try an earlier --since, or see its folder."
        if not self.observations:
            return "The agency answered, but not one record could be understood: see what did not map."
        said = _counted(len(self.observations), "dossier")
        if self.unusable:
            return f"It works in part: {said} understood; {_counted(len(self.unusable), 'thing')} did not map."
        return f"It works: {said} understood, and all that the mapping reads."

    @property
    def words(self) -> Counter[str]:
        """The agency's status words, and how many records have each."""
        known = (each.facts.status_raw for each in self.observations)
        unknown = (each.value for each in self.unusable if each.reason == "unknown_status")
        return Counter(word for word in (*known, *unknown) if word)

    def trial(self) -> Trial:
        """What is worth remembering of it."""
        words = {each.value for each in self.unusable if each.reason == "unknown_status" and each.value}
        return Trial(
            at=datetime.now(UTC),
            records=len(self.records),
            silent=tuple(self.silent),
            unused=tuple(self.unused),
            unknown_statuses=tuple(sorted(words)),
        )


async def try_out(
    spec: AgencySpec,
    *,
    code: str | None = None,
    since: datetime | None = None,
    secrets: Secrets,
    documents: Path,
) -> Attempt:
    """Look the dossier `code` up; without one, fetch one page of what changed since `since`.

    Never raises for what the agency does. Raises ValueError for a spec that cannot work, LookupError where it has
    no such operation.
    """
    if isinstance(spec.system, FileSystem):
        # A trial takes nothing away, so it need not wait for a file that may still be written.
        spec = spec.model_copy(update={"system": spec.system.model_copy(update={"settle_seconds": 0})})
    operation = "lookup" if code is not None else "changes"
    attempt = Attempt(operation)
    async with WatchedClient() as client:
        attempt.exchanges = client.exchanges
        adapter = build_adapter(spec, client=client, secrets=secrets, documents=documents)
        try:
            reading = await _ask(adapter, code, Window(until=datetime.now(UTC), since=since))
            attempt.observations, attempt.unusable = reading.observations, reading.unusable
        except AgencyFailure as failure:
            attempt.failure, attempt.advice = failure, advice(failure, spec, operation, secrets)
        answer = client.exchanges[-1].answer if client.exchanges else None
        if answer and client.exchanges[-1].record:
            _look_into(attempt, answer, spec, code, client, secrets, documents)
    if spec.mapping:
        _follow(attempt, adapter, spec.mapping)
    return attempt


def read_again(
    spec: AgencySpec, operation: str, records: Sequence[Any], *, secrets: Secrets, documents: Path
) -> Attempt:
    """What the mapping makes of `records` that the agency gave before. Nobody is asked.

    Takes up to a second. Raises ValueError for a spec that cannot work.
    """
    attempt = Attempt(operation, records=list(records))
    if spec.mapping:
        adapter = build_adapter(spec, client=Client(), secrets=secrets, documents=documents)
        channel, now = _channel(operation), datetime.now(UTC)
        readings = [adapter.read(record, channel, now) for record in records if isinstance(record, dict)]
        attempt.observations = tuple(each for reading in readings for each in reading.observations)
        attempt.unusable = tuple(each for reading in readings for each in reading.unusable)
        _follow(attempt, adapter, spec.mapping)
    return attempt


async def _ask(adapter: AgencyAdapter, code: str | None, window: Window) -> Reading:
    if code is not None:
        return await adapter.lookup(code, priority=Priority.PERSON)
    observations: list[Observation] = []
    unusable: list[Unusable] = []
    async for page in adapter.changes(window, priority=Priority.PERSON):
        observations += page.observations
        unusable += page.unusable
    return Reading(observations=tuple(observations), unusable=tuple(unusable))


def _look_into(
    attempt: Attempt,
    raw: RawAnswer,
    spec: AgencySpec,
    code: str | None,
    client: WatchedClient,
    secrets: Secrets,
    documents: Path,
) -> None:
    """Take the answer apart once more, by the adapter's own parts, to show what is in between."""
    operation = getattr(spec.operations, attempt.operation)
    names = OFFERED[operation.pages.kind] if isinstance(operation, ListOperation) else ("code",)
    speak = speak_of(spec, client=client, secrets=secrets, documents=documents)
    assert speak is not None, "an answer came"
    reader = AnswerReader(operation.answer)
    try:
        attempt.content = speak(attempt.operation, operation.request, reader, names).document(raw)
        attempt.content = reader.content(attempt.content)
        attempt.records = reader.records(attempt.content)
        if isinstance(operation, LookupOperation) and operation.asked_as and code:
            attempt.records = with_code(attempt.records, operation.asked_as, code)
    except AgencyFailure:
        # The adapter has met it before us; or the answer is too big to be kept whole.
        return


def _channel(operation: str) -> Channel:
    return Channel.LOOKUP if operation == "lookup" else Channel.PULL


def _follow(attempt: Attempt, adapter: AgencyAdapter, mapping: RecordMapping) -> None:
    """What the mapping makes of the records, and what it leaves."""
    channel, now = _channel(attempt.operation), datetime.now(UTC)
    touches = Touches()
    records = [record for record in attempt.records[:_RECORDS] if isinstance(record, dict)]
    for record in records:
        adapter.read(WatchedRecord(record, touches), channel, now)
    if not records and attempt.observations:
        # Rows of a file, or of an answer too big to be kept.
        attempt.fields = _fields(mapping, {}, Reading(observations=attempt.observations[:1]))
    if records:
        attempt.fields = _fields(mapping, records[0], adapter.read(records[0], channel, now))
        attempt.unused = sorted({path for record in records for path in unused(record, touches)})
        expressions = {leaf.text for leaf in leaves(mapping) if leaf.is_a(Expression)}
        attempt.silent = sorted(each for each in expressions if not any(_is_there(each, record) for record in records))


def _fields(mapping: RecordMapping, record: dict[str, Any], reading: Reading) -> list[FieldTrace]:
    said = reading.observations[0] if reading.observations else None
    order = {"code": mapping.code}
    if mapping.occurred_at:
        order["occurred_at"] = mapping.occurred_at
    if mapping.revision:
        order["revision"] = mapping.revision
    wrong = {each.field: each.message for each in reading.unusable}
    values: dict[str, Any] = {}
    if said:
        values = {name: getattr(said, name) for name in order} | said.facts.model_dump(exclude_unset=True)
    return [
        FieldTrace(name, *_found(rule, record), _shown(values.get(name)), wrong.get(name))
        for name, rule in (order | mapping.facts).items()
    ]


def _found(rule: FieldRule, record: dict[str, Any]) -> tuple[str, Any]:
    """The expression that counts, and what it finds."""
    if rule.constant is not None:
        return "a constant", rule.constant
    candidates = [rule.path] if rule.path else list(rule.paths)
    chosen = next((each for each in candidates if _says(each, record)), candidates[0])
    return chosen, _value(chosen, record)


def _is_there(expression: str, record: dict[str, Any]) -> bool:
    """Whether the record has a place for it; that it is empty there is nothing strange."""
    touches = Touches()
    return _value(expression, WatchedRecord(record, touches)) is not None or not touches.missing


def _says(expression: str, record: dict[str, Any]) -> bool:
    return _value(expression, record) not in (None, "")


def _value(expression: str, record: dict[str, Any]) -> Any:
    try:
        return compiled(expression)(record)
    except ExpressionError:
        return None


def _shown(value: Any) -> Any:
    if isinstance(value, DossierStatus):
        return f"{value.value} ({value.name.lower()})"
    return value


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
