"""The agencies' specs: publish one, go back to an earlier one, tell all there were. Each is kept for ever."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import func, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from config.spec_file import Mistake, SpecFile
from contracts.adapter import Secrets
from hub.access.audit import note
from hub.db import Database
from hub.documents.documents import Documents
from hub.specs.differences import differences
from hub.specs.tables import agency_spec, spec_version
from hub.studio.check import check

#: So long a new version is watched.
WATCHED = timedelta(hours=1)

#: Whoever publishes takes turns. Any number will do: "hub" and "specs" on a phone's keys.
_LOCK = 482_77327

_COLUMNS = "agency, version, text, published_at, author, reason, way"
_AT_WORK = f"SELECT {_COLUMNS} FROM spec_version JOIN agency_spec USING (agency, version)"
_ALL = f"SELECT {_COLUMNS} FROM spec_version WHERE agency = $1 ORDER BY version DESC"
_ONE = f"SELECT {_COLUMNS} FROM spec_version WHERE agency = $1 AND version = $2"
#: What failed with the spec before may well go now.
_TRY_AGAIN = text("""
    UPDATE stream
       SET next_due_at = least(next_due_at, now() + interval '3 seconds')
     WHERE agency = :agency AND failures_in_a_row > 0
""")


class Way(StrEnum):
    """How a version came about."""

    FILE = "file"
    CONSOLE = "console"
    API = "api"
    COMMAND = "command"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True)
class Version:
    """A spec as it was published."""

    agency: str
    version: int
    #: YAML.
    text: str
    published_at: datetime
    author: str
    reason: str
    way: Way


class SpecWrong(ValueError):
    """It cannot be published: what is wrong, where, and what would be right."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("; ".join(str(each) for each in mistakes))
        self.mistakes = mistakes


class Overtaken(Exception):
    """Somebody has published another version since the one that was looked at."""

    def __init__(self, newer: Version) -> None:
        super().__init__(
            f"{newer.agency} has version {newer.version} by now, which {newer.author} published: look at it first"
        )
        self.newer = newer


class NoSuchVersion(LookupError):
    """No such version of the agency's spec was ever published."""


class Specs:
    def __init__(self, database: Database, secrets: Secrets, documents: Documents) -> None:
        self._database = database
        self._secrets, self._documents = secrets, documents

    async def at_work(self) -> dict[str, Version]:
        """Of each agency the version that is at work."""
        return {row["agency"]: _version(row) for row in await self._database.reads.fetch(_AT_WORK)}

    async def current(self, agency: str) -> Version | None:
        row = await self._database.reads.fetchrow(f"{_AT_WORK} WHERE agency = $1", agency)
        return _version(row) if row else None

    async def versions(self, agency: str) -> list[Version]:
        """All there were, the latest first."""
        return [_version(row) for row in await self._database.reads.fetch(_ALL, agency)]

    async def version(self, agency: str, number: int) -> Version:
        """Raises NoSuchVersion."""
        row = await self._database.reads.fetchrow(_ONE, agency, number)
        if row is None:
            raise NoSuchVersion(f"{agency} has no version {number}")
        return _version(row)

    async def check(self, agency: str, text: str) -> list[Mistake]:
        """All there is to say about it: what is wrong, and what works but had better be otherwise."""
        file = SpecFile(Path(f"{agency}.yaml"), text=text)
        await self._documents.look()
        found = await asyncio.to_thread(check, file, secrets=self._secrets, documents=self._documents.folder)
        if file.spec:
            if file.spec.id != agency:
                found.append(file.mistake(("id",), f"this is the spec of {agency}; write `id: {agency}`"))
            known = {*await self._known(), agency}
            found += [
                file.mistake(("successors",), f"{each!r} is no agency")
                for each in file.spec.successors
                if each not in known
            ]
        return found

    async def publish(
        self, agency: str, text: str, *, author: str, reason: str, way: Way, based_on: int | None
    ) -> Version:
        """Put `text` to work. `based_on`: the version that its author has looked at; None where there was none.

        The version at work, where it says just that. Raises SpecWrong, and Overtaken.
        """
        if wrong := [each for each in await self.check(agency, text) if not each.warning]:
            raise SpecWrong(wrong)
        async with self._database.begin() as connection:
            before = await self._locked(connection, agency)
            if before and before.version != based_on:
                raise Overtaken(before)
            if before and before.text == text:
                return before
            return await self._put(connection, agency, text, before, author, reason, way)

    async def roll_back(
        self, agency: str, number: int, *, author: str, reason: str, only_from: int | None = None
    ) -> Version:
        """Put an earlier version to work again, as a new one. `only_from`: unless another is at work by now.

        Raises NoSuchVersion, and Overtaken.
        """
        earlier = await self.version(agency, number)
        async with self._database.begin() as connection:
            before = await self._locked(connection, agency)
            if before and only_from not in (None, before.version):
                raise Overtaken(before)
            if before and before.text == earlier.text:
                return before
            told = f"version {number} again: {reason}"
            return await self._put(connection, agency, earlier.text, before, author, told, Way.ROLLBACK)

    async def _known(self) -> set[str]:
        return {row["agency"] for row in await self._database.reads.fetch("SELECT agency FROM agency_spec")}

    async def _locked(self, connection: AsyncConnection, agency: str) -> Version | None:
        """What is at work, until whoever holds the connection is done."""
        await take_turns(connection)
        statement = select(spec_version).join(
            agency_spec,
            (agency_spec.c.agency == spec_version.c.agency) & (agency_spec.c.version == spec_version.c.version),
        )
        found = await connection.execute(statement.where(spec_version.c.agency == agency))
        row = found.mappings().one_or_none()
        return _version(row) if row else None

    async def _put(
        self,
        connection: AsyncConnection,
        agency: str,
        told: str,
        before: Version | None,
        author: str,
        reason: str,
        way: Way,
    ) -> Version:
        newest = select(func.max(spec_version.c.version)).where(spec_version.c.agency == agency)
        number = ((await connection.execute(newest)).scalar() or 0) + 1
        made = await connection.execute(
            insert(spec_version).values(row_of(agency, number, told, author, reason, way)).returning(spec_version)
        )
        published = _version(made.mappings().one())
        # One that is put back is known.
        watched = func.now() + WATCHED if before and way is not Way.ROLLBACK else None
        values = {"version": number, "watched_until": watched}
        await connection.execute(
            upsert(agency_spec)
            .values(agency=agency, **values)
            .on_conflict_do_update(index_elements=["agency"], set_=values)
        )
        await connection.execute(_TRY_AGAIN, {"agency": agency})
        detail = {
            "version": number,
            "before": before.version if before else None,
            "reason": reason,
            "changed": [each.place for each in differences(before.text if before else None, told)][:50],
        }
        action = "spec.rolled_back" if way is Way.ROLLBACK else "spec.published"
        await note(connection, actor=author, action=action, target=agency, detail=detail)
        return published


def digest_of(told: str) -> bytes:
    return hashlib.sha256(told.encode()).digest()


async def take_turns(connection: AsyncConnection) -> None:
    """Until its transaction ends, nobody else publishes."""
    await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def row_of(agency: str, version: int, told: str, author: str, reason: str, way: Way) -> dict[str, Any]:
    """For the table spec_version."""
    values = {"author": author, "reason": reason, "way": way.value}
    return {"agency": agency, "version": version, "text": told, "digest": digest_of(told)} | values


def _version(row: asyncpg.Record | Mapping[str, Any]) -> Version:
    values = {name: row[name] for name in ("agency", "version", "text", "published_at", "author", "reason")}
    return Version(**values, way=Way(row["way"]))
