"""Table of live looks: live_look, who is asking about which dossier, and how the last look at it ended."""

from sqlalchemy import Column, DateTime, Index, Table, Text

from hub.db import metadata

live_look = Table(
    "live_look",
    metadata,
    Column("agency", Text, primary_key=True),
    Column("code_key", Text, primary_key=True),  # also of codes that no dossier has
    Column("claimed_until", DateTime(timezone=True)),  # null: nobody is asking
    Column("outcome", Text),
    Column("asked_at", DateTime(timezone=True)),  # when that of `outcome` was asked
    Index(None, "asked_at"),
)
