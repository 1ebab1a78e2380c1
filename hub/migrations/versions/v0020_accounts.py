"""Accounts of people who keep the hub; sessions are theirs, and go through steps."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("agencies", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("totp_secret", sa.LargeBinary(), nullable=True),
        sa.Column("totp_step", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("mistakes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("closed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_signed_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("account_pkey")),
        sa.UniqueConstraint("name", name=op.f("account_name_key")),
    )
    for table in ("one_time_password", "admin_session"):
        op.add_column(table, sa.Column("account_id", sa.BigInteger(), nullable=True))
        op.create_foreign_key(op.f(f"{table}_account_id_fkey"), table, "account", ["account_id"], ["id"])
    op.add_column("admin_session", sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False))
    op.create_unique_constraint(op.f("admin_session_id_key"), "admin_session", ["id"])
    op.add_column("admin_session", sa.Column("step", sa.Text(), server_default=sa.text("'code'"), nullable=False))
    op.add_column("admin_session", sa.Column("totp_secret", sa.LargeBinary(), nullable=True))
    op.add_column(
        "admin_session",
        sa.Column("last_used_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
    op.add_column("admin_session", sa.Column("agent", sa.Text(), server_default=sa.text("''"), nullable=False))
