"""Calls are found by correlation id, and by the dossier they were about."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.add_column("call", sa.Column("code_mark", sa.BigInteger(), nullable=True))
    for column in ("correlation_id", "code_mark"):
        op.create_index(op.f(f"call_{column}_idx"), "call", [column], postgresql_where=sa.text(f"{column} IS NOT NULL"))
