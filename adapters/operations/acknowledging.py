"""Tells a queue what was taken from it, once that is stored: by one value of each record, or by several together."""

from typing import Any

from adapters.answers import AnswerReader, said
from adapters.calling.client import RawAnswer
from adapters.mapping.expressions import compiled
from adapters.paging.pagers import Taken, acknowledgement
from adapters.paging.paging import text_of
from adapters.speaker import Speak, Speaker
from contracts.adapter import Position, Priority
from contracts.errors import Malformed
from contracts.operations import QueuePages


class Acknowledging:
    """The acknowledgements of one queue."""

    def __init__(self, pages: QueuePages, speak: Speak) -> None:
        """Raises ValueError where its request cannot work."""
        self._answer = AnswerReader(pages.acknowledge.answer)
        self._speaker: Speaker = speak("acknowledge", pages.acknowledge.request, self._answer, ("codes", "batch"))
        names = self._speaker.names
        if not names & {"codes", "batch"}:
            raise ValueError("the acknowledgement's request names neither {codes} nor {batch}")
        if "batch" in names and not pages.batch:
            raise ValueError("the acknowledgement's request names {batch}, and `batch` does not say where that is")
        self._one = compiled(pages.taken) if isinstance(pages.taken, str) else None
        self._several = {} if isinstance(pages.taken, str) else {n: compiled(each) for n, each in pages.taken.items()}

    def name_of(self, record: Any) -> Taken | None:
        """What the record is acknowledged by; None where some of it is missing. Raises Malformed."""
        if self._one:
            return text_of(said(self._one, record))
        values = {name: said(find, record) for name, find in self._several.items()}
        # A number stays one: the agency compares what it gets with what it gave.
        return None if any(text_of(value) is None for value in values.values()) else values

    async def __call__(self, position: Position | None, priority: Priority) -> bool:
        """Acknowledge what was taken before `position`. Whether that was all there is, by what the queue said."""
        codes, batch, done = acknowledgement(position)
        if any(isinstance(code, str) is not bool(self._one) for code in codes):
            raise Malformed("The place to go on from was made when the queue was acknowledged by something else.")
        if codes or batch:
            await self._speaker.ask({"codes": codes, "batch": batch}, self._read, priority=priority)
        return done

    def _read(self, raw: RawAnswer) -> None:
        self._answer.content(self._speaker.document(raw))
