"""The quarantine table: one row per thing not understood, however often it was said."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)

from hub.db import Sealed, metadata

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("agency", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),  # of reason, field, value and raw text
    Column("channel", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("field", Text),
    Column("expression", Text),
    Column("value", Text),
    Column("message", Text, nullable=False),
    Column("code", Text),
    Column("raw", Sealed, nullable=False),  # sealed
    Column("first_seen_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("last_seen_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("times", BigInteger, nullable=False, server_default=text("1")),
    Column("correlation_id", Text),
    Column("resolved_at", DateTime(timezone=True)),
    UniqueConstraint("agency", "digest"),
    Index(None, "agency", "last_seen_at", postgresql_where=text("resolved_at IS NULL")),
)
