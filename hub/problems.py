"""Every error the API answers with, as RFC 9457 problem details, and the pages that explain them."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from html import escape
from http import HTTPStatus
from typing import Any
from weakref import WeakKeyDictionary

import orjson
from fastapi import FastAPI, Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.params import Query
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.routing import Match

from contracts.problem import FieldProblem, Problem
from hub.db import RETRY_SECONDS, is_away
from hub.log import correlation_id

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Explanation:
    slug: str
    status: HTTPStatus
    title: str
    #: What it means and what the caller can do, for the page behind `type`.
    text: str


class ProblemType(Enum):
    """The kinds of problems there are: the only source of slugs, titles and HTTP statuses."""

    MALFORMED_REQUEST = Explanation(
        "malformed-request",
        HTTPStatus.BAD_REQUEST,
        "The request is not well formed",
        "A parameter, a header or a part of the body is missing or does not fit. `errors` names each one, "
        "what is wrong with it and what would be right. Correct it and send the request again.",
    )
    TIMESTAMP_REFUSED = Explanation(
        "timestamp-refused",
        HTTPStatus.BAD_REQUEST,
        "The webhook's timestamp is too far from our time",
        "webhook-timestamp must be close to the present. `server_time` is our clock: compare yours with it, "
        "and sign each new try anew.",
    )
    API_KEY_REFUSED = Explanation(
        "api-key-refused",
        HTTPStatus.UNAUTHORIZED,
        "An API key is needed",
        "Send a valid key in the header X-Api-Key. The hub's administrator gives them out.",
    )
    TOKEN_REFUSED = Explanation(
        "token-refused",
        HTTPStatus.UNAUTHORIZED,
        "A person's token is needed",
        "Send a token in the header Authorization: Bearer. It comes from the frontend at which the person signed in, "
        "and ends after a quarter of an hour; the frontend can ask for another.",
    )
    SIGNATURE_REFUSED = Explanation(
        "signature-refused",
        HTTPStatus.UNAUTHORIZED,
        "The webhook's signature is not right",
        "None of the signatures in webhook-signature matches the body under a secret we hold for this "
        "agency. Sign the raw bytes of the body exactly as they are sent.",
    )
    ADDRESS_REFUSED = Explanation(
        "address-refused",
        HTTPStatus.FORBIDDEN,
        "Nothing is taken from this address",
        "This agency's deliveries are not signed, and are taken only from the addresses that were agreed on. If the "
        "agency's address has changed, tell the hub's administrator.",
    )
    FORBIDDEN = Explanation(
        "forbidden",
        HTTPStatus.FORBIDDEN,
        "Not allowed",
        "We know who is asking, and this is not open to them. `missing_scope` names the scope that an API key would "
        "need; the hub's administrator gives scopes out.",
    )
    NOT_PROVED = Explanation(
        "not-proved",
        HTTPStatus.FORBIDDEN,
        "It is not proved whose dossier it is",
        "There is no dossier with this code, or the digits are not the last of its applicant's identity number or "
        "phone, or the agency has told of neither. Nobody is told which of these it is. After some tries there is a "
        "wait, which grows.",
    )
    NOT_FOUND = Explanation(
        "not-found",
        HTTPStatus.NOT_FOUND,
        "There is nothing at this address",
        "Compare the path with the API's documentation at /docs.",
    )
    DOSSIER_NOT_FOUND = Explanation(
        "dossier-not-found",
        HTTPStatus.NOT_FOUND,
        "No dossier has this code",
        "No agency has told the hub of a dossier with this code. Compare it with the receipt slip. A dossier "
        "handed in just now may take some minutes to arrive.",
    )
    AGENCY_NOT_FOUND = Explanation(
        "agency-not-found",
        HTTPStatus.NOT_FOUND,
        "No agency has this id",
        "The hub knows no agency by this id. Ids look like so-tnmt; the administrator has the list.",
    )
    DELIVERY_NOT_FOUND = Explanation(
        "delivery-not-found",
        HTTPStatus.NOT_FOUND,
        "No event with this id was taken",
        "Nothing that this agency has pushed under this id was taken. If the hub answered it with 2xx, compare the id; "
        "if it answered otherwise, it is among the refused calls, and was to be sent again.",
    )
    SUBSCRIPTION_NOT_FOUND = Explanation(
        "subscription-not-found",
        HTTPStatus.NOT_FOUND,
        "This key has no such subscription",
        "A key sees the subscriptions that were made with it, or with an earlier key of the same name, and their "
        "deliveries. GET /v1/subscriptions lists them. Deliveries are kept for two weeks after they have ended.",
    )
    ADMIN_NOT_FOUND = Explanation(
        "admin-not-found",
        HTTPStatus.NOT_FOUND,
        "There is no such thing to keep",
        "No agency, stream, call, version, record in quarantine, person, key or secret is known by what the path "
        "names. "
        "The lists of /v1/admin show what there is.",
    )
    OVERTAKEN = Explanation(
        "overtaken",
        HTTPStatus.CONFLICT,
        "Somebody has changed it meanwhile",
        "Look at the version that is at work now, and send the change again with its number as `based_on`; of a draft, "
        "look at it and send yours again with its `digest`, or have it replace that version by `rebase`.",
    )
    UNDER_WAY = Explanation(
        "under-way",
        HTTPStatus.CONFLICT,
        "It is being done already",
        "Wait until what is under way has ended; the agency's streams tell how far it is.",
    )
    METHOD_NOT_ALLOWED = Explanation(
        "method-not-allowed",
        HTTPStatus.METHOD_NOT_ALLOWED,
        "This address does not take that method",
        "The Allow header lists the methods it takes.",
    )
    BODY_TOO_SLOW = Explanation(
        "body-too-slow",
        HTTPStatus.REQUEST_TIMEOUT,
        "The body took too long to arrive",
        "Nothing was stored. Send it again; if it goes on, look at the line and at what stands between.",
    )
    SEVERAL_DOSSIERS = Explanation(
        "several-dossiers",
        HTTPStatus.CONFLICT,
        "Several agencies have a dossier with this code",
        "`agencies` lists their ids. Ask again with the parameter `agency` set to one of them.",
    )
    ID_REUSED = Explanation(
        "id-reused",
        HTTPStatus.CONFLICT,
        "This webhook-id came before with another body",
        "An id stands for one message for ever. Send the new message with a new id; the first one is kept.",
    )
    CURSOR_EXPIRED = Explanation(
        "cursor-expired",
        HTTPStatus.GONE,
        "What follows this cursor is kept no more",
        "Changes are kept for a month, and a database restored from a copy begins anew. Start over: take a cursor with "
        "GET /v1/changes, then read GET /v1/dossiers to its end, then go on from that cursor. In this order nothing "
        "is missed.",
    )
    BODY_TOO_LARGE = Explanation(
        "body-too-large",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "The body is too large",
        "Send less at once.",
    )
    UNSUPPORTED_MEDIA_TYPE = Explanation(
        "unsupported-media-type",
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "The body is of a kind we do not read",
        "Send application/json.",
    )
    TOO_MANY_REQUESTS = Explanation(
        "too-many-requests",
        HTTPStatus.TOO_MANY_REQUESTS,
        "Too many requests",
        "Wait as many seconds as Retry-After says.",
    )
    INTERNAL_ERROR = Explanation(
        "internal-error",
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "The hub failed",
        "The fault is ours and has been logged. Tell us the `correlation_id` if it goes on.",
    )
    AGENCY_NOT_ANSWERING = Explanation(
        "agency-not-answering",
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The agency has not said whether it has this dossier",
        "The hub knows no dossier with this code and has asked the agency that the code names, or would have. "
        "`reason` says why there is no answer, in the words of a dossier's stale_reason. The dossier may exist or "
        "not: send the same request again after as many seconds as Retry-After says.",
    )
    UNAVAILABLE = Explanation(
        "unavailable",
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The hub cannot answer just now",
        "Nothing was stored. Send the same request again after as many seconds as Retry-After says.",
    )

    @property
    def path(self) -> str:
        return f"/problems/{self.value.slug}"


class ProblemError(Exception):
    """Raise it anywhere below a route to answer with a problem.

    `detail` says what happened this time, in English; `detail_vi` the same for a citizen. `members` are
    added to the answer beside the standard ones. Neither may hold a secret or personal data.
    """

    def __init__(
        self,
        type: ProblemType,
        detail: str,
        *,
        detail_vi: str | None = None,
        errors: Iterable[FieldProblem] = (),
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.type = type
        self.detail = detail
        self.detail_vi = detail_vi
        self.errors = list(errors)
        self.headers = dict(headers or {})
        self.members = members


def answer(error: ProblemError) -> JSONResponse:
    """`error` as an application/problem+json response."""
    problem = Problem(
        type=error.type.path,
        title=error.type.value.title,
        status=error.type.value.status,
        detail=error.detail,
        detail_vi=error.detail_vi,
        errors=error.errors,
        correlation_id=correlation_id(),
        **error.members,
    )
    return JSONResponse(
        problem.model_dump(mode="json", exclude_none=True),
        status_code=problem.status,
        headers=error.headers,
        media_type=MEDIA_TYPE,
    )


def of_crash(error: Exception) -> ProblemError:
    """What to answer where something raised what nobody expected."""
    if is_away(error):
        retry = {"Retry-After": str(RETRY_SECONDS)}
        return ProblemError(ProblemType.UNAVAILABLE, "The database does not answer.", headers=retry)
    return ProblemError(ProblemType.INTERNAL_ERROR, "Something went wrong on our side; it has been logged.")


def responses(*types: ProblemType) -> dict[int | str, dict[str, Any]]:
    """What a route passes as `responses=` so that the API's documentation tells of these problems."""
    described: dict[int | str, dict[str, Any]] = {}
    for status in sorted({type.value.status for type in types}):
        titles = [f"{type.value.title} (`{type.path}`)" for type in types if type.value.status == status]
        described[int(status)] = {"description": "; ".join(titles), "content": _CONTENT}
    return described


