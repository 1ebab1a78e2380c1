"""Each line of the audit vouches for the one before it, and none can be altered or taken out."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

#: `hub.access.audit` says the same of its own, so that a function put in the place of this one shows.
_LINE = """
    jsonb_build_array(l.id, (extract(epoch FROM l.at) * 1000000)::bigint, l.actor, l.action, l.target, l.detail,
                      l.correlation_id)::text
"""

_CHAIN = f"""
    CREATE FUNCTION audit_chained() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        l audit := NEW;
        before record;
    BEGIN
        -- One after the other, until each has committed. Any number will do: "audit" on a phone's keys.
        PERFORM pg_advisory_xact_lock(28348);
        SELECT id, digest INTO before FROM audit ORDER BY id DESC LIMIT 1;
        -- Without gaps, so that one shows.
        l.id := coalesce(before.id, 0) + 1;
        l.at := clock_timestamp();
        l.digest := sha256(coalesce(before.digest, '') || convert_to({_LINE}, 'UTF8'));
        RETURN l;
    END $$
"""

_KEPT = """
    CREATE FUNCTION audit_kept() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'the audit is only added to' USING ERRCODE = 'insufficient_privilege';
    END $$
"""

#: What there was before the chain, in its order and with its times.
_EARLIER = f"""
    DO $$
    DECLARE
        l audit;
        place bigint := 0;
        before bytea := '';
    BEGIN
        FOR l IN SELECT * FROM audit ORDER BY id LOOP
            place := place + 1;
            UPDATE audit SET id = place WHERE id = l.id;
            l.id := place;
            before := sha256(before || convert_to({_LINE}, 'UTF8'));
            UPDATE audit SET digest = before WHERE id = place;
        END LOOP;
    END $$
"""


def upgrade() -> None:
    op.add_column("audit", sa.Column("digest", sa.LargeBinary(), nullable=True))
    # The trigger numbers them.
    op.execute("ALTER TABLE audit ALTER COLUMN id DROP IDENTITY")
    op.execute("ALTER TABLE audit ALTER COLUMN id SET DEFAULT 0")
    op.execute(_EARLIER)
    op.alter_column("audit", "digest", nullable=False, server_default="")
    op.execute(_CHAIN)
    op.execute(_KEPT)
    op.execute("CREATE TRIGGER chained BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION audit_chained()")
    op.execute("CREATE TRIGGER kept BEFORE UPDATE OR DELETE OR TRUNCATE ON audit EXECUTE FUNCTION audit_kept()")
