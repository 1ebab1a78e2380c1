"""The tables spec_version, to which is only ever added; agency_spec, which says which is at work; spec_draft; and
spec_shadow, which holds specs that read along."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from hub.db import Sealed, metadata

spec_version = Table(
    "spec_version",
    metadata,
    Column("agency", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("text", Text, nullable=False),  # YAML, as its author wrote it
    Column("digest", LargeBinary, nullable=False),  # of the text
    Column("published_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("way", Text, nullable=False),  # hub.specs.specs.Way
)

agency_spec = Table(
    "agency_spec",
    metadata,
    Column("agency", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    # A new version is watched for a while: should it understand less than the one before, that comes back.
    Column("watched_until", DateTime(timezone=True)),
    ForeignKeyConstraint(["agency", "version"], ["spec_version.agency", "spec_version.version"]),
)

spec_shadow = Table(
    "spec_shadow",
    metadata,
    Column("agency", Text, primary_key=True),
    Column("text", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    # Up to where the traffic was read.
    Column("call_id", BigInteger, nullable=False, server_default=text("0")),
    Column("inbox_id", BigInteger, nullable=False, server_default=text("0")),
    Column("found", JSONB, nullable=False, server_default=text("'{}'")),  # hub.specs.shadow.Found
)

spec_draft = Table(
    "spec_draft",
    metadata,
    Column("agency", Text, primary_key=True),
    Column("text", Text, nullable=False),
    Column("based_on", Integer),
    Column("author", Text, nullable=False),
    Column("saved_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("document", Text),  # what it was drafted from, as the table document names it
    # What the agency answered at the last trial, sealed; when; and who has looked at it.
    Column("seen", Sealed),
    Column("seen_at", DateTime(timezone=True)),
    Column("seen_by", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    # Status words and their codes that were guessed, and that nobody has looked at.
    Column("guessed", JSONB, nullable=False, server_default=text("'{}'")),
)
