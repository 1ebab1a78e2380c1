"""Asks an agency's system as the hub does, through its adapter, and keeps for the checks what was asked and what came.

One try for each question, so that what the hub would bear with in silence is seen; but where the system asks for a
pause, it gets it.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from adapters import Client, build_adapter
from contracts.adapter import AgencyAdapter, CallRecord, Page, Position, Priority, Secrets, Window
from contracts.agency import AgencySpec
from contracts.errors import AgencyFailure, Malformed, Throttled
from contracts.observation import Observation, Reading, Unusable
from contracts.operations import Paged, QueuePages
from contracts.system import RestSystem, SoapSystem
from hub.studio.watching import Exchange, WatchedClient

T = TypeVar("T")

#: A walk through a list ends here, wherever the list does.
MOST_ROWS, MOST_PAGES = 2000, 200
_LONGEST_PAUSE = 60.0


@dataclass
class Told:
    """One question, and what came of it: a reading or a failure."""

    reading: Reading | None = None
    failure: AgencyFailure | None = None
    #: The last thing that went over the line for it; None where nothing did.
    exchange: Exchange | None = None
    #: As long as it took.
    seconds: float = 0.0

    @property
    def line(self) -> str:
        """ "GET /dossiers/X: HTTP 200 in 0.12 s" """
        return spoken(self.exchange.record) if self.exchange and self.exchange.record else "nothing was sent"

    @property
    def words(self) -> str:
        """The same, with why it failed."""
        return f"{self.line}. {self.failure.message}" if self.failure else self.line

    @property
    def status(self) -> int:
        """Of HTTP; 0 where nothing came."""
        return (self.exchange.record.status or 0) if self.exchange and self.exchange.record else 0

    @property
    def observation(self) -> Observation | None:
        return self.reading.observations[0] if self.reading and self.reading.observations else None


@dataclass
class Walk:
    """A list, read page by page."""

    rows: list[Observation] = field(default_factory=list)
    unusable: list[Unusable] = field(default_factory=list)
    #: How many rows each page had, with those that were not understood.
    sizes: list[int] = field(default_factory=list)
    questions: list[Told] = field(default_factory=list)
    failure: AgencyFailure | None = None
    #: Whether all of it was read.
    ended: bool = False

    @property
    def words(self) -> str:
        """What it failed with, and at which page."""
        assert self.failure
        return f"page {len(self.questions)}: {self.questions[-1].words}"


class Asking:
    def __init__(self, spec: AgencySpec, secrets: Secrets, documents: Path) -> None:
        assert isinstance(spec.system, RestSystem | SoapSystem)
        limits = spec.system.limits.model_copy(update={"attempts": 1})
        system = spec.system.model_copy(update={"limits": limits})
        self.spec = spec.model_copy(update={"system": system})
        self.system = system
        self.secrets, self.documents = secrets, documents
        #: Every call that was made, however it was made.
        self.records: list[CallRecord] = []
        self._client = WatchedClient()
        self._adapter: AgencyAdapter | None = None
        self._next_turn = 0.0

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Asking"]:
        """Raises ValueError where the spec cannot work."""
        async with self._client:
            self._adapter = await self.adapter(self.spec, self._client)
            yield self

    async def adapter(self, spec: AgencySpec, client: Client) -> AgencyAdapter:
        return await asyncio.to_thread(
            build_adapter, spec, client=client, secrets=self.secrets, documents=self.documents
        )

    async def look_up(self, code: str, adapter: AgencyAdapter | None = None) -> Told:
        asked = adapter or self._here
        told, reading = await self._ask(lambda: asked.lookup(code, priority=Priority.PERSON))
        told.reading = reading
        return told

    async def walk(self, window: Window, size: int | None = None, most_pages: int = MOST_PAGES) -> Walk:
        """Read the list of changes in `window`, in pages of `size` where that is given."""
        spec = self.spec if size is None else with_size(self.spec, size)
        adapter = self._here if size is None else await self.adapter(spec, self._client)
        walk, position = Walk(), None
        if is_queue(self.spec):
            # To ask for its second page would tell the agency that the first one is taken.
            most_pages = 1
        while len(walk.questions) < most_pages and len(walk.rows) < MOST_ROWS:
            told, page = await self._ask(partial(_whole, adapter, window, position))
            walk.questions.append(told)
            if page is None:
                walk.failure = told.failure
                return walk
            walk.rows += page.observations
            walk.unusable += page.unusable
            known = {each.code for each in page.observations}
            walk.sizes.append(len(page.observations) + len({x.raw for x in page.unusable if x.code not in known}))
            position = page.next
            if position is None:
                walk.ended = True
                break
        return walk

    async def crowd(self, codes: list[str], at_once: int) -> list[tuple[str, Told]]:
        """Look all of `codes` up, so many `at_once`."""
        kept: list[CallRecord] = []

        async def keep(record: CallRecord) -> None:
            kept.append(record)

        async with Client(keep) as client:
            adapter = await self.adapter(self.spec, client)
            free = asyncio.Semaphore(at_once)

            async def one(code: str) -> tuple[str, Told]:
                async with free:
                    try:
                        return code, Told(reading=await adapter.lookup(code, priority=Priority.PERSON))
                    except AgencyFailure as failure:
                        return code, Told(failure=failure)

            # One alone before, so that a login is not made by each.
            first = [await one(codes[0])] if codes else []
            answers = first + list(await asyncio.gather(*map(one, codes[1:])))
        self.records += kept
        return answers

    @property
    def _here(self) -> AgencyAdapter:
        assert self._adapter is not None, "used within `open`"
        return self._adapter

    async def _ask(self, question: Callable[[], Coroutine[None, None, T]]) -> tuple[Told, T | None]:
        for last in (False, False, True):
            await self._pace()
            before, began = len(self._client.exchanges), time.monotonic()
            told, answer = Told(), None
            try:
                answer = await question()
            except AgencyFailure as failure:
                told.failure = failure
            told.seconds = time.monotonic() - began
            new = self._client.exchanges[before:]
            told.exchange = new[-1] if new else None
            self.records += [each.record for each in new if each.record]
            pause = told.failure.retry_after or 5.0 if isinstance(told.failure, Throttled) else None
            if pause is None or pause > _LONGEST_PAUSE or last:
                break
            await asyncio.sleep(pause)
        return told, answer

    async def _pace(self) -> None:
        """No faster than the agency's budget has it."""
        if rate := self.system.budget.per_second:
            now = time.monotonic()
            await asyncio.sleep(max(0.0, self._next_turn - now))
            self._next_turn = max(now, self._next_turn) + 1 / rate


