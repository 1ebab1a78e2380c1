"""Tables of access: api_key, one_time_password, admin_session, audit. Only hashes of what lets in are stored."""

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, LargeBinary, Table, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from hub.db import metadata

api_key = Table(
    "api_key",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False),
    Column("key_hash", LargeBinary, nullable=False, unique=True),
    Column("scopes", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("agencies", ARRAY(Text)),  # null: all of them
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("last_used_at", DateTime(timezone=True)),
    Column("revoked_at", DateTime(timezone=True)),
    Index(None, "name", unique=True, postgresql_where=text("revoked_at IS NULL")),
)

one_time_password = Table(
    "one_time_password",
    metadata,
    Column("password_hash", LargeBinary, primary_key=True),
    Column("expires_at", DateTime(timezone=True), nullable=False),
)

admin_session = Table(
    "admin_session",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("expires_at", DateTime(timezone=True), nullable=False),
)

audit = Table(
    "audit",
    metadata,
    # A trigger numbers the lines, dates and chains them, and lets none be altered.
    Column("id", BigInteger, primary_key=True, server_default=text("0")),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("target", Text),
    Column("detail", JSONB),
    Column("correlation_id", Text),
    Column("digest", LargeBinary, nullable=False, server_default=text("''")),
)
