"""Tables of the index: dossier (what is so), observation (what was said), change (what follows), recheck."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import UserDefinedType

from hub.db import metadata


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id, by which the change feed will know what is still open."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


dossier = Table(
    "dossier",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("agency", Text, nullable=False),  # who handles it now
    Column("former_agencies", ARRAY(Text)),  # who did before, in order; null where it never moved
    Column("told_by", Text),  # who said what is told of it, where that is not `agency`
    Column("code", Text, nullable=False),
    Column("code_key", Text, nullable=False),
    Column("status", SmallInteger),
    Column("status_raw", Text),
    Column("national_code", Text),
    Column("national_key", Text),
    Column("procedure_code", Text),
    Column("procedure_name", Text),
    Column("submitted_at", DateTime(timezone=True)),
    Column("received_at", DateTime(timezone=True)),
    Column("due_at", DateTime(timezone=True)),
    Column("finished_at", DateTime(timezone=True)),
    Column("gone_at", DateTime(timezone=True)),
    Column("personal", LargeBinary),  # sealed JSON of the personal facts
    Column("moment_numbered", Boolean),  # null only between claiming the row and filling it
    Column("moment_rank", BigInteger),
    Column("top", LargeBinary),  # digest of the topmost line
    Column("conflict", Boolean, nullable=False, server_default=text("false")),
    Column("observed_at", DateTime(timezone=True)),
    Column("channel", Text),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    UniqueConstraint("agency", "code_key"),
    Index(None, "code_key"),
    Index(None, "national_key", postgresql_where=text("national_key IS NOT NULL")),
    Index(None, "updated_at", "id"),
    Index(None, "agency", "updated_at", "id"),
    Index(None, "told_by", postgresql_where=text("told_by IS NOT NULL")),
    Index(
        "dossier_open_idx",
        "agency",
        postgresql_where=text("coalesce(status, 0) NOT IN (3, 7, 8, 10) AND gone_at IS NULL"),
    ),
)

# Under what a dossier was known that has moved, or is part of another: who speaks of it so means this one.
dossier_alias = Table(
    "dossier_alias",
    metadata,
    Column("agency", Text, primary_key=True),
    Column("code_key", Text, primary_key=True),
    Column("dossier_id", BigInteger, nullable=False),
    Index(None, "dossier_id"),
)

observation = Table(
    "observation",
    metadata,
    Column("dossier_id", BigInteger, ForeignKey(dossier.c.id), primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("code", Text, nullable=False),
    Column("occurred_at", DateTime(timezone=True)),  # null: the agency did not say
    Column("revision", BigInteger),
    Column("settles", Boolean, nullable=False),
    Column("facts", JSONB, nullable=False),
    Column("personal", LargeBinary),
    Column("observed_at", DateTime(timezone=True), nullable=False),
    Column("channel", Text, nullable=False),
    Column("correlation_id", Text),
    Column("said_by", Text),  # null: the agency that had the dossier first
    Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

change = Table(
    "change",
    metadata,
    Column("seq", BigInteger, Identity(always=True), primary_key=True),
    Column("xid", Xid8, nullable=False, server_default=text("pg_current_xact_id()")),
    Column("dossier_id", BigInteger, ForeignKey(dossier.c.id), nullable=False),
    Column("kind", Text, nullable=False),  # as contracts.change.ChangeType
    Column("joined_id", BigInteger),  # the dossier that became part of this one
    Column("status_before", SmallInteger),
    Column("status_after", SmallInteger),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("correlation_id", Text),
    Index(None, "dossier_id"),
    Index(None, "xid", "seq"),
)

recheck = Table(
    "recheck",
    metadata,
    Column("dossier_id", BigInteger, ForeignKey(dossier.c.id), primary_key=True),
    Column("moment_numbered", Boolean, primary_key=True),
    Column("moment_rank", BigInteger, primary_key=True),
    Column("wanted_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("asked_at", DateTime(timezone=True)),
    Index(None, "wanted_at", postgresql_where=text("asked_at IS NULL")),
)
