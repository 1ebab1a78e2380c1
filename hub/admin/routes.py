"""The admin's pages, put together: the way in, how each agency is doing, and who keeps the hub."""

from datetime import UTC, date, datetime, timedelta

from fastapi import APIRouter
from fastapi.responses import Response

from hub.access.scopes import Scope
from hub.access.sign_in import SignIn
from hub.admin import agency, coming_in, people, quarantine, studio, trail, versions
from hub.admin import secrets as keeping_secrets
from hub.admin.desk import PATH, Desk, Visitor
from hub.admin.overview import overview
from hub.admin.spec import SpecPages
from hub.admin.studio import Introspect
from hub.admin.trying import Tools
from hub.db import Database
from hub.portal.page import VIETNAM
from hub.registry import Registry
from hub.secrets.keeping import HubSecrets
from hub.specs.parts import SpecParts
from hub.studio.grade import Level
from hub.vault import Vault

_HEALTH = {"failing": "Đang lỗi", "late": "Trễ", "starting": "Đang đọc lần đầu", "well": "Tốt", "off": "Chưa nối"}
_REASONS = {
    "unknown_status": "Từ trạng thái lạ",
    "bad_value": "Giá trị không đọc được",
    "missing_field": "Thiếu trường",
    "not_a_record": "Không phải bản ghi",
    "malformed_body": "Tệp không đọc được",
}
_LEVELS = {
    Level.NONE: "Chưa xếp hạng",
    Level.BRONZE: "Hạng đồng",
    Level.SILVER: "Hạng bạc",
    Level.GOLD: "Hạng vàng",
    Level.PLATINUM: "Hạng bạch kim",
}
_STATES = {
    "new": "đang chờ",
    "waiting": "đang chờ",
    "applied": "đã áp dụng",
    "superseded": "đã cũ",
    "ignored": "bỏ qua",
    "quarantined": "cách ly",
    "dead": "bỏ dở",
}


def router(
    database: Database,
    registry: Registry,
    sign_in: SignIn,
    vault: Vault,
    parts: SpecParts,
    secrets: HubSecrets,
    tools: Tools,
    introspect: Introspect,
) -> APIRouter:
    routes = APIRouter(prefix=PATH, include_in_schema=False)
    desk = Desk(routes, sign_in)
    desk.env.filters |= {"moment": _moment, "span": _span, "day": _day, "count": _count, "percent": _percent}
    coming_in.add(routes, desk)
    people.add(desk, registry)
    agency.add(desk, database, registry)
    trail.add(desk, database)
    versions.add(desk, parts)
    pages = SpecPages(desk, database, parts, tools, secrets)
    pages.add()
    studio.add(desk, parts.specs, pages, introspect)
    keeping_secrets.add(desk, secrets, registry)
    quarantine.add(desk, database, vault, parts)

    @desk.get("", Scope.ADMIN_LOOK)
    async def show(visitor: Visitor) -> Response:
        view = await overview(database, registry, only=visitor.caller.agencies)
        return desk.page(
            visitor.request,
            "overview.html",
            caller=visitor.caller,
            view=view,
            health=_HEALTH,
            reasons=_REASONS,
            states=_STATES,
            levels=_LEVELS,
        )

    return routes


def _moment(at: datetime | None) -> str:
    """ "08:15:30 23/11 (2 phút trước)" in Vietnam's time; a dash for never."""
    if at is None:
        return "–"
    away = datetime.now(UTC) - at
    relative = f"{_span(away)} trước" if away >= timedelta(0) else f"sau {_span(-away)}"
    return f"{at.astimezone(VIETNAM):%H:%M:%S %d/%m} ({relative})"


def _span(length: timedelta | None) -> str:
    if length is None:
        return "–"
    seconds = int(length.total_seconds())
    for size, unit in ((86_400, "ngày"), (3_600, "giờ"), (60, "phút")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} giây"


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def _count(number: int) -> str:
    return f"{number:,}".replace(",", ".")


def _percent(number: float) -> str:
    return f"{number:.2f} %".replace(".", ",")
