"""Where an agency begins: its document, fetched or pasted; and the drafts that were begun."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from urllib.parse import quote, urlsplit

from fastapi.responses import RedirectResponse, Response

from config.spec_file import SpecFile
from contracts.errors import AgencyFailure
from hub.access.scopes import Scope
from hub.admin.desk import PATH, Visitor
from hub.admin.studio.bench import Bench
from hub.admin.studio.steps import Step
from hub.portal.texts import Text
from hub.specs.editing import edited
from hub.studio.draft import draft
from hub.studio.introspect import Introspection
from hub.wording import spoken

_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
#: The largest document that is pasted.
_LARGEST = 500_000

_WRONG = {
    "id": Text(
        "Mã gồm chữ thường không dấu, số và gạch nối, ví dụ so-xd; và chưa có cơ quan nào dùng.",
        "An id has small letters, digits and hyphens, such as so-xd; and no agency has it yet.",
    ),
    "name": Text("Hãy ghi tên cơ quan.", "Say what the agency is called."),
    "source": Text("Địa chỉ bắt đầu bằng http:// hoặc https://.", "An address begins with http:// or https://."),
}

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

    @desk.post("/studio", Scope.ADMIN_MANAGE, largest=_LARGEST)
    async def begin(visitor: Visitor) -> Response:
        fields, actor = visitor.fields, visitor.caller.name
        agency, name, source = (fields.get(each, "").strip() for each in ("id", "name", "source"))
        pasted, private = fields.get("document", "").strip(), "private" in fields
        if not _ID.fullmatch(agency) or len(agency) > 40 or await bench.parts.specs.current(agency):
            return await page(visitor, 422, wrong="id")
        if not name:
            return await page(visitor, 422, wrong="name")
        if source and urlsplit(source).scheme not in ("http", "https"):
            return await page(visitor, 422, wrong="source")
        seen: Introspection | None = None
        try:
            if pasted:
                kind = "wsdl" if pasted.startswith("<") else "openapi"
                seen = await bench.tools.take(f"{agency}.{kind}", pasted, actor=actor)
            elif source:
                seen = await bench.tools.fetch(source, private=private, actor=actor)
        except (ValueError, AgencyFailure) as error:
            return await page(visitor, 422, why=str(error))
        text = _EMPTY
        if seen:
            say = partial(spoken, desk.lang(visitor.request))
            text = _lost(seen.refused, say)
            text += draft(seen.found, agency, address=seen.address, private=private, say=say)
        named = {("id",): agency, ("name", "vi"): name, ("name", "en"): fields.get("name_en", "").strip() or name}
        text = edited(text, named | {("enabled",): bool(seen)})
        document = next(iter(seen.documents)) if seen else None
        guessed = SpecFile(Path(f"{agency}.yaml"), text=text).parts.statuses
        await bench.drafts.begin(agency, text, document=document, actor=actor, guessed=guessed)
        if seen is None:
            return RedirectResponse(f"{PATH}/agencies/{quote(agency)}/spec", 303)
        return RedirectResponse(f"{PATH}/studio/{quote(agency)}/{Step.OPERATIONS}", 303)

    @desk.post("/studio/{agency}/drop", Scope.ADMIN_OPERATE, of_agency=True)
    async def drop(visitor: Visitor) -> Response:
        agency = visitor.request.path_params["agency"]
        await bench.drafts.drop(agency, actor=visitor.caller.name)
        to = "/studio" if visitor.caller.may(Scope.ADMIN_MANAGE) else f"/agencies/{quote(agency)}"
        return RedirectResponse(f"{PATH}{to}", 303)


def _lost(refused: Sequence[str], say: Callable[[str], str]) -> str:
    """What could not be fetched, told in the draft."""
    return "".join(f"# {say('lost')}: {' '.join(say(sentence).split())}\n" for sentence in refused)