def install(app: FastAPI) -> None:
    """Make every error of `app` a problem, serve the pages behind `type`, and tell OpenAPI of both."""

    @app.exception_handler(ProblemError)
    async def _problem(_request: Request, error: ProblemError) -> JSONResponse:
        return answer(error)

    @app.exception_handler(RequestValidationError)
    async def _invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        return answer(_from_validation(error))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            # The framework names the methods of the first route with that path, and a path may have several.
            error.headers = {**(error.headers or {}), "Allow": ", ".join(_methods(app, request))}
        return answer(_from_http(error))

    @app.exception_handler(Exception)
    async def _crashed(_request: Request, error: Exception) -> JSONResponse:
        # The framework raises it again, for the log.
        return answer(of_crash(error))

    @app.get("/problems", include_in_schema=False)
    async def _list() -> HTMLResponse:
        items = "".join(
            f'<li><a href="{type.path}">{type.value.slug}</a> {escape(type.value.title)}</li>' for type in ProblemType
        )
        return _page("Problems", f"<ul>{items}</ul>")

    @app.get("/problems/{slug}", include_in_schema=False)
    async def _explain(slug: str) -> HTMLResponse:
        for type in ProblemType:
            if type.value.slug == slug:
                text = f"<p>HTTP status {type.value.status:d}.</p><p>{escape(type.value.text)}</p>"
                return _page(type.value.title, f'{text}<p><a href="/problems">All problems</a></p>')
        raise ProblemError(ProblemType.NOT_FOUND, "There is no problem of that name; /problems lists them all.")

    original = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            _complete(original())
        return original()

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the document


