"""Specs that read along with those at work."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0031"
down_revision = "0024"


def upgrade() -> None:
    op.create_table(
        "spec_shadow",
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("call_id", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("inbox_id", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("found", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.PrimaryKeyConstraint("agency", name=op.f("spec_shadow_pkey")),
    )
