"""GET /v1/dossiers: the unified answer, for anybody holding a code; and lists, for whoever holds an API key."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import AwareDatetime

from contracts.dossier import Dossier, DossierPage
from contracts.observation import AgencyId
from contracts.problem import FieldProblem
from contracts.status import DossierStatus
from hub.access.keys import ApiKeys
from hub.index.answers import Answers, BadCursor, Filter
from hub.problems import ProblemError, ProblemType, responses


def router(answers: Answers, keys: ApiKeys) -> APIRouter:
    routes = APIRouter(prefix="/v1/dossiers", tags=["dossiers"])

    @routes.get(
        "/{code}",
        summary="One dossier by its code",
        responses=responses(ProblemType.DOSSIER_NOT_FOUND, ProblemType.SEVERAL_DOSSIERS, ProblemType.UNAVAILABLE),
    )
    async def one(
        code: Annotated[str, Path(max_length=120, examples=["H21.09-261120-0001"])],
        agency: Annotated[AgencyId | None, Query(description="Which agency's, where several gave this code.")] = None,
    ) -> Dossier:
        """Spaces, dashes, case and accents in the code do not matter. No personal data is given."""
        found = [item for item in await answers.find(code) if agency in (None, item.agency.id)]
        if not found:
            raise ProblemError(
                ProblemType.DOSSIER_NOT_FOUND,
                "No agency has told the hub of a dossier with this code.",
                detail_vi="Không có hồ sơ nào mang mã này. Hãy so lại với giấy tiếp nhận hồ sơ.",
            )
        if len(found) > 1:
            raise ProblemError(
                ProblemType.SEVERAL_DOSSIERS,
                "Several agencies gave this code; choose one with `agency`.",
                detail_vi="Mã này có ở nhiều cơ quan. Hãy chọn cơ quan.",
                agencies=[item.agency.id for item in found],
            )
        return found[0]

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
            return await answers.page(Filter(agency, status, updated_since), cursor, limit)
        except BadCursor:
            problem = FieldProblem(
                field="cursor", problem="not a cursor of this hub", expected="next_cursor of the page before"
            )
            raise ProblemError(
                ProblemType.MALFORMED_REQUEST, "The cursor is not one this hub gave.", errors=[problem]
            ) from None

    return routes
