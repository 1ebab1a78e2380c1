"""The statements of `record`. SQL where it can be read as SQL; those for the driver have its numbered parameters."""

from sqlalchemy import text

from hub.index.rows import LINE_COLUMNS, STATE_COLUMNS
from hub.index.steps import KEPT

# A dossier that has moved is found by what it was called before.
#
# One look-up by index for each name, whatever the planner knows. From no statistics, or from those of a table that was
# small, it would walk along all of an agency's dossiers for each, by one of the indexes that begin with the agency, or
# read the table whole: hence LIMIT, and an agency that no index can be asked for.
KNOWN = text("""
    SELECT n.agency, n.code_key, d.id, d.top, d.gone_at, o.digest, o.observed_at, o.channel, a.packed
      FROM unnest(CAST(:agencies AS text[]), CAST(:keys AS text[]), CAST(:digests AS bytea[]))
           AS n (agency, code_key, digest)
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
""")

NEW_IDS = "SELECT nextval(pg_get_serial_sequence('dossier', 'id')) AS id FROM generate_series(1, $1)"

#: Of a dossier, how it stands and under which name.
STANDING = f"id, agency, former_agencies, code_key, {', '.join(STATE_COLUMNS).replace('timeline', KEPT)}"

# Every writer makes dossiers in the order of their keys, and then locks in that of their ids those that there were, so
# that two batches which share dossiers wait for each other instead of deadlocking.
LOCK = f"""
    SELECT {STANDING}
      FROM dossier
     WHERE id = ANY($1::bigint[])
     ORDER BY id
       FOR UPDATE
"""

# Said before, but heard even earlier than we knew: the earliest receipt is kept, so that the history does
# not depend on the order in which copies were recorded.
APPEND = f"""
    INSERT INTO observation AS o ({", ".join(LINE_COLUMNS)})
    VALUES ({", ".join(f"${place}" for place in range(1, len(LINE_COLUMNS) + 1))})
        ON CONFLICT (dossier_id, digest) DO UPDATE
       SET observed_at = excluded.observed_at, channel = excluded.channel
     WHERE (excluded.observed_at, excluded.channel COLLATE "C") < (o.observed_at, o.channel COLLATE "C")
    RETURNING dossier_id, digest, xmax = 0 AS is_new
"""

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

CHANGE = """
    INSERT INTO change (dossier_id, kind, status_before, status_after, joined_id, correlation_id)
    SELECT dossier_id, kind, status_before, status_after, joined_id, correlation_id
      FROM unnest($1::bigint[], $2::text[], $3::smallint[], $4::smallint[], $5::bigint[], $6::text[]) WITH ORDINALITY
           AS n (dossier_id, kind, status_before, status_after, joined_id, correlation_id, place)
     ORDER BY place
"""

WANT_RECHECK = """
    INSERT INTO recheck (dossier_id, moment_numbered, moment_rank)
    VALUES ($1, $2, $3)
        ON CONFLICT DO NOTHING
"""
