"""What an agency has pushed and what became of it, for its developers."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from contracts.deliveries import DeliveryDetail, DeliveryPage, DeliveryState, RefusedPage
from contracts.observation import AgencyId
from hub.access.keys import ApiKeys
from hub.access.scopes import Caller, Scope
from hub.conditional import secret
from hub.intake.deliveries import Deliveries
from hub.moments import Moment
from hub.problems import ProblemError, ProblemType, responses

_MOST = 200

Agency = Annotated[AgencyId, Path(description="Such as ubnd-pleiku; one that the key is for.")]
Limit = Annotated[int, Query(ge=1, le=_MOST)]
Before = Annotated[int | None, Query(ge=1, lt=2**63, description="`number` of the last one of the page before.")]


def router(deliveries: Deliveries, keys: ApiKeys) -> APIRouter:
    routes = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])
    reader = Depends(keys.needs(Scope.DELIVERIES_READ))
    refused_all = (
        ProblemType.MALFORMED_REQUEST,
        ProblemType.API_KEY_REFUSED,
        ProblemType.FORBIDDEN,
        ProblemType.UNAVAILABLE,
    )

    @routes.get(
        "/{agency}/deliveries",
        summary="What an agency has pushed",
        response_model=DeliveryPage,
        responses=responses(*refused_all),
    )
    async def latest(
        agency: Agency,
        state: Annotated[
            list[DeliveryState] | None, Query(description="Only these; several for more.", max_length=10)
        ] = None,
        since: Annotated[Moment | None, Query(description="Received from then on. With zone.")] = None,
        before: Before = None,
        limit: Limit = 50,
        caller: Caller = reader,
    ) -> Response:
        """Each event by itself, those of lists too."""
        agencies = caller.agencies_for(agency, "path agency")
        found = await deliveries.latest(agencies, states=state, since=since, before=before, most=limit)
        return secret(DeliveryPage(items=found))

    @routes.get(
        "/{agency}/deliveries/{id:path}",
        summary="One event as it was pushed, and what it changed",
        response_model=DeliveryDetail,
        responses=responses(*refused_all, ProblemType.DELIVERY_NOT_FOUND),
    )
    async def one(
        agency: Agency,
        id: Annotated[str, Path(max_length=200, description="The webhook-id, or the id of the event in a list.")],
        caller: Caller = reader,
    ) -> Response:
        """With headers and body as they came, for as long as they are kept."""
        caller.agencies_for(agency, "path agency")
        found = await deliveries.one(agency, id)
        if found is None:
            raise ProblemError(
                ProblemType.DELIVERY_NOT_FOUND, "This agency has delivered no event with this id that was taken."
            )
        return secret(found)

    @routes.get(
        "/{agency}/refused",
        summary="The last calls that were refused, and why",
        response_model=RefusedPage,
        responses=responses(*refused_all),
    )
    async def refused(agency: Agency, before: Before = None, limit: Limit = 50, caller: Caller = reader) -> Response:
        """They are there some seconds later. Of a flood only the last ones are kept; all are counted."""
        caller.agencies_for(agency, "path agency")
        found = await deliveries.refused([agency], before=before, most=limit)
        return secret(RefusedPage(items=[each.call for each in found]))

    return routes
