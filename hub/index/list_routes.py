"""GET /v1/dossiers: lists, for whoever holds an API key."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime

from contracts.dossier import DossierPage
from contracts.observation import AgencyId
from contracts.problem import FieldProblem
from contracts.status import DossierStatus
from hub.access.keys import ApiKeys
from hub.index.lists import BadCursor, Filter, Lists
from hub.problems import ProblemError, ProblemType, responses


def router(lists: Lists, keys: ApiKeys) -> APIRouter:
    routes = APIRouter(prefix="/v1/dossiers", tags=["dossiers"])

    @routes.get(
        "",
        summary="Dossiers in the order of their last change",
        dependencies=[Depends(keys.required)],
        responses=responses(ProblemType.API_KEY_REFUSED, ProblemType.UNAVAILABLE),
    )
    async def many(
        agency: Annotated[AgencyId | None, Query()] = None,
        status: Annotated[DossierStatus | None, Query(description="National status code, 1 to 10.")] = None,
        updated_since: Annotated[
            AwareDatetime | None, Query(description="With zone. Ask for a minute more than you need.")
        ] = None,
        cursor: Annotated[str | None, Query(max_length=200, description="`next_cursor` of the page before.")] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> DossierPage:
        try:
            return await lists.page(Filter(agency, status, updated_since), cursor, limit)
        except BadCursor:
            problem = FieldProblem(
                field="cursor", problem="not a cursor of this hub", expected="next_cursor of the page before"
            )
            raise ProblemError(
                ProblemType.MALFORMED_REQUEST, "The cursor is not one this hub gave.", errors=[problem]
            ) from None

    return routes
