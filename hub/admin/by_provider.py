"""The way in through an identity provider: there by a link of ours, and back with what proves who it is."""

import math

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from hub.access.accounts import AccountWrong
from hub.access.id_token import NotProven
from hub.access.provider import Provider, ProviderAway, Trip
from hub.access.sign_in import STEP_LIFETIME, NotLetIn
from hub.admin.desk import PATH, Desk, comes_from_us
from hub.limits.debts import Debts
from hub.limits.rules import Terms
from hub.portal.texts import Text, wait

log = structlog.get_logger()

#: What an address may begin, whether it ends well or not.
_TRIPS = Terms(half_life=600, free=30, doubles=5, shortest=1, longest=900, most=80)
_MOST_ADDRESSES = 5000

_BACK = f"{PATH}/oidc/back"
_COOKIE = "hub_oidc"
_NEXT = {"in": PATH, "code": f"{PATH}/code", "begin": f"{PATH}/begin"}

#: Heading and what to do, by what went wrong.
_PROBLEMS = {
    "away": (
        Text("Lúc này không vào được bằng {provider}", "{provider} cannot be used just now"),
        Text(
            "Bên đó không trả lời như cần. Hãy thử lại sau ít phút. Ai có mật khẩu ở đây vẫn vào được bằng mật khẩu.",
            "It does not answer as it should. Please try again in a few minutes. A password of here still lets in.",
        ),
    ),
    "declined": (
        Text("Chưa vào được bằng {provider}", "{provider} has not let you on"),
        Text(
            "Bạn đã dừng lại, hoặc ở đó không cho phép. Hãy thử lại.",
            "You stopped there, or it is not allowed there. Please try again.",
        ),
    ),
    "used": (
        Text("Lần đăng nhập này đã quá lâu hoặc đã dùng", "This sign-in was begun too long ago, or was used"),
        Text("Hãy bắt đầu lại từ trang này.", "Please begin again from this page."),
    ),
    "not proven": (
        Text("Chưa xác nhận được bạn là ai", "It is not certain who you are"),
        Text(
            "Điều {provider} báo về không khớp. Hãy thử lại; nếu vẫn vậy, báo người vận hành hub.",
            "What {provider} says does not fit. Please try again; if it stays so, tell whoever runs the hub.",
        ),
    ),
    "stranger": (
        Text("Chưa có tài khoản nào ở đây cho bạn", "There is no account for you here"),
        Text(
            "Hãy xin quản trị viên một mật khẩu dùng một lần, bắt đầu bằng mật khẩu đó rồi chọn {provider}.",
            "Ask an admin for a one-time password, begin with that, and then choose {provider}.",
        ),
    ),
    "one factor": (
        Text("Cần xác thực hai yếu tố", "Two factors are needed"),
        Text(
            "Lần này {provider} chỉ báo một yếu tố. Hãy bật xác thực hai yếu tố ở đó, hoặc xin quản trị viên một mật "
            "khẩu dùng một lần để đặt ứng dụng xác thực ở đây.",
            "This time {provider} told of one factor alone. Turn the second on there, or ask an admin for a one-time "
            "password, to set up an authenticator here.",
        ),
    ),
    "too often": (
        Text("Đã bắt đầu quá nhiều lần", "Begun too often"),
        Text("Hãy thử lại sau {vi}.", "Please try again in {en}."),
    ),
    "identity": (
        Text("Tài khoản bên ngoài này đã có người dùng ở đây", "This is in use here already"),
        Text(
            "Một tài khoản khác ở đây đã vào bằng nó. Hãy đăng nhập bằng tài khoản đó, hoặc hỏi quản trị viên.",
            "Another account here comes in by it. Use that one, or ask an admin.",
        ),
    ),
}


def add(routes: APIRouter, desk: Desk, provider: Provider) -> None:
    """Add it to the admin's routes."""
    trips = Debts(_TRIPS, most=_MOST_ADDRESSES)
    sign_in = desk.sign_in

    def back(request: Request) -> str:
        return str(request.url.replace(path=_BACK, query="", fragment=""))

    def failed(request: Request, what: str, status: int = 403, **values: str) -> Response:
        told = [Text(*(each.format(provider=provider.name, **values) for each in text)) for text in _PROBLEMS[what]]
        return desk.page(request, "sign_in.html", status, at=f"{PATH}/sign-in", problem=what, told=told)

    @routes.get("/oidc")
    async def go(request: Request) -> Response:
        # By a link on a page of ours: nobody is signed in by another site's.
        if not comes_from_us(request):
            return RedirectResponse(f"{PATH}/sign-in", 303)
        address = request.client.host if request.client else ""
        if seconds := trips.wait(address):
            told = math.ceil(seconds)
            closed = failed(request, "too often", 429, **wait(told)._asdict())
            closed.headers["Retry-After"] = str(told)
            return closed
        trips.charge(address)
        session = await desk.session(request)
        begun = session if session and session.step == "begin" and session.account else None
        token = await sign_in.leave(begun, request.headers.get("user-agent", ""))
        try:
            there = await provider.address(Trip.of(token), back(request), desk.lang(request))
        except ProviderAway as error:
            log.error("admin.provider_away", why=str(error))
            return failed(request, "away", 503)
        response = RedirectResponse(there, 303)
        response.set_cookie(
            _cookie(request),
            token,
            max_age=int(STEP_LIFETIME.total_seconds()),
            httponly=True,
            # Not strict: it must come along when the provider sends them back.
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return response

    @routes.get("/oidc/back")
    async def come_back(request: Request) -> Response:
        token, brought = request.cookies.get(_cookie(request), ""), request.query_params
        away = await sign_in.session(token) if token else None
        trip = Trip.of(token)
        if away is None or away.step != "away" or not trip.is_this(brought.get("state", "")):
            return failed(request, "used")
        try:
            if "code" not in brought:
                raise NotLetIn("declined")
            identity = await provider.identity(trip, brought, back(request))
            step, next_token = await sign_in.by_identity(away, identity, request.headers.get("user-agent", ""))
        except ProviderAway as error:
            log.error("admin.provider_away", why=str(error))
            response = failed(request, "away", 503)
        except NotProven as error:
            log.warning("admin.sign_in_refused", step="provider", why=str(error))
            response = failed(request, "not proven")
        except AccountWrong as error:
            response = failed(request, error.field)
        except NotLetIn as error:
            log.warning("admin.sign_in_refused", step="provider", why=error.why, said=brought.get("error", "")[:80])
            response = failed(request, error.why)
        else:
            response = desk.let_on_from_elsewhere(request, next_token, _NEXT[step])
        # Once, however it went.
        await sign_in.sign_out(away)
        response.delete_cookie(_cookie(request), secure=request.url.scheme == "https", httponly=True, samesite="lax")
        return response


def _cookie(request: Request) -> str:
    """The prefix keeps everybody but this very host from setting it; browsers know it over TLS alone."""
    return f"__Host-{_COOKIE}" if request.url.scheme == "https" else _COOKIE
