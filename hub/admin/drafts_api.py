"""/v1/admin/…/draft: what the studio does, for programs: from the document of an agency's system to a spec at work."""

from dataclasses import asdict
from pathlib import Path as FilePath
from typing import Annotated

from fastapi import APIRouter, Depends, Path

from config.spec_file import Mistake, SpecFile
from contracts.admin import DryRunResult, SpecVersion, TriedOperation
from contracts.agency import AgencySpec
from contracts.errors import AgencyFailure
from contracts.observation import AgencyId
from contracts.studio import (
    Choice,
    DraftHead,
    DraftToBegin,
    DraftToKeep,
    DraftToPublish,
    DraftToRebase,
    DraftToTry,
    DraftTried,
    MappedField,
    Offered,
    OfferedOperation,
    SpecDraft,
    SpecDrafts,
    StatusWord,
)
from hub.access.keys import ApiKeys
from hub.access.scopes import Caller, Scope
from hub.admin.api import PATH, actor, allowed, kept_by_nobody, known
from hub.admin.specs_api import (
    dry_run_told,
    mistakes_in,
    mistakes_told,
    overtaken_by,
    spec_wrong,
    usable_spec,
    version_told,
)
from hub.admin.studio.drafting import Beginning, BeginningWrong, begin
from hub.admin.studio.operations import choice, chosen_of, guessed_of, offered_to
from hub.admin.studio.statuses import words_of
from hub.admin.studio.tools import Seen, Tools, seen_in
from hub.problems import ProblemError, ProblemType, responses, wrong
from hub.specs.drafts import Draft, Drafts, Moved
from hub.specs.from_draft import Unlooked, publish
from hub.specs.parts import SpecParts
from hub.specs.reach import may_look
from hub.specs.specs import Overtaken, SpecWrong, Way
from hub.studio.found import Found

_Agency = Annotated[AgencyId, Path(description="Its id, such as so-tnmt.")]

_BEGINNING = {
    "id": ("/id", "begins with no letter, or an agency has it", "an id such as so-xd that no agency has"),
    "name": ("/name_vi", "empty", "what the agency is called"),
    "source": ("/address", "no http address", "an address that begins with http:// or https://"),
}


