"""Tables of alerts: alert (what is the matter), alert_silence (what is not told), alert_recipient (whom)."""

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Identity, Index, Table, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB

from hub.db import metadata
from hub.outbox.tables import destination

alert = Table(
    "alert",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False),  # as hub.alerts.rules.Kind
    Column("agency", Text, nullable=False),  # '' for what is of none
    Column("what", Text, nullable=False),  # which stream, reason, host, secret or key
    # Since when its condition has held, with nothing else to explain it.
    Column("since", DateTime(timezone=True), nullable=False, server_default=func.now()),
    # Null while it may still be nothing.
    Column("opened_at", DateTime(timezone=True)),
    # Since when its condition has held no more; null while it does.
    Column("clear_since", DateTime(timezone=True)),
    Column("resolved_at", DateTime(timezone=True)),
    # The alert that explains it, so that only that one is told.
    Column("cause_id", BigInteger, ForeignKey("alert.id", ondelete="SET NULL")),
    # What is known of it, for people to read; nothing personal.
    Column("detail", JSONB, nullable=False, server_default=text("'{}'")),
    Column("told_at", DateTime(timezone=True)),
    Column("told_resolved_at", DateTime(timezone=True)),
    Index(None, "kind", "agency", "what", unique=True, postgresql_where=text("resolved_at IS NULL")),
    Index(None, "resolved_at"),
    Index(None, "cause_id"),
)

alert_silence = Table(
    "alert_silence",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("agency", Text),  # null: of all, and of none
    Column("kind", Text),  # null: all
    Column("until", DateTime(timezone=True), nullable=False),
    Column("why", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index(None, "until"),
)

alert_recipient = Table(
    "alert_recipient",
    metadata,
    Column("destination_id", BigInteger, ForeignKey(destination.c.id, ondelete="CASCADE"), primary_key=True),
    Column("made_by", Text, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
