"""The step that asks the agency for real, shows its answer beside what becomes of it, and maps a value by a click."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi.responses import Response

from adapters.formats import dates
from contracts.agency import AgencySpec
from contracts.mapping import FieldRule
from hub.access.scopes import Scope
from hub.admin.studio.bench import Bench, Work, sentences
from hub.admin.studio.steps import Step
from hub.portal.page import VIETNAM
from hub.portal.texts import Text
from hub.secrets.keeping import SecretWrong, names_in
from hub.specs.editing import Path
from hub.studio.draft import FORMATS

#: What a record can be mapped to, in the order of a dossier.
FACTS = {
    "code": Text("Mã hồ sơ", "Code"),
    "occurred_at": Text("Lúc thay đổi", "Changed at"),
    "status": Text("Trạng thái", "Status"),
    "national_code": Text("Mã hồ sơ quốc gia", "National code"),
    "procedure_code": Text("Mã thủ tục", "Procedure's code"),
    "procedure_name": Text("Tên thủ tục", "Procedure's name"),
    "submitted_at": Text("Ngày nộp", "Handed in"),
    "received_at": Text("Ngày tiếp nhận", "Received"),
    "due_at": Text("Ngày hẹn trả", "Due"),
    "finished_at": Text("Ngày xong", "Finished"),
    "applicant_name": Text("Người nộp", "Applicant"),
    "applicant_phone": Text("Điện thoại", "Phone"),
    "applicant_email": Text("Thư điện tử", "E-mail"),
    "applicant_number": Text("Số định danh", "Identity number"),
    "note": Text("Ghi chú của cán bộ", "Officer's note"),
}
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: Of a list in a record, so many are shown.
_MOST_ITEMS = 5


def add(bench: Bench) -> None:
    """Add it to the admin's routes."""
    bench.desk.env.filters["as_told"] = as_told

    @bench.step(Step.TRIAL)
    async def trial(work: Work) -> Response:
        if not work.ordered:
            return await _shown(bench, work)
        fields = work.visitor.fields
        if "map" in fields or "unmap" in fields:
            await bench.edit(work, _mapped(work, fields))
            return bench.go_on(work, Step.TRIAL)
        try:
            await _keep_secrets(bench, work)
            spec = work.file.spec
            if spec is None or spec.system is None or work.wrong:
                return await _shown(bench, work, wrong=sentences(work.wrong) or ["no system to ask"])
            code = fields.get("code", "").strip()
            seen = await bench.tools.ask(spec, code)
        except (ValueError, SecretWrong) as error:
            return await _shown(bench, work, wrong=[str(error)])
        await bench.drafts.remember(work.draft, seen.model_dump_json().encode(), actor=work.actor, code=seen.code)
        return bench.go_on(work, Step.TRIAL)


async def _shown(bench: Bench, work: Work, *, wrong: Sequence[str] = ()) -> Response:
    seen, spec = work.seen, work.file.spec
    attempt = None
    best = seen.best if seen else None
    if best and spec:
        await bench.drafts.looked(work.agency, actor=work.actor)
        try:
            attempt = await bench.tools.read(spec, best)
        except ValueError as error:
            wrong = wrong or [str(error)]
    missing = sorted(each for each in names_in(spec) if not bench.secrets.has(each)) if spec else []
    return bench.page(
        work,
        Step.TRIAL,
        422 if wrong else 200,
        wrong=wrong,
        seen=seen,
        best=best,
        attempt=attempt,
        fields={each.fact: each for each in attempt.fields} if attempt else {},
        facts=FACTS,
        target=_next_fact(work),
        tree=tree_of(best.records[0]) if best else [],
        missing=missing,
        may_keep=work.visitor.caller.may(Scope.ADMIN_MANAGE),
        code=work.visitor.fields.get("code", (seen.code or "") if seen else ""),
    )


async def _keep_secrets(bench: Bench, work: Work) -> None:
    """Those that were typed. Raises SecretWrong."""
    caller = work.visitor.caller
    if caller.may(Scope.ADMIN_MANAGE) and caller.agencies is None:
        for name, value in work.visitor.fields.items():
            if name.startswith("secret:") and value:
                await bench.secrets.put(name.removeprefix("secret:"), value, actor=work.actor)


def as_told(value: Any) -> str:
    """A converted value for people: a moment in Vietnam's time."""
    return f"{value.astimezone(VIETNAM):%d/%m/%Y %H:%M:%S}" if isinstance(value, datetime) else str(value)


def _next_fact(work: Work) -> str:
    """The one that a click most likely is for."""
    told = work.visitor.request.query_params.get("fact", "")
    mapped = _rules(work.parts)
    return told if told in FACTS else next((each for each in FACTS if each not in mapped), "code")


# --- mapping --------------------------------------------------------------------------------------


def _mapped(work: Work, fields: Mapping[str, str]) -> dict[Path, Any]:
    fact, place = fields.get("fact", ""), fields.get("map", "")
    if place and fact in FACTS:
        return {_place(fact): _rule(work, fact, place)}
    gone = fields.get("unmap", "")
    return {_place(gone): None} if gone in FACTS and gone != "code" else {}


def _place(fact: str) -> Path:
    return ("mapping", fact) if fact in ("code", "occurred_at") else ("mapping", "facts", fact)


def _rule(work: Work, fact: str, place: str) -> Any:
    if not fact.endswith("_at"):
        return place
    seen = work.seen
    value = dict(_leaves(seen.best.records[0])).get(place) if seen and seen.best else None
    known = [format for rule in _rules(work.parts).values() for format in rule.formats]
    zone = ZoneInfo(work.parts.time_zone)
    # As the agency writes its other dates, if that is how this one is written.
    format = next((each for each in (*known, *FORMATS) if _reads(each, value, zone)), (known or ["iso"])[0])
    return {"path": place, "convert": "date", "formats": [format]}


def _reads(format: str, value: Any, zone: ZoneInfo) -> bool:
    try:
        return value is not None and dates.reader([format], zone)(value) is not None
    except ValueError:
        return False


def _rules(spec: AgencySpec) -> dict[str, FieldRule]:
    mapping = spec.mapping
    if mapping is None:
        return {}
    occurred = {"occurred_at": mapping.occurred_at} if mapping.occurred_at else {}
    return {"code": mapping.code, **occurred, **mapping.facts}


# --- the answer as a tree -------------------------------------------------------------------------


def tree_of(value: Any, place: str = "") -> list[tuple[str, str, Any]]:
    """Each part of a record: its name, the expression that finds it, and its value, or in turn its parts as a list."""
    if isinstance(value, dict):
        steps = [(name, f"{place}.{_step(name)}" if place else _step(name), each) for name, each in value.items()]
    else:
        steps = [(f"[{number}]", f"{place}[{number}]", each) for number, each in enumerate(value[:_MOST_ITEMS])]
    return [
        (name, path, tree_of(each, path) if isinstance(each, dict | list) else each)
        for name, path, each in steps
        if each not in (None, "", [], {})
    ]


def _leaves(record: Any) -> Iterator[tuple[str, Any]]:
    waiting = tree_of(record)
    while waiting:
        _, path, value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        else:
            yield path, value


def _step(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
