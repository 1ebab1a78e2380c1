"""The secret table: what specs and settings only name."""

from sqlalchemy import Column, DateTime, Table, Text, func

from hub.db import Sealed, metadata

secret = Table(
    "secret",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Sealed, nullable=False),  # sealed
    Column("set_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("set_by", Text, nullable=False),
    Column("expires_at", DateTime(timezone=True)),  # when its agency will not take it any more, where that is known
    # What it was before, sealed: until then whoever proves themselves by it is believed, too.
    Column("previous", Sealed),
    Column("previous_until", DateTime(timezone=True)),
    Column("last_used_at", DateTime(timezone=True)),  # to a minute
)
