"""Keeps a process's registry at the versions that are at work, so that a new one needs no restart anywhere."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from time import monotonic

import asyncpg
import structlog

from config.spec_file import SpecFile
from contracts.adapter import AgencyAdapter
from contracts.agency import AgencySpec
from hub.db import Database, is_away
from hub.documents.documents import Documents
from hub.registry import Registry
from hub.streams import store

log = structlog.get_logger()

_LOOK_SECONDS = 2
#: What cannot be worked with is tried again after so long: what it lacks, as a document, may have come.
_AGAIN_SECONDS = 60

_NUMBERS = "SELECT agency, version FROM agency_spec"
_TEXTS = """
    SELECT agency, version, text FROM spec_version JOIN agency_spec USING (agency, version)
     WHERE agency = ANY($1)
     ORDER BY agency
"""

Build = Callable[[AgencySpec], AgencyAdapter]
Changed = Callable[[list[str]], Awaitable[None]]


class Follower:
    def __init__(
        self,
        database: Database,
        registry: Registry,
        build: Build,
        documents: Documents,
        addresses: Mapping[str, str],
    ) -> None:
        """`addresses`: where agencies' systems really are, in place of what their specs say."""
        self._database, self._registry, self.build = database, registry, build
        self._documents, self._addresses = documents, addresses
        self._versions: dict[str, int] = {}
        self._tried_at: dict[str, float] = {}
        self._turn = asyncio.Lock()
        self._told: list[Changed] = []
        #: What is at work and this process cannot work with, by agency, and why. It goes on with what it had.
        self.unusable: dict[str, tuple[str, ...]] = {}

    def tell(self, changed: Changed) -> None:
        """Have it told which agencies have another spec, once it is at work here."""
        self._told.append(changed)

    async def follow(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                await self.catch_up()
            except Exception as error:
                # The next look is soon.
                if not is_away(error):
                    log.exception("specs.not_followed")

    async def catch_up(self) -> None:
        """Be at the versions that are at work now."""
        async with self._turn:
            # What has not changed may need them, too: as what reads along.
            await self._documents.look()
            rows = await self._database.reads.fetch(_NUMBERS)
            others = [
                row["agency"]
                for row in rows
                if self._versions.get(row["agency"]) != row["version"] or self._is_to_be_tried(row["agency"])
            ]
            if not others:
                return
            found = await self._database.reads.fetch(_TEXTS, others)
            changed = [each for each in [await self._take(row) for row in found] if each]
            specs = [spec for agency in changed if (spec := self._registry.spec(agency)) and spec.enabled]
            for kind in store.KINDS:
                await store.ensure(self._database, [spec for spec in specs if spec.plan(kind)], [kind])
        for tell in self._told:
            await tell(changed)

    def _is_to_be_tried(self, agency: str) -> bool:
        return agency in self.unusable and monotonic() - self._tried_at[agency] > _AGAIN_SECONDS

    async def _take(self, row: asyncpg.Record) -> str | None:
        """Have the registry know this version. The agency, where it does."""
        agency: str = row["agency"]
        self._versions[agency] = row["version"]
        file = SpecFile(Path(f"{agency}.yaml"), self._addresses.get(agency), text=row["text"])
        if file.spec is None:
            self._cannot(row, *map(str, file.mistakes))
            return None
        try:
            # Off the event loop: reading a WSDL takes up to a second.
            adapter = await asyncio.to_thread(self.build, file.spec) if file.spec.enabled else None
        except (ValueError, OSError) as error:
            self._cannot(row, str(error))
            return None
        self.unusable.pop(agency, None)
        self._registry.put(file.spec, adapter)
        return agency

    def _cannot(self, row: asyncpg.Record, *why: str) -> None:
        self.unusable[row["agency"]] = why
        self._tried_at[row["agency"]] = monotonic()
        log.error("spec.unusable", agency=row["agency"], version=row["version"], why="; ".join(why))
