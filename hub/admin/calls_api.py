"""/v1/admin/calls: calls to agencies, found by what is known of them; one masked, and in full for a reason."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from contracts.admin import AdminCall, AdminCalls, CallBodies, CallOutcome, OpenCall, SearchedBodies
from contracts.observation import AgencyId
from contracts.texts import NO_NUL
from hub.access.keys import ApiKeys
from hub.access.scopes import Caller, Scope
from hub.admin.api import PATH, actor, allowed, as_utc, kept_by_nobody, known
from hub.calls.search import SHORTEST_CODE, Asked, Bodies, Calls, NoSuchCall
from hub.moments import Moment
from hub.problems import ProblemError, ProblemType, responses, wrong
from hub.registry import Registry
from hub.vault import VaultError

_Agency = Annotated[AgencyId, Path(description="Its id, such as so-tnmt.")]
_Number = Annotated[int, Path(ge=1, lt=2**63)]


def router(calls: Calls, registry: Registry, keys: ApiKeys) -> APIRouter:
    routes = APIRouter(prefix=PATH, tags=["admin"], dependencies=[Depends(kept_by_nobody)])
    looks, operates = allowed(keys, Scope.ADMIN_LOOK), allowed(keys, Scope.ADMIN_OPERATE)
    missing = known(ProblemType.MALFORMED_REQUEST, ProblemType.ADMIN_NOT_FOUND)

    @routes.get("/calls", summary="Search calls to agencies", responses=known(ProblemType.MALFORMED_REQUEST))
    async def search(
        caller: Caller = looks,
        agency: Annotated[AgencyId | None, Query(description="Of one agency alone.")] = None,
        outcome: Annotated[CallOutcome | None, Query(description="`failed`: whichever failure it was.")] = None,
        operation: Annotated[str | None, Query(max_length=64, pattern=NO_NUL)] = None,
        since: Annotated[Moment | None, Query()] = None,
        until: Annotated[Moment | None, Query()] = None,
        correlation_id: Annotated[str | None, Query(max_length=128, pattern=NO_NUL)] = None,
        code: Annotated[
            str | None, Query(max_length=80, description="Of a dossier, however it is written; `looked` tells how far.")
        ] = None,
        before: Annotated[int | None, Query(ge=1, lt=2**63, description="Go on from the last one's `older`.")] = None,
    ) -> AdminCalls:
        """The latest first. By a dossier's code: all calls that were about it alone, and of the latest others those in
        which it is told of, as far as they are kept."""
        asked = Asked(
            caller.agencies_for(agency),
            outcome,
            operation,
            as_utc(since, "since"),
            as_utc(until, "until"),
            correlation_id,
            code,
            before,
        )
        found = await calls.find(asked)
        if code is not None and found.looked is None:
            raise wrong("code", "too short", f"{SHORTEST_CODE} letters and digits or more")
        return AdminCalls(
            items=[AdminCall(**asdict(each)) for each in found.calls],
            older=found.older,
            looked=SearchedBodies(**asdict(found.looked)) if found.looked else None,
        )

    @routes.get("/agencies/{agency}/calls/{number}", summary="One call, masked", responses=missing)
    async def one(agency: _Agency, number: _Number, caller: Caller = looks) -> CallBodies:
        """What is not known to be harmless is `***`."""
        try:
            return _told(await calls.masked(agency, number, registry.spec(agency)))
        except NoSuchCall as error:
            raise _none(error) from None
        except VaultError:
            raise _sealed() from None

    @routes.post(
        "/agencies/{agency}/calls/{number}/open",
        summary="One call in full, for a reason",
        responses=missing | responses(ProblemType.BODY_TOO_LARGE),
    )
    async def in_full(agency: _Agency, number: _Number, wanted: OpenCall, caller: Caller = operates) -> CallBodies:
        """Who opened it and why is in the audit. Secrets are shown to nobody."""
        try:
            return _told(await calls.open(agency, number, why=wanted.why, actor=actor(caller)))
        except NoSuchCall as error:
            raise _none(error) from None
        except VaultError:
            raise _sealed() from None
        except ValueError as error:
            raise wrong("/why", "no reason", str(error)) from None

    return routes


def _told(bodies: Bodies) -> CallBodies:
    return CallBodies(
        call=AdminCall(**asdict(bodies.call)), request=bodies.request, response=bodies.response, cut=bodies.cut
    )


def _none(error: NoSuchCall) -> ProblemError:
    return ProblemError(ProblemType.ADMIN_NOT_FOUND, f"{str(error)[0].upper()}{str(error)[1:]}.")


def _sealed() -> ProblemError:
    return ProblemError(ProblemType.ADMIN_NOT_FOUND, "What was said is sealed under a key that this hub does not have.")
