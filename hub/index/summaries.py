"""How a row of the index becomes what is shown of a dossier: whose it is, how it stands, how fresh that is.

Plain values for orjson, by hand: making models of contracts.dossier only to take them apart again costs ten times as
much, and a list has two hundred. Tests hold the two against each other.
"""

from datetime import datetime
from typing import Any

import asyncpg

from contracts.agency import AgencySpec
from contracts.status import DossierStatus
from hub.registry import Registry
from hub.streams.freshness import freshness

Json = dict[str, Any]

#: contracts.dossier.StatusName by the status' number; null while the agency's word is not understood.
STATUSES: dict[int | None, Json | None] = {
    status.number: {"code": status.value, "name": {"vi": status.name_vi, "en": status.name_en}}
    for status in DossierStatus
} | {None: None}

#: Of a dossier `d`, what `state_json` shows.
STATE_COLUMNS = """
    d.id, d.agency, d.former_agencies, d.told_by, d.code, d.status, d.procedure_code, d.procedure_name, d.submitted_at,
    d.received_at, d.due_at, d.finished_at, d.gone_at, d.observed_at, d.channel, d.updated_at
"""

#: What `summary` reads; of a dossier `d` joined with JOINS.
# Not a join with `watch`: a plan that is made before it is known how large the page is would read all of that table.
COLUMNS = f"""
    {STATE_COLUMNS.strip()}, s.covered_until, s.failures_in_a_row,
    greatest(d.observed_at, (SELECT checked_at FROM watch WHERE dossier_id = d.id)) AS heard_at
"""

JOINS = """
      LEFT JOIN stream s ON (s.agency, s.kind) = (coalesce(d.told_by, d.agency), 'pull')
"""


def summary_json(row: asyncpg.Record, registry: Registry, now: datetime) -> Json:
    """contracts.dossier.DossierSummary as orjson takes it, from a row with COLUMNS."""
    fresh = freshness(
        registry.spec(row["told_by"] or row["agency"]),
        observed_at=row["heard_at"],
        covered_until=row["covered_until"],
        failures_in_a_row=row["failures_in_a_row"] or 0,
        now=now,
    )
    # Put into the one there is: to copy it for each of a page is seen in what the page costs.
    told = state_json(row, registry)
    told["checked_at"], told["stale"], told["stale_reason"] = fresh.checked_at, fresh.stale, fresh.stale_reason
    return told


def state_json(row: asyncpg.Record, registry: Registry) -> Json:
    """contracts.dossier.DossierState as orjson takes it, from a row with STATE_COLUMNS."""
    agency = row["agency"]
    return {
        "id": str(row["id"]),
        "code": row["code"],
        "agency": _agency_json(agency, registry.spec(agency)),
        "former_agencies": [_agency_json(each, registry.spec(each)) for each in row["former_agencies"] or ()],
        "procedure": {"code": row["procedure_code"], "name": row["procedure_name"]},
        "status": STATUSES[row["status"]],
        "submitted_at": row["submitted_at"],
        "received_at": row["received_at"],
        "due_at": row["due_at"],
        "finished_at": row["finished_at"],
        "gone_at": row["gone_at"],
        "observed_at": row["observed_at"],
        "source": {"agency": row["told_by"] or agency, "channel": row["channel"]},
        "updated_at": row["updated_at"],
    }


def _agency_json(agency: str, spec: AgencySpec | None) -> Json:
    """A dossier outlives its agency's entry in the config: it is still shown, under the bare id."""
    if spec is None:
        return {"id": agency, "identifier": agency, "name": {"vi": agency, "en": agency}, "phone": None}
    return {
        "id": agency,
        "identifier": spec.identifier,
        "name": {"vi": spec.name.vi, "en": spec.name.en},
        "phone": spec.phone,
    }
