"""Tables of the intake: inbox (every event that was taken, for ever), inbox_conflict, refusal (counts), and
refused_call (the last ones)."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from hub.db import Sealed, metadata
from hub.index.tables import Xid8

inbox = Table(
    "inbox",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("agency", Text, nullable=False),
    Column("webhook_id", Text, nullable=False),
    # Of what it says, however that is written.
    Column("body_digest", LargeBinary, nullable=False),
    # Sealed, as it came; null for an event of a list, and once it was kept for long enough.
    Column("body", Sealed),
    Column("headers", Sealed),  # sealed JSON, without what lets in; null likewise
    Column("address", Text),  # from where it came
    Column("batch", Text),  # the webhook_id of the list that it came in
    Column("place", SmallInteger),  # where in it
    # new | applied | superseded | ignored | waiting | quarantined | dead; batch: a list, whose events have their own
    Column("state", Text, nullable=False, server_default=text("'new'")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("last_error", Text),
    Column("problems", JSONB(none_as_null=True)),  # what was not understood, as contracts.problem.FieldProblem
    # When the sweep may try it; the delivery's own transaction comes first.
    Column("next_try_at", DateTime(timezone=True), nullable=False, server_default=text("now() + interval '5 s'")),
    Column("received_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("applied_at", DateTime(timezone=True)),
    Column("xid", Xid8),  # the transaction that applied it, by which its changes are found
    Column("correlation_id", Text, nullable=False),
    UniqueConstraint("agency", "webhook_id"),
    Index(None, "next_try_at", postgresql_where=text("state IN ('new', 'waiting')")),
    Index(None, "agency", "received_at"),
    Index(
        "inbox_open_idx", "agency", "id", postgresql_where=text("state IN ('new', 'waiting', 'quarantined', 'dead')")
    ),
    Index("inbox_kept_idx", "received_at", postgresql_where=text("body IS NOT NULL")),
)

inbox_conflict = Table(
    "inbox_conflict",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("inbox_id", BigInteger, nullable=False),
    Column("body_digest", LargeBinary, nullable=False),
    Column("body", Sealed),  # sealed; null once it was kept for long enough
    Column("received_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    UniqueConstraint("inbox_id", "body_digest"),
    Index("inbox_conflict_kept_idx", "received_at", postgresql_where=text("body IS NOT NULL")),
)

refusal = Table(
    "refusal",
    metadata,
    Column("agency", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("day", DateTime(timezone=True), primary_key=True),
    Column("count", BigInteger, nullable=False),
)

refused_call = Table(
    "refused_call",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("agency", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("reason", Text, nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("problem", JSONB, nullable=False),  # contracts.problem.FieldProblem
    Column("address", Text),
    Column("headers", Sealed),  # sealed JSON, without what lets in
    Column("body", Sealed),  # sealed, its beginning
    Column("body_bytes", Integer, nullable=False),
    Index(None, "agency", "id"),
)
