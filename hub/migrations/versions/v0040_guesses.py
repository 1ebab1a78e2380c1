"""Which of a draft's statuses are guesses that nobody has looked at."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    guessed = sa.Column("guessed", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False)
    op.add_column("spec_draft", guessed)
