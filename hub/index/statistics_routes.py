"""GET /v1/statistics: counts by agency, status and month, on time and late."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from contracts.observation import AgencyId
from contracts.statistics import CountedAt, Month, Statistics
from hub.access.keys import ApiKeys
from hub.access.scopes import Caller, Scope
from hub.conditional import NOT_MODIFIED, conditional
from hub.db import Database
from hub.index import tallies
from hub.index.list_routes import REFUSED
from hub.index.tallies import VIETNAM
from hub.problems import ProblemType, responses, wrong


def router(database: Database, keys: ApiKeys) -> APIRouter:
    routes = APIRouter(prefix="/v1", tags=["statistics"])

    @routes.get(
        "/statistics",
        summary="Counts by agency, status and month",
        response_model=Statistics,
        responses=NOT_MODIFIED | responses(ProblemType.MALFORMED_REQUEST, *REFUSED),
    )
    async def statistics(
        request: Request,
        caller: Annotated[Caller, Depends(keys.needs(Scope.STATISTICS_READ))],
        agency: Annotated[
            AgencyId | None, Query(description="Dossiers that it has, or had before they passed to its successors.")
        ] = None,
        counted_at: Annotated[
            CountedAt,
            Query(
                description="Where agencies have merged or were split: `now`, each dossier at the agency that handles "
                "it; `first`, at the one that took it in, as if nothing had changed. `agency` asks accordingly."
            ),
        ] = CountedAt.NOW,
        first: Annotated[Month | None, Query(description="The first month; a year before the last by default.")] = None,
        last: Annotated[Month | None, Query(description="The last month; the present one by default.")] = None,
    ) -> Response:
        """Right to the unit at the moment of the answer. Dossiers of no known month are always told of."""
        today = datetime.now(VIETNAM).date()
        until = date.fromisoformat(f"{last}-01") if last else today.replace(day=1)
        since = date.fromisoformat(f"{first}-01") if first else until.replace(year=until.year - 1)
        if since > until:
            raise wrong("first", "after the last month", "a month that is not after it")
        agencies = caller.agencies_for(agency)
        told = await tallies.tell(
            database, agencies=agencies, counted_at=counted_at, first=since, last=until, today=today
        )
        return conditional(request, told)

    return routes
