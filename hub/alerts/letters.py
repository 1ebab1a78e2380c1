"""What recipients of alerts get: a mail in both languages, and a webhook's body."""

from datetime import UTC, datetime
from typing import Any

import orjson

from contracts.alert import CHANGED, TEST, AlertTold
from hub.alerts.rules import Kind
from hub.alerts.texts import KINDS, STEPS, moment
from hub.portal.texts import Text

_TEST = (
    "Thử cảnh báo / Test of alerts",
    "Thư thử: cảnh báo của trục tích hợp sẽ đến đây.\n\n--\nA test: alerts of the hub will come here.\n",
)
#: So many systems that do not answer at once have it from somewhere else.
_MANY = 3
_MANY_DOWN = Text(
    "Nhiều hệ thống cùng lúc: trước hết hãy xem mạng của trục.",
    "Several at once: look at the hub's own network first.",
)


def mail(opened: list[AlertTold], resolved: list[AlertTold]) -> bytes:
    """As hub.mail.channel takes it."""
    return orjson.dumps({"subject": _subject(opened, resolved), "body": _body(opened, resolved)})


def event(key: str, opened: list[AlertTold], resolved: list[AlertTold]) -> bytes:
    data = {name: [each.model_dump() for each in those] for name, those in (("opened", opened), ("resolved", resolved))}
    return _event(key, CHANGED, data)


def test_mail() -> bytes:
    return orjson.dumps(dict(zip(("subject", "body"), _TEST, strict=True)))


def test_event(key: str) -> bytes:
    return _event(key, TEST, {})


def _event(key: str, type: str, data: dict[str, Any]) -> bytes:
    told = {"id": key, "type": type, "timestamp": datetime.now(UTC), "data": data}
    return orjson.dumps(told, option=orjson.OPT_UTC_Z)


def _subject(opened: list[AlertTold], resolved: list[AlertTold]) -> str:
    if len(opened) + len(resolved) == 1:
        [one] = opened + resolved
        return f"{'Cảnh báo' if opened else 'Đã hết'}: {one.title_vi}"
    parts = [
        f"{word}: {', '.join(f'{KINDS[kind].vi} ({len(alike)})' for kind, alike in _by_kinds(those))}"
        for word, those in (("Cảnh báo", opened), ("Đã hết", resolved))
        if those
    ]
    return "; ".join(parts)


def _body(opened: list[AlertTold], resolved: list[AlertTold]) -> str:
    lines: list[str] = []
    for place, (new, over) in enumerate((("Mới", "Đã hết"), ("New", "Over"))):
        lines += ["--"] if place else []
        if opened:
            lines += [f"{new}:", ""]
            for kind, alike in _by_kinds(opened):
                lines += [f"{KINDS[kind][place]} · {STEPS[kind][place]}:", *(_line(each, place) for each in alike)]
                lines += [_MANY_DOWN[place], ""] if kind is Kind.DOWN and len(alike) >= _MANY else [""]
        if resolved:
            lines += [f"{over}:", *(_line(each, place) for _, alike in _by_kinds(resolved) for each in alike), ""]
    lines.append("Xem, tạm im hoặc đổi người nhận / See, silence, change recipients: /admin/alerts")
    return "\n".join(lines) + "\n"


def _by_kinds(those: list[AlertTold]) -> list[tuple[Kind, list[AlertTold]]]:
    """What is the worst first."""
    found = ((kind, [each for each in those if each.kind == kind]) for kind in Kind)
    return [(kind, alike) for kind, alike in found if alike]


def _line(alert: AlertTold, place: int) -> str:
    when = moment(alert.opened_at) + (f" – {moment(alert.resolved_at)}" if alert.resolved_at else "")
    return f"- {when} · {(alert.title_vi, alert.title_en)[place]} ({alert.path})"
