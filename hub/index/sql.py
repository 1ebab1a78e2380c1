"""The statements of `record`, each over a whole batch: arrays in, rows out. SQL where it can be read as SQL."""

from sqlalchemy import text

KNOWN = text("""
    SELECT d.agency, d.code_key, d.top, d.gone_at, o.digest, o.observed_at, o.channel
      FROM unnest(CAST(:agencies AS text[]), CAST(:keys AS text[]), CAST(:digests AS bytea[]))
           AS n (agency, code_key, digest)
      JOIN dossier d ON (d.agency, d.code_key) = (n.agency, n.code_key)
      LEFT JOIN observation o ON (o.dossier_id, o.digest) = (d.id, n.digest)
""")

# Every writer claims and then locks in the same order (agency, code_key), so that two batches which share
# dossiers wait for each other instead of deadlocking.
CLAIM = text("""
    INSERT INTO dossier (agency, code, code_key)
    SELECT agency, code, code_key
      FROM unnest(CAST(:agencies AS text[]), CAST(:codes AS text[]), CAST(:keys AS text[]))
           AS n (agency, code, code_key)
     ORDER BY agency COLLATE "C", code_key COLLATE "C"
        ON CONFLICT (agency, code_key) DO NOTHING
""")

LOCK = text("""
    SELECT d.id, d.agency, d.code_key, d.code, d.status, d.status_raw, d.national_code, d.procedure_code,
           d.procedure_name, d.submitted_at, d.received_at, d.due_at, d.finished_at, d.gone_at, d.personal,
           d.moment_numbered, d.moment_rank, d.top, d.conflict, d.observed_at, d.channel
      FROM unnest(CAST(:agencies AS text[]), CAST(:keys AS text[])) AS n (agency, code_key)
      JOIN dossier d ON (d.agency, d.code_key) = (n.agency, n.code_key)
     ORDER BY d.agency COLLATE "C", d.code_key COLLATE "C"
       FOR UPDATE OF d
""")

# Said before, but heard even earlier than we knew: the earliest receipt is kept, so that the history does
# not depend on the order in which copies were recorded.
APPEND = text("""
    INSERT INTO observation AS o (dossier_id, digest, code, occurred_at, revision, settles, facts, personal,
                                  observed_at, channel, correlation_id)
    SELECT dossier_id, digest, code, occurred_at, revision, settles, CAST(facts AS jsonb), personal,
           observed_at, channel, :correlation_id
      FROM unnest(CAST(:ids AS bigint[]), CAST(:digests AS bytea[]), CAST(:codes AS text[]),
                  CAST(:occurred AS timestamptz[]), CAST(:revisions AS bigint[]), CAST(:settles AS boolean[]),
                  CAST(:facts AS text[]), CAST(:personal AS bytea[]), CAST(:observed AS timestamptz[]),
                  CAST(:channels AS text[]))
           AS n (dossier_id, digest, code, occurred_at, revision, settles, facts, personal, observed_at, channel)
        ON CONFLICT (dossier_id, digest) DO UPDATE
       SET observed_at = excluded.observed_at, channel = excluded.channel
     WHERE (excluded.observed_at, excluded.channel COLLATE "C") < (o.observed_at, o.channel COLLATE "C")
    RETURNING dossier_id, digest, xmax = 0 AS is_new
""")

HISTORY = text("""
    SELECT dossier_id, digest, code, occurred_at, revision, settles, CAST(facts AS text) AS facts, personal,
           observed_at, channel
      FROM observation
     WHERE dossier_id = ANY(CAST(:ids AS bigint[]))
""")

SETTLE = text("""
    UPDATE dossier d
       SET code = n.code, status = n.status, status_raw = n.status_raw, national_code = n.national_code,
           national_key = n.national_key, procedure_code = n.procedure_code, procedure_name = n.procedure_name,
           submitted_at = n.submitted_at, received_at = n.received_at, due_at = n.due_at,
           finished_at = n.finished_at, gone_at = n.gone_at, personal = n.personal,
           moment_numbered = n.moment_numbered, moment_rank = n.moment_rank, top = n.top, conflict = n.conflict,
           observed_at = n.observed_at, channel = n.channel, updated_at = now()
      FROM unnest(CAST(:ids AS bigint[]), CAST(:codes AS text[]), CAST(:status AS smallint[]),
                  CAST(:status_raw AS text[]), CAST(:national_code AS text[]), CAST(:national_key AS text[]),
                  CAST(:procedure_code AS text[]), CAST(:procedure_name AS text[]),
                  CAST(:submitted_at AS timestamptz[]), CAST(:received_at AS timestamptz[]),
                  CAST(:due_at AS timestamptz[]), CAST(:finished_at AS timestamptz[]), CAST(:gone_at AS timestamptz[]),
                  CAST(:personal AS bytea[]), CAST(:moment_numbered AS boolean[]), CAST(:moment_rank AS bigint[]),
                  CAST(:top AS bytea[]), CAST(:conflict AS boolean[]),
                  CAST(:observed_at AS timestamptz[]), CAST(:channel AS text[]))
           AS n (id, code, status, status_raw, national_code, national_key, procedure_code, procedure_name,
                 submitted_at, received_at, due_at, finished_at, gone_at, personal, moment_numbered, moment_rank, top,
                 conflict, observed_at, channel)
     WHERE d.id = n.id
""")

CHANGE = text("""
    INSERT INTO change (dossier_id, kind, status_before, status_after, correlation_id)
    SELECT dossier_id, kind, status_before, status_after, :correlation_id
      FROM unnest(CAST(:ids AS bigint[]), CAST(:kinds AS text[]), CAST(:before AS smallint[]),
                  CAST(:after AS smallint[])) WITH ORDINALITY
           AS n (dossier_id, kind, status_before, status_after, place)
     ORDER BY place
""")

WANT_RECHECK = text("""
    INSERT INTO recheck (dossier_id, moment_numbered, moment_rank)
    SELECT dossier_id, moment_numbered, moment_rank
      FROM unnest(CAST(:ids AS bigint[]), CAST(:numbered AS boolean[]), CAST(:ranks AS bigint[]))
           AS n (dossier_id, moment_numbered, moment_rank)
        ON CONFLICT DO NOTHING
""")
