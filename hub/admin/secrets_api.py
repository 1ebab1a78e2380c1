"""/v1/admin/secrets: which there are and which are missing; set and removed, never shown."""

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contracts.admin import AdminSecret, AdminSecrets, OverlapHours
from contracts.texts import NO_NUL
from hub.access.keys import ApiKeys
from hub.access.scopes import Caller, Scope
from hub.admin.api import PATH, actor, allowed, as_utc, kept_by_nobody, known
from hub.moments import Moment
from hub.problems import ProblemError, ProblemType, responses, wrong
from hub.registry import Registry
from hub.secrets.keeping import HubSecrets, SecretWrong


class SecretToKeep(BaseModel):
    model_config = ConfigDict(extra="forbid")

    value: Annotated[str, StringConstraints(min_length=1, max_length=20_000, pattern=NO_NUL)] = Field(
        description="It is sealed, and never shown again."
    )
    expires_at: Moment | None = None
    overlap_hours: OverlapHours = Field(
        default=0, description="For so long deliveries that are proved by what it was before are taken, too."
    )


_Name = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,79}$", description="As specs have it, such as so-tnmt-khoa.")]


def router(registry: Registry, keys: ApiKeys, secrets: HubSecrets) -> APIRouter:
    routes = APIRouter(prefix=PATH, tags=["admin"], dependencies=[Depends(kept_by_nobody)])
    manages = allowed(keys, Scope.ADMIN_MANAGE)
    missing = known(ProblemType.MALFORMED_REQUEST, ProblemType.ADMIN_NOT_FOUND)

    @routes.get("/secrets", summary="Which secrets there are, and which are missing", responses=known())
    async def all_of_them(caller: Caller = manages) -> AdminSecrets:
        return AdminSecrets(items=[AdminSecret(**asdict(each)) for each in await secrets.all(registry)])

    @routes.put(
        "/secrets/{name}",
        summary="Set a secret",
        responses=known(ProblemType.MALFORMED_REQUEST) | responses(ProblemType.BODY_TOO_LARGE),
    )
    async def put(name: _Name, wanted: SecretToKeep, caller: Caller = manages) -> AdminSecret:
        """All processes use it within seconds, unless `place` says that the environment or a file has it, too: what is
        there goes before."""
        expires_at = as_utc(wanted.expires_at)
        try:
            overlap = timedelta(hours=wanted.overlap_hours)
            await secrets.put(name, wanted.value, actor=actor(caller), expires_at=expires_at, overlap=overlap)
        except SecretWrong as error:
            raise wrong(f"/{error.field}", "cannot be kept", str(error)) from None
        return next(AdminSecret(**asdict(each)) for each in await secrets.all(registry) if each.name == name)

    @routes.delete("/secrets/{name}", status_code=204, summary="Remove a secret", responses=missing)
    async def remove(name: _Name, caller: Caller = manages) -> None:
        if not await secrets.remove(name, actor=actor(caller)):
            raise ProblemError(ProblemType.ADMIN_NOT_FOUND, f"The database has no secret {name}.")

    return routes
