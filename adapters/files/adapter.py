"""The AgencyAdapter of agencies that leave files: each is one page, and is put away once that page is stored."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from hashlib import sha256
from itertools import chain, count
from pathlib import PurePosixPath
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from adapters.adapter import SpecAdapter
from adapters.answers import AnswerReader
from adapters.calling.client import Client, Peer
from adapters.files.csv_lines import csv_lines
from adapters.files.folder import Entry, Folder, OpenFolder
from adapters.files.rows import Row, columns_of, table
from adapters.files.xlsx_lines import xlsx_lines
from adapters.files.xml_records import xml_records
from contracts.adapter import Capability, Page, Position, Priority, Window
from contracts.agency import AgencySpec
from contracts.errors import Malformed
from contracts.observation import Channel, Observation, Unusable
from contracts.operations import Answer
from contracts.system import Csv, FileFormat, FileSystem, Xlsx

#: What goes into one transaction.
MAX_ROWS = 200_000
#: Where files go that nobody could read.
FAILED = "failed"

# Still being written, or somebody's lock.
_UNFINISHED_STARTS, _UNFINISHED_ENDS = (".", "~$"), (".part", ".filepart", ".tmp", ".crdownload")

# How much of a file that could not be read goes into the quarantine; the file itself is kept.
_BEGINNING = 2000

# Before the year 10000, in any zone.
_LAST_MOMENT = 253_402_000_000


@dataclass(frozen=True, slots=True)
class _Taken:
    """A file that is ours to read. Without `content` it is too large."""

    name: str
    digest: str
    content: bytes | None


class FilesAdapter(SpecAdapter):
    """contracts.adapter.AgencyAdapter over a folder of files.

    A position names the file that was read last, by its content's digest. Whoever comes back with it has stored
    that file's page: now it is moved, and the next one read.
    """

    def __init__(self, spec: AgencySpec, system: FileSystem, client: Client, folder: Folder) -> None:
        """Raises ValueError where the spec cannot work."""
        super().__init__(spec, None)
        assert spec.mapping, "AgencySpec sees to it"
        self.capabilities = self.capabilities | {Capability.CHANGES}
        self._system, self._client, self._folder = system, client, folder
        self._zone = ZoneInfo(spec.time_zone)
        self._peer = Peer(spec.id, self._zone, system.limits, system.budget)
        self._rows = _reader_of(system.format, spec)
        # When we first saw each file as it is now.
        self._seen: dict[str, tuple[Entry, float]] = {}

    async def changes(
        self, window: Window, position: Position | None = None, *, priority: Priority = Priority.INCREMENTAL
    ) -> AsyncIterator[Page]:
        """The next file as one page, whatever the window; an empty one where none is ready."""

        async def step() -> _Taken | None:
            async with self._folder.opened() as folder:
                entries = await folder.entries()
                if position and (stored := await self._stored(folder, entries, position)):
                    await self._put_away(folder, stored, position.get("why"))
                    entries.remove(stored)
                return await self._take(folder, entries)

        taken = await self._client.carry(
            step,
            self._peer,
            operation="changes",
            method="READ",
            address=self._folder.address,
            priority=priority,
            repeatable=True,
        )
        yield await asyncio.to_thread(self._page, taken) if taken else Page((), (), None)

    # --- taking ---------------------------------------------------------------------------------

    async def _take(self, folder: OpenFolder, entries: list[Entry]) -> _Taken | None:
        """The first file that is ready, by name."""
        for entry in self._ready(entries):
            if taken := await self._read(folder, entry):
                return taken
        return None

    async def _read(self, folder: OpenFolder, entry: Entry) -> _Taken | None:
        """None where it changes while we read it."""
        name = _told(entry.name)
        if entry.size > self._system.limits.max_bytes:
            return _Taken(name, f"{entry.size} bytes of {entry.changed_at}", None)
        content = await folder.read(entry)
        if content is None:
            return None
        return _Taken(name, (await asyncio.to_thread(sha256, content)).hexdigest(), content)

    def _ready(self, entries: list[Entry]) -> list[Entry]:
        ours = [entry for entry in sorted(entries, key=lambda entry: entry.name) if self._is_ours(entry.name)]
        if suffix := self._system.ready_suffix:
            names = {entry.name for entry in entries}
            return [entry for entry in ours if entry.name + suffix in names]
        now = time.monotonic()
        known = self._seen
        self._seen = {
            entry.name: known[entry.name] if entry.name in known and known[entry.name][0] == entry else (entry, now)
            for entry in ours
        }
        return [entry for entry in ours if self._is_settled(entry, now)]

    def _is_ours(self, name: str) -> bool:
        name, suffix = name.casefold(), self._system.ready_suffix
        return (
            fnmatchcase(name, self._system.pattern.casefold())
            and not name.startswith(_UNFINISHED_STARTS)
            and not name.endswith(_UNFINISHED_ENDS)
            and not (suffix and name.endswith(suffix.casefold()))
        )

    def _is_settled(self, entry: Entry, now: float) -> bool:
        """By its own time, or where that cannot be true (another machine's clock) by what we saw ourselves."""
        age = max(time.time() - entry.changed_at, now - self._seen[entry.name][1])
        return age >= self._system.settle_seconds

    # --- putting away ---------------------------------------------------------------------------

    async def _stored(self, folder: OpenFolder, entries: list[Entry], position: Position) -> Entry | None:
        """The file whose page is stored. None where it is gone, or by now another one of that name."""
        for entry in entries:
            if _told(entry.name) == position.get("taken"):
                read = await self._read(folder, entry)
                if read and read.digest == position.get("digest"):
                    return entry
        return None

    async def _put_away(self, folder: OpenFolder, entry: Entry, why: str | None) -> None:
        into = FAILED if why else self._system.done
        name = await self._free_name(folder, into, entry)
        if why:
            await folder.write(into, f"{name}.why.txt", f"{why}\n".encode())
        if suffix := self._system.ready_suffix:
            # First, lest a mark without its file be taken for that of the next one by the same name.
            await folder.move(entry.name + suffix, into, name + suffix)
        await folder.move(entry.name, into, name)

    async def _free_name(self, folder: OpenFolder, into: str, entry: Entry) -> str:
        """Its own name, or where another is there by that, with the time of its last change; "b.csv" is
        "b (2026-11-24 081500).csv" then. No longer than leaves room for what is put at the end."""
        path = PurePosixPath(entry.name)
        stem, end = _cut(path.stem, 180), _cut(path.suffix, 20)
        moment = datetime.fromtimestamp(min(max(entry.changed_at, 0), _LAST_MOMENT), self._zone)
        stamped = f"{stem} ({moment:%Y-%m-%d %H%M%S})"
        for name in chain((stem, stamped), (f"{stamped} {number}" for number in count(2))):
            if not await folder.has(into, name + end):
                return name + end
        raise AssertionError("numbers do not end")

    # --- reading --------------------------------------------------------------------------------

    def _page(self, taken: _Taken) -> Page:
        now = datetime.now(UTC)
        position = {"taken": taken.name, "digest": taken.digest}
        try:
            observations, unusable = self._understood(taken, now)
        except Malformed as failure:
            why = f"{taken.name}: {failure.message}"
            return Page((), (self._unreadable(taken, why, now),), position | {"why": why})
        return Page(tuple(observations), tuple(unusable), position)

    def _understood(self, taken: _Taken, now: datetime) -> tuple[list[Observation], list[Unusable]]:
        if taken.content is None:
            raise Malformed(f"It is larger than {self._system.limits.max_bytes} bytes: split it, or raise the limit.")
        observations: list[Observation] = []
        unusable: list[Unusable] = []
        for number, row in enumerate(self._rows(taken.content)):
            if number == MAX_ROWS:
                raise Malformed(f"It has more than {MAX_ROWS} records: split it.")
            place = f"{row.place} of {taken.name}"
            if row.wrong:
                unusable.append(self._unusable("not_a_record", f"{place}: {row.wrong}.", row.record, now))
                continue
            assert self._records, "a system of files has a mapping"
            read = self._records.read(row.record, Channel.PULL, now)
            if read.observation:
                observations.append(read.observation)
            unusable += [each.model_copy(update={"message": f"{place}: {each.message}"}) for each in read.unusable]
        return observations, unusable

    def _unreadable(self, taken: _Taken, why: str, now: datetime) -> Unusable:
        beginning = (taken.content or b"")[:_BEGINNING].decode("utf-8", "backslashreplace")
        message = f"{why} It goes to {FAILED!r}; put right, it can be left in the folder again."
        raw = {"file": taken.name, "digest": taken.digest, "beginning": beginning}
        return self._unusable("malformed_body", message, raw, now)

    def _unusable(self, reason: str, message: str, raw: Any, now: datetime) -> Unusable:
        return Unusable(
            agency=self.spec.id,
            channel=Channel.PULL,
            reason=reason,
            message=message,
            raw=orjson.dumps(raw).decode(),
            observed_at=now,
        )


def _reader_of(format: FileFormat, spec: AgencySpec) -> Callable[[bytes], Iterator[Row]]:
    """What makes a file's rows of its content, and raises Malformed where that cannot be done.

    Raises ValueError for an expression that is none.
    """
    assert spec.mapping
    wanted = columns_of(spec.mapping)
    if isinstance(format, Csv):
        return lambda content: table(csv_lines(content, format), format.header_row, wanted)
    if isinstance(format, Xlsx):
        return lambda content: table(xlsx_lines(content, format), format.header_row, wanted)
    reader = AnswerReader(Answer(records=format.records))
    return lambda content: xml_records(content, reader)


def _told(name: str) -> str:
    """A file's name as text: what of it is no UTF-8 is spelt out."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _cut(name: str, size: int) -> str:
    """As much of `name` as fits in so many bytes."""
    encoded = name.encode("utf-8", "surrogateescape")
    return name if len(encoded) <= size else encoded[:size].decode("utf-8", "ignore")
