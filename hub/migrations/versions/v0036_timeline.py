"""The steps of a dossier's status as bytes, and when they were kept. `record` and `hub index check --repair` fill those
of dossiers that there are: here everybody would have to wait until all are filled. `dossier.steps`, where 0032 kept
them as text, is for processes of that version alone (docs/decisions/0031-steps-in-the-row.md)."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    op.add_column("dossier", sa.Column("timeline", sa.LargeBinary()))
    op.add_column("dossier", sa.Column("timeline_at", sa.DateTime(timezone=True), server_default=sa.text("now()")))
