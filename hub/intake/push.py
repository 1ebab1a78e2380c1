"""Takes what agencies push: proves whose it is, finds the events in it, and answers once they are durable.

Departments send all day, so the plain way of a delivery is a layer of ASGI before the framework, whose routing,
dependencies and models cost more than all that is done for an event. The route in hub.intake.routes describes it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache, partial
from math import ceil

import structlog
from pydantic import BaseModel
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from contracts.adapter import AgencyAdapter, NotEvents, Pushed, Secrets
from contracts.problem import FieldProblem
from contracts.pushing import Webhook
from contracts.webhook import Accepted, AcceptedEvent, AcceptedList, Outcome
from hub.bodies import BodyCutOff, BodyTooLarge, limited_body
from hub.intake.applying import Delivery
from hub.intake.inbox import BodyConflict, Inbox
from hub.intake.proofs import kept_body, kept_headers, prove
from hub.intake.refusals import Call, Refusals
from hub.intake.signature import Refused
from hub.limits.addresses import network_of
from hub.limits.debts import Debts
from hub.log import bind_correlation
from hub.problems import ProblemError, ProblemType, answer
from hub.registry import Registry
from hub.request_log import Pattern
from hub.telemetry import FLOODED, WEBHOOKS

log = structlog.get_logger()

MAX_BODY = 256 * 1024
#: A department's line may be slow; it is never that slow.
BODY_SECONDS = 20

_PREFIX = "/v1/webhooks/"


class Push:
    """What is done with one delivery, from its bytes to its answer."""

    def __init__(
        self,
        inbox: Inbox,
        registry: Registry,
        secrets: Secrets,
        refusals: Refusals,
        tries: Debts,
        *,
        previous: Callable[[str], str | None] = lambda name: None,
    ) -> None:
        """`previous`: what a secret was before, while that is good beside it."""
        self._inbox, self._registry, self._secrets, self._previous = inbox, registry, secrets, previous
        self._refusals, self._tries = refusals, tries

    async def __call__(self, agency: str, request: Request) -> tuple[int, BaseModel]:
        """The status and the body to answer with. Raises ProblemError."""
        address = request.client.host if request.client else ""
        adapter, webhook = _pushing(self._registry, agency)
        now = datetime.now(UTC)
        keys = _keys(self._secrets, webhook, agency)
        keys += [before for name in webhook.secrets if (before := self._previous(name)) is not None]
        headers = _headers(request.scope)
        body = b""
        try:
            body = await read_body(request, headers)
            named, pushed = understood(adapter, webhook, headers, body, address=address, secrets=keys, now=now)
        except Refused as refused:
            if refused.reason == "out_of_time" and not await self._inbox.clock_is_right():
                # Whose clock is wrong is then anybody's guess, and a sender takes a 400 for the last word.
                raise ProblemError(
                    ProblemType.UNAVAILABLE, "The hub's own clock is wrong.", headers={"Retry-After": "30"}
                ) from None
            self._tries.charge(sender_of(address, agency))
            kept = kept_body(body, webhook, keys)
            self._refusals.note(Call(agency, now, refused, address, kept_headers(headers, webhook), kept))
            WEBHOOKS.labels(agency, refused.reason).inc()
            raise _as_problem(refused, now) from refused
        kept = kept_body(body, webhook, keys)
        delivery = Delivery(adapter, named, kept, kept_headers(headers, webhook), address or None, pushed, now)
        if named:
            bind_correlation(named)
        try:
            accepted = await _accept(self._inbox, delivery)
        except BodyConflict:
            self._refusals.note(Call(agency, now, _REUSED, address, delivery.headers, kept))
            WEBHOOKS.labels(agency, Outcome.CONFLICT.value).inc()
            raise ProblemError(
                ProblemType.ID_REUSED, f"{named or 'This id'} was delivered before with another body; both are kept."
            ) from None
        if pushed.is_batch and (left := _not_taken(accepted)):
            self._refusals.note(Call(agency, now, left, address, delivery.headers, kept))
        for each in accepted:
            _counted(agency, "duplicate" if each.duplicate else each.outcome.value).inc()
        status = 200 if all(each.duplicate for each in accepted) else 202
        if not pushed.is_batch:
            return status, accepted[0]
        return status, AcceptedList(items=[AcceptedEvent(**it.__dict__, status=_status(it)) for it in accepted])


class Floods:
    """The layer that turns away whoever was refused again and again, before the request costs anything: no line of log,
    and nothing is read. All departments may come from one gateway's address; so it is counted by agency as well."""

    def __init__(self, app: ASGIApp, tries: Debts) -> None:
        self.app, self._tries = app, tries

    # A plain function, as that of `Pushes`: all requests pass here, and have no frame of theirs.
    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        client = scope.get("client")
        if scope["type"] != "http" or client is None or not _is_push(scope):
            return self.app(scope, receive, send)
        if (wait := self._tries.wait(sender_of(client[0], scope["path"][len(_PREFIX) :]))) <= 0:
            return self.app(scope, receive, send)
        FLOODED.inc()
        problem = ProblemError(
            ProblemType.TOO_MANY_REQUESTS,
            "Too many deliveries from this address to this agency were refused; this one was not looked at.",
            headers={"Retry-After": str(ceil(wait)), "Connection": "close"},
        )
        return answer(problem)(scope, receive, send)


