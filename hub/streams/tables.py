"""Tables of sync state: stream (how far), run (each try), health_hour (their sum), seen, missing (of a pass)."""

from sqlalchemy import (
    BigInteger,
    Boolean,
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
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from hub.db import metadata

stream = Table(
    "stream",
    metadata,
    Column("agency", Text, primary_key=True),
    Column("kind", Text, primary_key=True),  # pull | reconcile | watch | backfill
    # Everything the agency changed up to here is in the index. Moves only when a window is exhausted.
    Column("covered_until", DateTime(timezone=True)),
    Column("covered_revision", BigInteger),
    # The window being read and where in it; null between windows.
    Column("window", JSONB(none_as_null=True)),
    # Fencing: a run that does not hold the newest epoch may write nothing.
    Column("lease_epoch", BigInteger, nullable=False, server_default=text("0")),
    Column("clock_skew_seconds", Double, nullable=False, server_default=text("0")),
    Column("next_due_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    # An admin's word over the spec's: another plan, a pause, a run asked for.
    Column("plan", JSONB(none_as_null=True)),
    Column("paused", Boolean, nullable=False, server_default=text("false")),
    Column("wanted", JSONB(none_as_null=True)),
    # Seconds of workers that it has used, by which they are shared out.
    Column("spent", Double, nullable=False, server_default=text("0")),
    Column("last_succeeded_at", DateTime(timezone=True)),
    Column("last_failed_at", DateTime(timezone=True)),
    Column("last_failure", Text),
    Column("failures_in_a_row", Integer, nullable=False, server_default=text("0")),
    Column("last_seconds", Double, nullable=False, server_default=text("0")),
    # What the agency's records usually look like (hub.streams.shape).
    Column("shape", JSONB, nullable=False, server_default=text("'{}'")),
    # A backfill's rows so far, how many there are where that is known, whether it came to its end, and what goes on
    # after it.
    Column("past", JSONB, nullable=False, server_default=text("'{}'")),
    # How many changes were found how late.
    Column("lateness", JSONB, nullable=False, server_default=text("'{}'")),
)

run = Table(
    "run",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("agency", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("reason", Text, nullable=False),  # schedule | admin | recovery
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True)),
    Column(
        "outcome", Text, nullable=False
    ),  # running | ok | gave_way | lost | fenced | shape_changed | an AgencyFailure's kind | error
    Column("message", Text),
    Column("since", DateTime(timezone=True)),
    Column("until", DateTime(timezone=True)),
    Column("calls", Integer, nullable=False, server_default=text("0")),
    Column("pages", Integer, nullable=False, server_default=text("0")),
    Column("received", Integer, nullable=False, server_default=text("0")),
    Column("added", Integer, nullable=False, server_default=text("0")),
    Column("changed", Integer, nullable=False, server_default=text("0")),
    Column("quarantined", Integer, nullable=False, server_default=text("0")),
    # How far it is; the total where it is known.
    Column("done", BigInteger),
    Column("total", BigInteger),
    Column("details", JSONB, nullable=False, server_default=text("'{}'")),
    Column("correlation_id", Text),
    Index(None, "agency", "started_at"),
    Index(None, "agency", "kind", "started_at"),
    Index(None, "agency", "kind", postgresql_where=text("finished_at IS NULL")),
)

# What came of an agency's runs in an hour. An hour of which there is no row is one of which nothing is known.
health_hour = Table(
    "health_hour",
    metadata,
    Column("agency", Text, primary_key=True),
    Column("hour", DateTime(timezone=True), primary_key=True),
    Column("well", Integer, nullable=False, server_default=text("0")),
    Column("failed", Integer, nullable=False, server_default=text("0")),
    # Not made, because the agency's budget or an open breaker forbade it.
    Column("withheld", Integer, nullable=False, server_default=text("0")),
    Column("received", BigInteger, nullable=False, server_default=text("0")),
    Column("changed", BigInteger, nullable=False, server_default=text("0")),
    # How old what a pull went on from was, at the most.
    Column("lag_seconds", Double, nullable=False, server_default=text("0")),
    Index(None, "hour"),
)

# The dossiers that the pass under way has seen, a row for each of its pages.
seen = Table(
    "seen",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("agency", Text, nullable=False),
    Column("dossiers", ARRAY(BigInteger), nullable=False),
    Index(None, "agency"),
)

# The dossiers that the last complete pass did not see, and since when they are missing.
missing = Table(
    "missing",
    metadata,
    Column("dossier_id", BigInteger, primary_key=True, autoincrement=False),
    Column("agency", Text, nullable=False),
    Column("since", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index(None, "agency"),
)
