"""How many dossiers there are, by agency, status and month, on time and late: counted as they change.

Each transaction of `record` appends what it adds and takes away (`tally_delta`), and so waits for no other; the clock
folds that into `tally`. Whoever reads adds up both. Days and months are Vietnam's.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta, timezone
from typing import Any, NamedTuple

from sqlalchemy import text

from contracts.statistics import CountedAt
from hub.db import Database, Driver
from hub.index.summaries import Json

#: Vietnam has had one time, without summer time, since 1975.
VIETNAM = timezone(timedelta(hours=7))

#: Statuses at which the agency's clock runs, and those where nobody knows.
_RUNNING = frozenset({0, 2, 4})

#: Some write a day that never comes. The driver takes the calendar's last one for infinity.
_LAST_DAY = date(9999, 12, 30)

#: A dossier whose status word is not understood.
UNKNOWN_STATUS = 0


class Cell(NamedTuple):
    """Where a dossier is counted."""

    #: Who handles it now.
    agency: str
    #: Who did before, in order; None where it never moved.
    former_agencies: tuple[str, ...] | None
    status: int
    #: The first day of the month in which it was received, else handed in; None where nobody said.
    month: date | None
    #: The day by which it must be ready, as long as the clock runs.
    due_on: date | None
    #: It was finished, after that day.
    late: bool


def cell(agencies: tuple[str, ...], facts: Mapping[str, Any]) -> Cell | None:
    """The cell of a dossier with these facts, that these agencies have had one after the other; None for one that is
    gone."""
    if "gone_at" in facts:
        return None
    status = int(facts.get("status") or UNKNOWN_STATUS)
    began, due, finished = (
        _day(facts.get("received_at") or facts.get("submitted_at")),
        _day(facts.get("due_at")),
        _day(facts.get("finished_at")),
    )
    return Cell(
        agencies[-1],
        agencies[:-1] or None,
        status,
        began and began.replace(day=1),
        due if status in _RUNNING and finished is None else None,
        due is not None and finished is not None and finished > due,
    )


def _day(at: datetime | None) -> date | None:
    if at is None:
        return None
    try:
        return min(at.astimezone(VIETNAM).date(), _LAST_DAY)
    except OverflowError:
        return _LAST_DAY


class Shifts:
    """What one transaction changes in the counts."""

    def __init__(self) -> None:
        self._by_cell: Counter[Cell] = Counter()

    def move(self, before: Cell | None, after: Cell | None) -> None:
        if before == after:
            return
        if before is not None:
            self._by_cell[before] -= 1
        if after is not None:
            self._by_cell[after] += 1

    def rows(self) -> list[tuple[Cell, int]]:
        return [(each, count) for each, count in self._by_cell.items() if count]


# --- kept -----------------------------------------------------------------------------------------

_CELL = ", ".join(Cell._fields)

_FOLD = text(f"""
    WITH taken AS (DELETE FROM tally_delta RETURNING {_CELL}, count)
    INSERT INTO tally AS t ({_CELL}, count)
    SELECT {_CELL}, sum(count)
      FROM taken
     GROUP BY {_CELL}
    HAVING sum(count) <> 0
     ORDER BY agency COLLATE "C", former_agencies COLLATE "C", status, month, due_on, late
        ON CONFLICT ({_CELL}) DO UPDATE SET count = t.count + excluded.count
""")


async def fold(database: Database) -> None:
    """Take what transactions appended into the counts. In one transaction: whoever reads sees each of it once."""
    async with database.begin() as connection:
        await connection.execute(_FOLD)
        await connection.execute(text("DELETE FROM tally WHERE count = 0"))


_COUNTED = f"""
    SELECT {_CELL}, count FROM tally
     UNION ALL
    SELECT {_CELL}, count FROM tally_delta
