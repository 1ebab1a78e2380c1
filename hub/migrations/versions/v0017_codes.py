"""Dossiers are found by their code with or without the agency along one index, where there were two."""

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_unique_constraint(op.f("dossier_code_key_agency_key"), "dossier", ["code_key", "agency"])
    op.drop_constraint(op.f("dossier_agency_code_key_key"), "dossier")
    op.drop_index(op.f("dossier_code_key_idx"), "dossier")
