"""POST /v1/webhooks/{agency}: where agencies push. 2xx means that the delivery is durable."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import structlog
from fastapi import APIRouter, Request, Response

from contracts.adapter import AgencyAdapter, Secrets
from contracts.agency import Webhook
from contracts.problem import FieldProblem
from contracts.webhook import Accepted, DossierUpdated
from hub.bodies import BodyCutOff, BodyTooLarge, limited_body
from hub.intake.inbox import BodyConflict, Delivery, Inbox
from hub.intake.refusals import Refusals
from hub.intake.signature import Refused, Signed, verify
from hub.log import bind_correlation
from hub.problems import ProblemError, ProblemType, responses
from hub.registry import Registry
from hub.telemetry import WEBHOOKS

log = structlog.get_logger()

MAX_BODY = 256 * 1024

_HEADERS: list[dict[str, Any]] = [
    {
        "name": name,
        "in": "header",
        "required": True,
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
    200: {"model": Accepted, "description": "Delivered before; nothing is done twice."}
}
_OPENAPI = {
    "parameters": _HEADERS,
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": DossierUpdated.model_json_schema()}},
    },
}


def router(inbox: Inbox, registry: Registry, secrets: Secrets, refusals: Refusals) -> APIRouter:
    routes = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

    @routes.post(
        "/{agency}",
        summary="Push one event",
        status_code=202,
        openapi_extra=_OPENAPI,
        responses=_DELIVERED_BEFORE
        | responses(
            ProblemType.MALFORMED_REQUEST,
            ProblemType.TIMESTAMP_REFUSED,
            ProblemType.SIGNATURE_REFUSED,
            ProblemType.AGENCY_NOT_FOUND,
            ProblemType.ID_REUSED,
            ProblemType.BODY_TOO_LARGE,
            ProblemType.UNAVAILABLE,
        ),
    )
    async def push(agency: str, request: Request, response: Response) -> Accepted:
        """Stored before it is understood. The answer tells what became of it."""
        adapter, webhook = _pushing(registry, agency)
        now = datetime.now(UTC)
        keys = _keys(secrets, webhook, agency)
        try:
            body = await _body(request)
            signed = verify(request.headers, body, keys, now=now, tolerance_seconds=webhook.tolerance_seconds)
            event = _event(body)
        except Refused as refused:
            if refused.reason == "out_of_time" and not await inbox.clock_is_right():
                # Whose clock is wrong is then anybody's guess, and a sender takes a 400 for the last word.
                raise ProblemError(
                    ProblemType.UNAVAILABLE, "The hub's own clock is wrong.", headers={"Retry-After": "30"}
                ) from None
            refusals.count(agency, refused.reason)
            WEBHOOKS.labels(agency, refused.reason).inc()
            raise _as_problem(refused, now) from refused
        bind_correlation(signed.id)
        accepted = await _accept(inbox, _delivery(agency, signed, body, event, now), adapter)
        WEBHOOKS.labels(agency, "duplicate" if accepted.duplicate else accepted.outcome.value).inc()
        if accepted.duplicate:
            response.status_code = 200
        return accepted

    return routes


def _pushing(registry: Registry, agency: str) -> tuple[AgencyAdapter, Webhook]:
    adapter = registry.adapter(agency)
    if adapter is None or adapter.spec.webhook is None:
        raise ProblemError(
            ProblemType.AGENCY_NOT_FOUND, "No agency that pushes has this id. Ids look like ubnd-pleiku."
        )
    return adapter, adapter.spec.webhook


def _keys(secrets: Secrets, webhook: Webhook, agency: str) -> list[str]:
    try:
        return [secrets.get(name) for name in webhook.secrets]
    except KeyError as missing:
        log.error("webhook.secret_missing", agency=agency, problem=str(missing.args[0]))
        raise ProblemError(
            ProblemType.UNAVAILABLE,
            "The hub lacks this agency's secret; its administrator has been told.",
            headers={"Retry-After": "300"},
        ) from None


async def _body(request: Request) -> bytes:
    try:
        return await limited_body(request, MAX_BODY)
    except BodyTooLarge:
        raise Refused(413, "too_large", "/", "the body is too large", f"at most {MAX_BODY} bytes") from None
    except BodyCutOff:
        raise Refused(400, "cut_off", "/", "the body ended early", "as many bytes as promised") from None


def _event(body: bytes) -> Mapping[str, Any]:
    """The envelope. What is in `data` is for the adapter to understand."""
    try:
        event = json.loads(body.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise Refused(400, "not_json", "/", f"not JSON at {place}: {error.msg}", "a JSON object") from None
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise Refused(400, "not_json", "/", f"not JSON: {_reason(error)}", "a JSON object in UTF-8") from None
    if not isinstance(event, dict):
        raise Refused(400, "bad_envelope", "/", "not an object", '{"type": …, "timestamp": …, "data": {…}}')
    if not isinstance(event.get("type"), str):
        raise Refused(400, "bad_envelope", "/type", "missing or not text", '"dossier.updated"')
    if not isinstance(event.get("data"), dict):
        raise Refused(400, "bad_envelope", "/data", "missing or not an object", "the dossier after the change")
    return event


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _reason(error: Exception) -> str:
    """Never the text itself: it may hold personal data."""
    match error:
        case UnicodeDecodeError():
            return f"byte {error.start} is not UTF-8"
        case RecursionError():
            return "nested too deeply"
        case _:
            return str(error)


def _delivery(agency: str, signed: Signed, body: bytes, event: Mapping[str, Any], now: datetime) -> Delivery:
    return Delivery(agency, signed.id, body, event, received_at=now, correlation_id=signed.id)


async def _accept(inbox: Inbox, delivery: Delivery, adapter: AgencyAdapter) -> Accepted:
    try:
        return await inbox.accept(delivery, adapter)
    except BodyConflict:
        raise ProblemError(
            ProblemType.ID_REUSED,
            f"{delivery.webhook_id} was delivered before with another body; both are kept.",
        ) from None
    except Exception as error:
        # Whatever kept the INSERT from committing: the sender must know that we do not have it.
        raise ProblemError(
            ProblemType.UNAVAILABLE, "The delivery could not be stored.", headers={"Retry-After": "5"}
        ) from error


_TYPES = {
    400: ProblemType.MALFORMED_REQUEST,
    401: ProblemType.SIGNATURE_REFUSED,
    413: ProblemType.BODY_TOO_LARGE,
}


def _as_problem(refused: Refused, now: datetime) -> ProblemError:
    error = FieldProblem(field=refused.field, problem=refused.problem, expected=refused.expected)
    detail = f"{refused.field}: {refused.problem}."
    if refused.reason == "out_of_time":
        return ProblemError(
            ProblemType.TIMESTAMP_REFUSED,
            detail,
            errors=[error],
            server_time=now.isoformat(timespec="seconds"),
        )
    return ProblemError(_TYPES[refused.status], detail, errors=[error])