def router(keys: ApiKeys, parts: SpecParts, drafts: Drafts, tools: Tools) -> APIRouter:
    routes = APIRouter(prefix=PATH, tags=["admin"], dependencies=[Depends(kept_by_nobody)])
    operates, manages = allowed(keys, Scope.ADMIN_OPERATE), allowed(keys, Scope.ADMIN_MANAGE)
    taken = known(ProblemType.MALFORMED_REQUEST, ProblemType.BODY_TOO_LARGE)
    missing = known(ProblemType.MALFORMED_REQUEST, ProblemType.ADMIN_NOT_FOUND)
    changing = missing | responses(ProblemType.BODY_TOO_LARGE)
    overtaken = changing | responses(ProblemType.OVERTAKEN)

    async def the_draft(caller: Caller, agency: str) -> Draft:
        """For those who may: what is new is for who keeps the hub. Raises a 404 problem."""
        draft = await drafts.of(agency)
        if draft is None or not may_look(caller, draft):
            raise _none(f"There is no agency {agency}, and no draft of one.")
        return draft

    async def usable(caller: Caller, draft: Draft) -> AgencySpec:
        return await usable_spec(parts.specs, caller, draft.agency, draft.text)

    async def told(caller: Caller, draft: Draft) -> SpecDraft:
        return SpecDraft(
            agency=draft.agency,
            text=draft.text,
            digest=draft.digest,
            based_on=draft.based_on,
            author=draft.author,
            saved_at=draft.saved_at,
            document=draft.document,
            guessed=draft.unlooked,
            guessed_digest=draft.question,
            mistakes=mistakes_told(await mistakes_in(parts.specs, caller, draft.agency, draft.text)),
        )

    # --- drafts -----------------------------------------------------------------------------------

    @routes.get("/drafts", summary="The drafts that were begun", responses=known())
    async def all_drafts(caller: Caller = operates) -> SpecDrafts:
        """The latest first. Those of agencies that are new are for who keeps the hub."""
        mine = [
            each
            for each in await drafts.all()
            if (caller.agencies is None or each.agency in caller.agencies) and may_look(caller, each)
        ]
        names = ("agency", "based_on", "author", "saved_at")
        return SpecDrafts(items=[DraftHead(**{name: getattr(each, name) for name in names}) for each in mine])

    @routes.post("/drafts", status_code=201, summary="Begin an agency's draft from a document", responses=taken)
    async def begin_draft(asked: DraftToBegin, caller: Caller = manages) -> SpecDraft:
        """What its document does not say is guessed, each guess with a comment in the text. Nobody but the address of
        the document is called. A draft that was begun for it before is gone."""
        said = Beginning(
            agency=asked.id,
            name=asked.name_vi,
            name_en=asked.name_en or "",
            source=(asked.address or "").strip(),
            document=(asked.document or "").strip(),
            private=asked.private,
        )
        try:
            await begin(drafts, parts.specs, tools, said, actor=actor(caller))
        except BeginningWrong as error:
            raise wrong(*_BEGINNING[error.part]) from None
        except (ValueError, AgencyFailure) as error:
            field = "/document" if said.document else "/address"
            raise wrong(field, str(error), "a WSDL, or OpenAPI 3 or Swagger 2") from None
        return await told(caller, await the_draft(caller, said.agency))

    @routes.get("/agencies/{agency}/draft", summary="An agency's draft", responses=missing)
    async def draft(agency: _Agency, caller: Caller = operates) -> SpecDraft:
        return await told(caller, await the_draft(caller, agency))

    @routes.put("/agencies/{agency}/draft", summary="Change an agency's draft", responses=overtaken)
    async def keep_draft(agency: _Agency, wanted: DraftToKeep, caller: Caller = operates) -> SpecDraft:
        """It may be wrong as yet; it says what is."""
        before = await the_draft(caller, agency)
        if before.author is None and wanted.digest != before.digest:
            raise overtaken_by(f"the digest is not of the draft of {agency}")
        who = actor(caller)
        try:
            after = await drafts.put(agency, wanted.text, shown=wanted.digest, based_on=before.based_on, actor=who)
        except Moved as error:
            raise overtaken_by(str(error)) from None
        return await told(caller, after)

    @routes.delete("/agencies/{agency}/draft", status_code=204, summary="Throw a draft away", responses=missing)
    async def drop_draft(agency: _Agency, caller: Caller = operates) -> None:
        if (await the_draft(caller, agency)).author is None:
            raise _none(f"Nobody has begun a draft of {agency}.")
        await drafts.drop(agency, actor=actor(caller))

    # --- what the system offers -------------------------------------------------------------------

    async def offered(caller: Caller, agency: str) -> tuple[Draft, Found]:
        draft = await the_draft(caller, agency)
        if (found := await offered_to(tools, draft, _file(draft).parts)) is None:
            raise _none(f"No document of {agency} is kept.")
        return draft, found

    @routes.get("/agencies/{agency}/draft/operations", summary="What the agency's system offers", responses=missing)
    async def operations(agency: _Agency, caller: Caller = operates) -> Offered:
        """As the document says that the draft was made from."""
        return _offered(*await offered(caller, agency))

    @routes.put("/agencies/{agency}/draft/operations", summary="Say which operation does what", responses=changing)
    async def choose(agency: _Agency, wanted: Choice, caller: Caller = operates) -> SpecDraft:
        """With another one the mapping is drafted anew, from its answer."""
        draft, found = await offered(caller, agency)
        names, chosen = {each.name for each in found.operations}, wanted.model_dump()
        for place, name in chosen.items():
            if name is not None and name not in names:
                raise wrong(f"/{place}", "the document has no such operation", f"one of {', '.join(sorted(names))}")
        changes = choice(agency, _file(draft).parts, found, chosen)
        if changes:
            try:
                draft = await drafts.edit(agency, changes, actor=actor(caller))
            except SpecWrong as error:
                raise spec_wrong(error.mistakes) from None
        return await told(caller, draft)

    # --- the trial --------------------------------------------------------------------------------

    async def tried(draft: Draft, spec: AgencySpec | None, seen: Seen) -> DraftTried:
        attempt = None
        if spec and seen.best:
            try:
                attempt = await tools.read(spec, seen.best)
            except ValueError:
                attempt = None
        words = await words_of(tools, seen, _file(draft))
        return DraftTried(
            at=seen.at,
            code=seen.code,
            tried=[TriedOperation(**each.model_dump()) for each in seen.tried],
            fields=[MappedField(**asdict(each)) for each in attempt.fields] if attempt else [],
            words=[
                StatusWord(word=each.word, seen=each.seen, status=each.status, likely=each.likely) for each in words
            ],
        )

    @routes.post("/agencies/{agency}/draft/trial", summary="Ask the agency by its draft, and see", responses=changing)
    async def ask(agency: _Agency, asked: DraftToTry, caller: Caller = operates) -> DraftTried:
        """What changed in the last day, and one dossier: as the agency answers it, and what becomes of it field by
        field. The answer is about people; it is kept sealed, for a day, and who saw it is in the audit."""
        draft = await the_draft(caller, agency)
        spec = await usable(caller, draft)
        if spec.system is None:
            raise spec_wrong([Mistake("", None, "system", "there is none to ask")])
        try:
            seen = await tools.ask(spec, (asked.code or "").strip())
        except ValueError as error:
            raise spec_wrong([Mistake("", None, "", str(error))]) from None
        await drafts.remember(draft, seen.model_dump_json().encode(), actor=actor(caller), code=seen.code)
        return await tried(draft, spec, seen)

    @routes.get("/agencies/{agency}/draft/trial", summary="The last trial of a draft", responses=missing)
    async def last_trial(agency: _Agency, caller: Caller = operates) -> DraftTried:
        """As the agency answered, and what the draft makes of it now."""
        draft = await the_draft(caller, agency)
        if (seen := seen_in(draft)) is None:
            raise _none(f"No trial of the draft of {agency} is kept.")
        await drafts.looked(agency, actor=actor(caller))
        return await tried(draft, _file(draft).spec, seen)

    @routes.post("/agencies/{agency}/draft/dry-run", summary="What a pull by a draft would change", responses=missing)
    async def dry_run(agency: _Agency, caller: Caller = operates) -> DryRunResult:
        """Of the last day. The agency is asked; nothing of it is kept."""
        return dry_run_told(await tools.dry_run(await usable(caller, await the_draft(caller, agency))))

    # --- to work ----------------------------------------------------------------------------------

    @routes.post("/agencies/{agency}/draft/publish", summary="Put a draft to work", responses=overtaken)
    async def publish_draft(agency: _Agency, wanted: DraftToPublish, caller: Caller = operates) -> SpecVersion:
        """It is at work in all processes within seconds, and a draft no more."""
        draft = await the_draft(caller, agency)
        await usable(caller, draft)
        looked, who = wanted.guessed_digest, actor(caller)
        try:
            done = await publish(parts, drafts, draft, looked=looked, author=who, reason=wanted.reason, way=Way.API)
        except Unlooked:
            raise wrong(
                "/guessed_digest",
                "not of what was guessed in this draft",
                "the draft's, by who has looked at `guessed`",
            ) from None
        except SpecWrong as error:
            raise spec_wrong(error.mistakes) from None
        except Overtaken as error:
            raise overtaken_by(str(error)) from None
        return version_told(done)

    @routes.post("/agencies/{agency}/draft/rebase", summary="Have a draft replace a newer version", responses=overtaken)
    async def rebase(agency: _Agency, wanted: DraftToRebase, caller: Caller = operates) -> SpecDraft:
        """For one that was overtaken, by who has looked at what overtook it."""
        draft, current = await the_draft(caller, agency), await parts.specs.current(agency)
        if draft.author is None or current is None:
            raise _none(f"Nobody has begun a draft of {agency}, or it has no version yet.")
        if current.version != wanted.version:
            raise overtaken_by(f"version {current.version} of {agency} is at work")
        await drafts.rebase(agency, wanted.version, actor=actor(caller))
        return await told(caller, await the_draft(caller, agency))

    return routes


def _file(draft: Draft) -> SpecFile:
    return SpecFile(FilePath(f"{draft.agency}.yaml"), text=draft.text)


def _offered(draft: Draft, found: Found) -> Offered:
    guessed = guessed_of(found)
    return Offered(
        operations=[
            OfferedOperation(
                name=each.name,
                method=each.method,
                path=each.path,
                takes=[field.name for field in each.inputs],
                gives=[field.name for field in each.output.children],
            )
            for each in found.operations
        ],
        lost=list(found.lost),
        chosen=Choice(**chosen_of(_file(draft).parts, found)),
        guessed=Choice(**{name: each.operation.name if each else None for name, each in guessed.items()}),
    )


def _none(sentence: str) -> ProblemError:
    return ProblemError(ProblemType.ADMIN_NOT_FOUND, sentence)
