"""What came under another event's id is kept whole for as long as that event: then its digest alone."""

from alembic import op

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    op.alter_column("inbox_conflict", "body", nullable=True)
    op.create_index("inbox_conflict_kept_idx", "inbox_conflict", ["received_at"], postgresql_where="body IS NOT NULL")
