"""/v1/admin/…/spec: what is at work and was, what another would do before it is, and how it gets to work."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Path

from config.spec_file import Mistake
from contracts.admin import (
    DossierWould,
    DryRunResult,
    MendPreview,
    Rollback,
    ShadowDifference,
    SpecChecked,
    SpecMistake,
    SpecShadow,
    SpecToCheck,
    SpecToPublish,
    SpecToTry,
    SpecTried,
    SpecVersion,
    SpecVersions,
    TriedOperation,
)
from contracts.agency import AgencySpec
from contracts.observation import AgencyId
from contracts.problem import FieldProblem
from hub.access.audit import note
from hub.access.keys import ApiKeys
from hub.access.scopes import Caller, Scope
from hub.admin.api import PATH, actor, allowed, kept_by_nobody, known
from hub.admin.studio.tools import DryRunFound, Tools
from hub.db import Database
from hub.index.rehearsal import Would
from hub.problems import ProblemError, ProblemType, responses
from hub.quarantine.closing import NotOpen
from hub.quarantine.groups import group, numbers
from hub.quarantine.repair import preview
from hub.specs.parts import SpecParts
from hub.specs.reach import beyond
from hub.specs.specs import NoSuchVersion, Overtaken, Specs, SpecWrong, Version, Way
from hub.specs.texts import spec_in
from hub.vault import Vault

_Agency = Annotated[AgencyId, Path(description="Its id, such as so-tnmt.")]
_Number = Annotated[int, Path(ge=1, lt=2**31)]
_LongNumber = Annotated[int, Path(ge=1, lt=2**63)]


def router(database: Database, vault: Vault, keys: ApiKeys, parts: SpecParts, tools: Tools) -> APIRouter:
    routes = APIRouter(prefix=PATH, tags=["admin"], dependencies=[Depends(kept_by_nobody)])
    specs, follower, shadows = parts.specs, parts.follower, parts.shadows
    looks, operates = allowed(keys, Scope.ADMIN_LOOK), allowed(keys, Scope.ADMIN_OPERATE)
    missing = known(ProblemType.MALFORMED_REQUEST, ProblemType.ADMIN_NOT_FOUND)
    taken = known(ProblemType.MALFORMED_REQUEST, ProblemType.BODY_TOO_LARGE)
    overtaken = missing | responses(ProblemType.OVERTAKEN, ProblemType.BODY_TOO_LARGE)

    async def usable(caller: Caller, agency: str, text: str) -> AgencySpec:
        return await usable_spec(specs, caller, agency, text)

    @routes.get("/agencies/{agency}/spec", summary="The spec that is at work", responses=missing)
    async def spec_at_work(agency: _Agency, caller: Caller = looks) -> SpecVersion:
        if (version := await specs.current(agency)) is None:
            raise _none(f"There is no agency {agency}.")
        return version_told(version)

    @routes.get("/agencies/{agency}/versions", summary="All versions of an agency's spec", responses=missing)
    async def all_versions(agency: _Agency, caller: Caller = looks) -> SpecVersions:
        return SpecVersions(items=[version_told(each) for each in await specs.versions(agency)])

    @routes.post("/agencies/{agency}/spec/check", summary="What is wrong with a spec", responses=taken)
    async def check_spec(agency: _Agency, asked: SpecToCheck, caller: Caller = operates) -> SpecChecked:
        """What it says is compared with its schema, its WSDL and itself. Nobody is called."""
        return SpecChecked(mistakes=mistakes_told(await specs.check(agency, asked.text)))

    @routes.put("/agencies/{agency}/spec", summary="Publish a spec", responses=overtaken)
    async def publish_spec(agency: _Agency, wanted: SpecToPublish, caller: Caller = operates) -> SpecVersion:
        """It is at work in all processes within seconds, and watched for an hour: should it understand less than the
        one before, that comes back by itself."""
        current = await specs.current(agency)
        try:
            if wrong := beyond(caller, current.text if current else None, wanted.text):
                raise SpecWrong(wrong)
            version = await specs.publish(
                agency,
                wanted.text,
                author=actor(caller),
                reason=wanted.reason,
                way=Way.API,
                based_on=wanted.based_on,
            )
        except SpecWrong as error:
            raise spec_wrong(error.mistakes) from None
        except Overtaken as error:
            raise overtaken_by(str(error)) from None
        await follower.catch_up()
        return version_told(version)

    @routes.post(
        "/agencies/{agency}/versions/{version}/rollback", summary="Go back to an earlier version", responses=overtaken
    )
    async def roll_back(agency: _Agency, version: _Number, wanted: Rollback, caller: Caller = operates) -> SpecVersion:
        try:
            done = await specs.roll_back(agency, version, author=actor(caller), reason=wanted.reason)
        except NoSuchVersion as error:
            raise _none(str(error)) from None
        await follower.catch_up()
        return version_told(done)

    # --- before it is at work ---------------------------------------------------------------------

    @routes.get("/agencies/{agency}/spec/shadow", summary="What a spec in shadow has understood", responses=missing)
    async def shadow(agency: _Agency, caller: Caller = operates) -> SpecShadow:
        """Beside what the one at work has, of the same answers and pushed bodies."""
        if (found := await shadows.of(agency)) is None:
            raise _none(f"Nothing reads along at {agency}.")
        told = asdict(found.found) | {"shown": [_difference(each) for each in found.found.shown]}
        return SpecShadow(text=found.text, author=found.author, started_at=found.started_at, **told)

    @routes.put(
        "/agencies/{agency}/spec/shadow",
        status_code=204,
        summary="Have a spec read along",
        responses=missing | responses(ProblemType.BODY_TOO_LARGE),
    )
    async def start_shadow(agency: _Agency, wanted: SpecToCheck, caller: Caller = operates) -> None:
        """First what was recorded in the last day, then what comes. It changes nothing and calls nobody."""
        await usable(caller, agency, wanted.text)
        if await specs.current(agency) is None:
            raise _none(f"There is no agency {agency}.")
        await shadows.start(agency, wanted.text, actor=actor(caller))

    @routes.delete("/agencies/{agency}/spec/shadow", status_code=204, summary="Have it read no more", responses=missing)
    async def stop_shadow(agency: _Agency, caller: Caller = operates) -> None:
        await shadows.stop(agency, actor=actor(caller))

    @routes.post("/agencies/{agency}/spec/trial", summary="Ask an agency by a spec, and see", responses=taken)
    async def try_spec(agency: _Agency, asked: SpecToTry, caller: Caller = operates) -> SpecTried:
        """What changed in the last day, and one dossier: as the agency answers it, which is about people. Who asked is
        in the audit."""
        spec = await usable(caller, agency, asked.text)
        async with database.begin() as connection:
            detail = {"code": asked.code}
            await note(connection, actor=actor(caller), action="spec.tried", target=agency, detail=detail)
        try:
            seen = await tools.ask(spec, asked.code or "")
        except ValueError as error:
            raise spec_wrong([Mistake("", None, "", str(error))]) from None
        return SpecTried(code=seen.code, tried=[TriedOperation(**each.model_dump()) for each in seen.tried])

    @routes.post("/agencies/{agency}/spec/dry-run", summary="What a pull by a spec would change", responses=taken)
    async def dry_run(agency: _Agency, asked: SpecToCheck, caller: Caller = operates) -> DryRunResult:
        """Of the last day. The agency is asked; nothing of it is kept."""
        found = await tools.dry_run(await usable(caller, agency, asked.text))
        return dry_run_told(found)

    @routes.post(
        "/agencies/{agency}/quarantine/{number}/preview",
        summary="What a spec would make of a cause's records",
        responses=missing | responses(ProblemType.BODY_TOO_LARGE),
    )
    async def preview_mend(
        agency: _Agency, number: _LongNumber, asked: SpecToCheck, caller: Caller = operates
    ) -> MendPreview:
        """Once it is published they are read again by it, within seconds."""
        try:
            these = await numbers(database, await group(database, agency, number))
        except NotOpen as error:
            raise _none(str(error)) from None
        spec = await usable(caller, agency, asked.text)
        found = await preview(database, await asyncio.to_thread(follower.build, spec), vault, these)
        return MendPreview(
            read=found.read, mended=found.mended, left=found.left, more=found.more, changes=_would(found.changes)
        )

    return routes


def _none(sentence: str) -> ProblemError:
    return ProblemError(ProblemType.ADMIN_NOT_FOUND, sentence)


async def mistakes_in(specs: Specs, caller: Caller, agency: str, text: str) -> list[Mistake]:
    """What is wrong with a text, for anybody and for this caller."""
    current = await specs.current(agency)
    return beyond(caller, current.text if current else None, text) + await specs.check(agency, text)


async def usable_spec(specs: Specs, caller: Caller, agency: str, text: str) -> AgencySpec:
    """Raises a 400 problem for a text that its caller could not publish."""
    wrong = [each for each in await mistakes_in(specs, caller, agency, text) if not each.warning]
    spec = spec_in(text)
    if wrong or spec is None:
        raise spec_wrong(wrong)
    return spec


def mistakes_told(found: Sequence[Mistake]) -> list[SpecMistake]:
    return [SpecMistake(line=each.line, place=each.place, words=each.words, warning=each.warning) for each in found]


def overtaken_by(why: str) -> ProblemError:
    return ProblemError(ProblemType.OVERTAKEN, f"{why[0].upper()}{why[1:]}.")


def spec_wrong(mistakes: Sequence[Mistake]) -> ProblemError:
    wrong = [
        FieldProblem(field="/text" + (f" line {each.line}" if each.line else ""), problem=f"{each.place}: {each.words}")
        for each in mistakes
    ]
    return ProblemError(ProblemType.MALFORMED_REQUEST, "The spec cannot work as it is.", errors=wrong)


def version_told(version: Version) -> SpecVersion:
    return SpecVersion(**asdict(version))


def _difference(told: Sequence[str | None]) -> ShadowDifference:
    code, field, before, after = told
    return ShadowDifference(code=str(code), field=str(field), before=before, after=after)


def dry_run_told(found: DryRunFound) -> DryRunResult:
    return DryRunResult(**asdict(found) | {"shown": _would(found.shown)})


def _would(changes: Sequence[Would]) -> list[DossierWould]:
    return [DossierWould(**each._asdict()) for each in changes]
