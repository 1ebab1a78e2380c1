"""Lists the procedures an agency offers, over all its pages."""

import unicodedata
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

import orjson

from adapters.answers import AnswerReader
from adapters.calling.client import RawAnswer
from adapters.mapping.expressions import ExpressionError, Find, compiled
from adapters.paging.pagers import OFFERED
from adapters.paging.paging import Paging, text_of
from adapters.speaker import Speak
from contracts.adapter import Position, Priority, Window
from contracts.observation import Channel, Unusable
from contracts.operations import ListProcedures
from contracts.submission import Procedure, Procedures


class ProcedureList:
    """An agency's list of procedures."""

    def __init__(self, agency: str, operation: ListProcedures, speak: Speak) -> None:
        """Raises ValueError where the operation cannot work."""
        self._agency = agency
        self._answer = AnswerReader(operation.answer)
        self._speaker = speak("procedures", operation.request, self._answer, OFFERED[operation.pages.kind])
        self._paging = Paging(operation.pages, _as_it_is, self._speaker)
        self._fields: dict[str, tuple[str, Find]] = {
            name: (expression, compiled(expression))
            for name, expression in (("code", operation.code), ("name", operation.name))
        }

    async def __call__(self) -> Procedures:
        window = Window(until=datetime.now(UTC))
        # Once each: what moves up or down while we read comes twice.
        procedures: dict[Procedure, None] = {}
        unusable: list[Unusable] = []
        position: Position | None = None

        def read(raw: RawAnswer) -> Position | None:
            content = self._answer.content(self._speaker.document(raw))
            rows = self._answer.records(content)
            for row in rows:
                understood = self._understood(row)
                if isinstance(understood, Procedure):
                    procedures[understood] = None
                else:
                    unusable.append(understood)
            fingerprint = blake2b(orjson.dumps(rows), digest_size=12).hexdigest()
            return self._paging.after(window, position, content, raw.headers, count=len(rows), fingerprint=fingerprint)

        while True:
            values = self._paging.ask(window, position)
            position = await self._speaker.ask(values, read, priority=Priority.RECONCILE)
            if position is None:
                return Procedures(procedures=tuple(procedures), unusable=tuple(unusable))

    def _understood(self, row: Any) -> Procedure | Unusable:
        found: dict[str, str] = {}
        for field, (expression, find) in self._fields.items():
            try:
                value = find(row)
            except ExpressionError as error:
                return self._unusable(row, field, "bad_value", f"A row of the procedures cannot be read: {error}.")
            text = unicodedata.normalize("NFC", text_of(value) or "").strip()
            if not text:
                words = f"A row of the procedures has no text in {field} ({expression}), and needs one."
                return self._unusable(row, field, "missing_field", words)
            found[field] = text
        return Procedure(**found)

    def _unusable(self, row: Any, field: str, reason: str, message: str) -> Unusable:
        return Unusable(
            agency=self._agency,
            channel=Channel.PULL,
            reason=reason,
            message=message,
            field=field,
            expression=self._fields[field][0],
            raw=orjson.dumps(row).decode(),
            observed_at=datetime.now(UTC),
        )


def _as_it_is(moment: datetime) -> datetime:
    return moment
