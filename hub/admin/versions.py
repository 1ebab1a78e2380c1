"""The versions of an agency's spec: who published which and why, what was other in it, and the way back."""

from itertools import pairwise
from urllib.parse import quote

from fastapi.responses import RedirectResponse, Response

from hub.access.scopes import Scope
from hub.admin.desk import PATH, Desk, Visitor
from hub.portal.texts import Text
from hub.specs.differences import line_by_line
from hub.specs.parts import SpecParts
from hub.specs.specs import NoSuchVersion, Overtaken, Way

WAYS = {
    Way.FILE: Text("từ tệp", "from a file"),
    Way.CONSOLE: Text("từ trang quản trị", "in the console"),
    Way.API: Text("qua API", "by the API"),
    Way.COMMAND: Text("bằng lệnh", "by a command"),
    Way.ROLLBACK: Text("quay lại bản cũ", "a way back"),
}


def add(desk: Desk, parts: SpecParts) -> None:
    """Add them to the admin's routes."""
    specs, follower = parts.specs, parts.follower

    async def page(visitor: Visitor, agency: str, status: int = 200, *, overtaken: str = "") -> Response:
        versions = await specs.versions(agency)
        if not versions:
            return desk.page(visitor.request, "no_agency.html", 404, caller=visitor.caller, agency=agency)
        before = {each.version: earlier.text for each, earlier in pairwise(versions)}
        return desk.page(
            visitor.request,
            "versions.html",
            status,
            caller=visitor.caller,
            agency=agency,
            versions=versions,
            lines={each.version: line_by_line(before.get(each.version), each.text) for each in versions[:20]},
            ways=WAYS,
            overtaken=overtaken,
            unusable=follower.unusable.get(agency, ()),
            may_order=visitor.caller.may(Scope.ADMIN_OPERATE),
            done=visitor.request.query_params.get("done", ""),
        )

    @desk.get("/agencies/{agency}/versions", Scope.ADMIN_LOOK, of_agency=True)
    async def versions(visitor: Visitor) -> Response:
        return await page(visitor, visitor.request.path_params["agency"])

    @desk.post("/agencies/{agency}/versions/rollback", Scope.ADMIN_OPERATE, of_agency=True)
    async def rollback(visitor: Visitor) -> Response:
        agency, fields = visitor.request.path_params["agency"], visitor.fields
        number, seen = fields.get("version", ""), fields.get("seen", "")
        reason = fields.get("reason", "").strip() or "–"
        try:
            if not (number.isdecimal() and seen.isdecimal() and len(number + seen) < 18):
                raise NoSuchVersion(number)
            done = await specs.roll_back(
                agency, int(number), author=visitor.caller.name, reason=reason[:300], only_from=int(seen)
            )
        except NoSuchVersion:
            return desk.page(visitor.request, "no_agency.html", 404, caller=visitor.caller, agency=agency)
        except Overtaken as error:
            return await page(visitor, agency, 409, overtaken=error.newer.author)
        await follower.catch_up()
        return RedirectResponse(f"{PATH}/agencies/{quote(agency)}/versions?done={done.version}", 303)