# To find it by its labels takes longer than to count.
_counted = lru_cache(maxsize=1024)(WEBHOOKS.labels)


def sender_of(address: str, agency: str) -> str:
    """Who is counted. One customer of a provider has as many addresses of IPv6 as they like."""
    return f"{(':' in address and network_of(address)) or address} {agency}"


def _is_push(scope: Scope) -> bool:
    path: str = scope["path"]
    return scope["method"] == "POST" and path.startswith(_PREFIX) and "/" not in path[len(_PREFIX) :]


class Pushes:
    """The layer that answers POST /v1/webhooks/{agency}."""

    def __init__(self, app: ASGIApp, push: Push) -> None:
        self.app, self._push = app, push
        self._route = Pattern(_PREFIX + "{agency}")

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != "http" or not _is_push(scope):
            return self.app(scope, receive, send)
        return self._taken(scope, receive, send)

    async def _taken(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = self._route
        try:
            status, accepted = await self._push(scope["path"][len(_PREFIX) :], Request(scope, receive))
        except ProblemError as problem:
            await answer(problem)(scope, receive, send)
            return
        body = accepted.model_dump_json().encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def understood(
    adapter: AgencyAdapter,
    webhook: Webhook,
    headers: Mapping[str, str],
    body: bytes,
    *,
    address: str,
    secrets: Sequence[str],
    now: datetime,
) -> tuple[str | None, Pushed]:
    """What the delivery's headers call it, once it is proved to be the agency's, and what is in it. Raises Refused."""
    said = partial(adapter.token, body, headers)
    try:
        named = prove(webhook, headers, body, address=address, secrets=secrets, said=said, now=now)
        return named, adapter.pushed(body, headers)
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


def _headers(scope: Scope) -> dict[str, str]:
    """By their names in small letters; of those that come twice the first."""
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        headers.setdefault(name.decode("latin-1"), value.decode("latin-1"))
    return headers


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


async def read_body(request: Request, headers: Mapping[str, str]) -> bytes:
    """A delivery's body as it was sent. Raises Refused."""
    encoding = headers.get("content-encoding", "identity").lower()
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
    """Raises BodyConflict, and ProblemError where nothing was stored."""
    try:
        return await inbox.accept(delivery)
    except BodyConflict:
        raise
    except Exception as error:
        # Whatever kept the INSERT from committing: the sender must know that we do not have it.
        raise ProblemError(
            ProblemType.UNAVAILABLE, "The delivery could not be stored.", headers={"Retry-After": "5"}
        ) from error


_REUSED = Refused(409, "id_reused", "webhook-id", "stands for another body; both are kept", "a new id for a new event")


def _not_taken(accepted: Sequence[Accepted]) -> Refused | None:
    """Of a list that was taken, the first event that was not: nobody but the sender would hear of it."""
    wrong = [each for each in accepted if each.outcome in (Outcome.CONFLICT, Outcome.REFUSED)]
    if not wrong:
        return None
    (problem,) = wrong[0].problems
    told = f"{problem.problem} ({len(wrong)} of the list were not taken)" if len(wrong) > 1 else problem.problem
    expected = problem.expected or ""
    if wrong[0].outcome is Outcome.CONFLICT:
        return Refused(409, "id_reused", problem.field, told, expected)
    return Refused(400, "not_events", problem.field, told, expected)


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
