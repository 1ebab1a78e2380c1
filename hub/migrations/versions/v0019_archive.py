"""The archive: what was said of dossiers that were finished long ago."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "archive",
        sa.Column("dossier_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossier.id"], name=op.f("archive_dossier_id_fkey")),
        sa.PrimaryKeyConstraint("dossier_id", name=op.f("archive_pkey")),
    )
