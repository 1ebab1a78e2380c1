"""Whether each stream was done soon the last time a worker took it, by which short work is told from long."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("stream", sa.Column("is_short", sa.Boolean(), server_default=sa.text("true"), nullable=False))
