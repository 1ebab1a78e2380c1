"""Watching: which open dossiers were looked at and asked about, and what their agencies do."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "watch",
        sa.Column("dossier_id", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_count", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossier.id"], name=op.f("watch_dossier_id_fkey")),
        sa.PrimaryKeyConstraint("dossier_id", name=op.f("watch_pkey")),
    )
    op.create_table(
        "watch_rate",
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("seen", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("learnt_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("agency", name=op.f("watch_rate_pkey")),
    )
    op.create_index(
        "dossier_open_idx",
        "dossier",
        ["agency"],
        postgresql_where=sa.text("coalesce(status, 0) NOT IN (3, 7, 8, 10) AND gone_at IS NULL"),
    )
