"""Table of ownership: proof_attempt, how often somebody tried to prove a dossier his own, by a digest of its code;
or to sign in, by one of name and address."""

from sqlalchemy import Column, DateTime, Double, LargeBinary, Table

from hub.db import metadata

proof_attempt = Table(
    "proof_attempt",
    metadata,
    Column("code", LargeBinary, primary_key=True),  # or of a name; of what there is none of, too
    Column("points", Double, nullable=False),  # as of tried_at
    Column("tried_at", DateTime(timezone=True), nullable=False),
    Column("wait_until", DateTime(timezone=True), nullable=False),
)
