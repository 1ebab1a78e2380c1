"""Marks in parts, by dossier ids: what there is becomes the first one (hub/index/parts.py)."""

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.execute("ALTER TABLE dossier_mark RENAME TO dossier_mark_1")
    op.execute("ALTER TABLE dossier_mark_1 RENAME CONSTRAINT dossier_mark_pkey TO dossier_mark_1_pkey")
    op.execute("""
        CREATE TABLE dossier_mark (
            mark bigint NOT NULL,
            dossier_id bigint NOT NULL,
            CONSTRAINT dossier_mark_pkey PRIMARY KEY (mark, dossier_id)
        ) PARTITION BY RANGE (dossier_id)
    """)
    op.execute("ALTER TABLE dossier_mark ATTACH PARTITION dossier_mark_1 FOR VALUES FROM (MINVALUE) TO (MAXVALUE)")
