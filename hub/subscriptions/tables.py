"""Tables of subscriptions: subscription (who wants what), fan_out (one row: how far the feed has been handed on)."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from hub.db import metadata
from hub.index.tables import Xid8
from hub.outbox.tables import destination

subscription = Table(
    "subscription",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("destination_id", BigInteger, ForeignKey(destination.c.id, ondelete="CASCADE"), nullable=False, unique=True),
    Column("owner", Text, nullable=False),  # the name of the API key
    Column("name", Text, nullable=False),
    # Empty: all of them.
    Column("types", ARRAY(Text), nullable=False),
    Column("agencies", ARRAY(Text), nullable=False),
    Column("procedures", ARRAY(Text), nullable=False),
    Column("statuses", ARRAY(Text), nullable=False),
    Column("ordered", Boolean, nullable=False),
    Column("contact_id", BigInteger, ForeignKey(destination.c.id)),  # whom to mail
    # Each replay is a round of its own.
    Column("round", Integer, nullable=False, server_default=text("0")),
    # Joined: it is told what is handed on to all, from the position on. Else it has its own way to go, from there.
    Column("joined", Boolean, nullable=False, server_default=text("true")),
    Column("xid", Xid8, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index(None, "owner"),
    Index(None, "contact_id"),
    Index("subscription_catching_up_idx", "id", postgresql_where=text("NOT joined")),
)

fan_out = Table(
    "fan_out",
    metadata,
    # The only row. Whoever changes what a subscription is told of holds it.
    Column("one", Boolean, primary_key=True, server_default=text("true")),
    # Up to where the feed has been handed on, and of which generation it was.
    Column("generation", Integer, nullable=False),
    Column("xid", Xid8, nullable=False, server_default=text("'0'")),
    Column("seq", BigInteger, nullable=False, server_default=text("0")),
    # Another one: what processes remember of the subscriptions is old.
    Column("version", BigInteger, nullable=False, server_default=text("0")),
    CheckConstraint("one", name="fan_out_one_check"),
)
