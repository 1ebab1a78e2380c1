"""Hours of agencies' health, and when their certificates end."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0030"


def _number(name: str, of: "type[sa.Integer]") -> "sa.Column[int]":
    return sa.Column(name, of(), server_default=sa.text("0"), nullable=False)


def upgrade() -> None:
    op.create_table(
        "health_hour",
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        *(_number(name, sa.Integer) for name in ("well", "failed", "withheld")),
        *(_number(name, sa.BigInteger) for name in ("received", "changed")),
        sa.Column("lag_seconds", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("agency", "hour", name=op.f("health_hour_pkey")),
    )
    op.create_index(op.f("health_hour_hour_idx"), "health_hour", ["hour"])
    op.create_table(
        "certificate",
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("agency", "host", name=op.f("certificate_pkey")),
    )
