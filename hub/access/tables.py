"""Tables of access: api_key, account, one_time_password, admin_session, audit. Of what lets in only hashes are stored,
or what is sealed."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from hub.db import Sealed, metadata

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
    Column("revoked_at", DateTime(timezone=True)),  # when it was ended, or will be, by whoever keeps it
    Column("expires_at", DateTime(timezone=True)),  # when it ends by itself
    Index(None, "name", unique=True, postgresql_where=text("revoked_at IS NULL")),
)

account = Table(
    "account",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("agencies", ARRAY(Text)),  # null: all of them
    # Null until they have begun.
    Column("password_hash", Text),
    Column("totp_secret", Sealed),  # sealed
    # Of whom the identity provider tells who it is: a digest of its name and of its name for them.
    Column("identity", LargeBinary, unique=True),
    # The last step of time whose code was used, as none is good twice.
    Column("totp_step", BigInteger, nullable=False, server_default=text("0")),
    # How often somebody was wrong in a row, and until when therefore nobody is let in.
    Column("mistakes", Integer, nullable=False, server_default=text("0")),
    Column("closed_until", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("last_signed_in_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
)

one_time_password = Table(
    "one_time_password",
    metadata,
    Column("password_hash", LargeBinary, primary_key=True),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("account_id", BigInteger, ForeignKey("account.id")),  # null: whoever is the first
)

admin_session = Table(
    "admin_session",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("id", BigInteger, Identity(always=True), nullable=False, unique=True),
    Column("account_id", BigInteger, ForeignKey("account.id")),
    # begin, away, code or in; one of before there were steps leads nowhere.
    Column("step", Text, nullable=False, server_default=text("'code'")),
    Column("totp_secret", Sealed),  # sealed; of one who begins
    Column("identity", LargeBinary),  # of one who begins, once the provider has told
    Column("last_used_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("agent", Text, nullable=False, server_default=text("''")),
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
    Index(None, "correlation_id", postgresql_where=text("correlation_id IS NOT NULL")),
    Index(
        "audit_looked_at_idx",
        text("(detail ->> 'correlation_id')"),
        postgresql_where=text("detail ->> 'correlation_id' IS NOT NULL"),
    ),
    Index("audit_of_agency_idx", text("split_part(target, ' ', 1)"), "id"),
)
