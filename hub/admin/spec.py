"""An agency's spec on a page as text, which is the draft of the studio's: checked, read along in shadow, published."""

from urllib.parse import quote

from fastapi.responses import RedirectResponse, Response

from config.spec_file import Mistake
from contracts.status import DossierStatus
from hub.access.scopes import Scope
from hub.admin.desk import PATH, Desk, Visitor
from hub.portal.texts import Text
from hub.specs.differences import line_by_line
from hub.specs.drafts import Draft, Drafts, Moved
from hub.specs.from_draft import Unlooked, publish
from hub.specs.parts import SpecParts
from hub.specs.reach import beyond, may_look
from hub.specs.specs import Overtaken, SpecWrong, Way

#: No spec is longer.
_LARGEST = 400_000

DONE = {
    "shadow": Text(
        "Bản này đang đọc song song với bản đang dùng: trước hết những gì đã ghi lại trong ngày qua, rồi những gì đến.",
        "It reads along with the one at work: first what was recorded in the last day, then what comes.",
    ),
    "stopped": Text("Đã thôi đọc song song.", "It reads along no more."),
}
_WHY = Mistake("", None, "", "say why, for those who come after")
_GUESSED = Mistake("", None, "statuses", "some were guessed, and nobody has looked at them: look at them below")


def add(desk: Desk, parts: SpecParts, drafts: Drafts) -> None:
    """Add it to the admin's routes."""

    async def page(
        visitor: Visitor,
        draft: Draft,
        status: int = 200,
        *,
        mistakes: list[Mistake] | None = None,
        overtaken: str = "",
        shown: str = "",
    ) -> Response:
        """`mistakes`: None where it was not checked. `overtaken`: who else has changed something meanwhile, `shown` the
        digest of what, if it is the draft."""
        current = await parts.specs.current(draft.agency)
        return desk.page(
            visitor.request,
            "spec.html",
            status,
            caller=visitor.caller,
            agency=draft.agency,
            draft=draft,
            shown=shown or draft.digest,
            at_work=current.version if current else None,
            lines=line_by_line(current.text, draft.text) if current else [],
            mistakes=mistakes,
            overtaken=overtaken,
            statuses=DossierStatus,
            reason=visitor.fields.get("reason", ""),
            shadow=await parts.shadows.of(draft.agency),
            done=DONE.get(visitor.request.query_params.get("done", "")),
        )

    async def found(visitor: Visitor) -> Draft | None:
        """The draft that is worked on, for those who may: what is new is for who keeps the hub."""
        draft = await drafts.of(visitor.request.path_params["agency"])
        return draft if draft and may_look(visitor.caller, draft) else None

    def missing(visitor: Visitor) -> Response:
        agency = visitor.request.path_params["agency"]
        return desk.page(visitor.request, "no_agency.html", 404, caller=visitor.caller, agency=agency)

    @desk.get("/agencies/{agency}/spec", Scope.ADMIN_OPERATE, of_agency=True)
    async def show(visitor: Visitor) -> Response:
        draft = await found(visitor)
        if draft is None:
            return missing(visitor)
        mistakes = None
        if visitor.request.query_params.get("do") == "check":
            mistakes = await parts.specs.check(draft.agency, draft.text)
        return await page(visitor, draft, mistakes=mistakes)

    @desk.post("/agencies/{agency}/spec", Scope.ADMIN_OPERATE, of_agency=True, largest=_LARGEST)
    async def change(visitor: Visitor) -> Response:
        """Keep what was typed as the draft, and do with it what was ordered: check it, if nothing else."""
        before = await found(visitor)
        if before is None:
            return missing(visitor)
        fields, actor, agency = visitor.fields, visitor.caller.name, before.agency
        # A browser ends lines as HTTP does.
        text = fields.get("text", "").replace("\r\n", "\n")
        based_on = _version(fields.get("seen", ""))
        try:
            draft = await drafts.put(agency, text, shown=fields.get("draft", ""), based_on=based_on, actor=actor)
        except Moved as error:
            typed, other = Draft(agency, text, based_on), error.draft
            return await page(visitor, typed, 409, overtaken=str(other.author), shown=other.digest)
        try:
            return await ordered(visitor, draft)
        except SpecWrong as error:
            return await page(visitor, draft, 422, mistakes=error.mistakes)
        except Overtaken as error:
            return await page(visitor, draft, 409, overtaken=error.newer.author)

    async def ordered(visitor: Visitor, draft: Draft) -> Response:
        """Raises SpecWrong, and Overtaken."""
        fields, actor, agency = visitor.fields, visitor.caller.name, draft.agency
        current = await parts.specs.current(agency)
        if wrong := beyond(visitor.caller, current.text if current else None, draft.text):
            raise SpecWrong(wrong)
        order, reason = fields.get("do"), fields.get("reason", "").strip()
        if order == "shadow" and draft.based_on is not None:
            await parts.shadows.start(agency, draft.text, actor=actor)
            return RedirectResponse(f"{PATH}/agencies/{quote(agency)}/spec?done=shadow", 303)
        if order == "publish" and not reason:
            return await page(visitor, draft, 422, mistakes=[_WHY])
        if order == "publish":
            looked = fields.get("looked", "")
            try:
                done = await publish(
                    parts, drafts, draft, looked=looked, author=actor, reason=reason[:300], way=Way.CONSOLE
                )
            except Unlooked:
                return await page(visitor, draft, 422, mistakes=[_GUESSED])
            return RedirectResponse(f"{PATH}/agencies/{quote(agency)}/versions?done={done.version}", 303)
        return await page(visitor, draft, mistakes=await parts.specs.check(agency, draft.text))

    @desk.post("/agencies/{agency}/spec/stop", Scope.ADMIN_OPERATE, of_agency=True)
    async def stop(visitor: Visitor) -> Response:
        agency = visitor.request.path_params["agency"]
        await parts.shadows.stop(agency, actor=visitor.caller.name)
        return RedirectResponse(f"{PATH}/agencies/{quote(agency)}/spec?done=stopped", 303)


def _version(told: str) -> int | None:
    number = int(told) if told.isdecimal() and len(told) < 9 else 0
    return number or None
