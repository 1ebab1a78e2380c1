"""GET /v1/changes: the feed by pages, waiting for the next where asked; /v1/changes/stream: as Server-Sent Events."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import orjson
import structlog
from fastapi import APIRouter, Depends, Header, Query
from fastapi.responses import Response, StreamingResponse

from contracts.change import ChangePage, ChangeType
from contracts.observation import AgencyId
from contracts.problem import FieldProblem
from hub.access.keys import ApiKeys
from hub.access.scopes import Caller, Scope
from hub.db import DATABASE_AWAY
from hub.feed.cursor import BadCursor
from hub.feed.feed import Feed
from hub.feed.reading import Expired, Page, Wanted
from hub.problems import ProblemError, ProblemType, responses

log = structlog.get_logger()

#: A stream that has nothing to say says so, before somebody on the way takes it for dead.
_HEARTBEAT_SECONDS = 15
#: Then the reader comes again, and shows its key again.
_STREAM_SECONDS = 3600
#: A reader that has lost its stream comes again after so long.
_RETRY = b"retry: 2000\n\n"
_AT_ONCE = 100

_AGENCY = Query(description="Only dossiers that this agency has, or had.")
_TYPES = Query(description="Only these types of events; a mirror needs all of them.")


def router(feed: Feed, keys: ApiKeys) -> APIRouter:
    routes = APIRouter(prefix="/v1/changes", tags=["changes"])
    reader = Depends(keys.needs(Scope.CHANGES_READ))
    told = responses(
        ProblemType.API_KEY_REFUSED, ProblemType.FORBIDDEN, ProblemType.CURSOR_EXPIRED, ProblemType.UNAVAILABLE
    )

    @routes.get("", summary="What has changed, in order", response_model=ChangePage, responses=told)
    async def page(
        after: Annotated[
            str | None, Query(max_length=200, description="A `cursor`; without one, nothing but the present end's.")
        ] = None,
        wait: Annotated[int, Query(ge=0, le=30, description="Seconds to wait where there is nothing yet.")] = 0,
        agency: Annotated[AgencyId | None, _AGENCY] = None,
        type: Annotated[list[ChangeType] | None, _TYPES] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
        caller: Caller = reader,
    ) -> Response:
        """Every change after the cursor, once, and none before it: see docs/changes.md for how to keep a mirror."""
        agency = _open_to(caller, agency)
        if after is None:
            return _answer([], await feed.here(), more=False)
        read = await _page(feed, "after", after, Wanted(agency, frozenset(type or ())), limit, wait)
        return _answer([event.body for event in read.events], feed.cursor(read), more=not read.is_last)

    @routes.get(
        "/stream",
        summary="What changes, as it changes",
        response_class=StreamingResponse,
        responses=told
        | {
            200: {
                "description": "Server-Sent Events: `event` is the type, `data` the event, `id` the cursor after it.",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            }
        },
    )
    async def stream(
        after: Annotated[str | None, Query(max_length=200, description="A `cursor`; without one, from now on.")] = None,
        agency: Annotated[AgencyId | None, _AGENCY] = None,
        type: Annotated[list[ChangeType] | None, _TYPES] = None,
        last_event_id: Annotated[
            str | None, Header(max_length=200, description="Sent by whoever comes again; goes before `after`.")
        ] = None,
        caller: Caller = reader,
    ) -> StreamingResponse:
        agency = _open_to(caller, agency)
        wanted = Wanted(agency, frozenset(type or ()))
        name, cursor = ("Last-Event-ID", last_event_id) if last_event_id else ("after", after)
        # Here, because once the stream has begun there is no other answer to be given.
        first = await _page(feed, name, cursor or await feed.here(), wanted, _AT_ONCE, 0)
        return StreamingResponse(
            _events(feed, first, wanted),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    return routes


def _open_to(caller: Caller, agency: str | None) -> str | None:
    """The agency whose changes are told; None for all. Raises a 403 problem where the key is for other ones."""
    agencies = caller.agencies_for(agency)
    if agencies is None:
        return None
    if len(agencies) != 1:
        problem = FieldProblem(field="agency", problem="missing", expected=f"one of {', '.join(agencies)}")
        raise ProblemError(ProblemType.FORBIDDEN, f"The key of {caller.name} is for some agencies.", errors=[problem])
    return agencies[0]


async def _page(feed: Feed, name: str, cursor: str, wanted: Wanted, limit: int, wait: int) -> Page:
    try:
        return await feed.page(cursor, wanted, limit, wait)
    except BadCursor:
        problem = FieldProblem(field=name, problem="not a cursor of this feed", expected="`cursor` of the page before")
        raise ProblemError(
            ProblemType.MALFORMED_REQUEST, "The cursor is not one this hub gave.", errors=[problem]
        ) from None
    except Expired:
        raise ProblemError(
            ProblemType.CURSOR_EXPIRED,
            "Not all that followed this cursor is kept. Start over: GET /v1/changes for a cursor, then GET "
            "/v1/dossiers to its end, then go on from that cursor.",
        ) from None


async def _events(feed: Feed, page: Page, wanted: Wanted) -> AsyncIterator[bytes]:
    """The stream, from `page` on. The next page is read when the last one is on its way to the reader."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + _STREAM_SECONDS
    yield _RETRY
    while True:
        if page.events:
            yield b"".join(
                b"id: %b\nevent: %b\ndata: %b\n\n"
                % (feed.cursor(page, event.position).encode(), event.type.encode(), event.body)
                for event in page.events
            )
        # Nobody is called for this; it is remembered as the place to go on from.
        cursor = feed.cursor(page)
        yield b"id: %b\n\n" % cursor.encode()
        if feed.is_stopping or loop.time() >= ends:
            return
        try:
            page = await feed.page(cursor, wanted, _AT_ONCE, _HEARTBEAT_SECONDS)
        except (Expired, *DATABASE_AWAY) as error:
            # The reader comes again, and is then told what is wrong.
            log.info("feed.stream_cut", reason=type(error).__name__)
            return


def _answer(bodies: list[bytes], cursor: str, *, more: bool) -> Response:
    items, end = b",".join(bodies), orjson.dumps({"cursor": cursor, "more": more})
    return Response(b'{"items":[' + items + b"]," + end[1:], media_type="application/json", headers=_NEVER_KEPT)


_NEVER_KEPT = {"Cache-Control": "no-store"}
