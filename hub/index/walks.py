"""Which index a list walks along, so that each page costs the same however many dossiers there are.

A list is a walk along one index, in its order. What else is asked for is looked at on the way, at no more than
`_MOST_LOOKED_AT` dossiers a page, or `_MOST_LOOKED_UP` looks where the index does not hold it: where few fit, a page
holds fewer than were asked for, or none, and its cursor goes on.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import orjson

from contracts.status import DossierStatus
from hub.index.cursors import Place
from hub.index.tables import CLOCK_RUNS
from hub.index.tallies import VIETNAM

_MOST_LOOKED_AT, _MOST_LOOKED_UP = 5_000, 2_000

#: Of the statuses we know, those at which the agency's clock runs.
RUNNING = (DossierStatus.RECEIVED, DossierStatus.PROCESSING)

_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_MICROSECOND = timedelta(microseconds=1)
#: What both sides can hold, a day from the ends of Python's calendar.
_FIRST, _LAST = date(1, 1, 2), date(9999, 12, 30)


# What an agency has, and what has passed from it to others: two walks in the same order, which PostgreSQL merges.
_HAS_OR_HAD = """(
                    SELECT id, updated_at, agency, status FROM dossier
                     UNION ALL
                    SELECT dossier_id, updated_at, agency, (SELECT status FROM dossier d WHERE d.id = dossier_id)
                      FROM dossier_alias
                   ) mine"""


# The limit keeps every plan from joining what few candidates there are to a table that it reads whole.
_EACH_DOSSIER = "CROSS JOIN LATERAL (SELECT * FROM dossier WHERE dossier.id = w.id LIMIT 1) f"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What a list is asked for. Days are Vietnam's, both ends included."""

    #: Only dossiers that these have, or had; None for all.
    agencies: tuple[str, ...] | None = None
    #: A procedure's code, with or without an agency's tail.
    procedure: str | None = None
    status: DossierStatus | None = None
    updated_since: datetime | None = None
    received_from: date | None = None
    received_to: date | None = None
    due_from: date | None = None
    due_to: date | None = None
    #: Today, where only what is overdue is wanted: due on a day before.
    overdue_on: date | None = None

    def question(self, *more: str) -> bytes:
        """All of it, and `more`, as bytes: what a cursor is bound to."""
        return orjson.dumps([more, {name: getattr(self, name) for name in self.__slots__}])


class Sql:
    """A statement's arguments, numbered as they are mentioned."""

    def __init__(self) -> None:
        self.arguments: list[Any] = []

    def __call__(self, value: Any, type: str) -> str:
        self.arguments.append(value)
        return f"${len(self.arguments)}::{type}"


@dataclass(frozen=True, slots=True)
class Walk:
    """SQL that gives (id, place), in order, of so many dossiers; and which of them are wanted."""

    candidates: str
    #: Conditions on `w`, a candidate, and on `f`, its dossier. None may be such that PostgreSQL could turn the walk
    #: round and begin at them.
    conditions: tuple[str, ...]
    order: str
    most: int
    #: By which of their columns they come in order.
    by: tuple[str, ...] = ("place", "id")

    def page(self, limit: str) -> str:
        """The first of those wanted; and, where the walk has not come to its end with fewer, the last candidate too,
        with `is_wanted` false: there it goes on."""
        found = f"""
            SELECT w.id, w.place, true AS is_wanted
              FROM ({self.candidates} LIMIT {self.most}) w
                   {_EACH_DOSSIER if _need_dossier(self.conditions) else ""}
             {"WHERE " + " AND ".join(self.conditions) if self.conditions else ""}
             ORDER BY {", ".join(f"w.{each} {self.order}" for each in self.by)}
             LIMIT {limit}"""
        if not self.conditions:
            return found
        return f"""
            WITH found AS MATERIALIZED ({found})
            SELECT * FROM found
             UNION ALL
            SELECT id, place, false FROM ({self.candidates} OFFSET {self.most - 1} LIMIT 1) last
             WHERE (SELECT count(*) FROM found) < {limit}"""


