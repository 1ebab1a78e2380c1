"""The gate: budgets and breakers of all processes together."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "gate",
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), server_default=sa.text("'1970-01-01'"), nullable=False),
        sa.Column("calls_today", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("backfill_today", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("full_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("window_began", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("window_calls", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("window_failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("open_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cooldown_seconds", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column("probe", sa.Text(), nullable=True),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("holders", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.PrimaryKeyConstraint("agency", name=op.f("gate_pkey")),
    )
