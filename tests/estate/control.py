"""The estate's levers, for tests and for whoever wants to see the hub cope: move, break, push, look."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.estate.faults import Faults
from tests.estate.pleiku import event_data
from tests.estate.pusher import Pusher
from tests.estate.world import Agency, Case


@dataclass
class Pace:
    """Mean seconds between the changes of one agency; 0 is standing still."""

    seconds: float


def app(world: Mapping[str, Agency], faults: Mapping[str, Faults], pusher: Pusher | None, pace: Pace) -> Starlette:
    async def state(request: Request) -> Response:
        agency = world[request.query_params["agency"]]
        return JSONResponse([_shown(case) for case in agency.cases.values()])

    async def move(request: Request) -> Response:
        given = await request.json()
        agency = world[given["agency"]]
        return JSONResponse([_shown(agency.move()) for _ in range(given.get("count", 1))])

    async def advance(request: Request) -> Response:
        given = await request.json()
        return JSONResponse(_shown(world[given["agency"]].advance(given["code"])))

    async def late(request: Request) -> Response:
        """A change that happened `seconds` ago and is written down only now."""
        given = await request.json()
        agency = world[given["agency"]]
        at = datetime.now(UTC) - timedelta(seconds=given["seconds"])
        code = next(case.code for case in agency.cases.values() if case.can_move and case.last.at < at)
        return JSONResponse(_shown(agency.advance(code, at)))

    async def set_pace(request: Request) -> Response:
        pace.seconds = (await request.json())["seconds"]
        return JSONResponse({})

    async def fault(request: Request) -> Response:
        given = await request.json()
        faults[given["agency"]].set(given["fault"], given.get("count"))
        return JSONResponse({})

    async def push(request: Request) -> Response:
        """An extra webhook about a dossier as it is, or with another status word."""
        given = await request.json()
        assert pusher is not None, "nobody to push to: start with --hub"
        case = world[given["agency"]].cases[given["code"]]
        data = event_data(case) | ({"status": given["status"]} if given.get("status") else {})
        return JSONResponse({"id": pusher.push_data(data, None if given.get("status") else case.last.status)})

    async def deliveries(request: Request) -> Response:
        if pusher is None:
            return JSONResponse([])
        kinds = {"acknowledged": pusher.acknowledged, "refused": pusher.refused, "pending": [*pusher.pending.values()]}
        return JSONResponse(kinds[request.path_params["kind"]])

    async def calls(_request: Request) -> Response:
        return JSONResponse({id: faults[id].calls for id in world})

    return Starlette(
        routes=[
            Route("/state", state),
            Route("/move", move, methods=["POST"]),
            Route("/advance", advance, methods=["POST"]),
            Route("/late", late, methods=["POST"]),
            Route("/pace", set_pace, methods=["POST"]),
            Route("/fault", fault, methods=["POST"]),
            Route("/push", push, methods=["POST"]),
            Route("/deliveries/{kind}", deliveries),
            Route("/calls", calls),
        ]
    )


def _shown(case: Case) -> dict[str, Any]:
    return {
        "code": case.code,
        "status": case.last.status,
        "changed_at": case.last.at.isoformat(),
        "revision": case.last.revision,
        "steps": [{"status": step.status, "at": step.at.isoformat(), "revision": step.revision} for step in case.steps],
    }
