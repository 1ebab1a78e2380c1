"""Table of ownership: proof_attempt, how often somebody tried to prove a dossier his own, by a digest of its code."""

from sqlalchemy import Column, DateTime, Double, LargeBinary, Table

from hub.db import metadata

proof_attempt = Table(
    "proof_attempt",
    metadata,
    Column("code", LargeBinary, primary_key=True),  # of codes that no dossier has, too
    Column("points", Double, nullable=False),  # as of tried_at
    Column("tried_at", DateTime(timezone=True), nullable=False),
    Column("wait_until", DateTime(timezone=True), nullable=False),
)
