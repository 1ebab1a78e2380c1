"""The table of plans by which dossiers have passed from agency to agency."""

from sqlalchemy import Column, DateTime, Table, Text, func
from sqlalchemy.dialects.postgresql import JSONB

from hub.db import metadata

agency_change = Table(
    "agency_change",
    metadata,
    Column("id", Text, primary_key=True),
    Column("plan", JSONB, nullable=False),  # as it was applied first, its lists included
    # When it was first applied: of two plans of one day, the later decision holds.
    Column("decided_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("finished_at", DateTime(timezone=True)),  # null: it was interrupted; apply it again
)
