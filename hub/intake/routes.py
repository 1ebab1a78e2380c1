"""POST /v1/webhooks/{agency}: where agencies push. 2xx means that the delivery is durable."""

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import TypeAdapter

from contracts.webhook import Accepted, AcceptedList, Pushable
from hub.intake.push import Push
from hub.problems import ProblemType, responses

_HEADERS: list[dict[str, Any]] = [
    {
        "name": name,
        "in": "header",
        "required": False,
        "schema": {"type": "string"},
        "description": description,
    }
    for name, description in (
        ("webhook-id", "Yours, unique for ever: the same event is always sent under the same id."),
        ("webhook-timestamp", "Seconds since 1970 of this try."),
        ("webhook-signature", "`v1,` and the base64 HMAC-SHA256 of `id.timestamp.body` under your secret."),
    )
]
_DELIVERED_BEFORE: dict[int | str, dict[str, Any]] = {
    200: {
        "model": Accepted | AcceptedList,
        "description": "Delivered before, with all that is in it; nothing is done twice.",
    }
}
_OPENAPI = {
    "parameters": _HEADERS,
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": TypeAdapter(Pushable).json_schema()}},
    },
}


def router(taken: Push) -> APIRouter:
    routes = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

    @routes.post(
        "/{agency}",
        summary="Push an event, or a list of them",
        status_code=202,
        response_model=Accepted | AcceptedList,
        openapi_extra=_OPENAPI,
        responses=_DELIVERED_BEFORE
        | responses(
            ProblemType.MALFORMED_REQUEST,
            ProblemType.TIMESTAMP_REFUSED,
            ProblemType.SIGNATURE_REFUSED,
            ProblemType.ADDRESS_REFUSED,
            ProblemType.AGENCY_NOT_FOUND,
            ProblemType.BODY_TOO_SLOW,
            ProblemType.ID_REUSED,
            ProblemType.BODY_TOO_LARGE,
            ProblemType.UNSUPPORTED_MEDIA_TYPE,
            ProblemType.TOO_MANY_REQUESTS,
            ProblemType.UNAVAILABLE,
        ),
    )
    async def push(agency: str, request: Request) -> Response:
        """Stored before it is understood. The answer tells what became of it; of a list, of each event in it.

        Which headers prove whose it is, and how events look, is agreed on with each agency; what is said here is what
        holds where nothing else was agreed on.
        """
        status, accepted = await taken(agency, request)
        return Response(accepted.model_dump_json(), status, media_type="application/json")

    return routes
