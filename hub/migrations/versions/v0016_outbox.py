"""The outbox, and the subscriptions whose events it carries."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from hub.index.tables import Xid8

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "destination",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=True),
        sa.Column("target", sa.LargeBinary(), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_why", sa.Text(), nullable=True),
        sa.Column("pace", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_success_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_due_at", sa.DateTime(timezone=True), server_default=sa.text("'infinity'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("destination_pkey")),
        sa.UniqueConstraint("mark", name=op.f("destination_mark_key")),
    )
    op.create_index(
        op.f("destination_next_due_at_idx"),
        "destination",
        ["next_due_at"],
        unique=False,
        postgresql_where=sa.text("enabled"),
    )
    op.create_table(
        "message",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("message_pkey")),
        sa.UniqueConstraint("key", name=op.f("message_key_key")),
    )
    op.create_index(op.f("message_created_at_idx"), "message", ["created_at"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("destination_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("round", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), server_default=sa.text("'open'"), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("claim", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_try_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("first_tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["destination_id"], ["destination.id"], name=op.f("delivery_destination_id_fkey"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("delivery_message_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("delivery_pkey")),
        sa.UniqueConstraint(
            "destination_id", "round", "message_id", name=op.f("delivery_destination_id_round_message_id_key")
        ),
    )
    op.create_index(
        op.f("delivery_destination_id_claimed_until_idx"),
        "delivery",
        ["destination_id", "claimed_until"],
        unique=False,
        postgresql_where=sa.text("state = 'open' AND claimed_until IS NOT NULL"),
    )
    op.create_index(op.f("delivery_destination_id_id_idx"), "delivery", ["destination_id", "id"], unique=False)
    op.create_index(
        op.f("delivery_destination_id_line_id_idx"),
        "delivery",
        ["destination_id", "line", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'open' AND line IS NOT NULL"),
    )
    op.create_index(
        op.f("delivery_destination_id_next_try_at_idx"),
        "delivery",
        ["destination_id", "next_try_at"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(op.f("delivery_finished_at_idx"), "delivery", ["finished_at"], unique=False)
    op.create_index(op.f("delivery_message_id_idx"), "delivery", ["message_id"], unique=False)
    op.create_table(
        "attempt",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.id"], name=op.f("attempt_delivery_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("attempt_pkey")),
    )
    op.create_index(op.f("attempt_delivery_id_id_idx"), "attempt", ["delivery_id", "id"], unique=False)
    op.create_table(
        "subscription",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("destination_id", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("types", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("agencies", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("procedures", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("statuses", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("ordered", sa.Boolean(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=True),
        sa.Column("round", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("joined", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("xid", Xid8(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["destination.id"], name=op.f("subscription_contact_id_fkey")),
        sa.ForeignKeyConstraint(
            ["destination_id"], ["destination.id"], name=op.f("subscription_destination_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("subscription_pkey")),
        sa.UniqueConstraint("destination_id", name=op.f("subscription_destination_id_key")),
    )
    op.create_index(
        "subscription_catching_up_idx", "subscription", ["id"], unique=False, postgresql_where=sa.text("NOT joined")
    )
    op.create_index(op.f("subscription_contact_id_idx"), "subscription", ["contact_id"], unique=False)
    op.create_index(op.f("subscription_owner_idx"), "subscription", ["owner"], unique=False)
    op.create_table(
        "fan_out",
        sa.Column("one", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("xid", Xid8(), server_default=sa.text("'0'"), nullable=False),
        sa.Column("seq", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("one", name="fan_out_one_check"),
        sa.PrimaryKeyConstraint("one", name=op.f("fan_out_pkey")),
    )
    op.execute("INSERT INTO fan_out (generation) SELECT generation FROM feed")
