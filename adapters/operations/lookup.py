"""Asks an agency for one dossier, and makes sure that the answer is about that one."""

from datetime import UTC, datetime
from typing import Any

from adapters.answers import AnswerReader
from adapters.calling.client import RawAnswer
from adapters.mapping.record_reader import MappedRecord, RecordReader, reading_of
from adapters.speaker import Speak
from contracts.adapter import Priority
from contracts.codes import code_key
from contracts.errors import Malformed, NotFound
from contracts.observation import Channel, Observation, Reading
from contracts.operations import LookupOperation


class Lookup:
    """An agency's way to be asked for one dossier."""

    def __init__(self, operation: LookupOperation, speak: Speak, reader: RecordReader) -> None:
        """Raises ValueError where the operation cannot work."""
        self._answer = AnswerReader(operation.answer)
        self._speaker = speak("lookup", operation.request, self._answer, ("code",))
        self._reader = reader
        self._asked_as = operation.asked_as
        if "code" not in self._speaker.names:
            raise ValueError("the look-up's request never names {code}")
        looked_at = reader.names
        if operation.asked_as and looked_at is not None and operation.asked_as not in looked_at:
            raise ValueError(f"`asked_as` is {operation.asked_as!r}, and `mapping.code` does not look there")

    async def __call__(self, code: str, priority: Priority) -> Reading:
        if not code_key(code):
            # Nothing to ask for; and a path of dots alone would lead elsewhere.
            raise NotFound("A code without letters and digits is no dossier's.")

        def read(raw: RawAnswer) -> Reading:
            records = self._answer.records(self._answer.content(self._speaker.document(raw)))
            if self._asked_as:
                records = with_code(records, self._asked_as, code)
            now = datetime.now(UTC)
            mapped = [self._reader.read(record, Channel.LOOKUP, now) for record in records]
            return _about(code, [_believed(row) for row in mapped] if self._asked_as else mapped)

        return await self._speaker.ask({"code": code}, read, priority=priority)


def with_code(records: list[Any], name: str, code: str) -> list[Any]:
    """The record of an answer that does not say which dossier it is about, with the `code` that was asked for as
    `name`. What it says by that name itself stands. Raises Malformed for several."""
    if len(records) > 1:
        raise Malformed(f"The answer tells of {len(records)} dossiers, and not which of them was asked for.")
    return [record | {name: record.get(name) or code} if isinstance(record, dict) else record for record in records]


def _believed(row: MappedRecord) -> MappedRecord:
    """A record that has its code from us. That there is such a dossier is known only by what is understood of it: a
    word that nobody mapped may be an error's. Raises Malformed where it says nothing at all."""
    if row.observation is None or row.observation.facts.model_fields_set:
        return row
    if not row.unusable:
        raise Malformed("The answer says nothing of the dossier.")
    return row._replace(observation=None)


def _about(code: str, mapped: list[MappedRecord]) -> Reading:
    """What was said about the dossier asked for: some systems answer a look-up with whatever resembles it."""
    if not mapped:
        raise NotFound("The agency has no such dossier.")
    wanted = code_key(code)
    ours = [row for row in mapped if row.code is None or _names(row, wanted)]
    if not ours:
        raise Malformed("The agency answered about another dossier than the one asked for.")
    return reading_of(ours)


def _names(row: MappedRecord, wanted: str) -> bool:
    said: Observation | None = row.observation
    codes = (row.code, said.facts.national_code if said else None)
    return any(code and code_key(code) == wanted for code in codes)
