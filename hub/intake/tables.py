"""Tables of the intake: inbox (every accepted delivery, for ever), inbox_conflict, refusal (counts only)."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)

from hub.db import metadata

inbox = Table(
    "inbox",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("agency", Text, nullable=False),
    Column("webhook_id", Text, nullable=False),
    Column("body_digest", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),  # sealed, as it came
    # new | applied | superseded | ignored | waiting | quarantined | dead
    Column("state", Text, nullable=False, server_default=text("'new'")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("last_error", Text),
    # When the sweep may try it; the delivery's own transaction comes first.
    Column("next_try_at", DateTime(timezone=True), nullable=False, server_default=text("now() + interval '5 s'")),
    Column("received_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("applied_at", DateTime(timezone=True)),
    Column("correlation_id", Text, nullable=False),
    UniqueConstraint("agency", "webhook_id"),
    Index(None, "next_try_at", postgresql_where=text("state IN ('new', 'waiting')")),
    Index(None, "agency", "received_at"),
)

inbox_conflict = Table(
    "inbox_conflict",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("inbox_id", BigInteger, nullable=False),
    Column("body_digest", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    UniqueConstraint("inbox_id", "body_digest"),
)

refusal = Table(
    "refusal",
    metadata,
    Column("agency", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("day", DateTime(timezone=True), primary_key=True),
    Column("count", BigInteger, nullable=False),
)
