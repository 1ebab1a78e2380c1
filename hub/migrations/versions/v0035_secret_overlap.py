"""A secret that was replaced is good for a while beside the new one; and when each was last used."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0029"


def upgrade() -> None:
    op.add_column("secret", sa.Column("previous", sa.LargeBinary(), nullable=True))
    op.add_column("secret", sa.Column("previous_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("secret", sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True))
