"""Alerts: what is the matter, what is not told for a while, and whom to tell; the ends of agencies' certificates."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0027"
down_revision = "0034"


def _moment(name: str, *, nullable: bool = True) -> "sa.Column[datetime]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _now(name: str) -> "sa.Column[datetime]":
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def upgrade() -> None:
    op.create_table(
        "alert",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        _now("since"),
        _moment("opened_at"),
        _moment("clear_since"),
        _moment("resolved_at"),
        sa.Column("cause_id", sa.BigInteger(), nullable=True),
        sa.Column("detail", JSONB(), server_default=sa.text("'{}'"), nullable=False),
        _moment("told_at"),
        _moment("told_resolved_at"),
        sa.ForeignKeyConstraint(["cause_id"], ["alert.id"], name=op.f("alert_cause_id_fkey"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("alert_pkey")),
    )
    op.create_index(
        op.f("alert_kind_agency_what_idx"),
        "alert",
        ["kind", "agency", "what"],
        unique=True,
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.create_index(op.f("alert_resolved_at_idx"), "alert", ["resolved_at"])
    op.create_index(op.f("alert_cause_id_idx"), "alert", ["cause_id"])
    op.create_table(
        "alert_silence",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("agency", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True),
        _moment("until", nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        _now("made_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("alert_silence_pkey")),
    )
    op.create_index(op.f("alert_silence_until_idx"), "alert_silence", ["until"])
    op.create_table(
        "alert_recipient",
        sa.Column("destination_id", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        _now("made_at"),
        sa.ForeignKeyConstraint(
            ["destination_id"],
            ["destination.id"],
            name=op.f("alert_recipient_destination_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("destination_id", name=op.f("alert_recipient_pkey")),
    )
    # The latest run of a kind is asked for every few seconds; a comparison lies behind a day's pulls.
    op.create_index(op.f("run_agency_kind_started_at_idx"), "run", ["agency", "kind", "started_at"])
