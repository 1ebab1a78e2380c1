"""The hub at work closes a full part of the marks though it owns no table; and nobody has the audit's trigger look at a
table of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

#: Done as the owner: so it takes no names from whoever calls it, and finds none that they gave to something of theirs.
_SPLIT = """
    CREATE FUNCTION split_marks(most bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
    DECLARE
        first bigint;
        following bigint;
    BEGIN
        -- Once before all others have to wait, and once more while they do.
        FOR turn IN 1..2 LOOP
            SELECT max(substring(c.relname FROM '[0-9]+$')::bigint) INTO first
              FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
             WHERE inhparent = 'dossier_mark'::regclass;
            following := coalesce(pg_sequence_last_value(pg_get_serial_sequence('dossier', 'id')::regclass), 0) + 1;
            IF following - first < greatest(most, 1) THEN
                RETURN NULL;
            END IF;
            IF turn = 1 THEN
                LOCK TABLE dossier_mark IN ACCESS EXCLUSIVE MODE;
            END IF;
        END LOOP;
        EXECUTE format('ALTER TABLE dossier_mark DETACH PARTITION dossier_mark_%s', first);
        -- Of the ids before the first part there are none.
        EXECUTE format('ALTER TABLE dossier_mark ATTACH PARTITION dossier_mark_%s FOR VALUES FROM (%s) TO (%s)',
                       first, CASE first WHEN 1 THEN 'MINVALUE' ELSE first::text END, following);
        EXECUTE format('CREATE TABLE dossier_mark_%s PARTITION OF dossier_mark FOR VALUES FROM (%s) TO (MAXVALUE)',
                       following, following);
        RETURN following;
    END $$
"""


def upgrade() -> None:
    connection = op.get_bind()
    schema = connection.dialect.identifier_preparer.quote(connection.scalar(sa.text("SELECT current_schema()")))
    op.execute(_SPLIT.format(schema=schema))
    # A temporary table of that name would be found first.
    op.execute(f"ALTER FUNCTION audit_chained() SET search_path = {schema}, pg_temp")