"""


def _on(name: str) -> str:
    """The day in Vietnam of a time, as `_day` has it."""
    at = f"{name}_at AT TIME ZONE INTERVAL '+07:00'"
    last = _LAST_DAY.isoformat()
    return f"CASE WHEN {at} < '{last}' THEN ({at})::date WHEN {at} >= '{last}' THEN date '{last}' END AS {name}_on"


_RECOUNTED = f"""
    SELECT agency, former_agencies, coalesce(status, {UNKNOWN_STATUS})::smallint AS status,
           date_trunc('month', coalesce(received_on, submitted_on))::date AS month,
           CASE WHEN coalesce(status, {UNKNOWN_STATUS}) IN ({", ".join(map(str, sorted(_RUNNING)))})
                 AND finished_on IS NULL THEN due_on END AS due_on,
           coalesce(finished_on > due_on, false) AS late,
           count(*) AS count
      FROM (SELECT agency, former_agencies, status, {", ".join(map(_on, ("received", "submitted", "due", "finished")))}
              FROM dossier
             WHERE moment_rank IS NOT NULL AND gone_at IS NULL) d
     GROUP BY 1, 2, 3, 4, 5, 6
"""

# One statement, so that both sides are of the same moment.
_DIFFERENCES = f"""
    SELECT {_CELL}, sum(counted)::bigint AS counted, sum(recounted)::bigint AS recounted
      FROM (SELECT {_CELL}, count AS counted, 0 AS recounted FROM ({_COUNTED}) c
             UNION ALL
            SELECT {_CELL}, 0, count FROM ({_RECOUNTED}) r) both_sides
     GROUP BY {_CELL}
    HAVING sum(counted) <> sum(recounted)
     ORDER BY {_CELL}
"""


class Difference(NamedTuple):
    cell: Cell
    counted: int
    recounted: int


async def differences(database: Database) -> list[Difference]:
    """Where the counts are not what the dossiers are. Reads every dossier."""
    rows = await database.reads.fetch(_DIFFERENCES)
    return [
        Difference(Cell(**{name: row[name] for name in Cell._fields}), row["counted"], row["recounted"]) for row in rows
    ]


_APPEND = f"INSERT INTO tally_delta ({_CELL}, count) VALUES ($1, $2, $3, $4, $5, $6, $7)"


async def append(driver: Driver, rows: Iterable[tuple[Cell, int]]) -> None:
    """Count so many more there, beside what `record` counts; it waits for nobody."""
    await driver.executemany(_APPEND, [(*each, count) for each, count in rows])


# --- told -----------------------------------------------------------------------------------------

# Of a cell, whose it is and who may be asked for it, by where dossiers are counted.
_WHOSE = {
    CountedAt.NOW: ("agency", "agency = ANY($2) OR former_agencies && $2"),
    CountedAt.FIRST: (
        "coalesce(former_agencies[1], agency) AS agency",
        "coalesce(former_agencies[1], agency) = ANY($2)",
    ),
}

TELL = {
    where: f"""
    SELECT c.agency, status, month, sum(count)::bigint AS count,
           coalesce(sum(count) FILTER (WHERE late), 0)::bigint AS late,
           coalesce(sum(count) FILTER (WHERE due_on < $1), 0)::bigint AS overdue
      FROM (SELECT {whose}, status, month, due_on, late, count
              FROM ({_COUNTED}) counted
             WHERE ($2::text[] IS NULL OR {asked})
               AND (month IS NULL OR month BETWEEN $3 AND $4)) c
     GROUP BY c.agency, status, month
    HAVING sum(count) <> 0
     ORDER BY c.agency, month, status
"""
    for where, (whose, asked) in _WHOSE.items()
}


async def tell(
    database: Database, *, agencies: Iterable[str] | None, counted_at: CountedAt, first: date, last: date, today: date
) -> Json:
    """contracts.statistics.Statistics, as orjson takes it: the counts of the months from `first` to `last` (each its
    first day), and of dossiers of no known month. `agencies` are those that have, or had, the dossiers; counted where
    they were first, those that took them in."""
    wanted = None if agencies is None else list(agencies)
    rows = await database.reads.fetch(TELL[counted_at], today, wanted, first, last)
    return {
        "today": today,
        "items": [
            {
                "agency": agency,
                "status": None if status == UNKNOWN_STATUS else str(status),
                "month": month and month.isoformat()[:7],
                "count": count,
                "on_time": count - late - overdue,
                "late": late,
                "overdue": overdue,
            }
            for agency, status, month, count, late, overdue in rows
        ],
    }
