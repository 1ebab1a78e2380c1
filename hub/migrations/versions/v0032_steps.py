"""A dossier's row tells the statuses it went through: those of before, once they are written again. And a walk along an
agency's dossiers finds their status in its index."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    op.add_column("dossier", sa.Column("steps", sa.Text(), nullable=True))
    op.drop_index("dossier_agency_updated_at_id_idx", table_name="dossier")
    op.create_index(
        "dossier_agency_updated_at_id_idx",
        "dossier",
        ["agency", "updated_at", "id"],
        unique=False,
        postgresql_include=["status"],
    )
