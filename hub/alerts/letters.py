"""What recipients of alerts get: a mail in both languages, and a webhook's body."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import orjson

from contracts.alert import CHANGED, TEST, AlertTold

_TEST = (
    "Thử cảnh báo / Test of alerts",
    "Thư thử: cảnh báo của trục tích hợp sẽ đến đây.\n\n--\nA test: alerts of the hub will come here.\n",
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
    parts = [f"{len(opened)} cảnh báo mới"] if opened else []
    parts += [f"{len(resolved)} đã hết"] if resolved else []
    return f"Cảnh báo: {', '.join(parts)}"


def _body(opened: list[AlertTold], resolved: list[AlertTold]) -> str:
    lines: list[str] = []
    for lang, words in (("vi", ("Mới:", "Đã hết:")), ("en", ("New:", "Over:"))):
        lines += ["--"] if lang == "en" else []
        for heading, those in zip(words, (opened, resolved), strict=True):
            if those:
                lines += [heading, *_lines(those, lang), ""]
    lines.append("Xem, tạm im hoặc đổi người nhận / See, silence, change recipients: /admin/alerts")
    return "\n".join(lines) + "\n"


def _lines(those: Iterable[AlertTold], lang: str) -> Iterable[str]:
    for each in those:
        yield f"- {each.title_vi if lang == 'vi' else each.title_en} ({each.path})"
