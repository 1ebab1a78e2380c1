"""/v1/admin: all that the admin's pages do, for programs.

By an API key alone, never by the pages' cookie: what a browser sends by itself would let other sites do it as well.
Each route says which scope it needs, and whether it is of one agency; there is no way to add one that does not.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, Request, Response, Security

from hub.access.keys import HEADER, ApiKeys
from hub.access.scopes import Caller, Scope
from hub.conditional import KEEP_NOTHING
from hub.problems import ProblemError, ProblemType, responses, wrong
from hub.registry import Registry

PATH = "/v1/admin"

#: What any of its routes may answer.
ANY = (ProblemType.API_KEY_REFUSED, ProblemType.FORBIDDEN, ProblemType.UNAVAILABLE)


def known(*types: ProblemType) -> dict[int | str, dict[str, Any]]:
    """The problems that a route documents: these, and what any may answer."""
    return responses(*ANY, *types)


def needs(keys: ApiKeys, scope: Scope) -> Callable[..., Awaitable[Caller]]:
    """A FastAPI dependency: whose key was sent, who may `scope` — of the agency that the path names, where it names
    one; and where it names none, what is all agencies' needs a key for all."""

    async def caller(request: Request, key: Annotated[str | None, Security(HEADER)] = None) -> Caller:
        found = await keys.needs(scope)(key)
        agency = request.path_params.get("agency")
        if agency is not None:
            found.agencies_for(agency)
        elif scope.is_of_all_agencies and found.agencies is not None:
            raise ProblemError(
                ProblemType.FORBIDDEN, f"The key of {found.name} is for some agencies; this concerns all of them."
            )
        return found

    return caller


async def kept_by_nobody(response: Response) -> None:
    """A dependency of all of it: what is answered here is kept on no way."""
    response.headers["Cache-Control"] = KEEP_NOTHING


def allowed(keys: ApiKeys, scope: Scope) -> Caller:
    """`needs`, as the default of a route's parameter."""
    caller: Caller = Depends(needs(keys, scope))
    return caller


def actor(caller: Caller) -> str:
    """Who it is in the audit."""
    return f"key:{caller.name}"


def check_agencies(registry: Registry, agencies: Sequence[str] | None) -> None:
    """Those that a body's /agencies names must be some. Raises a 400 problem."""
    for place, agency in enumerate(agencies or ()):
        if registry.spec(agency) is None:
            raise wrong(f"/agencies/{place}", "no agency has this id", "an id such as so-tnmt")


def as_utc(at: datetime | None, field: str = "/expires_at") -> datetime | None:
    """The moment that `field` names. Raises a 400 problem."""
    try:
        return at.astimezone(UTC) if at else None
    except OverflowError:
        raise wrong(field, "at the end of the calendar", "a moment such as 2027-01-31T00:00:00Z") from None
