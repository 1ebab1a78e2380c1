"""GET /v1/dossiers/{code}/history: how a dossier stood at any moment of the past, for anybody holding its code."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from contracts.history import History
from hub.conditional import NOT_MODIFIED
from hub.db import Database
from hub.index.answers import Answers
from hub.index.history import entries, events, past, state
from hub.index.merge import handed_to, timeline
from hub.index.routes import Code, OneAgency, only
from hub.limits.admission import Admission
from hub.moments import Moment
from hub.problems import ProblemType, responses
from hub.vault import Vault


def router(database: Database, vault: Vault, answers: Answers, admission: Admission) -> APIRouter:
    routes = APIRouter(prefix="/v1/dossiers", tags=["dossiers"])

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
        lines = past(await entries(database, vault, int(dossier.id), personal=False), as_of=as_of, known_at=known_at)
        first = dossier.agencies[0].id
        agencies = handed_to(first, lines)
        return History(
            id=dossier.id,
            code=dossier.code,
            agency=dossier.agency,
            as_of=as_of,
            known_at=known_at,
            state=state(lines, agencies),
            timeline=events(timeline(lines, agencies), first),
        )

    return routes