def wrong(field: str, problem: str, expected: str) -> ProblemError:
    """For what a schema cannot say: the one field that is not as it should be."""
    told = FieldProblem(field=field, problem=problem, expected=expected)
    return ProblemError(ProblemType.MALFORMED_REQUEST, f"Not as it should be: {field}.", errors=[told])


async def no_other_parameters(request: Request) -> None:
    """For the whole API: a misspelt parameter that is passed over is answered with all there is, or as of now, or from
    the end of the feed, and nobody notices. Pages take what others append to their links."""
    # A coroutine, though it waits for nothing: the framework has a thread do whatever is none.
    route = request.scope["route"]
    if not request.query_params or not route.path_format.startswith("/v1/"):
        return
    known = _parameters(route)
    for name in request.query_params:
        if name not in known:
            expected = f"one of {', '.join(known)}" if known else "no parameters"
            raise wrong(name[:80], "no parameter of this address", expected)


#: By the route's function. To gather them anew takes a twentieth of what a list takes.
_known_parameters: WeakKeyDictionary[Callable[..., Any], tuple[str, ...]] = WeakKeyDictionary()


def _parameters(route: APIRoute) -> tuple[str, ...]:
    """Of its query."""
    known = _known_parameters.get(route.endpoint)
    if known is None:
        known = tuple(each.alias for each in get_flat_params(route.dependant) if isinstance(each.field_info, Query))
        _known_parameters[route.endpoint] = known
    return known


