"""Deliveries with their headers, lists of events, what became of them; and the last calls that were refused."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from hub.index.tables import Xid8

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.alter_column("inbox", "body", nullable=True)
    op.add_column("inbox", sa.Column("headers", sa.LargeBinary()))
    op.add_column("inbox", sa.Column("address", sa.Text()))
    op.add_column("inbox", sa.Column("batch", sa.Text()))
    op.add_column("inbox", sa.Column("place", sa.SmallInteger()))
    op.add_column("inbox", sa.Column("problems", postgresql.JSONB(astext_type=sa.Text())))
    op.add_column("inbox", sa.Column("xid", Xid8()))
    is_open = sa.text("state IN ('new', 'waiting', 'quarantined', 'dead')")
    op.create_index("inbox_open_idx", "inbox", ["agency", "id"], postgresql_where=is_open)
    op.create_index("inbox_kept_idx", "inbox", ["received_at"], postgresql_where=sa.text("body IS NOT NULL"))
    op.create_table(
        "refused_call",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("problem", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("address", sa.Text()),
        sa.Column("headers", sa.LargeBinary()),
        sa.Column("body", sa.LargeBinary()),
        sa.Column("body_bytes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("refused_call_pkey")),
    )
    op.create_index(op.f("refused_call_agency_id_idx"), "refused_call", ["agency", "id"])
