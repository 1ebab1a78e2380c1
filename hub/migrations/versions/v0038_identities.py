"""Accounts whose owner an identity provider tells, by a digest of its name for them."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0036"


def upgrade() -> None:
    op.add_column("account", sa.Column("identity", sa.LargeBinary(), nullable=True))
    op.create_unique_constraint(op.f("account_identity_key"), "account", ["identity"])
    op.add_column("admin_session", sa.Column("identity", sa.LargeBinary(), nullable=True))
