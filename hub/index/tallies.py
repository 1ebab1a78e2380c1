"""How many dossiers there are, by agency, status and month, on time and late: counted as they change.

Each transaction of `record` appends what it adds and takes away (`tally_delta`), and so waits for no other; the clock
folds that into `tally`. Whoever reads adds up both. Days and months are Vietnam's.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Any, NamedTuple

from sqlalchemy import text

from contracts.statistics import Count, Statistics
from contracts.status import DossierStatus
from hub.db import Database, Driver

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

    agency: str
    status: int
    #: The first day of the month in which it was received, else handed in; None where nobody said.
    month: date | None
    #: The day by which it must be ready, as long as the clock runs.
    due_on: date | None
    #: It was finished, after that day.
    late: bool


def cell(agency: str, facts: Mapping[str, Any] | None) -> Cell | None:
    """The cell of a dossier with these facts; None for one that is gone, or not there yet."""
    if facts is None or "gone_at" in facts:
        return None
    status = int(facts.get("status") or UNKNOWN_STATUS)
    began, due, finished = (
        _day(facts.get("received_at") or facts.get("submitted_at")),
        _day(facts.get("due_at")),
        _day(facts.get("finished_at")),
    )
    return Cell(
        agency,
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

_FOLD = text("""
    WITH taken AS (DELETE FROM tally_delta RETURNING agency, status, month, due_on, late, count)
    INSERT INTO tally AS t (agency, status, month, due_on, late, count)
    SELECT agency, status, month, due_on, late, sum(count)
      FROM taken
     GROUP BY agency, status, month, due_on, late
    HAVING sum(count) <> 0
     ORDER BY agency COLLATE "C", status, month, due_on, late
        ON CONFLICT (agency, status, month, due_on, late) DO UPDATE SET count = t.count + excluded.count
""")


async def fold(database: Database) -> None:
    """Take what transactions appended into the counts. In one transaction: whoever reads sees each of it once."""
    async with database.begin() as connection:
        await connection.execute(_FOLD)
        await connection.execute(text("DELETE FROM tally WHERE count = 0"))


_COUNTED = """
    SELECT agency, status, month, due_on, late, count FROM tally
     UNION ALL
    SELECT agency, status, month, due_on, late, count FROM tally_delta
"""


def _on(name: str) -> str:
    """The day in Vietnam of a time, as `_day` has it."""
    at = f"{name}_at AT TIME ZONE INTERVAL '+07:00'"
    last = _LAST_DAY.isoformat()
    return f"CASE WHEN {at} < '{last}' THEN ({at})::date WHEN {at} >= '{last}' THEN date '{last}' END AS {name}_on"


_RECOUNTED = f"""
    SELECT agency, coalesce(status, {UNKNOWN_STATUS})::smallint AS status,
           date_trunc('month', coalesce(received_on, submitted_on))::date AS month,
           CASE WHEN coalesce(status, {UNKNOWN_STATUS}) IN ({", ".join(map(str, sorted(_RUNNING)))})
                 AND finished_on IS NULL THEN due_on END AS due_on,
           coalesce(finished_on > due_on, false) AS late,
           count(*) AS count
      FROM (SELECT agency, status, {", ".join(map(_on, ("received", "submitted", "due", "finished")))}
              FROM dossier
             WHERE moment_rank IS NOT NULL AND gone_at IS NULL) d
     GROUP BY 1, 2, 3, 4, 5
"""

# One statement, so that both sides are of the same moment.
_DIFFERENCES = f"""
    SELECT agency, status, month, due_on, late, sum(counted)::bigint AS counted, sum(recounted)::bigint AS recounted
      FROM (SELECT agency, status, month, due_on, late, count AS counted, 0 AS recounted FROM ({_COUNTED}) c
             UNION ALL
            SELECT agency, status, month, due_on, late, 0, count FROM ({_RECOUNTED}) r) both_sides
     GROUP BY agency, status, month, due_on, late
    HAVING sum(counted) <> sum(recounted)
     ORDER BY agency, status, month, due_on, late
"""


class Difference(NamedTuple):
    cell: Cell
    counted: int
    recounted: int


async def differences(database: Database) -> list[Difference]:
    """Where the counts are not what the dossiers are. Reads every dossier."""
    rows = await database.reads.fetch(_DIFFERENCES)
    return [Difference(Cell(*list(row)[:5]), row["counted"], row["recounted"]) for row in rows]


async def append(driver: Driver, rows: Sequence[tuple[Cell, int]]) -> None:
    """Within the transaction that changes the dossiers; it waits for nobody."""
    if rows:
        records = [(*each, count) for each, count in rows]
        await driver.copy_records_to_table("tally_delta", records=records, columns=(*Cell._fields, "count"))


# --- told -----------------------------------------------------------------------------------------

_TELL = f"""
    SELECT agency, status, month, sum(count)::bigint AS count,
           coalesce(sum(count) FILTER (WHERE late), 0)::bigint AS late,
           coalesce(sum(count) FILTER (WHERE due_on < $1), 0)::bigint AS overdue
      FROM ({_COUNTED}) c
     WHERE ($2::text[] IS NULL OR agency = ANY($2))
       AND (month IS NULL OR month BETWEEN $3 AND $4)
     GROUP BY agency, status, month
    HAVING sum(count) <> 0
     ORDER BY agency, month, status
"""


async def tell(
    database: Database, *, agencies: Iterable[str] | None, first: date, last: date, today: date
) -> Statistics:
    """The counts of the months from `first` to `last` (each its first day), and of dossiers of no known month."""
    rows = await database.reads.fetch(_TELL, today, None if agencies is None else list(agencies), first, last)
    return Statistics(
        today=today,
        items=[
            Count(
                agency=row["agency"],
                status=DossierStatus(str(row["status"])) if row["status"] != UNKNOWN_STATUS else None,
                month=row["month"] and row["month"].isoformat()[:7],
                count=row["count"],
                on_time=row["count"] - row["late"] - row["overdue"],
                late=row["late"],
                overdue=row["overdue"],
            )
            for row in rows
        ],
    )
