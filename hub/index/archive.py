"""The archive: of dossiers that were finished long ago, the lines of history as one piece each.

The dossier itself stays where it is, with its marks and its place in the counts, so that whoever lists, searches,
counts or asks by code meets with no difference. What is said of it again brings its lines back before anything else
(`restore`), and `record` goes on as if they had never been away.

What tells of a dossier's moving from agency to agency stays a line: plans for agencies that change ask for it.
"""

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date

import asyncpg
from sqlalchemy import text

from contracts.status import DossierStatus
from hub.db import Database, Driver, driver_of
from hub.index.packing import PACKED_COLUMNS, pack, unpack

#: Of a dossier of which something new was heard in the last so many days, more may be heard.
_QUIET_DAYS = 90

#: In so many nights all dossiers have been looked at once.
_NIGHTS = 100

_BATCH = 500

# Finished by the agency's own time, where it tells that: a whole past that is read in one week is old at once. They are
# locked as `record` locks, in the order of their ids; what has changed by then is not old any more.
_NEXT = f"""
    SELECT id, agency
      FROM dossier
     WHERE id BETWEEN :first AND :last
       AND (status IN ({", ".join(str(each.number) for each in DossierStatus if each.is_final)}) OR gone_at IS NOT NULL)
       AND coalesce(finished_at, received_at, submitted_at, updated_at) < now() - make_interval(years => :years)
       AND updated_at < now() - make_interval(days => {_QUIET_DAYS})
       AND NOT EXISTS (SELECT FROM archive WHERE dossier_id = id)
     ORDER BY id
     LIMIT {_BATCH}
"""
_LAST = "SELECT coalesce(max(id), 0) FROM dossier"

_WORDS = "dossier_id = ANY($1::bigint[]) AND channel <> 'succession'"
_AS_PACKED = ", ".join("facts::text AS facts" if name == "facts" else name for name in PACKED_COLUMNS)
_LINES = f"""
    SELECT dossier_id, {_AS_PACKED}, pg_column_size(o) AS bytes
      FROM observation o
     WHERE {_WORDS}
     ORDER BY dossier_id, observed_at, digest
"""
_REMOVE = f"DELETE FROM observation WHERE {_WORDS}"

_RESTORE = "DELETE FROM archive WHERE dossier_id = ANY($1::bigint[]) RETURNING dossier_id, packed"


@dataclass(slots=True)
class Report:
    """What was put into the archive, or would be."""

    #: Dossiers by whose they are.
    dossiers: Counter[str] = field(default_factory=Counter)
    lines: int = 0
    #: What these lines take, without their index, and what they take packed.
    bytes_before: int = 0
    bytes_after: int = 0


async def archive(database: Database, years: int, *, ids: range | None = None, dry_run: bool = False) -> Report:
    """Pack the history of what was finished so many years ago, of all dossiers or those with these `ids`, a batch in
    each transaction. Whoever is stopped halfway begins again."""
    report = Report()
    if ids is None:
        ids = range(1, await database.reads.fetchval(_LAST) + 1)
    find = text(_NEXT if dry_run else _NEXT + "FOR UPDATE")
    while ids:
        async with database.begin() as connection:
            asked = {"first": ids.start, "last": ids.stop - 1, "years": years}
            found = (await connection.execute(find, asked)).all()
            if not found:
                break
            report.dossiers.update(row.agency for row in found)
            await pack_away(driver_of(connection), [row.id for row in found], report, dry_run=dry_run)
        ids = range(found[-1].id + 1, ids.stop)
    return report


async def pack_away(driver: Driver, dossier_ids: Collection[int], report: Report, *, dry_run: bool = False) -> None:
    """Put the history of these into the archive, whatever they are. They are locked, and not archived yet."""
    histories: dict[int, list[asyncpg.Record]] = defaultdict(list)
    for line in await driver.fetch(_LINES, list(dossier_ids)):
        histories[line["dossier_id"]].append(line)
        report.lines += 1
        report.bytes_before += line["bytes"]
    rows = [(dossier_id, pack(lines)) for dossier_id, lines in histories.items()]
    report.bytes_after += sum(len(packed) for _, packed in rows)
    if not dry_run:
        await driver.copy_records_to_table("archive", records=rows, columns=("dossier_id", "packed"))
        await driver.execute(_REMOVE, list(dossier_ids))


async def tonight(database: Database, day: date) -> range:
    """The ids of a part of all dossiers, the next one each day."""
    last, part = await database.reads.fetchval(_LAST), day.toordinal() % _NIGHTS
    return range(last * part // _NIGHTS + 1, last * (part + 1) // _NIGHTS + 1)


async def restore(driver: Driver, dossier_ids: Collection[int]) -> None:
    """Bring back the lines of those that are archived. The dossiers are locked."""
    lines = [
        (row["dossier_id"], *(line[name] for name in PACKED_COLUMNS))
        for row in await driver.fetch(_RESTORE, list(dossier_ids))
        for line in unpack(row["packed"])
    ]
    if lines:
        columns = ("dossier_id", *PACKED_COLUMNS)
        await driver.copy_records_to_table("observation", records=lines, columns=columns)
