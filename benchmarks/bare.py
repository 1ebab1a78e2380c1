"""What the by-code answer is measured against: a bare ASGI function over asyncpg that gives the same bytes.

Nothing but the query, the rendering as one would write it by hand, and the answer: no routes, no checks, no middleware,
no log. The SQL is the hub's own, and so is the rule of what is stale; both sides pay for them. Both run on the same
kind of event loop, asyncio's.
"""

from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

import asyncpg
import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from benchmarks.serving import serving_app
from config.load import load_agencies
from config.settings import Settings
from contracts.agency import AgencySpec
from contracts.codes import code_key
from contracts.status import DossierStatus
from hub.db import left_as_found
from hub.index.answers import FIND
from hub.index.steps import unpacked
from hub.streams.freshness import freshness


def rendered(spec: AgencySpec, row: asyncpg.Record) -> bytes:
    now = datetime.now(UTC)
    fresh = freshness(
        spec,
        observed_at=row["heard_at"],
        covered_until=row["covered_until"],
        failures_in_a_row=row["failures_in_a_row"] or 0,
        now=now,
    )
    return orjson.dumps(
        {
            "id": str(row["id"]),
            "code": row["code"],
            "agency": {
                "id": spec.id,
                "identifier": spec.identifier,
                "name": {"vi": spec.name.vi, "en": spec.name.en},
                "phone": spec.phone,
            },
            "former_agencies": [],
            "procedure": {"code": row["procedure_code"], "name": row["procedure_name"]},
            "status": _status(str(row["status"])) if row["status"] is not None else None,
            "submitted_at": row["submitted_at"],
            "received_at": row["received_at"],
            "due_at": row["due_at"],
            "finished_at": row["finished_at"],
            "gone_at": row["gone_at"],
            "observed_at": row["observed_at"],
            "source": {"agency": row["agency"], "channel": row["channel"]},
            "updated_at": row["updated_at"],
            "checked_at": fresh.checked_at,
            "stale": fresh.stale,
            "stale_reason": fresh.stale_reason,
            "timeline": [
                {
                    "status": _status(step.status),
                    "occurred_at": step.happened_at,
                    "observed_at": step.observed_at,
                    "source": {"agency": row["agency"], "channel": step.channel},
                    "raw": step.raw,
                }
                for step in unpacked(row["steps"])
            ],
        },
        option=orjson.OPT_UTC_Z,
    )


def _status(code: str) -> dict[str, Any]:
    status = DossierStatus(code)
    return {"code": code, "name": {"vi": status.name_vi, "en": status.name_en}}


def bare_server(database_url: str) -> AbstractContextManager[tuple[str, int]]:
    """Yields its address; a process of its own."""
    return serving_app(_app, database_url)


async def _app(database_url: str) -> ASGIApp:
    specs = load_agencies(Settings().agencies_dir, {})
    pool = await asyncpg.create_pool(database_url, min_size=8, max_size=8, reset=left_as_found)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        key = code_key(scope["path"].removeprefix("/v1/dossiers/"))
        (row,) = await pool.fetch(FIND, key)
        body = rendered(specs[row["agency"]], row)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app
