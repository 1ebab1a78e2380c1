"""GET /v1/dossiers/{code}: the unified answer, for anybody holding a code."""

from collections.abc import Awaitable, Sequence
from datetime import timedelta
from typing import Annotated, Protocol, TypeVar

from fastapi import APIRouter, Path, Query, Request

from contracts.dossier import Dossier
from contracts.observation import AgencyId
from hub.conditional import NOT_MODIFIED
from hub.index.answers import Answers
from hub.index.list_routes import MaxAge
from hub.limits.addresses import Visitor
from hub.limits.admission import Admission
from hub.problems import ProblemError, ProblemType, responses

Code = Annotated[str, Path(max_length=120, examples=["H21.09-261120-0001"])]
D = TypeVar("D", bound=Dossier)

OneAgency = Annotated[AgencyId | None, Query(description="Which agency's, where several gave this code.")]


class FindFresh(Protocol):
    def __call__(self, code: str, max_age: timedelta, *, agency: str | None) -> Awaitable[list[Dossier]]:
        """All dossiers under the code, none older than `max_age` or marked why it is."""
        ...


def router(answers: Answers, find_fresh: FindFresh, admission: Admission) -> APIRouter:
    routes = APIRouter(prefix="/v1/dossiers", tags=["dossiers"])

    @routes.get(
        "/{code}",
        summary="One dossier by its code",
        responses=NOT_MODIFIED
        | responses(
            ProblemType.API_KEY_REFUSED,
            ProblemType.DOSSIER_NOT_FOUND,
            ProblemType.SEVERAL_DOSSIERS,
            ProblemType.TOO_MANY_REQUESTS,
            ProblemType.AGENCY_NOT_ANSWERING,
            ProblemType.UNAVAILABLE,
        ),
    )
    async def one(
        request: Request,
        code: Code,
        agency: OneAgency = None,
        max_age: Annotated[
            MaxAge | None,
            Query(
                description="How old the answer may be, in seconds. What is older is asked of the agency; where that "
                "does not answer within two seconds, the known state is given, `stale`, with the reason.",
            ),
        ] = None,
    ) -> Dossier:
        """Spaces, dashes, case and accents in the code do not matter. No personal data is given.

        With `max_age` a dossier that the hub does not know is asked of the agency that `agency` or the code itself
        names: 404 then says that the agency has none (or cannot be asked), 503 that it has not answered.
        """
        visitor = await admission.admit(request)
        if max_age is None:
            found = await answers.find(code)
        else:
            visitor.had_asked()
            try:
                found = await find_fresh(code, timedelta(seconds=max_age), agency=agency)
            except ProblemError:
                visitor.missed()
                raise
        return only(found, agency, visitor)

    return routes


def only(found: list[Dossier], agency: str | None, visitor: Visitor) -> Dossier:
    """The one dossier that was meant. Raises the problem to answer with where there is none, or more than one."""
    mine = [each for each in found if each.concerns(agency)]
    if not mine:
        visitor.missed()
        raise ProblemError(
            ProblemType.DOSSIER_NOT_FOUND,
            "No agency has told the hub of a dossier with this code.",
            detail_vi="Không có hồ sơ nào mang mã này. Hãy so lại với giấy tiếp nhận hồ sơ.",
        )
    visitor.found(mine[0].id)
    return the_one(mine)


def the_one(mine: Sequence[D]) -> D:
    """Of dossiers under one code that may be shown. Raises the problem to answer with where there is none, which tells
    nobody whether there is one of others; or more than one."""
    if not mine:
        raise ProblemError(
            ProblemType.DOSSIER_NOT_FOUND,
            "There is no dossier with this code, or it is not open to whoever asks.",
            detail_vi="Không có hồ sơ nào mang mã này, hoặc hồ sơ không thuộc quyền xem của người hỏi.",
        )
    if len(mine) > 1:
        raise ProblemError(
            ProblemType.SEVERAL_DOSSIERS,
            "Several agencies gave this code; choose one with `agency`.",
            detail_vi="Mã này có ở nhiều cơ quan. Hãy chọn cơ quan.",
            agencies=[each.agency.id for each in mine],
        )
    return mine[0]
