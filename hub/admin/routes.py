"""GET /admin behind a session; the sign-in that gives one. Nothing here changes anything but the session."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Cookie, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from markupsafe import Markup

from hub.access.sign_in import SESSION_LIFETIME, SignIn
from hub.admin.overview import overview
from hub.bodies import form
from hub.db import Database
from hub.portal import look
from hub.registry import Registry
from hub.studio.grade import Level

_TEMPLATES = Path(__file__).parent / "templates"
_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")

#: The inline stylesheet the admin's pages add, as the content policy must name it.
STYLE = look.minified(_TEMPLATES / "admin.css")

_COOKIE = "hub_admin"
_LARGEST_FORM = 1000
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


def router(database: Database, registry: Registry, sign_in: SignIn) -> APIRouter:
    routes = APIRouter(prefix="/admin", include_in_schema=False)
    env = look.environment(_TEMPLATES)
    env.globals |= {"admin_style": Markup(STYLE), "lang": "vi"}
    env.filters |= {"moment": _moment, "span": _span, "day": _day, "count": _count, "percent": _percent}

    def page(template: str, status: int = 200, **context: object) -> HTMLResponse:
        return HTMLResponse(look.render(env, template, context), status, {"Cache-Control": "no-store"})

    @routes.get("")
    async def show(hub_admin: Annotated[str | None, Cookie()] = None) -> HTMLResponse:
        if not hub_admin or not await sign_in.is_signed_in(hub_admin):
            return page("sign_in.html", 401 if hub_admin else 200, refused=False)
        view = await overview(database, registry)
        return page("overview.html", view=view, health=_HEALTH, reasons=_REASONS, states=_STATES, levels=_LEVELS)

    @routes.post("/sign-in")
    async def enter(request: Request) -> Response:
        password = (await form(request, _LARGEST_FORM)).get("password")
        token = await sign_in.sign_in(password) if password else None
        if token is None:
            return page("sign_in.html", 403, refused=True)
        response = RedirectResponse("/admin", 303)
        response.set_cookie(
            _COOKIE,
            token,
            max_age=int(SESSION_LIFETIME.total_seconds()),
            path="/admin",
            httponly=True,
            # Strict: a session that other sites' links and forms cannot use needs no further token.
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return response

    @routes.post("/sign-out")
    async def leave(hub_admin: Annotated[str | None, Cookie()] = None) -> Response:
        if hub_admin:
            await sign_in.sign_out(hub_admin)
        response = RedirectResponse("/admin", 303)
        response.delete_cookie(_COOKIE, path="/admin")
        return response

    return routes


def _moment(at: datetime | None) -> str:
    """ "08:15:30 23/11 (2 phút trước)" in Vietnam's time; a dash for never."""
    if at is None:
        return "–"
    away = datetime.now(UTC) - at
    relative = f"{_span(away)} trước" if away >= timedelta(0) else f"sau {_span(-away)}"
    return f"{at.astimezone(_VIETNAM):%H:%M:%S %d/%m} ({relative})"


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
