"""A spec in shadow: it reads what agencies really say, recorded and then live, beside the one at work, and changes
nothing. What the two understand differently is told, before it takes over."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import RowMapping, delete, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from contracts.observation import PERSONAL, Observation, Reading
from hub.access.audit import note
from hub.db import Database
from hub.specs.recorded import BuildWith, Reader, pieces
from hub.specs.specs import Specs, SpecWrong, digest_of
from hub.specs.tables import spec_shadow
from hub.specs.texts import spec_in
from hub.vault import Vault

log = structlog.get_logger()

#: It begins with what was recorded in so much time before.
_RECORDED = timedelta(days=1)
#: So many answers and so many pushed bodies are read at a look.
_MOST = 50
_MOST_SHOWN = 30


@dataclass(slots=True)
class Found:
    """What was found so far, as it stands in spec_shadow.found."""

    #: Answers and pushed bodies that both have read, and records in them.
    pieces: int = 0
    records: int = 0
    #: Of those, that both understand in the same way, and otherwise.
    same: int = 0
    differ: int = 0
    #: What could not be understood, by the one at work and by the one in shadow.
    unusable: int = 0
    unusable_in_shadow: int = 0
    #: The first differences: code, field, and what each made of it. Of personal facts, only that they differ.
    shown: list[tuple[str, str, str | None, str | None]] = field(default_factory=list)
    #: What the one in shadow does not understand, by its causes.
    messages: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shadow:
    """A spec that reads along."""

    agency: str
    text: str
    author: str
    started_at: datetime
    found: Found


class Shadows:
    def __init__(self, database: Database, vault: Vault, specs: Specs, build: BuildWith) -> None:
        self._database, self._vault = database, vault
        self._specs, self._build = specs, build
        # By the text of the spec: to build one may take a second.
        self._readers: dict[bytes, Reader] = {}

    async def start(self, agency: str, text: str, *, actor: str) -> None:
        """Have `text` read along, in the place of what did so before. Raises SpecWrong."""
        if wrong := [each for each in await self._specs.check(agency, text) if not each.warning]:
            raise SpecWrong(wrong)
        row = {"text": text, "author": actor, "started_at": datetime.now(UTC)}
        row |= {"call_id": 0, "inbox_id": 0, "found": {}}
        async with self._database.begin() as connection:
            statement = upsert(spec_shadow).values(agency=agency, **row)
            await connection.execute(statement.on_conflict_do_update(index_elements=["agency"], set_=row))
            await note(connection, actor=actor, action="shadow.started", target=agency)

    async def stop(self, agency: str, *, actor: str) -> None:
        """Where there is one."""
        async with self._database.begin() as connection:
            gone = await connection.execute(delete(spec_shadow).where(spec_shadow.c.agency == agency))
            if gone.rowcount:
                await note(connection, actor=actor, action="shadow.stopped", target=agency)

    async def of(self, agency: str) -> Shadow | None:
        async with self._database.begin() as connection:
            rows = await connection.execute(select(spec_shadow).where(spec_shadow.c.agency == agency))
            row = rows.mappings().one_or_none()
        if row is None:
            return None
        told = {name: row[name] for name in ("agency", "text", "author", "started_at")}
        return Shadow(**told, found=Found(**row["found"]))

    async def look(self) -> None:
        """Read on, with each, as far as there is something and it is not too much at once."""
        async with self._database.begin() as connection:
            rows = (await connection.execute(select(spec_shadow))).mappings().all()
        if not rows:
            self._readers.clear()
        for row in rows:
            try:
                await self._read_on(row)
            except ValueError as error:
                # It was right when it was put there: something beside it has changed, such as a document.
                log.warning("shadow.unusable", agency=row["agency"], why=str(error))

    async def _read_on(self, row: RowMapping) -> None:
        current = await self._specs.current(row["agency"])
        if current is None:
            return
        now, shadow = await self._reader(current.text), await self._reader(row["text"])
        place = row["call_id"], row["inbox_id"]
        since = row["started_at"] - _RECORDED
        async with self._database.reads.acquire() as connection:
            said, further = await pieces(connection, self._vault, row["agency"], after=place, since=since, most=_MOST)
        if further == place:
            return
        found = Found(**row["found"])
        for piece in said:
            _compare(found, await now.read(piece), await shadow.read(piece))
        async with self._database.begin() as connection:
            # Unless it was stopped, or begun anew, meanwhile.
            same = (spec_shadow.c.agency == row["agency"]) & (spec_shadow.c.started_at == row["started_at"])
            values = {"call_id": further[0], "inbox_id": further[1], "found": asdict(found)}
            await connection.execute(update(spec_shadow).where(same).values(values))

    async def _reader(self, text: str) -> Reader:
        digest = digest_of(text)
        if digest not in self._readers:
            spec = spec_in(text)
            if spec is None:
                raise ValueError("its spec is none any more")
            self._readers[digest] = await asyncio.to_thread(Reader, spec, self._build)
        return self._readers[digest]


def _compare(found: Found, now: Reading, shadow: Reading) -> None:
    before, after = _by_code(now.observations), _by_code(shadow.observations)
    found.pieces += 1
    found.unusable += len(now.unusable)
    found.unusable_in_shadow += len(shadow.unusable)
    for each in shadow.unusable:
        if each.cause in found.messages or len(found.messages) < _MOST_SHOWN:
            found.messages[each.cause] = found.messages.get(each.cause, 0) + 1
    for key in dict.fromkeys([*before, *after]):
        found.records += 1
        differences = list(_differences(key[0], before.get(key, {}), after.get(key, {})))
        found.same += not differences
        found.differ += bool(differences)
        found.shown += differences[: max(0, _MOST_SHOWN - len(found.shown))]


def _by_code(observations: Iterable[Observation]) -> dict[tuple[str, int], dict[str, Any]]:
    """What each says, by its code; one that is told several times by which time it is."""
    said: dict[tuple[str, int], dict[str, Any]] = {}
    times: defaultdict[str, int] = defaultdict(int)
    for each in observations:
        facts = each.facts.model_dump(exclude_unset=True)
        said[each.code, times[each.code]] = {"occurred_at": each.occurred_at, "revision": each.revision} | facts
        times[each.code] += 1
    return said


def _differences(
    code: str, before: dict[str, Any], after: dict[str, Any]
) -> Iterable[tuple[str, str, str | None, str | None]]:
    for name in dict.fromkeys([*before, *after]):
        was, is_now = before.get(name), after.get(name)
        if was != is_now:
            yield (code, name, _shown(name, was), _shown(name, is_now))


def _shown(name: str, value: Any) -> str | None:
    if value is None:
        return None
    return "***" if name in PERSONAL else str(value)
