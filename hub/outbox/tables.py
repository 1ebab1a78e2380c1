"""Tables of the outbox: destination (whereto), message (what), delivery (what is to go where), attempt (each try)."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    ForeignKey,
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

from hub.db import Sealed, metadata

destination = Table(
    "destination",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False),  # webhook | mail
    # Keyed digest of an address that may be found again; null where nobody looks for it.
    Column("mark", LargeBinary, unique=True),
    Column("target", Sealed, nullable=False),  # sealed: how its channel reaches it
    Column("enabled", Boolean, nullable=False, server_default=text("true")),
    Column("disabled_at", DateTime(timezone=True)),
    Column("disabled_why", Text),  # failing | gone | owner | admin | key_ended
    # How many tries may be under way at once: more while it answers, one while it does not.
    Column("pace", SmallInteger, nullable=False, server_default=text("1")),
    Column("failures", Integer, nullable=False, server_default=text("0")),  # in a row
    Column("failing_since", DateTime(timezone=True)),
    Column("held_until", DateTime(timezone=True)),
    Column("last_success_at", DateTime(timezone=True)),
    # When there is something to try. Kept with every change of its deliveries, so that nobody looks through those.
    Column("next_due_at", DateTime(timezone=True), nullable=False, server_default=text("'infinity'")),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index(None, "next_due_at", postgresql_where=text("enabled")),
)

message = Table(
    "message",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    # By which receivers know it again: the same for ever.
    Column("key", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("content", Sealed, nullable=False),  # sealed
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index(None, "created_at"),
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("destination_id", BigInteger, ForeignKey(destination.c.id, ondelete="CASCADE"), nullable=False),
    Column("message_id", BigInteger, ForeignKey(message.c.id), nullable=False),
    # Another one lets the same message go to the same destination again.
    Column("round", Integer, nullable=False, server_default=text("0")),
    # Deliveries of one line go one after the other; null: in any order.
    Column("line", BigInteger),
    Column("state", Text, nullable=False, server_default=text("'open'")),  # open | done | failed | dropped
    Column("attempts", SmallInteger, nullable=False, server_default=text("0")),
    # Fencing: whose claim is not the newest may not say how it ended.
    Column("claim", Integer, nullable=False, server_default=text("0")),
    Column("claimed_until", DateTime(timezone=True)),
    # 'infinity' while another of its line goes first.
    Column("next_try_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("first_tried_at", DateTime(timezone=True)),
    Column("finished_at", DateTime(timezone=True)),
    UniqueConstraint("destination_id", "round", "message_id"),
    Index(None, "destination_id", "next_try_at", postgresql_where=text("state = 'open'")),
    Index(
        None,
        *("destination_id", "line", "id"),
        postgresql_where=text("state = 'open' AND line IS NOT NULL"),
    ),
    Index(
        None,
        *("destination_id", "claimed_until"),
        postgresql_where=text("state = 'open' AND claimed_until IS NOT NULL"),
    ),
    Index(None, "destination_id", "id"),
    Index(None, "message_id"),
    Index(None, "finished_at"),
)

attempt = Table(
    "attempt",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("delivery_id", BigInteger, ForeignKey(delivery.c.id, ondelete="CASCADE"), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("seconds", Double, nullable=False),
    Column("outcome", Text, nullable=False),  # as hub.outbox.rules.Outcome
    Column("status", SmallInteger),
    Column("message", Text),
    Column("answer", Sealed),  # sealed: the beginning of what the other side said
    Index(None, "delivery_id", "id"),
)
