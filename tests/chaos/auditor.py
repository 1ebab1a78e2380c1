"""Compares what the hub holds with what really happened at the agencies, to the last row."""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from contracts.codes import code_key
from tests.estate.client import Estate

AGENCIES = ("so-tnmt", "so-khdt", "ubnd-pleiku")

#: Of these, the ones that number their changes.
_NUMBERED = ("ubnd-pleiku",)

_SHOWN = "SELECT agency, code_key, status, moment_rank FROM dossier WHERE agency = ANY($1)"
_WAITING = "SELECT count(*) FROM inbox WHERE agency = ANY($1) AND state IN ('new', 'waiting')"

_HISTORY = """
    SELECT d.agency, d.code_key, o.revision, o.occurred_at, o.facts, count(*) AS times
      FROM observation o JOIN dossier d ON d.id = o.dossier_id
     WHERE d.agency = ANY($1)
     GROUP BY 1, 2, 3, 4, 5, o.settles, o.personal IS NULL
"""


# Each status change begins where the one before it ended, and a dossier is new once.
_DOUBLE_CHANGES = """
    SELECT d.code, c.seq, c.kind, c.status_before, c.status_after
      FROM (SELECT *, lag(status_after) OVER dossiers AS left_at, row_number() OVER dossiers AS place
              FROM change WINDOW dossiers AS (PARTITION BY dossier_id ORDER BY seq)) c
      JOIN dossier d ON d.id = c.dossier_id
     WHERE d.agency = ANY($1)
       AND (c.status_before IS DISTINCT FROM c.left_at OR (c.kind = 'created') <> (c.place = 1)
            OR (c.kind = 'status' AND c.status_before = c.status_after))
"""


@dataclass(frozen=True, slots=True)
class Audit:
    """What is amiss, each item as people look into it; nothing of persons."""

    #: How many deliveries the hub said it has.
    acknowledged: int
    #: Of those, the ones it does not have.
    lost: Sequence[str]
    #: Lines of history, deliveries, or changes that stand twice.
    doubled: Sequence[str]
    #: Lines of history that tell what never happened.
    invented: Sequence[str]

    @property
    def clean(self) -> bool:
        return not (self.lost or self.doubled or self.invented)

    def line(self) -> dict[str, int]:
        """The figures, as they are printed."""
        counts = {"lost": len(self.lost), "double_effects": len(self.doubled), "invented": len(self.invented)}
        return {"acknowledged": self.acknowledged} | counts


async def until_equal(estate: Estate, database_url: str, *, seconds: float) -> None:
    """Wait until all is quiet: every delivery is acknowledged and applied, and the index says of every dossier what its
    agency says, up to the same change.

    That the index shows the agency's present is not enough. A delivery that could not be applied when it came stands in
    the inbox for the sweep; its dossier may have moved on since, and been pulled.
    """
    differ: Sequence[Any] = ["nothing was compared"]
    waiting = 0
    try:
        async with asyncio.timeout(seconds):
            while True:
                try:
                    differ, waiting = await differences(estate, database_url)
                    if not differ and not waiting and not await estate.pending():
                        return
                except (OSError, asyncpg.PostgresError):
                    differ = ["the database does not answer"]
                await asyncio.sleep(0.2)
    except TimeoutError:
        raise AssertionError(
            f"{waiting} deliveries are not applied, and {len(differ)} dossiers differ, such as {differ[:3]}"
        ) from None


async def differences(estate: Estate, database_url: str) -> tuple[list[Any], int]:
    """The dossiers of which the index says another (status, change) than the agency, as (which, agency's, index's); and
    how many deliveries wait."""
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch(_SHOWN, list(AGENCIES))
        waiting = await connection.fetchval(_WAITING, list(AGENCIES))
    finally:
        await connection.close()
    shown = {(row["agency"], row["code_key"]): (row["status"], row["moment_rank"]) for row in rows}
    true = {
        (agency, code_key(item["code"])): (int(item["status"]), _rank(agency, item))
        for agency in AGENCIES
        for item in await estate.state(agency)
    }
    return [
        (key, true.get(key), shown.get(key)) for key in true.keys() | shown if true.get(key) != shown.get(key)
    ], waiting


def _rank(agency: str, item: Mapping[str, Any]) -> int:
    """Where the index has the agency's last change: at its number, or at its time in microseconds."""
    if agency in _NUMBERED:
        return int(item["revision"])
    return (datetime.fromisoformat(item["changed_at"]) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


async def audit(estate: Estate, database_url: str) -> Audit:
    """Once all is quiet."""
    acknowledged = await estate.acknowledged()
    connection = await asyncpg.connect(database_url)
    try:
        ids = await connection.fetch("SELECT webhook_id, state FROM inbox WHERE agency = ANY($1)", list(AGENCIES))
        history = await connection.fetch(_HISTORY, list(AGENCIES))
        changes = await connection.fetch(_DOUBLE_CHANGES, list(AGENCIES))
    finally:
        await connection.close()
    inbox = {row["webhook_id"]: row["state"] for row in ids}
    told: dict[Any, set[str]] = defaultdict(set)
    for row in history:
        told[row["code_key"], row["revision"]].add(_status(row))
    happened = await _happened(estate)
    return Audit(
        len(acknowledged),
        lost=[
            f"{each['id']} of {each['code']}, revision {each['revision']}: {inbox.get(each['id'], 'not in the inbox')}"
            for each in acknowledged
            if each["id"] not in inbox or each["status"] not in told[code_key(each["code"]), each["revision"]]
        ],
        doubled=[f"history: {_named(row)}" for row in history if row["times"] > 1]
        + [f"delivery: {id}" for id, count in Counter(row["webhook_id"] for row in ids).items() if count > 1]
        + [f"change: {tuple(row)}" for row in changes],
        invented=[
            _named(row)
            for row in history
            if row["occurred_at"] not in happened[row["agency"], row["code_key"], _status(row)]
        ],
    )


def _status(row: asyncpg.Record) -> Any:
    return json.loads(row["facts"]).get("status")


def _named(row: asyncpg.Record) -> str:
    return f"{row['code_key']} {_status(row)}, revision {row['revision']}, of {row['occurred_at']}"


async def _happened(estate: Estate) -> Mapping[tuple[str, str, str], set[datetime]]:
    """When each dossier came to each status."""
    found: dict[tuple[str, str, str], set[datetime]] = defaultdict(set)
    for agency in AGENCIES:
        for item in await estate.state(agency):
            for step in item["steps"]:
                found[agency, code_key(item["code"]), step["status"]].add(datetime.fromisoformat(step["at"]))
    return found
