"""Where an agency begins: its document, fetched or pasted; and the drafts that were begun."""

from functools import partial
from urllib.parse import quote

from fastapi.responses import RedirectResponse, Response

from contracts.errors import AgencyFailure
from hub.access.scopes import Scope
from hub.admin.desk import PATH, Visitor
from hub.admin.studio.bench import Bench
from hub.admin.studio.drafting import LARGEST_DOCUMENT, Beginning, BeginningWrong, begin
from hub.admin.studio.steps import Step
from hub.portal.texts import Text
from hub.wording import spoken

_WRONG = {
    "id": Text(
        "Mã gồm chữ thường không dấu, số và gạch nối, ví dụ so-xd; và chưa có cơ quan nào dùng.",
        "An id has small letters, digits and hyphens, such as so-xd; and no agency has it yet.",
    ),
    "name": Text("Hãy ghi tên cơ quan.", "Say what the agency is called."),
    "source": Text("Địa chỉ bắt đầu bằng http:// hoặc https://.", "An address begins with http:// or https://."),
}


def add(bench: Bench) -> None:
    """Add it to the admin's routes."""
    desk = bench.desk

    async def page(visitor: Visitor, status: int = 200, *, wrong: str = "", why: str = "") -> Response:
        return desk.page(
            visitor.request,
            "studio.html",
            status,
            caller=visitor.caller,
            fields=visitor.fields,
            wrong=_WRONG.get(wrong),
            why=why,
            drafts=await bench.drafts.all(),
        )

    @desk.get("/studio", Scope.ADMIN_MANAGE)
    async def ask(visitor: Visitor) -> Response:
        return await page(visitor)

    @desk.post("/studio", Scope.ADMIN_MANAGE, largest=LARGEST_DOCUMENT)
    async def start(visitor: Visitor) -> Response:
        told = {name: value.strip() for name, value in visitor.fields.items()}
        said = Beginning(
            agency=told.get("id", ""),
            name=told.get("name", ""),
            name_en=told.get("name_en", ""),
            source=told.get("source", ""),
            document=told.get("document", ""),
            private="private" in told,
        )
        say = partial(spoken, desk.lang(visitor.request))
        try:
            seen = await begin(bench.drafts, bench.parts.specs, bench.tools, said, actor=visitor.caller.name, say=say)
        except BeginningWrong as error:
            return await page(visitor, 422, wrong=error.part)
        except (ValueError, AgencyFailure) as error:
            return await page(visitor, 422, why=str(error))
        if seen is None:
            return RedirectResponse(f"{PATH}/agencies/{quote(said.agency)}/spec", 303)
        return RedirectResponse(f"{PATH}/studio/{quote(said.agency)}/{Step.OPERATIONS}", 303)

    @desk.post("/studio/{agency}/drop", Scope.ADMIN_OPERATE, of_agency=True)
    async def drop(visitor: Visitor) -> Response:
        agency = visitor.request.path_params["agency"]
        await bench.drafts.drop(agency, actor=visitor.caller.name)
        to = "/studio" if visitor.caller.may(Scope.ADMIN_MANAGE) else f"/agencies/{quote(agency)}"
        return RedirectResponse(f"{PATH}{to}", 303)
