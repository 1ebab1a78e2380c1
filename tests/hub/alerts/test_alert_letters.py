"""What stands in a mail of alerts: the worst first, since when, and what to do."""

from datetime import UTC, datetime
from typing import Any

import orjson

from contracts.alert import AlertKind, AlertTold
from hub.alerts import letters

SINCE, OVER = datetime(2026, 11, 27, 17, 58, tzinfo=UTC), datetime(2026, 11, 27, 18, 7, tzinfo=UTC)


def told(kind: AlertKind, name: str, sentence: str, path: str, *, resolved_at: datetime | None = None) -> AlertTold:
    said: dict[str, Any] = {"title_vi": f"{name}: {sentence}", "title_en": f"{name}: in English"}
    where = {"agency": "so-tnmt", "what": "", "path": path}
    return AlertTold(id=1, kind=kind, opened_at=SINCE, resolved_at=resolved_at, **said, **where)


def down(name: str, **known: Any) -> AlertTold:
    return told("down", name, "hệ thống không trả lời", f"/admin/agencies/{name}", **known)


def written(opened: list[AlertTold], resolved: list[AlertTold]) -> tuple[str, str]:
    mail = orjson.loads(letters.mail(opened, resolved))
    return mail["subject"], mail["body"]


def test_the_worst_is_told_first_with_its_time_and_what_to_do() -> None:
    key = told("api_key", "Khóa", "hết hạn", "/admin/keys")
    subject, body = written([key, down("so-tnmt")], [down("so-xd", resolved_at=OVER)])
    assert subject == (
        "Cảnh báo: Hệ thống không trả lời (1), Khóa API sắp hết hạn (1); Đã hết: Hệ thống không trả lời (1)"
    )
    vietnamese, english = body.split("--\n")
    assert vietnamese == (
        """\
Mới:

Hệ thống không trả lời · Xem cuộc gọi và gọi đơn vị:
- 00:58 28/11 · so-tnmt: hệ thống không trả lời (/admin/agencies/so-tnmt)

Khóa API sắp hết hạn · Thay khóa:
- 00:58 28/11 · Khóa: hết hạn (/admin/keys)

Đã hết:
- 00:58 28/11 – 01:07 28/11 · so-xd: hệ thống không trả lời (/admin/agencies/so-xd)

"""
    )
    assert "System down · Look at its runs, and call the agency:\n- 00:58 28/11 · so-tnmt: in English" in english


def test_one_is_named_in_the_subject() -> None:
    assert written([down("so-tnmt")], [])[0] == "Cảnh báo: so-tnmt: hệ thống không trả lời"
    assert written([], [down("so-tnmt", resolved_at=OVER)])[0] == "Đã hết: so-tnmt: hệ thống không trả lời"


def test_many_that_are_down_at_once_point_to_what_they_share() -> None:
    subject, body = written([down(f"co-quan-{number}") for number in range(20)], [])
    assert subject == "Cảnh báo: Hệ thống không trả lời (20)"
    assert body.count("Xem cuộc gọi và gọi đơn vị") == 1
    assert "trước hết hãy xem mạng của trục" in body
    assert "the hub's own network first" in body
    few = written([down("co-quan-1"), down("co-quan-2")], [])[1]
    assert "mạng của trục" not in few
