"""/healthz (alive), /readyz (can serve) and /metrics (for Prometheus)."""

from datetime import UTC, datetime

import asyncpg
from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from hub import telemetry
from hub.db import Database
from hub.problems import ProblemError, ProblemType, responses
from hub.registry import Registry

_STREAMS = "SELECT agency, covered_until, failures_in_a_row FROM stream WHERE kind = 'pull'"
_QUARANTINE = "SELECT agency, count(*) AS open FROM quarantine WHERE resolved_at IS NULL GROUP BY agency"


def router(database: Database, registry: Registry) -> APIRouter:
    routes = APIRouter(tags=["operation"])

    @routes.get("/healthz", summary="The process is alive")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @routes.get("/readyz", summary="The hub can serve", responses=responses(ProblemType.UNAVAILABLE))
    async def readyz() -> dict[str, str]:
        try:
            await database.reads.fetchval("SELECT 1", timeout=2)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise ProblemError(
                ProblemType.UNAVAILABLE, "The database does not answer.", headers={"Retry-After": "5"}
            ) from error
        return {"status": "ready"}

    @routes.get("/metrics", summary="Metrics", response_class=Response)
    async def metrics() -> Response:
        await _measure(database, registry)
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return routes


async def _measure(database: Database, registry: Registry) -> None:
    """Set the gauges that are read from the database."""
    now = datetime.now(UTC)
    for row in await database.reads.fetch(_STREAMS):
        telemetry.FAILURES.labels(row["agency"]).set(row["failures_in_a_row"])
        if row["covered_until"]:
            telemetry.LAG.labels(row["agency"]).set(max(0.0, (now - row["covered_until"]).total_seconds()))
    open_by_agency = {row["agency"]: row["open"] for row in await database.reads.fetch(_QUARANTINE)}
    for spec in registry:
        if spec.enabled:
            telemetry.QUARANTINED.labels(spec.id).set(open_by_agency.get(spec.id, 0))