async def _whole(adapter: AgencyAdapter, window: Window, position: Position | None) -> Page:
    """A page as if it came in one part."""
    observations: list[Observation] = []
    unusable: list[Unusable] = []
    last: Page | None = None
    async for last in adapter.changes(window, position, priority=Priority.PERSON):
        observations += last.observations
        unusable += last.unusable
    if last is None:
        raise Malformed("The list gave no page.")
    return Page(tuple(observations), tuple(unusable), last.next, last.agency_time)


def spoken(record: CallRecord) -> str:
    query, _, _ = record.request.partition(b"\n") if record.request.startswith(b"?") else (b"", b"", b"")
    path = (urlsplit(record.address).path or "/") + query.decode(errors="replace")
    if record.status is None:
        return f"{record.method} {path}: no answer, {record.seconds:.2f} s"
    return f"{record.method} {path}: HTTP {record.status} in {record.seconds:.2f} s"


def with_size(spec: AgencySpec, size: int) -> AgencySpec:
    changes = spec.operations.changes
    assert changes is not None
    pages = changes.pages.model_copy(update={"size": size})
    operations = spec.operations.model_copy(update={"changes": changes.model_copy(update={"pages": pages})})
    return spec.model_copy(update={"operations": operations})


def takes_size(spec: AgencySpec) -> bool:
    """Whether the request for changes says how many rows it wants."""
    changes = spec.operations.changes
    return changes is not None and isinstance(changes.pages, Paged) and "{size" in changes.request.model_dump_json()


def is_queue(spec: AgencySpec) -> bool:
    return spec.operations.changes is not None and isinstance(spec.operations.changes.pages, QueuePages)
