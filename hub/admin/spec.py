"""An agency's spec on a page: as text, tried out, mapped by clicks, checked, read along in shadow, published."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from fastapi.responses import RedirectResponse, Response

from config.spec_file import Mistake
from contracts.agency import AgencySpec
from contracts.status import DossierStatus
from hub.access.audit import note
from hub.access.scopes import Scope
from hub.admin import trying
from hub.admin.desk import PATH, Desk, Visitor
from hub.db import Database
from hub.portal.texts import Lang, Text
from hub.secrets.keeping import HubSecrets, SecretWrong, names_in
from hub.specs.differences import line_by_line
from hub.specs.parts import SpecParts
from hub.specs.specs import Overtaken, SpecWrong, Version, Way
from hub.specs.texts import spec_in

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


class SpecPages:
    def __init__(
        self, desk: Desk, database: Database, parts: SpecParts, tools: trying.Tools, secrets: HubSecrets
    ) -> None:
        self._desk, self._database, self._parts, self._tools = desk, database, parts, tools
        self._secrets = secrets

    async def show(
        self,
        visitor: Visitor,
        agency: str,
        status: int = 200,
        *,
        text: str | None = None,
        seen: int | None = None,
        mistakes: list[Mistake] | None = None,
        lost: Sequence[str] = (),
        **context: Any,
    ) -> Response:
        """The page of a spec: with this `text`, or with what reads along, or is at work. `lost`: what a draft could
        not take in."""
        current = await self._parts.specs.current(agency)
        shadow = await self._parts.shadows.of(agency)
        if current is None and text is None:
            return self._desk.page(visitor.request, "no_agency.html", 404, caller=visitor.caller, agency=agency)
        at_work = current.text if current else ""
        shown = text if text is not None else shadow.text if shadow else at_work
        lang = self._desk.lang(visitor.request)
        return self._desk.page(
            visitor.request,
            "spec.html",
            status,
            caller=visitor.caller,
            agency=agency,
            text=shown,
            seen=(current.version if current else 0) if seen is None else seen,
            lines=line_by_line(at_work, shown) if current else [],
            mistakes=mistakes,
            shadow=shadow,
            missing=self._missing(shown) if visitor.caller.may(Scope.ADMIN_MANAGE) else [],
            lost=lost,
            done=DONE.get(visitor.request.query_params.get("done", "")),
            code=visitor.fields.get("code", ""),
            targets=trying.TARGETS,
            target=visitor.fields.get("target", ""),
            statuses=list(DossierStatus),
            status_name=lambda number: _status_name(lang, number),
            **{"overtaken": "", "attempt": None, "tried": None, "drafted": False, **context},
        )

    def _missing(self, text: str) -> list[str]:
        """The secrets that it names and nobody has."""
        spec = spec_in(text)
        return sorted(name for name in names_in(spec) if not self._secrets.has(name)) if spec else []

    async def _keep_secrets(self, visitor: Visitor) -> None:
        """Those that were typed beside the spec. Raises SecretWrong."""
        if visitor.caller.may(Scope.ADMIN_MANAGE) and visitor.caller.agencies is None:
            for name, value in visitor.fields.items():
                if name.startswith("secret:") and value:
                    await self._secrets.put(name.removeprefix("secret:"), value, actor=visitor.caller.name)

    def add(self) -> None:
        """Add it to the admin's routes."""
        desk = self._desk

        @desk.get("/agencies/{agency}/spec", Scope.ADMIN_OPERATE, of_agency=True)
        async def show(visitor: Visitor) -> Response:
            return await self.show(visitor, visitor.request.path_params["agency"])

        @desk.post("/agencies/{agency}/spec", Scope.ADMIN_OPERATE, of_agency=True, largest=_LARGEST)
        async def change(visitor: Visitor) -> Response:
            """Do with what was typed what was ordered: check it, if nothing else."""
            agency, fields = visitor.request.path_params["agency"], visitor.fields
            told = fields.get("seen", "")
            seen = int(told) if told.isdecimal() and len(told) < 9 else 0
            # A browser ends lines as HTTP does.
            text = fields.get("text", "").replace("\r\n", "\n")
            current = await self._parts.specs.current(agency)
            if current is None and not visitor.caller.may(Scope.ADMIN_MANAGE):
                return desk.page(visitor.request, "no_agency.html", 404, caller=visitor.caller, agency=agency)
            try:
                await self._keep_secrets(visitor)
                return await self._ordered(visitor, agency, text, seen, current)
            except SecretWrong as error:
                wrong = [Mistake("", None, error.field, str(error))]
                return await self.show(visitor, agency, 422, text=text, seen=seen, mistakes=wrong)
            except SpecWrong as error:
                return await self.show(visitor, agency, 422, text=text, seen=seen, mistakes=error.mistakes)
            except Overtaken as error:
                return await self.show(visitor, agency, 409, text=text, seen=seen, overtaken=error.newer.author)

        @desk.post("/agencies/{agency}/spec/stop", Scope.ADMIN_OPERATE, of_agency=True)
        async def stop(visitor: Visitor) -> Response:
            agency = visitor.request.path_params["agency"]
            await self._parts.shadows.stop(agency, actor=visitor.caller.name)
            return RedirectResponse(f"{PATH}/agencies/{quote(agency)}/spec?done=stopped", 303)

    async def _ordered(self, visitor: Visitor, agency: str, text: str, seen: int, current: Version | None) -> Response:
        """Raises SpecWrong, and Overtaken."""
        fields, actor, parts = visitor.fields, visitor.caller.name, self._parts
        reason, order = fields.get("reason", "").strip(), fields.get("do")
        if spec_in(text) is not None:
            text = trying.mapped(text, fields)
        spec = spec_in(text)
        if order == "shadow" and current:
            await parts.shadows.start(agency, text, actor=actor)
            return RedirectResponse(f"{PATH}/agencies/{quote(agency)}/spec?done=shadow", 303)
        if order == "publish" and not reason:
            return await self.show(visitor, agency, 422, text=text, seen=seen, mistakes=[_WHY])
        if order == "publish":
            done = await parts.specs.publish(
                agency, text, author=actor, reason=reason[:300], way=Way.CONSOLE, based_on=seen or None
            )
            await parts.shadows.stop(agency, actor=actor)
            await parts.follower.catch_up()
            return RedirectResponse(f"{PATH}/agencies/{quote(agency)}/versions?done={done.version}", 303)
        mistakes = await parts.specs.check(agency, text)
        if spec is None or any(not each.warning for each in mistakes) or order == "check":
            return await self.show(visitor, agency, text=text, seen=seen, mistakes=mistakes)
        if order == "dry-run":
            found = await trying.dry_run(self._tools, spec)
            return await self.show(visitor, agency, text=text, seen=seen, tried=found)
        return await self._tried(visitor, agency, text, seen, spec)

    async def _tried(self, visitor: Visitor, agency: str, text: str, seen: int, spec: AgencySpec) -> Response:
        """What came of asking the agency. Who did it sees what it says of people, so it is in the audit."""
        code = visitor.fields.get("code", "").strip()
        async with self._database.begin() as connection:
            detail = {"code": code or None}
            await note(connection, actor=visitor.caller.name, action="spec.tried", target=agency, detail=detail)
        try:
            attempt = await self._tools.try_out(spec, code or None, None)
        except (ValueError, LookupError) as error:
            wrong = [Mistake("", None, "", str(error))]
            return await self.show(visitor, agency, 422, text=text, seen=seen, mistakes=wrong)
        return await self.show(
            visitor,
            agency,
            text=text,
            seen=seen,
            attempt=attempt,
            answer=trying.shown_answer(attempt),
            values=list(trying.values_of(attempt.records[0])) if attempt.records else [],
            words=trying.words_of(attempt),
        )


def _status_name(lang: Lang, number: int | None) -> str:
    status = DossierStatus.numbered(number)
    if status is None:
        return "–"
    return status.name_en if lang == "en" else status.name_vi
