"""GET /v1/dossiers/{code}/history: how a dossier stood at any moment of the past, for anybody holding its code; and
…/history/lines: all that was said of it, for frontends whose key has the scope."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from contracts.history import History, HistoryLines
from hub.access.keys import ApiKeys
from hub.access.scopes import Caller, Scope
from hub.conditional import NOT_MODIFIED, secret
from hub.db import Database
from hub.index.answers import Answers
from hub.index.cursors import BadCursor, Cursors
from hub.index.history import entries, events, line, past, place_of, state, told
from hub.index.list_routes import MOST, REFUSED, Cursor, bad_cursor
from hub.index.merge import handed_to, timeline
from hub.index.routes import Code, OneAgency, only, the_one
from hub.limits.admission import Admission
from hub.moments import Moment
from hub.problems import ProblemType, responses
from hub.vault import Vault


def router(database: Database, vault: Vault, answers: Answers, admission: Admission, keys: ApiKeys) -> APIRouter:
    routes = APIRouter(prefix="/v1/dossiers", tags=["dossiers"])
    cursors = Cursors(vault)

    @routes.get(
        "/{code}/history",
        summary="One dossier at a moment of the past",
        responses=NOT_MODIFIED
        | responses(
            ProblemType.API_KEY_REFUSED,
            ProblemType.DOSSIER_NOT_FOUND,
            ProblemType.SEVERAL_DOSSIERS,
            ProblemType.TOO_MANY_REQUESTS,
            ProblemType.UNAVAILABLE,
        ),
    )
    async def history(
        request: Request,
        code: Code,
        agency: OneAgency = None,
        as_of: Annotated[
            Moment | None,
            Query(description="How it stood then at the agency, by all that is known today. With zone; inclusive."),
        ] = None,
        known_at: Annotated[
            Moment | None,
            Query(
                description="By what the hub had heard until then: what it could have answered. With zone; inclusive."
            ),
        ] = None,
    ) -> History:
        """Both together: what the hub knew at `known_at` of how it stood at `as_of`. No personal data is given."""
        visitor = await admission.admit(request)
        dossier = only(await answers.find(code), agency, visitor)
        then = past(await entries(database, vault, int(dossier.id), personal=False), as_of=as_of, known_at=known_at)
        first = dossier.agencies[0].id
        agencies = handed_to(first, then)
        return History(
            id=dossier.id,
            code=dossier.code,
            agency=dossier.agency,
            as_of=as_of,
            known_at=known_at,
            state=state(then, agencies),
            timeline=events(timeline(then, agencies), first),
        )

    @routes.get(
        "/{code}/history/lines",
        summary="All that was said of a dossier",
        response_model=HistoryLines,
        responses=responses(
            ProblemType.MALFORMED_REQUEST, ProblemType.DOSSIER_NOT_FOUND, ProblemType.SEVERAL_DOSSIERS, *REFUSED
        ),
    )
    async def history_lines(
        code: Code,
        caller: Annotated[Caller, Depends(keys.needs(Scope.DOSSIERS_READ))],
        agency: OneAgency = None,
        cursor: Annotated[Cursor | None, Query(description="`next_cursor` of the page before.")] = None,
        limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
    ) -> Response:
        """Each line with the agency's time and the hub's, where it came from, the agency's own words, and what it
        changed. People's data only where the key has people:read as well."""
        agencies = caller.agencies_for(agency)
        dossier = the_one([each for each in await answers.find(code) if each.concerns_one_of(agencies)])
        in_full = caller.may(Scope.PEOPLE_READ)
        said = await entries(database, vault, int(dossier.id), personal=in_full)
        first = dossier.agencies[0].id
        all_lines = told(said, handed_to(first, said))
        question = f"history {dossier.id}".encode()
        begin = 0
        if cursor:
            try:
                after = cursors.read(question, cursor)
                begin = [place_of(each.entry) for each in all_lines].index(after) + 1
            except BadCursor as error:
                raise bad_cursor(error, "cursor") from None
        page = all_lines[begin : begin + limit]
        goes_on = begin + limit < len(all_lines)
        return secret(
            HistoryLines(
                id=dossier.id,
                code=dossier.code,
                agency=dossier.agency,
                masked=not in_full,
                items=[line(each, first) for each in page],
                next_cursor=cursors.give(question, place_of(page[-1].entry)) if goes_on else None,
            )
        )

    return routes
