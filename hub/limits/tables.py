"""Table of limits: address_debt, what addresses owe, by keyed digests that tell nobody the address."""

from sqlalchemy import Column, DateTime, Double, Index, LargeBinary, Table, func

from hub.db import metadata

address_debt = Table(
    "address_debt",
    metadata,
    Column("address", LargeBinary, primary_key=True),
    Column("points", Double, nullable=False),  # as of told_at
    Column("wait_until", DateTime(timezone=True), nullable=False),
    Column("told_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index(None, "told_at"),
)
