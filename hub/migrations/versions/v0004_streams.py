"""Streams of several kinds, runs seen while they run, dossiers gone at source, agencies that tell no times."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    # What there is was pulled; from now on that is said.
    op.add_column("stream", sa.Column("kind", sa.Text(), nullable=False, server_default="pull"))
    op.alter_column("stream", "kind", server_default=None)
    op.drop_constraint("stream_pkey", "stream", type_="primary")
    op.create_primary_key("stream_pkey", "stream", ["agency", "kind"])
    op.add_column("stream", sa.Column("plan", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("stream", sa.Column("paused", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("stream", sa.Column("wanted", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("stream", sa.Column("spent", sa.Double(), server_default=sa.text("0"), nullable=False))
    op.add_column(
        "stream",
        sa.Column("lateness", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    )

    op.add_column("run", sa.Column("kind", sa.Text(), nullable=False, server_default="pull"))
    op.add_column("run", sa.Column("reason", sa.Text(), nullable=False, server_default="schedule"))
    for column in ("kind", "reason"):
        op.alter_column("run", column, server_default=None)
    op.alter_column("run", "finished_at", nullable=True)
    for column in ("pages", "received", "added", "changed", "quarantined"):
        op.alter_column("run", column, server_default=sa.text("0"))
    op.add_column("run", sa.Column("calls", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("run", sa.Column("done", sa.BigInteger(), nullable=True))
    op.add_column("run", sa.Column("total", sa.BigInteger(), nullable=True))
    op.add_column(
        "run",
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    )
    op.create_index(
        op.f("run_agency_kind_idx"), "run", ["agency", "kind"], postgresql_where=sa.text("finished_at IS NULL")
    )

    op.add_column("dossier", sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("dossier", sa.Column("top", sa.LargeBinary(), nullable=True))
    op.alter_column("observation", "occurred_at", nullable=True)
