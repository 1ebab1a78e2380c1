"""Limits: what addresses owe for what they have looked up."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "address_debt",
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("points", sa.Double(), nullable=False),
        sa.Column("wait_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("address_debt_pkey")),
    )
    op.create_index(op.f("address_debt_told_at_idx"), "address_debt", ["told_at"])
