"""GET /v1/dossiers/{code}: the unified answer, for anybody holding a code."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from contracts.dossier import Dossier
from contracts.observation import AgencyId
from hub.index.answers import Answers
from hub.problems import ProblemError, ProblemType, responses


def router(answers: Answers) -> APIRouter:
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

    return routes
