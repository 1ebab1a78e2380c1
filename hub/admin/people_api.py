"""/v1/admin/people and /v1/admin/audit: who keeps the hub, and what each has done."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import StreamingResponse

from contracts.admin import (
    AdminPeople,
    AdminPerson,
    AdminSession,
    AdminSessions,
    AuditLine,
    AuditLines,
    AuditVerdict,
    Invitation,
    OneTimePassword,
    PersonChange,
)
from contracts.texts import NO_NUL
from hub.access.accounts import AccountWrong, NoAccount
from hub.access.audit import Wanted, exported, latest, verify
from hub.access.keys import ApiKeys
from hub.access.roles import Role
from hub.access.scopes import Caller, Scope
from hub.access.sign_in import SignIn
from hub.admin.api import PATH, actor, allowed, as_utc, check_agencies, kept_by_nobody, known
from hub.admin.trail import EXPORT_HEADERS, EXPORT_TYPE
from hub.db import Database
from hub.moments import Moment
from hub.problems import ProblemError, ProblemType, responses, wrong
from hub.registry import Registry

_Name = Annotated[str, Path(min_length=2, max_length=40, pattern=r"^[a-z][a-z0-9.-]{1,39}$")]
_Number = Annotated[int, Path(ge=1, lt=2**63)]
_Word = Annotated[str | None, Query(max_length=200, pattern=NO_NUL)]


_OF_AGENCY = "Of what was done to it, and to its streams, its spec and whatever else of it."
_IN_ONE_GO = "Of what was done in one go; and of who has looked at calls that were made in it."


def router(database: Database, registry: Registry, keys: ApiKeys, sign_in: SignIn) -> APIRouter:
    routes = APIRouter(prefix=PATH, tags=["admin"], dependencies=[Depends(kept_by_nobody)])
    accounts = sign_in.accounts
    manages, audits = allowed(keys, Scope.ADMIN_MANAGE), allowed(keys, Scope.ADMIN_AUDIT)
    missing = known(ProblemType.MALFORMED_REQUEST, ProblemType.ADMIN_NOT_FOUND)
    large = responses(ProblemType.BODY_TOO_LARGE)

    @routes.get("/people", summary="Who keeps the hub", responses=known())
    async def people(caller: Caller = manages) -> AdminPeople:
        shown = AdminPerson.model_fields
        found = await accounts.all()
        return AdminPeople(items=[AdminPerson(**{name: getattr(each, name) for name in shown}) for each in found])

    @routes.post(
        "/people",
        status_code=201,
        summary="Invite somebody",
        responses=known(ProblemType.MALFORMED_REQUEST, ProblemType.BODY_TOO_LARGE),
    )
    async def invite(wanted: Invitation, caller: Caller = manages) -> OneTimePassword:
        check_agencies(registry, wanted.agencies)
        try:
            password = await accounts.invite(wanted.name, Role(wanted.role), wanted.agencies, actor=actor(caller))
        except AccountWrong as error:
            raise _refused(error) from None
        return OneTimePassword(name=wanted.name, password=password)

    @routes.put("/people/{name}", status_code=204, summary="Change what somebody may do", responses=missing | large)
    async def change(name: _Name, wanted: PersonChange, caller: Caller = manages) -> None:
        check_agencies(registry, wanted.agencies)
        try:
            await accounts.change(name, Role(wanted.role), wanted.agencies, actor=actor(caller))
        except AccountWrong as error:
            raise _refused(error) from None

    @routes.post("/people/{name}/password", summary="A one-time password for somebody", responses=missing)
    async def new_password(name: _Name, caller: Caller = manages) -> OneTimePassword:
        try:
            return OneTimePassword(name=name, password=await accounts.new_password(name, actor=actor(caller)))
        except AccountWrong as error:
            raise _refused(error) from None

    @routes.delete("/people/{name}", status_code=204, summary="End an account and its sessions", responses=missing)
    async def end(name: _Name, caller: Caller = manages) -> None:
        try:
            await accounts.end(name, actor=actor(caller))
        except AccountWrong as error:
            raise _refused(error) from None

    @routes.get("/sessions", summary="Who is signed in", responses=known())
    async def sessions(caller: Caller = manages) -> AdminSessions:
        return AdminSessions(
            items=[
                AdminSession(
                    id=each.id,
                    name=each.account.name,
                    begun_at=each.begun_at,
                    last_used_at=each.last_used_at,
                    agent=each.agent,
                )
                for each in await sign_in.sessions()
                if each.account
            ]
        )

    @routes.delete("/sessions/{number}", status_code=204, summary="Put somebody out", responses=missing)
    async def put_out(number: _Number, caller: Caller = manages) -> None:
        if not await sign_in.end(number, actor=actor(caller)):
            raise ProblemError(ProblemType.ADMIN_NOT_FOUND, f"There is no session {number}.")

    @routes.get("/audit", summary="Who did what to what, the latest first", responses=known())
    async def audit(
        caller: Caller = audits,
        agency: Annotated[_Word, Query(description=_OF_AGENCY)] = None,
        target: _Word = None,
        actor: _Word = None,
        correlation_id: Annotated[_Word, Query(description=_IN_ONE_GO)] = None,
        before: Annotated[int | None, Query(ge=1, lt=2**63, description="Only lines before this one.")] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> AuditLines:
        found = await latest(database, Wanted(target, actor, correlation_id, agency=agency), before=before, most=limit)
        return AuditLines(
            items=[
                AuditLine(
                    line=each.head.line,
                    at=each.at,
                    actor=each.actor,
                    action=each.action,
                    target=each.target,
                    detail=each.detail,
                    correlation_id=each.correlation_id,
                )
                for each in found
            ]
        )

    @routes.get(
        "/audit/export",
        summary="All lines of the audit as JSON, one a row, the first first",
        response_class=StreamingResponse,
        responses=known()
        | {200: {"description": "Each with its digest.", "content": {EXPORT_TYPE: {"schema": {"type": "string"}}}}},
    )
    async def export(
        caller: Caller = audits,
        agency: Annotated[_Word, Query(description=_OF_AGENCY)] = None,
        target: _Word = None,
        actor: _Word = None,
        correlation_id: Annotated[_Word, Query(description=_IN_ONE_GO)] = None,
        since: Annotated[Moment | None, Query()] = None,
    ) -> StreamingResponse:
        wanted = Wanted(target, actor, correlation_id, as_utc(since, "since"), agency)
        return StreamingResponse(exported(database, wanted), media_type=EXPORT_TYPE, headers=EXPORT_HEADERS)

    @routes.get("/audit/verdict", summary="Whether the audit is whole", responses=known())
    async def verdict(caller: Caller = audits) -> AuditVerdict:
        """Every line is looked at, so ask seldom; compare `head` with one that was kept elsewhere."""
        async with database.reads.acquire() as connection:
            found = await verify(connection)
        return AuditVerdict(head=str(found.head) if found.head else None, broken_at=found.broken_at, holds=found.holds)

    return routes


def _refused(error: AccountWrong) -> ProblemError:
    if isinstance(error, NoAccount):
        return ProblemError(ProblemType.ADMIN_NOT_FOUND, f"{str(error)[0].upper()}{str(error)[1:]}.")
    return wrong(f"/{error.field}", "cannot be", str(error))