# --- from other errors ----------------------------------------------------------------------------

_BY_STATUS = {
    401: ProblemType.API_KEY_REFUSED,
    403: ProblemType.FORBIDDEN,
    404: ProblemType.NOT_FOUND,
    405: ProblemType.METHOD_NOT_ALLOWED,
    413: ProblemType.BODY_TOO_LARGE,
    415: ProblemType.UNSUPPORTED_MEDIA_TYPE,
    429: ProblemType.TOO_MANY_REQUESTS,
    503: ProblemType.UNAVAILABLE,
}


def _from_http(error: HTTPException) -> ProblemError:
    fallback = ProblemType.INTERNAL_ERROR if error.status_code >= 500 else ProblemType.MALFORMED_REQUEST
    type = _BY_STATUS.get(error.status_code, fallback)
    return ProblemError(type, error.detail or type.value.text, headers=error.headers)


def _from_validation(error: RequestValidationError) -> ProblemError:
    errors = [_field_problem(item) for item in error.errors()]
    named = ", ".join(dict.fromkeys(item.field for item in errors))
    return ProblemError(ProblemType.MALFORMED_REQUEST, f"Not as it should be: {named}.", errors=errors)


def _field_problem(item: Mapping[str, Any]) -> FieldProblem:
    """One of pydantic's errors, in our words. The value itself is not repeated: it may be personal."""
    place, *path = item["loc"]
    if item["type"] == "json_invalid":
        at, reason = path[0], item["ctx"]["error"]
        return FieldProblem(field="/", problem=f"not JSON at character {at}: {reason}", expected="a JSON document")
    if place == "body":
        # RFC 6901: "~" and "/" inside a name are written ~0 and ~1.
        field = "/" + "/".join(str(step).replace("~", "~0").replace("/", "~1") for step in path)
    else:
        field = str(path[0])
    if item["type"] == "missing":
        return FieldProblem(field=field, problem="missing", expected=f"a {place} value of that name")
    if item["type"] == "extra_forbidden":
        return FieldProblem(
            field=field, problem="no field of this document", expected="one of those that /docs tells of"
        )
    if wanted := re.fullmatch(r"(?:Input|\w+) should (?:be )?(.+)", item["msg"]):
        return FieldProblem(field=field, problem="does not fit", expected=wanted[1])
    return FieldProblem(field=field, problem=item["msg"])


def _methods(app: FastAPI, request: Request) -> list[str]:
    """What the path takes: a path of its own before a pattern that it fits as well."""
    if told := app.openapi()["paths"].get(request.url.path):
        return sorted(method.upper() for method in told)
    return [
        method
        for method in ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
        if any(each.matches({**request.scope, "method": method})[0] is Match.FULL for each in app.routes)
    ]


# --- pages and documentation ----------------------------------------------------------------------


def _page(title: str, body: str) -> HTMLResponse:
    return HTMLResponse(
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><h1>{escape(title)}</h1>{body}</html>"
    )


_CONTENT = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}


def _complete(document: dict[str, Any]) -> None:
    """Add the Problem schema, and tell of 400 wherever a parameter can be misspelt. FastAPI's own 422 we never send."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas["Problem"] = problem
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    refused = {str(status): told for status, told in responses(ProblemType.MALFORMED_REQUEST).items()}
    for path, operations in document["paths"].items():
        for operation in operations.values():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                content["schema"] = _by_name(content["schema"], schemas)
            operation["responses"].pop("422", None)
            if path.startswith("/v1/"):
                operation["responses"] |= refused | operation["responses"]


def _by_name(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """The schema of a body that a route reads by itself, with its parts among `schemas`, where references find them."""
    named: dict[str, Any] = orjson.loads(orjson.dumps(schema).replace(b'"#/$defs/', b'"#/components/schemas/'))
    schemas.update(named.pop("$defs", {}))
    return named
