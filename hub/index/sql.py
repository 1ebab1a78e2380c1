"""The statements of `record`. SQL where it can be read as SQL; those for the driver have its numbered parameters."""

from sqlalchemy import text

from hub.index.rows import LINE_COLUMNS, STATE_COLUMNS
from hub.index.steps import KEPT

# A dossier that has moved is found by what it was called before.
KNOWN = text("""
    SELECT n.agency, n.code_key, d.id, d.top, d.gone_at, o.digest, o.observed_at, o.channel, a.packed
      FROM unnest(CAST(:agencies AS text[]), CAST(:keys AS text[]), CAST(:digests AS bytea[]))
           AS n (agency, code_key, digest)
      JOIN dossier d
        ON d.id = coalesce(
               (SELECT a.dossier_id FROM dossier_alias a WHERE (a.agency, a.code_key) = (n.agency, n.code_key)),
               (SELECT c.id FROM dossier c WHERE (c.agency, c.code_key) = (n.agency, n.code_key)))
      LEFT JOIN observation o ON (o.dossier_id, o.digest) = (d.id, n.digest)
      LEFT JOIN archive a ON a.dossier_id = d.id
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
