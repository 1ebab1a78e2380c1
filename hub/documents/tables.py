"""The document table: WSDLs, schemas and OpenAPI documents that were brought in through the console."""

from sqlalchemy import Column, DateTime, LargeBinary, Table, Text, func

from hub.db import metadata

document = Table(
    "document",
    metadata,
    Column("name", Text, primary_key=True),  # as adapters.soap.documents has it: an address, percent-escaped, or a name
    Column("content", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("stored_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("stored_by", Text, nullable=False),
)
