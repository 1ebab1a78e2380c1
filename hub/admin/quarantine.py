"""The quarantine on pages: causes with what they concern, mended in place, tried out before, and read again."""

import asyncio
from typing import Any

from fastapi.responses import RedirectResponse, Response

from config.spec_file import Mistake
from contracts.agency import AgencySpec
from contracts.observation import Channel
from contracts.status import DossierStatus
from hub.access.scopes import Scope
from hub.admin.desk import PATH, Desk, Visitor, number_told
from hub.db import Database
from hub.portal.texts import Lang, Text
from hub.quarantine.closing import NotOpen, close_all
from hub.quarantine.groups import Group, group, groups, numbers, records
from hub.quarantine.repair import preview
from hub.specs.editing import edited
from hub.specs.parts import SpecParts
from hub.specs.specs import Overtaken, SpecWrong, Way
from hub.specs.texts import spec_in
from hub.vault import Vault
from hub.wording import in_both

REASONS = {
    "unknown_status": Text("Từ trạng thái lạ", "Unknown status"),
    "bad_value": Text("Giá trị không đọc được", "Value that cannot be read"),
    "missing_field": Text("Thiếu trường", "Missing field"),
    "not_a_record": Text("Không phải bản ghi", "No record"),
    "malformed_body": Text("Tệp không đọc được", "Broken body"),
}

CHANNELS = {
    Channel.WEBHOOK: Text("webhook", "webhook"),
    Channel.PULL: Text("đọc thay đổi", "pull"),
    Channel.LOOKUP: Text("tra cứu", "look-up"),
    Channel.SUCCESSION: Text("sắp xếp lại cơ quan", "change of agencies"),
}

Changes = dict[tuple[str, ...], Any]


def add(desk: Desk, database: Database, vault: Vault, parts: SpecParts) -> None:
    """Add it to the admin's routes."""
    specs, follower = parts.specs, parts.follower

    @desk.get("/quarantine", Scope.ADMIN_LOOK)
    async def quarantine(visitor: Visitor) -> Response:
        found = await groups(database, visitor.caller.agencies)
        return desk.page(
            visitor.request,
            "quarantine.html",
            caller=visitor.caller,
            groups=found,
            reasons=REASONS,
            done=visitor.request.query_params.get("done", ""),
        )

    async def found(visitor: Visitor) -> Group:
        """The group that is asked for. Raises NotOpen."""
        told = visitor.request.path_params
        return await group(database, told["agency"], number_told(told["number"]) or 0)

    def gone(visitor: Visitor) -> Response:
        return desk.page(visitor.request, "quarantine_gone.html", 404, caller=visitor.caller)

    async def page(visitor: Visitor, shown: Group, status: int = 200, **context: Any) -> Response:
        current = await specs.current(shown.agency)
        spec = spec_in(current.text) if current else None
        return desk.page(
            visitor.request,
            "quarantine_group.html",
            status,
            caller=visitor.caller,
            group=shown,
            records=await records(database, shown),
            reasons=REASONS,
            channels=CHANNELS,
            statuses=list(DossierStatus),
            status_name=lambda number: _status(desk.lang(visitor.request), number),
            seen=current.version if current else None,
            formats=_formats(spec, shown.field) if spec else None,
            may_mend=visitor.caller.may(Scope.ADMIN_OPERATE),
            **{"tried": None, "mistakes": (), "overtaken": "", "chosen": "", **context},
        )

    @desk.get("/agencies/{agency}/quarantine/{number}", Scope.ADMIN_LOOK, of_agency=True)
    async def one(visitor: Visitor) -> Response:
        try:
            return await page(visitor, await found(visitor))
        except NotOpen:
            return gone(visitor)

    @desk.post("/agencies/{agency}/quarantine/{number}/mend", Scope.ADMIN_OPERATE, of_agency=True)
    async def mend(visitor: Visitor) -> Response:
        """Try a mend out; publish it, where that was ordered."""
        fields = visitor.fields
        chosen = fields.get("mean", "").strip()
        try:
            shown = await found(visitor)
        except NotOpen:
            return gone(visitor)
        current = await specs.current(shown.agency)
        spec = spec_in(current.text) if current else None
        changes = _changes(spec, shown, chosen) if spec else None
        if current is None or changes is None:
            return await page(visitor, shown, 422, mistakes=[_CHOOSE], chosen=chosen)
        text = edited(current.text, changes)
        if mistakes := [each for each in await specs.check(shown.agency, text) if not each.warning]:
            return await page(visitor, shown, 422, mistakes=[_told(each) for each in mistakes], chosen=chosen)
        if fields.get("do") != "publish":
            mended = spec_in(text)
            assert mended is not None, "it was checked"
            tried = await preview(
                database, await asyncio.to_thread(follower.build, mended), vault, await numbers(database, shown)
            )
            return await page(visitor, shown, tried=tried, chosen=chosen)
        try:
            await specs.publish(
                shown.agency,
                text,
                author=visitor.caller.name,
                reason=_reason(shown, chosen),
                way=Way.CONSOLE,
                based_on=_number(fields.get("seen", "")),
            )
        except Overtaken as error:
            return await page(visitor, shown, 409, overtaken=error.newer.author, chosen=chosen)
        except SpecWrong as error:
            return await page(visitor, shown, 422, mistakes=[_told(each) for each in error.mistakes], chosen=chosen)
        await follower.catch_up()
        return RedirectResponse(f"{PATH}/quarantine?done=mended", 303)

    @desk.post("/agencies/{agency}/quarantine/{number}/close", Scope.ADMIN_OPERATE, of_agency=True)
    async def close(visitor: Visitor) -> Response:
        why = visitor.fields.get("why", "").strip()
        try:
            shown = await found(visitor)
        except NotOpen:
            return gone(visitor)
        if not why:
            return await page(visitor, shown, 422, mistakes=[_WHY])
        await close_all(
            database, shown.agency, await numbers(database, shown), why=why[:300], actor=visitor.caller.name
        )
        return RedirectResponse(f"{PATH}/quarantine?done=closed", 303)


