"""Tables of calls: call (one row each), certificate (when that of an agency's host ends, as it was last shown)."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Double,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    func,
    text,
)

from hub.db import Sealed, metadata

call = Table(
    "call",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("agency", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("seconds", Double, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("message", Text),
    Column("status", Integer),
    Column("request", Sealed, nullable=False),  # sealed
    Column("response", Sealed, nullable=False),  # sealed
    Column("response_bytes", BigInteger, nullable=False),
    Column("correlation_id", Text),
    # Of the code of the dossier it was about, where it was about one: keyed, so that it tells nobody the code.
    Column("code_mark", BigInteger),
    Index(None, "agency", "started_at"),
    Index(None, "started_at"),
    Index(None, "correlation_id", postgresql_where=text("correlation_id IS NOT NULL")),
    Index(None, "code_mark", postgresql_where=text("code_mark IS NOT NULL")),
)

certificate = Table(
    "certificate",
    metadata,
    Column("agency", Text, primary_key=True),
    Column("host", Text, primary_key=True),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
