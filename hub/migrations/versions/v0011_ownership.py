"""Ownership: how often it was tried to prove a dossier one's own."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "proof_attempt",
        sa.Column("code", sa.LargeBinary(), nullable=False),
        sa.Column("points", sa.Double(), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wait_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("proof_attempt_pkey")),
    )
