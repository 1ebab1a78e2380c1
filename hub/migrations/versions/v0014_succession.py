"""Dossiers that move from agency to agency."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("dossier", sa.Column("former_agencies", postgresql.ARRAY(sa.Text())))
    op.add_column("dossier", sa.Column("told_by", sa.Text()))
    op.create_index(
        op.f("dossier_told_by_idx"), "dossier", ["told_by"], postgresql_where=sa.text("told_by IS NOT NULL")
    )
    op.add_column("observation", sa.Column("said_by", sa.Text()))
    op.add_column("change", sa.Column("joined_id", sa.BigInteger()))
    op.create_table(
        "dossier_alias",
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("code_key", sa.Text(), nullable=False),
        sa.Column("dossier_id", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("agency", "code_key", name=op.f("dossier_alias_pkey")),
    )
    op.create_index(op.f("dossier_alias_dossier_id_idx"), "dossier_alias", ["dossier_id"])
    op.create_index(
        op.f("dossier_alias_agency_updated_at_dossier_id_idx"), "dossier_alias", ["agency", "updated_at", "dossier_id"]
    )
    for table in ("tally", "tally_delta"):
        op.add_column(table, sa.Column("former_agencies", postgresql.ARRAY(sa.Text())))
    op.drop_constraint("tally_agency_status_month_due_on_late_key", "tally")
    op.create_unique_constraint(
        op.f("tally_agency_former_agencies_status_month_due_on_late_key"),
        "tally",
        ["agency", "former_agencies", "status", "month", "due_on", "late"],
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "agency_change",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("plan", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name=op.f("agency_change_pkey")),
    )
