"""/healthz (alive), /readyz (can serve) and /metrics (for Prometheus)."""

import asyncio

import asyncpg
from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from hub import telemetry
from hub.db import ClockWrong, Database
from hub.problems import ProblemError, ProblemType, responses
from hub.registry import Registry
from hub.sync.status import statuses

_QUARANTINE = "SELECT agency, count(*) AS open FROM quarantine WHERE resolved_at IS NULL GROUP BY agency"

_WAITING = """
    SELECT count(*) AS jobs, coalesce(extract(epoch FROM now() - min(execute_after)), 0)::float8 AS seconds
      FROM pgqueuer WHERE status = 'queued' AND execute_after <= now()
"""

# Of what is due only as much is counted as says that it is too much.
_OUTBOX = """
    SELECT (SELECT count(*) FROM (SELECT FROM delivery d JOIN destination t ON t.id = d.destination_id
                                   WHERE d.state = 'open' AND d.next_try_at <= now() AND t.enabled LIMIT 100000) w)
               AS due,
           (SELECT coalesce(greatest(0, extract(epoch FROM now() - min(next_due_at))), 0)::float8 FROM destination
             WHERE enabled) AS seconds,
           (SELECT count(*) FROM destination WHERE NOT enabled AND kind = 'webhook') AS disabled_webhooks,
           (SELECT count(*) FROM destination WHERE NOT enabled AND kind = 'mail') AS disabled_mail,
           (SELECT coalesce(extract(epoch FROM now() - (
                SELECT c.at FROM change c, fan_out f WHERE (c.xid, c.seq) > (f.xid, f.seq)
                   AND EXISTS (SELECT FROM subscription WHERE joined) ORDER BY c.xid, c.seq LIMIT 1)), 0)::float8)
               AS not_handed_on
"""


#: What was true a moment ago is of no use to who watches.
_NEVER_KEPT = {"Cache-Control": "no-store"}


def router(database: Database, registry: Registry, leaving: asyncio.Event) -> APIRouter:
    """`leaving`: the process has been told to stop, and should be sent nobody more."""
    routes = APIRouter(tags=["operation"])

    @routes.get("/healthz", summary="The process is alive")
    async def healthz(response: Response) -> dict[str, str]:
        response.headers.update(_NEVER_KEPT)
        return {"status": "alive"}

    @routes.get("/readyz", summary="The hub can serve", responses=responses(ProblemType.UNAVAILABLE))
    async def readyz(response: Response) -> dict[str, str]:
        response.headers.update(_NEVER_KEPT)
        if leaving.is_set():
            raise ProblemError(ProblemType.UNAVAILABLE, "This process is stopping.", headers={"Retry-After": "5"})
        try:
            await database.check_clock()
        except ClockWrong as error:
            raise ProblemError(ProblemType.UNAVAILABLE, f"{error}.", headers={"Retry-After": "60"}) from error
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
    async with database.reads.acquire() as connection:
        streams = await statuses(connection)
        waiting = await connection.fetchrow(_WAITING)
        outbox = await connection.fetchrow(_OUTBOX)
    telemetry.UNDELIVERED.set(outbox["due"])
    telemetry.LONGEST_UNDELIVERED.set(outbox["seconds"])
    telemetry.DISABLED.labels("webhook").set(outbox["disabled_webhooks"])
    telemetry.DISABLED.labels("mail").set(outbox["disabled_mail"])
    telemetry.NOT_HANDED_ON.set(outbox["not_handed_on"])
    telemetry.WAITING.set(waiting["jobs"])
    telemetry.LONGEST_WAIT.set(waiting["seconds"])
    for each in streams:
        telemetry.FAILURES.labels(each.agency, each.kind).set(each.failures_in_a_row)
        if each.lag_at_most is not None:
            telemetry.LAG.labels(each.agency).set(each.lag_at_most)
            telemetry.EXPECTED_LAG.labels(each.agency).set(each.lag_expected or 0)
        if each.kind == "reconcile" and each.run and each.run["outcome"] == "ok":
            for drift in ("missing", "differs", "gone", "back", "hidden"):
                telemetry.DRIFT.labels(each.agency, drift).set(each.run["details"].get(drift, 0))
    open_by_agency = {row["agency"]: row["open"] for row in await database.reads.fetch(_QUARANTINE)}
    for spec in registry:
        if spec.enabled:
            telemetry.QUARANTINED.labels(spec.id).set(open_by_agency.get(spec.id, 0))
