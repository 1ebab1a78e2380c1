"""Tables of sync state: stream (how far, one per agency) and run (each try, for people to read)."""

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
from sqlalchemy.dialects.postgresql import JSONB

from hub.db import metadata

stream = Table(
    "stream",
    metadata,
    Column("agency", Text, primary_key=True),
    # Everything the agency changed up to here is in the index. Moves only when a window is exhausted.
    Column("covered_until", DateTime(timezone=True)),
    Column("covered_revision", BigInteger),
    # The window being read and where in it; null between windows.
    Column("window", JSONB(none_as_null=True)),
    # Fencing: a run that does not hold the newest epoch may write nothing.
    Column("lease_epoch", BigInteger, nullable=False, server_default=text("0")),
    Column("clock_skew_seconds", Double, nullable=False, server_default=text("0")),
    Column("next_due_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("last_succeeded_at", DateTime(timezone=True)),
    Column("last_failed_at", DateTime(timezone=True)),
    Column("last_failure", Text),
    Column("failures_in_a_row", Integer, nullable=False, server_default=text("0")),
    Column("last_seconds", Double, nullable=False, server_default=text("0")),
)

run = Table(
    "run",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("agency", Text, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True), nullable=False),
    Column("outcome", Text, nullable=False),  # ok | fenced | an AgencyFailure's kind | error
    Column("message", Text),
    Column("since", DateTime(timezone=True)),
    Column("until", DateTime(timezone=True)),
    Column("pages", Integer, nullable=False),
    Column("received", Integer, nullable=False),
    Column("added", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("quarantined", Integer, nullable=False),
    Column("correlation_id", Text),
    Index(None, "agency", "started_at"),
)
