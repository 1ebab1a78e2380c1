"""POST /v1/webhooks/{agency}: where agencies push. 2xx means that the delivery is durable."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from math import ceil
from typing import Any, TypeVar

import structlog
from fastapi import APIRouter, Request, Response

from contracts.adapter import AgencyAdapter, NotEvents, Pushed, Secrets
from contracts.problem import FieldProblem
from contracts.pushing import Webhook
from contracts.webhook import PUSHED_SCHEMA, Accepted, AcceptedEvent, AcceptedList, Outcome
from hub.bodies import BodyCutOff, BodyTooLarge, limited_body
from hub.intake.applying import Delivery
from hub.intake.inbox import BodyConflict, Inbox
from hub.intake.proofs import kept_headers, prove
from hub.intake.refusals import Call, Refusals, Tries
from hub.intake.signature import Refused
from hub.log import bind_correlation
from hub.problems import ProblemError, ProblemType, responses
from hub.registry import Registry
from hub.telemetry import WEBHOOKS

T = TypeVar("T")

log = structlog.get_logger()

MAX_BODY = 256 * 1024
#: A department's line may be slow; it is never that slow.
BODY_SECONDS = 20

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
        "content": {"application/json": {"schema": PUSHED_SCHEMA}},
    },
}


def router(inbox: Inbox, registry: Registry, secrets: Secrets, refusals: Refusals, tries: Tries) -> APIRouter:
    routes = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

    @routes.post(
        "/{agency}",
        summary="Push an event, or a list of them",
        status_code=202,
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
    async def push(agency: str, request: Request, response: Response) -> Accepted | AcceptedList:
        """Stored before it is understood. The answer tells what became of it; of a list, of each event in it.

        Which headers prove whose it is, and how events look, is agreed on with each agency; what is said here is what
        holds where nothing else was agreed on.
        """
        address = request.client.host if request.client else ""
        if (wait := tries.wait(address)) > 0:
            raise ProblemError(
                ProblemType.TOO_MANY_REQUESTS,
                "Too many deliveries from this address were refused; this one was not looked at.",
                headers={"Retry-After": str(ceil(wait))},
            )
        adapter, webhook = _pushing(registry, agency)
        now = datetime.now(UTC)
        keys = _keys(secrets, webhook, agency)
        body = b""
        try:
            body = await _body(request)
            named = _prove(adapter, webhook, request, body, address=address, secrets=keys, now=now)
            pushed = _pushed(adapter, request, body)
        except Refused as refused:
            if refused.reason == "out_of_time" and not await inbox.clock_is_right():
                # Whose clock is wrong is then anybody's guess, and a sender takes a 400 for the last word.
                raise ProblemError(
                    ProblemType.UNAVAILABLE, "The hub's own clock is wrong.", headers={"Retry-After": "30"}
                ) from None
            tries.refused(address)
            refusals.note(Call(agency, now, refused, address, kept_headers(request.headers, webhook), body))
            WEBHOOKS.labels(agency, refused.reason).inc()
            raise _as_problem(refused, now) from refused
        headers = kept_headers(request.headers, webhook)
        delivery = Delivery(adapter, named, body, headers, address or None, pushed, now)
        bind_correlation(named or "")
        accepted = await _accept(inbox, delivery)
        for each in accepted:
            WEBHOOKS.labels(agency, "duplicate" if each.duplicate else each.outcome.value).inc()
        if all(each.duplicate for each in accepted):
            response.status_code = 200
        if not pushed.is_batch:
            return accepted[0]
        return AcceptedList(items=[AcceptedEvent(**each.model_dump(), status=_status(each)) for each in accepted])

    return routes


def _prove(
    adapter: AgencyAdapter,
    webhook: Webhook,
    request: Request,
    body: bytes,
    *,
    address: str,
    secrets: Sequence[str],
    now: datetime,
) -> str | None:
    headers = request.headers

    def said() -> str | None:
        return _understood(lambda: adapter.token(body, headers))

    return prove(webhook, headers, body, address=address, secrets=secrets, said=said, now=now)


def _pushed(adapter: AgencyAdapter, request: Request, body: bytes) -> Pushed:
    return _understood(lambda: adapter.pushed(body, request.headers))


def _understood(read: Callable[[], T]) -> T:
    try:
        return read()
    except NotEvents as wrong:
        raise Refused(400, "not_events", wrong.field, wrong.problem, wrong.expected) from None


def _status(accepted: Accepted) -> int:
    """What the event would have been answered alone."""
    match accepted.outcome:
        case Outcome.CONFLICT:
            return 409
        case Outcome.REFUSED:
            return 400
        case _:
            return 200 if accepted.duplicate else 202


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
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding != "identity":
        # What a few bytes would unpack to, nobody knows before.
        raise Refused(415, "compressed", "Content-Encoding", f"{encoding[:20]!r}", "the body as it is, not compressed")
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await limited_body(request, MAX_BODY)
    except TimeoutError:
        raise Refused(408, "too_slow", "/", f"not all here after {BODY_SECONDS} s", "a body sent in one go") from None
    except BodyTooLarge:
        raise Refused(413, "too_large", "/", "the body is too large", f"at most {MAX_BODY} bytes") from None
    except BodyCutOff:
        raise Refused(400, "cut_off", "/", "the body ended early", "as many bytes as promised") from None


async def _accept(inbox: Inbox, delivery: Delivery) -> list[Accepted]:
    try:
        return await inbox.accept(delivery)
    except BodyConflict:
        raise ProblemError(
            ProblemType.ID_REUSED,
            f"{delivery.webhook_id or 'This id'} was delivered before with another body; both are kept.",
        ) from None
    except Exception as error:
        # Whatever kept the INSERT from committing: the sender must know that we do not have it.
        raise ProblemError(
            ProblemType.UNAVAILABLE, "The delivery could not be stored.", headers={"Retry-After": "5"}
        ) from error


_TYPES = {
    400: ProblemType.MALFORMED_REQUEST,
    401: ProblemType.SIGNATURE_REFUSED,
    403: ProblemType.ADDRESS_REFUSED,
    408: ProblemType.BODY_TOO_SLOW,
    413: ProblemType.BODY_TOO_LARGE,
    415: ProblemType.UNSUPPORTED_MEDIA_TYPE,
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
