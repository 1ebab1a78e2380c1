"""Compares what is kept beside the dossiers, counts and marks, with the dossiers themselves; and puts it right."""

from typing import NamedTuple

import orjson

from hub.db import Database, driver_of
from hub.index import derived, tallies
from hub.index.marks import filed_under
from hub.index.tallies import Difference
from hub.vault import Vault

_BATCH = 2_000

_DOSSIERS = """
    SELECT id, code, national_code, personal FROM dossier WHERE id > $1 ORDER BY id LIMIT $2
"""

_MISSING = """
    SELECT n.mark, n.dossier_id
      FROM unnest($1::bigint[], $2::bigint[]) AS n (mark, dossier_id)
     WHERE NOT EXISTS (SELECT FROM dossier_mark m WHERE (m.mark, m.dossier_id) = (n.mark, n.dossier_id))
"""


class Found(NamedTuple):
    dossiers: int
    #: Cells whose count is not what the dossiers are.
    counts: list[Difference]
    #: Marks under which a dossier is not filed, though it should be. One too many is found, and then not shown.
    missing_marks: int


async def check(database: Database, vault: Vault, *, repair: bool = False) -> Found:
    """Reads every dossier, a batch at a time. Writers need not stop: a mark that is missing for a moment, because its
    dossier changed in between, is there when it is repaired, and repairing it again changes nothing."""
    dossiers = missing_marks = 0
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
                await (await driver_of(connection)).executemany(derived.FILE, missing)
    counts = await tallies.differences(database)
    if repair and counts:
        async with database.begin() as connection:
            missed = [(each.cell, each.recounted - each.counted) for each in counts]
            await tallies.append(await driver_of(connection), missed)
    return Found(dossiers, counts, missing_marks)


def _filed_facts(national_code: str | None, personal: bytes | None, vault: Vault) -> dict[str, str]:
    facts: dict[str, str] = orjson.loads(vault.open(personal)) if personal else {}
    return facts | ({"national_code": national_code} if national_code else {})
