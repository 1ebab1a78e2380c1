"""The gate table: what all processes together have asked of an agency, and how that went."""

from sqlalchemy import Column, Date, DateTime, Double, Integer, Table, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB

from hub.db import metadata

#: One row per agency; its columns are the fields of hub.gate.rules.State.
gate = Table(
    "gate",
    metadata,
    Column("agency", Text, primary_key=True),
    # The day there which the counts are of.
    Column("day", Date, nullable=False, server_default=text("'1970-01-01'")),
    Column("calls_today", Integer, nullable=False, server_default=text("0")),
    Column("backfill_today", Integer, nullable=False, server_default=text("0")),
    Column("full_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("window_began", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("window_calls", Integer, nullable=False, server_default=text("0")),
    Column("window_failures", Integer, nullable=False, server_default=text("0")),
    # Null while the breaker is closed.
    Column("open_until", DateTime(timezone=True)),
    Column("cooldown_seconds", Double, nullable=False, server_default=text("0")),
    # Which process has the one probe of a half-open breaker.
    Column("probe", Text),
    # The agency asked to be left alone until then.
    Column("not_before", DateTime(timezone=True)),
    # By process: how many calls it has under way, who waits there, and when it last said so.
    Column("holders", JSONB, nullable=False, server_default=text("'{}'")),
)
