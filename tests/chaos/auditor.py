"""Compares what the hub holds with what really happened at the agencies, to the last row."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from contracts.codes import code_key
from tests.estate.client import Estate

AGENCIES = ("so-tnmt", "so-khdt", "ubnd-pleiku")

_HISTORY = """
    SELECT d.agency, d.code_key, o.revision, o.occurred_at, o.facts, count(*) AS times
      FROM observation o JOIN dossier d ON d.id = o.dossier_id
     WHERE d.agency = ANY($1)
     GROUP BY 1, 2, 3, 4, 5, o.settles, o.personal IS NULL
"""


@dataclass(frozen=True, slots=True)
class Audit:
    #: Deliveries that the hub said it has.
    acknowledged: int
    #: Of those, the ones it does not have.
    lost: int
    #: Lines of history, or deliveries, that stand twice.
    doubled: int
    #: Lines of history that tell what never happened.
    invented: int

    @property
    def clean(self) -> bool:
        return (self.lost, self.doubled, self.invented) == (0, 0, 0)


async def until_equal(estate: Estate, database_url: str, *, seconds: float) -> None:
    """Wait until every delivery is acknowledged and the index says of every dossier what its agency says."""
    differences: Sequence[Any] = ["nothing was compared"]
    try:
        async with asyncio.timeout(seconds):
            while True:
                try:
                    differences = await _differences(estate, database_url)
                    if not differences and not await estate.pending():
                        return
                except (OSError, asyncpg.PostgresError):
                    differences = ["the database does not answer"]
                await asyncio.sleep(0.2)
    except TimeoutError:
        raise AssertionError(f"{len(differences)} dossiers differ, such as {differences[:3]}") from None


async def _differences(estate: Estate, database_url: str) -> list[Any]:
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch(
            "SELECT agency, code_key, status FROM dossier WHERE agency = ANY($1)", list(AGENCIES)
        )
    finally:
        await connection.close()
    shown = {(row["agency"], row["code_key"]): str(row["status"]) for row in rows}
    true = {
        (agency, code_key(item["code"])): item["status"] for agency in AGENCIES for item in await estate.state(agency)
    }
    return [(key, true.get(key), shown.get(key)) for key in true.keys() | shown if true.get(key) != shown.get(key)]


async def audit(estate: Estate, database_url: str) -> Audit:
    """Once all is quiet."""
    acknowledged = await estate.acknowledged()
    connection = await asyncpg.connect(database_url)
    try:
        ids = await connection.fetch("SELECT webhook_id FROM inbox WHERE agency = ANY($1)", list(AGENCIES))
        history = await connection.fetch(_HISTORY, list(AGENCIES))
    finally:
        await connection.close()
    inbox = {row["webhook_id"] for row in ids}
    told: dict[Any, set[str]] = defaultdict(set)
    for row in history:
        told[row["code_key"], row["revision"]].add(json.loads(row["facts"]).get("status"))
    happened = await _happened(estate)
    return Audit(
        acknowledged=len(acknowledged),
        lost=sum(
            each["id"] not in inbox or each["status"] not in told[code_key(each["code"]), each["revision"]]
            for each in acknowledged
        ),
        doubled=sum(row["times"] > 1 for row in history) + len(ids) - len(inbox),
        invented=sum(
            (row["agency"], row["code_key"], json.loads(row["facts"]).get("status")) not in happened
            or row["occurred_at"] not in happened[row["agency"], row["code_key"], json.loads(row["facts"])["status"]]
            for row in history
        ),
    )


async def _happened(estate: Estate) -> Mapping[tuple[str, str, str], set[datetime]]:
    """When each dossier came to each status."""
    found: dict[tuple[str, str, str], set[datetime]] = defaultdict(set)
    for agency in AGENCIES:
        for item in await estate.state(agency):
            for step in item["steps"]:
                found[agency, code_key(item["code"]), step["status"]].add(datetime.fromisoformat(step["at"]))
    return found