_CHOOSE = Text("Hãy chọn hoặc gõ điều cần sửa.", "Choose, or type, what it means.")
_WHY = Text("Hãy ghi vì sao đóng.", "Say why it is closed.")


def _status(lang: Lang, number: int | None) -> str:
    status = DossierStatus.numbered(number)
    if status is None:
        return "–"
    return status.name_en if lang == "en" else status.name_vi


def _told(mistake: Mistake) -> Text:
    return in_both(f"{mistake.place}: {mistake.words}" if mistake.place else mistake.words)


def _number(told: str) -> int | None:
    return int(told) if told.isdecimal() and len(told) < 9 else None


def _reason(shown: Group, chosen: str) -> str:
    return f"quarantine: {shown.value or shown.field!s} is {chosen}"


def _changes(spec: AgencySpec, shown: Group, chosen: str) -> Changes | None:
    """What to change in the spec so that the group's records are understood; None where that is not known."""
    if not chosen:
        return None
    if shown.reason == "unknown_status" and shown.value and chosen in set(DossierStatus):
        return {("statuses", shown.value): chosen}
    if (formats := _formats(spec, shown.field)) is not None and shown.reason == "bad_value":
        place = _place(spec, shown.field)
        return {(*place, "formats"): [*formats, chosen]}
    return None


def _formats(spec: AgencySpec, field: str | None) -> tuple[str, ...] | None:
    """How the field's dates are read by now; None where it is no date."""
    rule = _rule(spec, field)
    return rule.formats if rule and rule.formats else None


def _rule(spec: AgencySpec, field: str | None) -> Any:
    if spec.mapping is None or field is None:
        return None
    own = {"code": spec.mapping.code, "occurred_at": spec.mapping.occurred_at}
    return own.get(field) or spec.mapping.facts.get(field)


def _place(spec: AgencySpec, field: str | None) -> tuple[str, ...]:
    assert field is not None
    return ("mapping", field) if field == "occurred_at" else ("mapping", "facts", field)
