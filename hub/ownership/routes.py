"""/v1/dossiers/{code}/full: the whole dossier for its applicant, who proves it by last digits in the body (POST) or is
signed in, and for frontends whose key has the scope (GET)."""

import math
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Security
from fastapi.responses import Response
from fastapi.security import HTTPAuthorizationCredentials
from pydantic import ValidationError

from contracts.ownership import FullDossier, LastDigits
from contracts.problem import FieldProblem
from hub.access.keys import HEADER, ApiKeys
from hub.access.people import BEARER, People, Person
from hub.access.scopes import Caller, Scope
from hub.bodies import BodyCutOff, BodyTooLarge, limited_body
from hub.conditional import secret
from hub.index.routes import Code, OneAgency, the_one
from hub.limits.admission import Admission
from hub.ownership.full import NotProved, Ownership, TooManyTries
from hub.ownership.proof import FEWEST, MOST, typed_digits
from hub.problems import ProblemError, ProblemType, responses, wrong

_LARGEST = 1000

_OPENAPI = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": LastDigits.model_json_schema()}}}
}


def router(ownership: Ownership, admission: Admission, keys: ApiKeys, people: People) -> APIRouter:
    routes = APIRouter(prefix="/v1/dossiers", tags=["dossiers"])
    reader = keys.needs(Scope.PEOPLE_READ)

    async def asker(
        key: Annotated[str | None, Security(HEADER)] = None,
        token: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)] = None,
    ) -> Caller | Person:
        return await people.signed_in(token) if key is None else await reader(key)

    @routes.post(
        "/{code}/full",
        summary="One dossier in full, for its applicant",
        response_model=FullDossier,
        openapi_extra=_OPENAPI,
        responses=responses(
            ProblemType.MALFORMED_REQUEST,
            ProblemType.API_KEY_REFUSED,
            ProblemType.NOT_PROVED,
            ProblemType.SEVERAL_DOSSIERS,
            ProblemType.BODY_TOO_LARGE,
            ProblemType.TOO_MANY_REQUESTS,
            ProblemType.UNAVAILABLE,
        ),
    )
    async def full(request: Request, code: Code) -> Response:
        """A code that no dossier has and digits that are not its applicant's get the same answer. Tries are counted
        for each code, from wherever they come, and for each address."""
        visitor = await admission.admit(request)
        proof = await _proof(request)
        digits = typed_digits(proof.last_digits)
        if digits is None:
            raise wrong(
                "/last_digits",
                "not digits, or too few of them, or too many",
                f"the last {FEWEST} to {MOST} digits of the applicant's identity number or phone",
            )
        try:
            mine = await ownership.prove(code, digits, agency=proof.agency)
        except NotProved:
            visitor.failed_proof()
            raise ProblemError(
                ProblemType.NOT_PROVED,
                "There is no dossier with this code, or the digits are not its applicant's.",
                detail_vi="Không có hồ sơ nào mang mã này, hoặc các số cuối không đúng.",
            ) from None
        except TooManyTries as tries:
            seconds = math.ceil(tries.wait_seconds)
            raise ProblemError(
                ProblemType.TOO_MANY_REQUESTS,
                f"Too many tries for this code; try again in {seconds} s.",
                detail_vi=f"Mã này đã được thử quá nhiều lần. Xin thử lại sau {seconds} giây.",
                headers={"Retry-After": str(seconds)},
            ) from None
        return secret(the_one(mine))

    @routes.get(
        "/{code}/full",
        summary="One dossier in full, for its applicant who is signed in, or for a frontend that may see it",
        response_model=FullDossier,
        responses=responses(
            ProblemType.MALFORMED_REQUEST,
            ProblemType.API_KEY_REFUSED,
            ProblemType.TOKEN_REFUSED,
            ProblemType.FORBIDDEN,
            ProblemType.DOSSIER_NOT_FOUND,
            ProblemType.SEVERAL_DOSSIERS,
            ProblemType.UNAVAILABLE,
        ),
    )
    async def full_of_ones_own(
        code: Code,
        who: Annotated[Caller | Person, Depends(asker)],
        agency: OneAgency = None,
    ) -> Response:
        """With a person's token: their own, those that `GET /v1/me/dossiers` lists. With a key that has people:read:
        anybody's, at the key's agencies. Others' dossiers are answered as if there were none. Where both are sent, the
        key counts."""
        if isinstance(who, Person):
            return secret(the_one(await ownership.of_person(code, who, agency=agency)))
        return secret(the_one(await ownership.of_agencies(code, who.agencies_for(agency))))

    return routes


async def _proof(request: Request) -> LastDigits:
    """The body. What is wrong with it is told without what stands in it."""
    try:
        return LastDigits.model_validate_json(await limited_body(request, _LARGEST))
    except BodyTooLarge:
        raise ProblemError(ProblemType.BODY_TOO_LARGE, f"The body is larger than {_LARGEST} bytes.") from None
    except (ValidationError, BodyCutOff) as error:
        details = error.errors() if isinstance(error, ValidationError) else []
        problems = [FieldProblem(field="/" + "/".join(map(str, each["loc"])), problem=each["msg"]) for each in details]
        raise ProblemError(ProblemType.MALFORMED_REQUEST, "The body is not as it should be.", errors=problems) from None