def walk(wanted: Filter, after: Place | None, limit: int, sql: Sql) -> Walk:
    """By due date where due dates are asked for, by receipt where that is, else by the last change."""
    by_due = bool(wanted.due_from or wanted.due_to or wanted.overdue_on)
    by_receipt = not by_due and bool(wanted.received_from or wanted.received_to)
    by_change = not by_due and not by_receipt
    by_procedure = by_change and wanted.procedure is not None
    by_status = by_change and not by_procedure and wanted.status not in (None, DossierStatus.RETURNED)
    by_agency = by_change and not by_procedure and not by_status and len(wanted.agencies or ()) == 1

    place, order = "updated_at", "ASC"
    # One procedure's, status' or agency's: said as a range, and ordered by it, no plan goes along all changes to pick
    # these.
    within = value = ""
    bounds: list[str] = []
    if by_due:
        place = "due_at"
        yesterday = wanted.overdue_on and wanted.overdue_on - timedelta(days=1)
        last = min(filter(None, (wanted.due_to, yesterday)), default=None)
        bounds = [CLOCK_RUNS, *_days("due_at", wanted.due_from, last, sql)]
    elif by_receipt:
        # Who looks at what came in looks at the newest first.
        place, order = "received_at", "DESC"
        bounds = _days("received_at", wanted.received_from, wanted.received_to, sql)
    elif by_procedure and wanted.procedure:
        within, value = "procedure_key", sql(procedure_key(wanted.procedure), "text")
    elif by_status and wanted.status:
        within, value = "status", sql(wanted.status.number, "smallint")
        bounds = [f"status <> {DossierStatus.RETURNED.number}"]
    elif by_agency and wanted.agencies:
        within, value = "agency", sql(wanted.agencies[0], "text")
    before, before_value = (f"{within}, ", f"{value}, ") if within else ("", "")
    if within:
        bounds.append(f"{within} BETWEEN {value} AND {value}")
    if after is not None:
        beyond = ">" if order == "ASC" else "<"
        values = f"{before_value}{sql(moment(after[0]), 'timestamptz')}, {sql(after[1], 'bigint')}"
        bounds.append(f"({before}{place}, id) {beyond} ({values})")
    elif wanted.updated_since and by_change:
        bounds.append(f"({before}updated_at) > ({before_value}{sql(wanted.updated_since, 'timestamptz')})")

    conditions: list[str] = []
    if wanted.agencies is not None and not by_agency:
        conditions.append(_whose(sql(list(wanted.agencies), "text[]")))
    if wanted.status and not by_status:
        conditions.append(f"w.status = {sql(wanted.status.number, 'smallint')}")
    if wanted.procedure and not by_procedure:
        conditions += _procedure("f.procedure_key", wanted, sql)
    if by_due:
        conditions += _days("f.received_at", wanted.received_from, wanted.received_to, sql)
    if wanted.updated_since and not by_change:
        conditions.append(f"f.updated_at > {sql(wanted.updated_since, 'timestamptz')}")
    looked_at = _MOST_LOOKED_UP if _need_dossier(conditions) else _MOST_LOOKED_AT
    return Walk(
        candidates=f"""
            SELECT id, {place} AS place, agency, status{", procedure_key" if by_procedure else ""}
              FROM {_HAS_OR_HAD if by_agency else "dossier"}
             {"WHERE " + " AND ".join(bounds) if bounds else ""}
             ORDER BY {before}{place} {order}, id {order}""",
        conditions=tuple(conditions),
        order=order,
        most=looked_at if conditions else limit,
        by=(within, "place", "id") if within else ("place", "id"),
    )


def marked(
    marks: list[int], wanted: Filter, after: Place | None, limit: int, sql: Sql, *, without: int | None = None
) -> Walk:
    """Dossiers filed under all these marks, the rarest first, and not under `without`; the newest in the hub first."""
    bounds = [f"mark = {sql(marks[0], 'bigint')}"]
    if after is not None:
        bounds.append(f"dossier_id < {sql(after[1], 'bigint')}")
    # Not EXISTS, which PostgreSQL would make a join: common names' dossiers would all be gathered before the newest
    # are known.
    conditions = [
        f"(SELECT true FROM dossier_mark o WHERE (o.mark, o.dossier_id) = ({sql(mark, 'bigint')}, w.id))"
        for mark in marks[1:]
    ]
    if without is not None:
        conditions.append(
            f"(SELECT true FROM dossier_mark o WHERE (o.mark, o.dossier_id) = ({sql(without, 'bigint')}, w.id)) IS NULL"
        )
    # Each of these is a look of its own.
    looked_at = _MOST_LOOKED_UP // max(1, len(conditions))
    if wanted.agencies is not None:
        agencies = sql(list(wanted.agencies), "text[]")
        conditions.append(f"(f.agency = ANY({agencies}) OR f.former_agencies && {agencies})")
    if wanted.status:
        conditions.append(f"f.status = {sql(wanted.status.number, 'smallint')}")
    conditions += _procedure("f.procedure_key", wanted, sql)
    return Walk(
        candidates=f"""
            SELECT dossier_id AS id, dossier_id AS place
              FROM dossier_mark
             WHERE {" AND ".join(bounds)}
             ORDER BY dossier_id DESC""",
        conditions=tuple(conditions),
        order="DESC",
        most=looked_at if conditions else limit,
        by=("id",),
    )


def _need_dossier(conditions: Iterable[str]) -> bool:
    return any("f." in condition for condition in conditions)


def _whose(agencies: str) -> str:
    """That one of them has `w`, or had it. Most agencies have passed on nothing: one look says so, for all of `w`."""
    return f"""(
        w.agency = ANY({agencies})
        OR (SELECT EXISTS (SELECT FROM dossier_alias WHERE agency = ANY({agencies})))
       AND EXISTS (SELECT FROM dossier_alias a WHERE a.dossier_id = w.id AND a.agency = ANY({agencies}))
    )"""


def procedure_key(code: str) -> str:
    """As dossier.procedure_key: "1.001612" of "1.001612.000.00.00.H48"."""
    parts = code.split(".")
    return ".".join([parts[0], parts[1] if len(parts) > 1 else ""])


def _procedure(column: str, wanted: Filter, sql: Sql) -> list[str]:
    return [f"{column} = {sql(procedure_key(wanted.procedure), 'text')}"] if wanted.procedure else []


def _days(column: str, first: date | None, last: date | None, sql: Sql) -> list[str]:
    bounds = []
    if first:
        bounds.append(f"{column} >= {sql(_start(first), 'timestamptz')}")
    if last:
        bounds.append(f"{column} < {sql(_start(last + timedelta(days=1) if last < _LAST else last), 'timestamptz')}")
    return bounds


def _start(day: date) -> datetime:
    return datetime.combine(min(max(day, _FIRST), _LAST), time(), VIETNAM)


def moment(place: int) -> datetime:
    return _EPOCH + place * _MICROSECOND


def place_of(value: datetime | int) -> int:
    return value if isinstance(value, int) else (value - _EPOCH) // _MICROSECOND
