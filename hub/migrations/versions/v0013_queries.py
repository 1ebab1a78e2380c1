"""What lists, searches and statistics go by; scopes of API keys."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"

_CLOCK_RUNS = "coalesce(status, 0) IN (0, 2, 4) AND finished_at IS NULL AND gone_at IS NULL"


def _counts() -> list[sa.Column[object]]:
    return [
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("month", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
    ]


def upgrade() -> None:
    op.add_column(
        "dossier",
        sa.Column(
            "procedure_key",
            sa.Text(),
            sa.Computed(
                "split_part(procedure_code, '.', 1) || '.' || split_part(procedure_code, '.', 2)", persisted=True
            ),
        ),
    )
    op.create_index("dossier_received_idx", "dossier", ["received_at", "id"], postgresql_include=["agency", "status"])
    op.create_index(
        "dossier_procedure_idx",
        "dossier",
        ["procedure_key", "updated_at", "id"],
        postgresql_include=["agency", "status"],
    )
    op.create_index(
        "dossier_status_idx",
        "dossier",
        ["status", "updated_at", "id"],
        postgresql_include=["agency"],
        postgresql_where=sa.text("status <> 10"),
    )
    op.create_index(
        "dossier_due_idx",
        "dossier",
        ["due_at", "id"],
        postgresql_include=["agency", "status"],
        postgresql_where=sa.text(_CLOCK_RUNS),
    )
    op.create_table(
        "dossier_mark",
        sa.Column("mark", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("dossier_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("mark", "dossier_id", name=op.f("dossier_mark_pkey")),
    )
    op.create_table(
        "tally",
        *_counts(),
        sa.UniqueConstraint(
            *("agency", "status", "month", "due_on", "late"),
            name=op.f("tally_agency_status_month_due_on_late_key"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table("tally_delta", *_counts())
    # What stands in the index so far is counted, and filed under its marks, by `hub index check --repair`: the marks
    # need the keys, which a migration does not have.
    op.add_column(
        "api_key",
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    )
    op.add_column("api_key", sa.Column("agencies", postgresql.ARRAY(sa.Text()), nullable=True))
    # What keys could do before there were scopes.
    op.execute("UPDATE api_key SET scopes = '{dossiers:read}'")
