"""Alerts in words: what is the matter, and where somebody does what is next. Nothing of what agencies say of people."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from contracts.agency import AgencySpec
from contracts.alert import AlertTold
from hub.alerts.conditions import MOST_COUNTED
from hub.alerts.rules import Alert, Kind
from hub.index.tallies import VIETNAM
from hub.portal.texts import Text
from hub.registry import Registry
from hub.wording.outcomes import RUN_OUTCOMES

KINDS = {
    Kind.DOWN: Text("Hệ thống không trả lời", "System down"),
    Kind.FAILING: Text("Đọc không thành", "Reading fails"),
    Kind.SHAPE: Text("Bản ghi đổi dạng", "Records have changed"),
    Kind.BUDGET: Text("Hết lượt gọi trong ngày", "Day's calls spent"),
    Kind.LAG: Text("Trễ", "Lag"),
    Kind.QUARANTINE: Text("Chưa hiểu được", "Not understood"),
    Kind.WEBHOOKS: Text("Webhook cần người xem", "Webhooks need a person"),
    Kind.DRIFT: Text("Lệch khi đối chiếu", "Drift"),
    Kind.CERTIFICATE: Text("Chứng thư sắp hết hạn", "Certificate ends"),
    Kind.SECRET: Text("Bí mật sắp hết hạn", "Secret ends"),
    Kind.API_KEY: Text("Khóa API sắp hết hạn", "API key ends"),
}
STEPS = {
    Kind.DOWN: Text("Xem cuộc gọi và gọi đơn vị", "Look at its runs, and call the agency"),
    Kind.FAILING: Text("Xem lỗi và đọc lại", "Look at the failure, and read again"),
    Kind.SHAPE: Text("Xem điều đã đổi", "See what has changed"),
    Kind.BUDGET: Text("Xem hạn mức gọi", "Look at its budget"),
    Kind.LAG: Text("Xem các việc đọc", "Look at what it is read for"),
    Kind.QUARANTINE: Text("Sửa nguyên nhân", "Mend the cause"),
    Kind.WEBHOOKS: Text("Xem webhook đến và báo đơn vị", "Look at what came, and call the agency"),
    Kind.DRIFT: Text("Xem lần đối chiếu", "Look at the comparison"),
    Kind.CERTIFICATE: Text("Báo đơn vị gia hạn", "Have the agency renew it"),
    Kind.SECRET: Text("Thay bí mật", "Replace the secret"),
    Kind.API_KEY: Text("Thay khóa", "Replace the key"),
}

_STREAMS = {
    "pull": Text("đọc thay đổi", "pull"),
    "reconcile": Text("đối chiếu toàn bộ", "full comparison"),
    "watch": Text("theo dõi hồ sơ được quan tâm", "watch"),
    "backfill": Text("đọc hồ sơ cũ", "backfill"),
}
_WEBHOOKS = {
    "conflict": Text("mang id cũ mà nội dung khác", "with a known id and another content"),
    "dead": Text("thử mãi không xử lý được", "that cannot be applied however often"),
}
_SENTENCES: dict[Kind, Callable[[str, Mapping[str, Any]], Text]] = {
    Kind.DOWN: lambda _, __: Text("hệ thống không trả lời", "its system does not answer"),
    Kind.FAILING: lambda what, told: Text(
        f"{_STREAMS[what].vi} không thành ({_came_of(told).vi})", f"{_STREAMS[what].en} fails ({_came_of(told).en})"
    ),
    Kind.SHAPE: lambda _, __: Text("bản ghi không còn như trước", "its records are not what they were"),
    Kind.BUDGET: lambda _, told: Text(
        f"đã gọi hết {told['per_day']} lượt của ngày", f"the day's {told['per_day']} calls are spent"
    ),
    Kind.LAG: lambda _, told: Text(f"trễ, mới biết đến {_covered(told)}", f"lags; known up to {_covered(told)}"),
    Kind.QUARANTINE: lambda what, told: Text(
        f"{_count(told['records'])} bản ghi có {'từ trạng thái lạ' if what == _STATUS else 'điều không đọc được'}",
        f"{_count(told['records'])} records with {'an unknown status' if what == _STATUS else 'what cannot be read'}",
    ),
    Kind.WEBHOOKS: lambda what, told: Text(
        f"{_count(told['events'])} webhook {_WEBHOOKS[what].vi}",
        f"{_count(told['events'])} webhooks {_WEBHOOKS[what].en}",
    ),
    Kind.DRIFT: lambda _, told: Text(
        f"đối chiếu thấy lệch {told['amiss']} trên {told['seen']} hồ sơ",
        f"a comparison found {told['amiss']} of {told['seen']} dossiers amiss",
    ),
    Kind.CERTIFICATE: lambda what, told: Text(
        f"chứng thư của {what} hết hạn {_day(told['ends_at'])}",
        f"the certificate of {what} ends {_day(told['ends_at'])}",
    ),
    Kind.SECRET: lambda what, told: Text(
        f"bí mật {what} hết hạn {_day(told['ends_at'])}", f"the secret {what} ends {_day(told['ends_at'])}"
    ),
    Kind.API_KEY: lambda what, told: Text(
        f"khóa API {what} hết hạn {_day(told['ends_at'])}", f"the API key {what} ends {_day(told['ends_at'])}"
    ),
}
_STATUS = "unknown_status"


def title(alert: Alert, spec: AgencySpec | None) -> Text:
    """One sentence, with the agency's name before it where it is of one."""
    said = _SENTENCES[alert.kind](alert.what, alert.detail)
    if not alert.agency:
        return Text(*(f"{each[0].upper()}{each[1:]}" for each in said))
    names = (spec.name.vi, spec.name.en or spec.name.vi) if spec else (alert.agency, alert.agency)
    return Text(f"{names[0]}: {said.vi}", f"{names[1]}: {said.en}")


def path(alert: Alert) -> str:
    """Where what is next is done."""
    if alert.kind is Kind.SECRET:
        return f"/admin/secrets?name={alert.what}#set"
    if alert.kind is Kind.API_KEY:
        return "/admin/keys"
    if alert.kind is Kind.WEBHOOKS:
        state = "&state=dead" if alert.what == "dead" else ""
        return f"/admin/inbox?agency={alert.agency}{state}"
    return "/admin/quarantine" if alert.kind is Kind.QUARANTINE else f"/admin/agencies/{alert.agency}"


def told(alert: Alert, registry: Registry) -> AlertTold:
    """As others are told of an alert that is, or was, open."""
    assert alert.opened_at
    words = title(alert, registry.spec(alert.agency))
    return AlertTold(
        id=alert.id,
        kind=alert.kind.value,
        agency=alert.agency or None,
        what=alert.what,
        title_vi=words.vi,
        title_en=words.en,
        path=path(alert),
        opened_at=alert.opened_at,
        resolved_at=alert.resolved_at,
    )


def _came_of(told: Mapping[str, Any]) -> Text:
    """Within a sentence."""
    words = RUN_OUTCOMES.get(told.get("outcome") or "error", RUN_OUTCOMES["error"])
    return Text(*(f"{each[0].lower()}{each[1:]}" for each in words))


def _count(number: int) -> str:
    return f"{number}+" if number >= MOST_COUNTED else str(number)


def _covered(told: Mapping[str, Any]) -> str:
    return moment(datetime.fromisoformat(told["covered_until"]))


def moment(at: datetime) -> str:
    return f"{at.astimezone(VIETNAM):%H:%M %d/%m}"


def _day(written: str) -> str:
    return f"{datetime.fromisoformat(written).astimezone(VIETNAM):%d/%m/%Y}"
