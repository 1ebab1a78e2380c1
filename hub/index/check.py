"""Compares what is kept beside the dossiers, counts and marks, with the dossiers themselves, and the steps that these
keep with their history; and puts it right."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import asyncpg
import orjson
from sqlalchemy import RowMapping, text

from hub.db import Database, driver_of
from hub.index import derived, tallies
from hub.index.history import LINES, entries_of
from hub.index.marks import filed_under
from hub.index.merge import timeline
from hub.index.rows import agencies_of
from hub.index.steps import KEPT, packed
from hub.index.tallies import Difference
from hub.vault import Vault

_BATCH = 2_000

_DOSSIERS = f"""
    SELECT id, agency, former_agencies, code, national_code, personal, {KEPT}
      FROM dossier
     WHERE id > $1
     ORDER BY id
     LIMIT $2
"""

_MISSING = """
    SELECT n.mark, n.dossier_id
      FROM unnest($1::bigint[], $2::bigint[]) AS n (mark, dossier_id)
     WHERE NOT EXISTS (SELECT FROM dossier_mark m WHERE (m.mark, m.dossier_id) = (n.mark, n.dossier_id))
"""


# Locked as `record` locks.
_LOCKED = text(f"""
    SELECT id, agency, former_agencies, {KEPT}
      FROM dossier
     WHERE id = ANY(CAST(:ids AS bigint[]))
     ORDER BY id
       FOR UPDATE
""")
_KEEP = "UPDATE dossier SET timeline = $2, timeline_at = updated_at, steps = NULL WHERE id = $1"


class Found(NamedTuple):
    dossiers: int
    #: Cells whose count is not what the dossiers are.
    counts: list[Difference]
    #: Marks under which a dossier is not filed, though it should be. One too many is found, and then not shown.
    missing_marks: int
    #: Dossiers that do not keep the steps which their history tells, or none yet.
    other_steps: int


async def check(database: Database, vault: Vault, *, repair: bool = False) -> Found:
    """Reads every dossier, a batch at a time. Writers need not stop: a mark that is missing for a moment, because its
    dossier changed in between, is there when it is repaired, and repairing it again changes nothing."""
    dossiers = missing_marks = other_steps = 0
    last = 0
    while rows := await database.reads.fetch(_DOSSIERS, last, _BATCH):
        last = rows[-1]["id"]
        dossiers += len(rows)
        wanted = [
            (mark, row["id"])
            for row in rows
            for mark in filed_under(row["code"], _filed_facts(row["national_code"], row["personal"], vault), vault)
        ]
        marks, ids = [mark for mark, _ in wanted], [dossier_id for _, dossier_id in wanted]
        missing = [(row["mark"], row["dossier_id"]) for row in await database.reads.fetch(_MISSING, marks, ids)]
        missing_marks += len(missing)
        if repair and missing:
            async with database.begin() as connection:
                await driver_of(connection).executemany(derived.FILE, missing)
        other_steps += await _other_steps(database, vault, rows, repair=repair)
    counts = await tallies.differences(database)
    if repair and counts:
        async with database.begin() as connection:
            missed = [(each.cell, each.recounted - each.counted) for each in counts]
            await tallies.append(driver_of(connection), missed)
    return Found(dossiers, counts, missing_marks, other_steps)


async def _other_steps(database: Database, vault: Vault, rows: Iterable[asyncpg.Record], *, repair: bool) -> int:
    """How many of the dossiers keep other steps than their history tells."""
    empty = [row["id"] for row in rows if row["steps"] is None]
    kept = {row["id"]: row for row in rows if row["steps"] is not None}
    lines = await database.reads.fetch(LINES, list(kept))
    doubtful = [*empty, *_told(kept, lines, vault)]
    if not doubtful:
        return 0
    # Dossier and history were read one after the other. While nobody writes it shows which are really other.
    async with database.begin() as connection:
        locked = {row["id"]: row for row in (await connection.execute(_LOCKED, {"ids": doubtful})).mappings()}
        driver = driver_of(connection)
        told = _told(locked, await driver.fetch(LINES, list(locked)), vault)
        if repair:
            await driver.executemany(_KEEP, list(told.items()))
    return len(told)


def _told(
    kept: Mapping[int, asyncpg.Record | RowMapping], lines: Iterable[asyncpg.Record], vault: Vault
) -> dict[int, bytes]:
    """By dossier the steps that its lines tell, of those that keep others."""
    history = entries_of(lines, vault)
    told = {dossier_id: packed(timeline(history[dossier_id], agencies_of(row))) for dossier_id, row in kept.items()}
    return {dossier_id: steps for dossier_id, steps in told.items() if steps != kept[dossier_id]["steps"]}


def _filed_facts(national_code: str | None, personal: bytes | None, vault: Vault) -> dict[str, str]:
    facts: dict[str, str] = orjson.loads(vault.open(personal)) if personal else {}
    return facts | ({"national_code": national_code} if national_code else {})
