"""Lists dossiers, page by page: from a window and a place in it to observations, and to the place to go on from."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from adapters.answers import AnswerReader
from adapters.calling.client import RawAnswer
from adapters.formats import dates
from adapters.formats.xml import Row
from adapters.mapping.record_reader import MappedRecord, RecordReader
from adapters.operations.acknowledging import Acknowledging
from adapters.operations.list_plan import path_to_records
from adapters.paging.pagers import OFFERED, Taken
from adapters.paging.paging import Paging
from adapters.speaker import Speak
from contracts.adapter import Page, Position, Priority, Window
from contracts.agency import AgencySpec
from contracts.observation import Channel, Observation, Unusable
from contracts.operations import ListOperation, Paged, QueuePages

#: A page of more rows than this is read as it comes; one of fewer is read whole, and may be asked for again.
BIG_PAGE = 1000

#: How many records are handed on at once, and understood at once.
_PART, _SLICE = 500, 50


class Listing:
    """One list operation: what changed, or everything."""

    def __init__(
        self, spec: AgencySpec, name: str, operation: ListOperation, speak: Speak, reader: RecordReader
    ) -> None:
        """Raises ValueError where the operation cannot work."""
        pages = operation.pages
        self._answer = AnswerReader(operation.answer)
        self._speaker = speak(name, operation.request, self._answer, OFFERED[pages.kind])
        self._reader = reader
        floor = dates.floor(self._speaker.since_formats, ZoneInfo(spec.time_zone))
        self._paging = Paging(pages, floor, self._speaker)
        self._acknowledge = Acknowledging(pages, speak) if isinstance(pages, QueuePages) else None
        size = pages.size if isinstance(pages, Paged) else None
        # What a queue's rows are acknowledged by need not be among the fields that are read.
        big = (size is None or size > BIG_PAGE) and self._acknowledge is None
        #: Where the records are in a big answer; None for one that is read whole.
        self._path = path_to_records(operation) if big else None

    async def page(self, window: Window, position: Position | None, priority: Priority) -> AsyncIterator[Page]:
        """One page, in parts where it is big."""
        if self._acknowledge and await self._acknowledge(position, priority):
            yield Page((), (), None)
            return
        values = self._paging.ask(window, position)
        if self._path is None:
            yield await self._speaker.ask(values, lambda raw: self._whole(raw, window, position), priority=priority)
            return
        async with self._speaker.stream(values, priority=priority) as answer:
            stream = self._speaker.records(self._path, self._reader.names, self._reader.texts, answer)
            if stream is None:
                yield self._whole(await answer.whole(), window, position)
                return
            read = _Read(self._reader, None)
            async for chunk in answer.chunks():
                records = stream.feed(chunk)
                for start in range(0, len(records), _SLICE):
                    # Others shall not wait for a whole chunk to be understood.
                    await asyncio.sleep(0)
                    read.take(records[start : start + _SLICE])
                if read.waiting >= _PART:
                    yield Page(*read.part(), None, complete=False)
            content = stream.close()
            self._answer.judge(content)
            yield self._page(read, content, answer.headers, answer.agency_time, window, position)

    def _whole(self, raw: RawAnswer, window: Window, position: Position | None) -> Page:
        content = self._answer.content(self._speaker.document(raw))
        read = _Read(self._reader, self._acknowledge)
        return self._page(read, content, raw.headers, raw.agency_time, window, position)

    def _page(
        self,
        read: "_Read",
        content: Any,
        headers: Mapping[str, str],
        agency_time: datetime | None,
        window: Window,
        position: Position | None,
    ) -> Page:
        # Of a big answer these are none, but for a single record that was given for a list.
        read.take(self._answer.records(content))
        following = self._paging.after(
            window,
            position,
            content,
            headers,
            count=read.count,
            fingerprint=read.fingerprint,
            times=read.times,
            revisions=read.revisions,
            taken=read.taken,
        )
        total, free = self._paging.total(content), self._acknowledge is None
        return Page(*read.part(), following, agency_time, total=total, free=free)


class _Read:
    """What was read of a page so far: what paging has to know of all of it, and what is not yet handed on."""

    def __init__(self, reader: RecordReader, acknowledge: Acknowledging | None) -> None:
        self._reader, self._acknowledge = reader, acknowledge
        self._now = datetime.now(UTC)
        self._names = blake2b(digest_size=12)
        self._observations: list[Observation] = []
        self._unusable: list[Unusable] = []
        self.count = 0
        self.times: list[datetime] = []
        self.revisions: list[int] = []
        self.taken: list[Taken] = []

    @property
    def fingerprint(self) -> str:
        return self._names.hexdigest()

    @property
    def waiting(self) -> int:
        return len(self._observations) + len(self._unusable)

    def take(self, records: list[Any]) -> None:
        for record in records:
            mapped = self._reader.read(record, Channel.PULL, self._now)
            taken = self._acknowledge.name_of(record) if self._acknowledge else None
            self._note(mapped, taken or mapped.code or record)
            if mapped.observation:
                self._observations.append(mapped.observation)
            if mapped.unusable:
                self._unusable += _with_all_of(record, mapped.unusable)
            if taken:
                self.taken.append(taken)

    def part(self) -> tuple[tuple[Observation, ...], tuple[Unusable, ...]]:
        """What is waiting, which then is waiting no more."""
        part = tuple(self._observations), tuple(self._unusable)
        self._observations, self._unusable = [], []
        return part

    def _note(self, mapped: MappedRecord, name: Any) -> None:
        self.count += 1
        if mapped.occurred_at is not None:
            self.times.append(mapped.occurred_at)
        if mapped.revision is not None:
            self.revisions.append(mapped.revision)
        # By code where there is one: some systems number their rows anew in each answer. A queue may well give
        # one dossier many times, each under a name of its own.
        self._names.update(orjson.dumps(name))


def _with_all_of(record: Any, unusable: tuple[Unusable, ...]) -> tuple[Unusable, ...]:
    """The same, with the fields too that the mapping does not look at: another mapping may."""
    if not isinstance(record, Row):
        return unusable
    raw = orjson.dumps(record.whole()).decode()
    return tuple(each.model_copy(update={"raw": raw}) for each in unusable)
