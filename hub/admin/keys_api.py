"""/v1/admin/keys: which API keys there are; made, replaced with an overlap, and ended."""

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contracts.admin import AdminKey, AdminKeys, KeyRotation, NewKey, ScopeName
from contracts.observation import AgencyId
from hub.access.keys import ApiKeys, KeyWrong, NoKey
from hub.access.scopes import Caller, Scope
from hub.admin.api import PATH, actor, allowed, as_utc, check_agencies, kept_by_nobody, known
from hub.moments import Moment
from hub.problems import ProblemError, ProblemType, responses, wrong
from hub.registry import Registry


class KeyToMake(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{1,59}$")] = Field(
        description="Whose it is. No key that goes on may have it."
    )
    scopes: Annotated[list[ScopeName], Field(min_length=1, max_length=20)]
    agencies: Annotated[list[AgencyId], Field(min_length=1, max_length=200)] | None = None
    expires_at: Moment | None = None


_Number = Annotated[int, Path(ge=1, lt=2**63)]


def router(registry: Registry, keys: ApiKeys) -> APIRouter:
    routes = APIRouter(prefix=PATH, tags=["admin"], dependencies=[Depends(kept_by_nobody)])
    manages = allowed(keys, Scope.ADMIN_MANAGE)
    missing = known(ProblemType.MALFORMED_REQUEST, ProblemType.ADMIN_NOT_FOUND)
    large = responses(ProblemType.BODY_TOO_LARGE)

    @routes.get("/keys", summary="Which API keys there are, and which ended lately", responses=known())
    async def all_keys(caller: Caller = manages) -> AdminKeys:
        return AdminKeys(items=[AdminKey.model_validate(asdict(each)) for each in await keys.all()])

    @routes.post(
        "/keys",
        status_code=201,
        summary="Make an API key",
        responses=known(ProblemType.MALFORMED_REQUEST) | large,
    )
    async def make(wanted: KeyToMake, caller: Caller = manages) -> NewKey:
        """The answer is the only place where it is ever shown."""
        check_agencies(registry, wanted.agencies)
        try:
            made = await keys.create(
                wanted.name,
                scopes={Scope(each) for each in wanted.scopes},
                agencies=None if wanted.agencies is None else set(wanted.agencies),
                expires_at=as_utc(wanted.expires_at),
                actor=actor(caller),
                takes_over=False,
            )
        except KeyWrong as error:
            raise wrong(f"/{error.field}", "cannot be", str(error)) from None
        return NewKey(key=made)

    @routes.post("/keys/{number}/rotation", summary="Put a new key in the place of one", responses=missing | large)
    async def rotate(number: _Number, wanted: KeyRotation, caller: Caller = manages) -> NewKey:
        """It may do the same; the old one is good for the overlap yet. A key may replace itself."""
        try:
            return NewKey(key=await keys.rotate(number, timedelta(hours=wanted.overlap_hours), actor=actor(caller)))
        except NoKey as error:
            raise _none(error) from None

    @routes.delete("/keys/{number}", status_code=204, summary="End a key now", responses=missing)
    async def revoke(number: _Number, caller: Caller = manages) -> None:
        try:
            await keys.revoke(number, actor=actor(caller))
        except NoKey as error:
            raise _none(error) from None

    return routes


def _none(error: NoKey) -> ProblemError:
    return ProblemError(ProblemType.ADMIN_NOT_FOUND, f"{str(error)[0].upper()}{str(error)[1:]}.")
