"""The call table: one row per call to an agency."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Double,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
)

from hub.db import metadata

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
    Column("request", LargeBinary, nullable=False),  # sealed
    Column("response", LargeBinary, nullable=False),  # sealed
    Column("response_bytes", BigInteger, nullable=False),
    Column("correlation_id", Text),
    Index(None, "agency", "started_at"),
    Index(None, "started_at"),
)
