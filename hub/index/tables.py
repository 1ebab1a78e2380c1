"""Tables of the index: dossier (what is so), observation and archive (what was said), change (what follows),
recheck; and what they are found and counted by: dossier_mark, tally, tally_delta."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    Date,
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

from hub.db import Sealed, metadata


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id, by which the change feed will know what is still open."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


#: The agency's clock runs: somebody waits for it, and not it for the applicant. As tallies.py counts.
CLOCK_RUNS = "coalesce(status, 0) IN (0, 2, 4) AND finished_at IS NULL AND gone_at IS NULL"

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
    # "1.001612" of "1.001612.000.00.00.H48": agencies write procedures with and without their own tail.
    Column(
        "procedure_key",
        Text,
        Computed("split_part(procedure_code, '.', 1) || '.' || split_part(procedure_code, '.', 2)", persisted=True),
    ),
    Column("submitted_at", DateTime(timezone=True)),
    Column("received_at", DateTime(timezone=True)),
    Column("due_at", DateTime(timezone=True)),
    Column("finished_at", DateTime(timezone=True)),
    Column("gone_at", DateTime(timezone=True)),
    Column("personal", Sealed),  # sealed JSON of the personal facts
    Column("moment_numbered", Boolean),  # null only between claiming the row and filling it
    Column("moment_rank", BigInteger),
    Column("top", LargeBinary),  # digest of the topmost line
    Column("conflict", Boolean, nullable=False, server_default=text("false")),
    Column("observed_at", DateTime(timezone=True)),
    Column("channel", Text),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    # The steps of its status, as steps.py packs them. They hold where they were kept with the last change: a process of
    # the version before, which knows nothing of them, may have made it.
    Column("timeline", LargeBinary),
    Column("timeline_at", DateTime(timezone=True), server_default=func.now()),
    Column("steps", Text),  # for processes of the version before, which kept them as text; goes with the next one
    UniqueConstraint("code_key", "agency"),  # those who ask for a dossier know its code, and mostly not its agency
    Index(None, "national_key", postgresql_where=text("national_key IS NOT NULL")),
    Index(None, "updated_at", "id"),
    Index(None, "agency", "updated_at", "id", postgresql_include=["status"]),
    # Each list is a walk along one of these; what else is asked for is looked at in the index, where it is included.
    Index("dossier_received_idx", "received_at", "id", postgresql_include=["agency", "status"]),
    Index("dossier_procedure_idx", "procedure_key", "updated_at", "id", postgresql_include=["agency", "status"]),
    Index(
        "dossier_status_idx",
        "status",
        "updated_at",
        "id",
        postgresql_include=["agency"],
        # Nine in ten have come to their end: those are walked along with all others.
        postgresql_where=text("status <> 10"),
    ),
    Index(
        "dossier_due_idx",
        "due_at",
        "id",
        postgresql_include=["agency", "status"],
        postgresql_where=text(CLOCK_RUNS),
    ),
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
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.now()),  # as the dossier's
    Index(None, "dossier_id"),
    Index(None, "agency", "updated_at", "dossier_id"),  # lists walk along it
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
    Column("personal", Sealed),
    Column("observed_at", DateTime(timezone=True), nullable=False),
    Column("channel", Text, nullable=False),
    Column("correlation_id", Text),
    Column("said_by", Text),  # null: the agency that had the dossier first
    Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

# The lines of a dossier that was finished long ago, as packing.py packs them, in place of those in `observation`.
archive = Table(
    "archive",
    metadata,
    Column("dossier_id", BigInteger, ForeignKey(dossier.c.id), primary_key=True, autoincrement=False),
    Column("packed", Sealed, nullable=False),  # what is sealed in its lines
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

dossier_mark = Table(
    "dossier_mark",
    metadata,
    Column("mark", BigInteger, primary_key=True, autoincrement=False),
    Column("dossier_id", BigInteger, primary_key=True, autoincrement=False),
    postgresql_partition_by="RANGE (dossier_id)",  # parts.py
)


def _counts() -> list[Column[Any]]:
    return [
        Column("agency", Text, nullable=False),
        Column("former_agencies", ARRAY(Text)),  # as dossier's
        Column("status", SmallInteger, nullable=False),  # 0: the agency's word is not understood
        Column("month", Date),
        Column("due_on", Date),
        Column("late", Boolean, nullable=False),
        Column("count", BigInteger, nullable=False),
    ]


tally = Table(
    "tally",
    metadata,
    *_counts(),
    UniqueConstraint(
        *("agency", "former_agencies", "status", "month", "due_on", "late"), postgresql_nulls_not_distinct=True
    ),
)

tally_delta = Table("tally_delta", metadata, *_counts())
