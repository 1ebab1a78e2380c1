"""An agency's spec as text: changed, checked, read along in shadow, published."""

from urllib.parse import quote

from fastapi.responses import RedirectResponse, Response

from config.spec_file import Mistake
from hub.access.scopes import Scope
from hub.admin.desk import PATH, Desk, Visitor
from hub.portal.texts import Text
from hub.specs.differences import line_by_line
from hub.specs.parts import SpecParts
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


def add(desk: Desk, parts: SpecParts) -> None:
    """Add it to the admin's routes."""
    specs, shadows, follower = parts.specs, parts.shadows, parts.follower

    async def page(
        visitor: Visitor,
        status: int = 200,
        *,
        text: str | None = None,
        seen: int | None = None,
        mistakes: list[Mistake] | None = None,
        overtaken: str = "",
    ) -> Response:
        agency = visitor.request.path_params["agency"]
        current = await specs.current(agency)
        if current is None:
            return desk.page(visitor.request, "no_agency.html", 404, caller=visitor.caller, agency=agency)
        shadow = await shadows.of(agency)
        shown = text if text is not None else shadow.text if shadow else current.text
        return desk.page(
            visitor.request,
            "spec.html",
            status,
            caller=visitor.caller,
            agency=agency,
            text=shown,
            seen=current.version if seen is None else seen,
            lines=line_by_line(current.text, shown),
            mistakes=mistakes,
            overtaken=overtaken,
            shadow=shadow,
            done=DONE.get(visitor.request.query_params.get("done", "")),
        )

    @desk.get("/agencies/{agency}/spec", Scope.ADMIN_OPERATE, of_agency=True)
    async def show(visitor: Visitor) -> Response:
        return await page(visitor)

    @desk.post("/agencies/{agency}/spec", Scope.ADMIN_OPERATE, of_agency=True, largest=_LARGEST)
    async def change(visitor: Visitor) -> Response:
        """Check what was typed; have it read along, or publish it, where that was ordered."""
        agency, fields, actor = visitor.request.path_params["agency"], visitor.fields, visitor.caller.name
        # A browser ends lines as HTTP does.
        text, told = fields.get("text", "").replace("\r\n", "\n"), fields.get("seen", "")
        seen = int(told) if told.isdecimal() and len(told) < 9 else 0
        reason, order = fields.get("reason", "").strip(), fields.get("do")
        try:
            if order == "shadow":
                await shadows.start(agency, text, actor=actor)
                return RedirectResponse(f"{PATH}/agencies/{quote(agency)}/spec?done=shadow", 303)
            if order == "publish" and not reason:
                return await page(visitor, 422, text=text, seen=seen, mistakes=[_WHY])
            if order == "publish":
                done = await specs.publish(
                    agency, text, author=actor, reason=reason[:300], way=Way.CONSOLE, based_on=seen
                )
                await shadows.stop(agency, actor=actor)
                await follower.catch_up()
                return RedirectResponse(f"{PATH}/agencies/{quote(agency)}/versions?done={done.version}", 303)
        except SpecWrong as error:
            return await page(visitor, 422, text=text, seen=seen, mistakes=error.mistakes)
        except Overtaken as error:
            return await page(visitor, 409, text=text, seen=seen, overtaken=error.newer.author)
        return await page(visitor, text=text, seen=seen, mistakes=await specs.check(agency, text))

    @desk.post("/agencies/{agency}/spec/stop", Scope.ADMIN_OPERATE, of_agency=True)
    async def stop(visitor: Visitor) -> Response:
        agency = visitor.request.path_params["agency"]
        await shadows.stop(agency, actor=visitor.caller.name)
        return RedirectResponse(f"{PATH}/agencies/{quote(agency)}/spec?done=stopped", 303)
