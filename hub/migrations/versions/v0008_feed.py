"""The change feed: changes in their order, and from where on they are all there."""

import sqlalchemy as sa
from alembic import op

from hub.index.tables import Xid8

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_index(op.f("change_xid_seq_idx"), "change", ["xid", "seq"])
    op.create_table(
        "feed",
        sa.Column("one", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("generation", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("pruned_xid", Xid8(), server_default=sa.text("'0'"), nullable=False),
        sa.Column("pruned_seq", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("one", name=op.f("feed_one_check")),
        sa.PrimaryKeyConstraint("one", name=op.f("feed_pkey")),
    )
    op.execute("INSERT INTO feed DEFAULT VALUES")
