"""Tables of watching: watch (who looked at an open dossier, and when it was asked about) and watch_rate (what an
agency's dossiers do, as far as was seen). No personal data: that somebody looked, never who."""

from sqlalchemy import BigInteger, Column, DateTime, Double, ForeignKey, Table, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB

from hub.db import metadata
from hub.index.tables import dossier

watch = Table(
    "watch",
    metadata,
    Column("dossier_id", BigInteger, ForeignKey(dossier.c.id), primary_key=True),
    # The last look, and how many there were of late: each counts for less as it gets older.
    Column("opened_at", DateTime(timezone=True)),
    Column("opened_count", Double, nullable=False, server_default=text("0")),
    # When the agency last answered about this one dossier, or said that it knows none.
    Column("checked_at", DateTime(timezone=True)),
)

watch_rate = Table(
    "watch_rate",
    metadata,
    Column("agency", Text, primary_key=True),
    # hub.watch.rates.Tally by context: [events, exposure].
    Column("seen", JSONB, nullable=False, server_default=text("'{}'")),
    Column("learnt_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
