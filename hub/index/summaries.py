"""How a row of the index becomes what is shown of a dossier: whose it is, how it stands, how fresh that is."""

from datetime import datetime
from typing import Any

import asyncpg

from contracts.agency import AgencySpec, Name
from contracts.dossier import AgencyName, Procedure, Source, StatusName
from contracts.observation import Channel
from contracts.status import DossierStatus
from hub.registry import Registry
from hub.streams.freshness import freshness

#: Of a dossier `d`, what `state_of` shows.
STATE_COLUMNS = """
    d.id, d.agency, d.code, d.status, d.procedure_code, d.procedure_name, d.submitted_at, d.received_at, d.due_at,
    d.finished_at, d.gone_at, d.observed_at, d.channel, d.updated_at
"""

#: What `summary` reads; of a dossier `d` joined with JOINS.
COLUMNS = f"""
    {STATE_COLUMNS.strip()}, s.covered_until, s.failures_in_a_row,
    greatest(d.observed_at, w.checked_at) AS heard_at
"""

JOINS = """
      LEFT JOIN stream s ON (s.agency, s.kind) = (d.agency, 'pull')
      LEFT JOIN watch w ON w.dossier_id = d.id
"""


def summary(row: asyncpg.Record, registry: Registry, now: datetime) -> dict[str, Any]:
    """The fields of contracts.dossier.DossierSummary, from a row with COLUMNS."""
    fresh = freshness(
        registry.spec(row["agency"]),
        observed_at=row["heard_at"],
        covered_until=row["covered_until"],
        failures_in_a_row=row["failures_in_a_row"] or 0,
        now=now,
    )
    return state_of(row, registry) | {
        "checked_at": fresh.checked_at,
        "stale": fresh.stale,
        "stale_reason": fresh.stale_reason,
    }


def state_of(row: asyncpg.Record, registry: Registry) -> dict[str, Any]:
    """The fields of contracts.dossier.DossierState, from a row with STATE_COLUMNS."""
    return {
        "id": str(row["id"]),
        "code": row["code"],
        "agency": _agency_name(row["agency"], registry.spec(row["agency"])),
        "procedure": Procedure(code=row["procedure_code"], name=row["procedure_name"]),
        "status": StatusName.of(DossierStatus(str(row["status"]))) if row["status"] is not None else None,
        "submitted_at": row["submitted_at"],
        "received_at": row["received_at"],
        "due_at": row["due_at"],
        "finished_at": row["finished_at"],
        "gone_at": row["gone_at"],
        "observed_at": row["observed_at"],
        "source": Source(agency=row["agency"], channel=Channel(row["channel"])),
        "updated_at": row["updated_at"],
    }


def _agency_name(agency: str, spec: AgencySpec | None) -> AgencyName:
    """A dossier outlives its agency's entry in the config: it is still shown, under the bare id."""
    if spec is None:
        return AgencyName(id=agency, identifier=agency, name=Name(vi=agency, en=agency))
    return AgencyName(id=spec.id, identifier=spec.identifier, name=spec.name, phone=spec.phone)
