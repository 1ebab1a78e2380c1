"""The canary: a new version that makes quarantines jump, or pulls fail, is taken back by itself, and says so."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC
from pathlib import Path

import asyncpg
import orjson
import structlog

from config.spec_file import SpecFile
from contracts.adapter import AgencyAdapter
from contracts.observation import Channel, Reading
from hub.db import Database
from hub.specs.follower import Build
from hub.specs.specs import Overtaken, Specs
from hub.vault import Vault

log = structlog.get_logger()

#: Who it is in the audit.
AUTHOR = "canary"

#: So many records, and such a part of what was read, must be in quarantine that the version before understands.
_FEWEST = 3
_SHARE = 0.05
#: Or so many runs must have failed, and none gone well.
_FAILED_RUNS = 2
#: As these, for which the spec may be to blame; that an agency is away, or slow, is no fault of a spec.
_TO_BLAME = ("malformed", "rejected", "unauthorized", "not_found", "shape_changed", "error")

#: More records are not read again at a look.
_MOST = 500

_WATCHED = """
    SELECT w.agency, w.version, before.version AS before, before.text AS text_before,
           (SELECT coalesce(sum(r.received), 0)::bigint FROM run r
             WHERE r.agency = w.agency AND r.started_at > v.published_at)
         + (SELECT count(*) FROM inbox i WHERE i.agency = w.agency AND i.received_at > v.published_at) AS read,
           (SELECT array_agg(r.outcome ORDER BY r.started_at DESC) FROM run r
             WHERE r.agency = w.agency AND r.kind = 'pull' AND r.started_at > v.published_at
               AND r.finished_at IS NOT NULL) AS outcomes,
           (SELECT r.outcome FROM run r
             WHERE r.agency = w.agency AND r.kind = 'pull' AND r.started_at < v.published_at
               AND r.finished_at IS NOT NULL
             ORDER BY r.started_at DESC LIMIT 1) AS outcome_before
      FROM agency_spec w
      JOIN spec_version v USING (agency, version)
      JOIN LATERAL (SELECT version, text FROM spec_version e
                     WHERE e.agency = w.agency AND e.version < w.version
                     ORDER BY version DESC LIMIT 1) before ON true
     WHERE w.watched_until > now()
"""
_KEPT = """
    SELECT q.raw, q.channel, q.first_seen_at
      FROM quarantine q
      JOIN spec_version v ON v.agency = q.agency AND v.version = $2
     WHERE q.agency = $1 AND q.resolved_at IS NULL AND q.first_seen_at > v.published_at
     ORDER BY q.id
     LIMIT $3
"""


class Canary:
    def __init__(self, database: Database, vault: Vault, specs: Specs, build: Build) -> None:
        self._database, self._vault = database, vault
        self._specs, self._build = specs, build

    async def look(self) -> None:
        """Look at all versions that are new, and take back those that understand less than what was before."""
        for row in await self._database.reads.fetch(_WATCHED):
            why = _failing(row) or await self._not_understood(row)
            if why is None:
                continue
            # Somebody may have published another just now, which is watched for itself.
            with suppress(Overtaken):
                await self._specs.roll_back(
                    row["agency"], row["before"], author=AUTHOR, reason=why, only_from=row["version"]
                )
                log.error("spec.taken_back", agency=row["agency"], version=row["version"], why=why)

    async def _not_understood(self, row: asyncpg.Record) -> str | None:
        """What an agency began to say at the same time no version understands: that is no reason to go back."""
        kept = await self._database.reads.fetch(_KEPT, row["agency"], row["version"], _MOST)
        if len(kept) < _FEWEST:
            return None
        spec = SpecFile(Path(f"{row['agency']}.yaml"), text=row["text_before"]).spec
        if spec is None:
            return None
        try:
            before = await asyncio.to_thread(self._build, spec)
        except ValueError:
            return None
        known = sum(not self._read(before, each).unusable for each in kept)
        read = max(row["read"], len(kept))
        if known < _FEWEST or known / read < _SHARE:
            return None
        return (
            f"{known} of {read} records went to the quarantine with version {row['version']} "
            f"that version {row['before']} understands"
        )

    def _read(self, adapter: AgencyAdapter, row: asyncpg.Record) -> Reading:
        raw = orjson.loads(self._vault.open(row["raw"]))
        return adapter.read(raw, Channel(row["channel"]), row["first_seen_at"].astimezone(UTC))


def _failing(row: asyncpg.Record) -> str | None:
    outcomes: Sequence[str] = row["outcomes"] or ()
    failed = [each for each in outcomes if each in _TO_BLAME]
    if row["outcome_before"] != "ok" or "ok" in outcomes or len(failed) < _FAILED_RUNS:
        return None
    return f"no run went well with version {row['version']}: {len(failed)} failed, the last as {failed[0]}"
