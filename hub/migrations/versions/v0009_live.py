"""Live looks: who is asking about which dossier, and how the last look at it ended."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "live_look",
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("code_key", sa.Text(), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("agency", "code_key", name=op.f("live_look_pkey")),
    )
    op.create_index(op.f("live_look_asked_at_idx"), "live_look", ["asked_at"])
