"""The statements of `record`, for the driver. What goes into a table goes as one array for each column: a statement for
all rows is one round trip, and costs least."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import asyncpg

from hub.db import Driver
from hub.index.rows import LINE_COLUMNS, STATE_COLUMNS
from hub.index.steps import KEPT


def given(columns: Mapping[str, str], *, first: int = 1) -> str:
    """The rows that are given as parameters, from the `first` on, an array for each column of such a type; with their
    `place`."""
    parameters = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(columns.values(), start=first))
    return f"unnest({parameters}) WITH ORDINALITY AS n ({', '.join(columns)}, place)"


def arrays(rows: Iterable[tuple[Any, ...]], columns: Mapping[str, str]) -> list[tuple[Any, ...]]:
    """The rows as `given` has them."""
    return list(zip(*rows, strict=True)) or [()] * len(columns)


# A dossier that has moved is found by what it was called before.
#
# One look-up by index for each name, whatever the planner knows. From no statistics, or from those of a table that was
# small, it would walk along all of an agency's dossiers for each, by one of the indexes that begin with the agency, or
# read the table whole: hence LIMIT, and an agency that no index can be asked for.
KNOWN = """
    SELECT n.agency, n.code_key, d.id, d.top, d.gone_at, o.digest, o.observed_at, o.channel, a.packed
      FROM unnest($1::text[], $2::text[], $3::bytea[]) AS n (agency, code_key, digest)
     CROSS JOIN LATERAL (
               SELECT id, top, gone_at
                 FROM dossier
                WHERE id = coalesce(
                         (SELECT dossier_id FROM dossier_alias a WHERE (a.agency, a.code_key) = (n.agency, n.code_key)),
                         (SELECT id FROM dossier x WHERE (x.agency || '', x.code_key) = (n.agency, n.code_key)))
                LIMIT 1) d
      LEFT JOIN LATERAL (
               SELECT digest, observed_at, channel
                 FROM observation x
                WHERE (x.dossier_id, x.digest) = (d.id, n.digest)
                LIMIT 1) o ON true
      LEFT JOIN LATERAL (SELECT packed FROM archive x WHERE x.dossier_id = d.id LIMIT 1) a ON true
"""

NAME_COLUMNS = {"agency": "text", "code_key": "text"}
NEW_COLUMNS = NAME_COLUMNS | STATE_COLUMNS
NEW_LINE_COLUMNS = NAME_COLUMNS | LINE_COLUMNS

# Dossiers that nobody has, with their lines. What another makes at the same time is not among those returned. Every
# writer makes them in the order of their keys, so that two which share some wait for each other.
MAKE = f"""
    WITH made AS (
         INSERT INTO dossier ({", ".join(NEW_COLUMNS)})
         SELECT {", ".join(NEW_COLUMNS)}
           FROM {given(NEW_COLUMNS)}
          ORDER BY place
             ON CONFLICT (code_key, agency) DO NOTHING
         RETURNING id, agency, code_key
    ), told AS (
         INSERT INTO observation (dossier_id, {", ".join(LINE_COLUMNS)})
         SELECT made.id, {", ".join(f"n.{name}" for name in LINE_COLUMNS)}
           FROM made JOIN {given(NEW_LINE_COLUMNS, first=1 + len(NEW_COLUMNS))} USING (agency, code_key)
    )
    SELECT agency, code_key, id FROM made
"""

#: Of a dossier, how it stands and under which name.
STANDING = f"id, agency, former_agencies, code_key, {', '.join(STATE_COLUMNS).replace('timeline', KEPT)}"

# After those that were made, those that there were are locked in the order of their ids, so that two batches which
# share dossiers wait for each other instead of deadlocking.
LOCK = f"""
    SELECT {STANDING}
      FROM dossier
     WHERE id = ANY($1::bigint[])
     ORDER BY id
       FOR UPDATE
"""

_APPENDED = {"dossier_id": "bigint"} | LINE_COLUMNS

# Said before, but heard even earlier than we knew: the earliest receipt is kept, so that the history does
# not depend on the order in which copies were recorded.
_APPEND = f"""
    INSERT INTO observation AS o ({", ".join(_APPENDED)})
    SELECT {", ".join(_APPENDED)}
      FROM {given(_APPENDED)}
     ORDER BY place
        ON CONFLICT (dossier_id, digest) DO UPDATE
       SET observed_at = excluded.observed_at, channel = excluded.channel
     WHERE (excluded.observed_at, excluded.channel COLLATE "C") < (o.observed_at, o.channel COLLATE "C")
    RETURNING dossier_id, digest, xmax = 0 AS is_new
"""


async def append(driver: Driver, lines: Collection[tuple[Any, ...]]) -> list[asyncpg.Record]:
    """Write lines of dossiers that are locked, each its dossier's id and `line_values`. Returns (dossier_id, digest,
    is_new) of those that are new, or were heard earlier than we knew."""
    return await driver.fetch(_APPEND, *zip(*lines, strict=True)) if lines else []


HISTORY = """
    SELECT dossier_id, digest, code, occurred_at, revision, settles, CAST(facts AS text) AS facts, personal,
           observed_at, channel, said_by
      FROM observation
     WHERE dossier_id = ANY($1::bigint[])
"""

SETTLE = f"""
    UPDATE dossier
       SET {", ".join(f"{name} = ${place}" for place, name in enumerate(STATE_COLUMNS, start=2))},
           updated_at = now(), timeline_at = now(), steps = NULL
     WHERE id = $1
"""

CHANGE_COLUMNS = {
    "dossier_id": "bigint",
    "kind": "text",
    "status_before": "smallint",
    "status_after": "smallint",
    "joined_id": "bigint",
    "correlation_id": "text",
}
MARK_COLUMNS = {"mark": "bigint", "dossier_id": "bigint"}
#: `former_agencies` with a blank between each, for an array of arrays is one array.
CELL_COLUMNS = {
    "agency": "text",
    "former_agencies": "text",
    "status": "smallint",
    "month": "date",
    "due_on": "date",
    "late": "boolean",
    "count": "bigint",
}

# What is told of changed dossiers, the marks of new ones, and what is counted now: appended, so that it waits for
# nobody. Marks go by their order, for neighbours share pages.
TELL = f"""
    WITH filed AS (
         INSERT INTO dossier_mark ({", ".join(MARK_COLUMNS)})
         SELECT {", ".join(MARK_COLUMNS)}
           FROM {given(MARK_COLUMNS, first=7)}
          ORDER BY place
    ), counted AS (
         INSERT INTO tally_delta ({", ".join(CELL_COLUMNS)})
         SELECT {", ".join(CELL_COLUMNS).replace("former_agencies", "string_to_array(former_agencies, ' ')")}
           FROM {given(CELL_COLUMNS, first=9)}
    )
    INSERT INTO change ({", ".join(CHANGE_COLUMNS)})
    SELECT {", ".join(CHANGE_COLUMNS)}
      FROM {given(CHANGE_COLUMNS)}
     ORDER BY place
"""

WANT_RECHECK = """
    INSERT INTO recheck (dossier_id, moment_numbered, moment_rank)
    VALUES ($1, $2, $3)
        ON CONFLICT DO NOTHING
"""
