"""A new agency: from the address of its WSDL or OpenAPI document to a first draft of its spec."""

import re
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from fastapi.responses import Response

from contracts.errors import AgencyFailure
from hub.access.scopes import Scope
from hub.admin.desk import Desk, Visitor
from hub.admin.spec import SpecPages
from hub.portal.texts import Text
from hub.specs.editing import edited
from hub.specs.specs import Specs
from hub.studio.draft import draft
from hub.studio.introspect import Introspection

_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

_WRONG = {
    "id": Text(
        "Mã gồm chữ thường không dấu, số và gạch nối, ví dụ so-xd; và chưa có cơ quan nào dùng.",
        "An id has small letters, digits and hyphens, such as so-xd; and no agency has it yet.",
    ),
    "name": Text("Hãy ghi tên cơ quan.", "Say what the agency is called."),
    "source": Text("Địa chỉ bắt đầu bằng http:// hoặc https://.", "An address begins with http:// or https://."),
}

#: hub.studio.introspect, with the hub's documents, among which what is fetched is kept; told the address, whether it
#: may be in a private network, and who asks.
Introspect = Callable[[str, bool, str], Awaitable[Introspection]]

#: For an agency that pushes, or whose interface is described nowhere.
_EMPTY = """\
id: so-moi
identifier: H21.00
identifier_is_placeholder: true
name:
  vi: Sở mới
  en: New agency
kind: department
enabled: false
"""


def add(desk: Desk, specs: Specs, pages: SpecPages, introspect: Introspect) -> None:
    """Add it to the admin's routes."""

    def page(visitor: Visitor, status: int = 200, *, wrong: str = "", why: str = "") -> Response:
        return desk.page(
            visitor.request,
            "studio.html",
            status,
            caller=visitor.caller,
            fields=visitor.fields,
            wrong=_WRONG.get(wrong),
            why=why,
        )

    @desk.get("/studio", Scope.ADMIN_MANAGE)
    async def ask(visitor: Visitor) -> Response:
        return page(visitor)

    @desk.post("/studio", Scope.ADMIN_MANAGE)
    async def begin(visitor: Visitor) -> Response:
        fields = visitor.fields
        agency, name, source = (fields.get(each, "").strip() for each in ("id", "name", "source"))
        if not _ID.fullmatch(agency) or len(agency) > 40 or await specs.current(agency):
            return page(visitor, 422, wrong="id")
        if not name:
            return page(visitor, 422, wrong="name")
        if source and urlsplit(source).scheme not in ("http", "https"):
            return page(visitor, 422, wrong="source")
        text, lost = _EMPTY, list[str]()
        if source:
            private = "private" in fields
            try:
                seen = await introspect(source, private, visitor.caller.name)
            except (ValueError, AgencyFailure) as error:
                return page(visitor, 422, why=str(error))
            text, lost = draft(seen.found, agency, address=seen.address, private=private), list(seen.refused)
        text = edited(text, {("id",): agency, ("name", "vi"): name, ("name", "en"): name, ("enabled",): bool(source)})
        return await pages.show(visitor, agency, text=text, seen=0, drafted=True, lost=lost)
