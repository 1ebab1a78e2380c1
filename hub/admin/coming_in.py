"""The way in: the first time by a one-time password, then by name, password and authenticator; and out again. (The one
by way of an identity provider is in by_provider.py.)"""

import math
from collections.abc import Awaitable, Callable, Mapping

import pyotp
import segno
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup

from hub.access.accounts import SHORTEST_PASSWORD, AccountWrong, Closed
from hub.access.sign_in import Session
from hub.admin.desk import PATH, Desk, comes_from_us
from hub.bodies import form
from hub.db import Database
from hub.limits.addresses import network_of
from hub.limits.debts import Debts
from hub.limits.rules import Terms
from hub.ownership.attempts import Attempts
from hub.portal.texts import Lang, wait
from hub.vault import Vault

_LARGEST_FORM = 2000
#: By one name from one address: five tries, then waits from a minute to a quarter of an hour, so about a hundred a day.
#: Who tries from elsewhere keeps nobody out, and there is no difference between a name that somebody has and another.
_TRIES = Terms(half_life=3600, free=4, doubles=1, shortest=30, longest=900, most=16)
#: What an address may get wrong, whichever names it tries.
_KNOCKS = Terms(half_life=600, free=30, doubles=5, shortest=1, longest=900, most=80)
_MOST_ADDRESSES = 5000

_ISSUER = "Hub Gia Lai"


def add(routes: APIRouter, desk: Desk, database: Database, vault: Vault) -> None:
    """Add them to the admin's routes."""
    knocks = Debts(_KNOCKS, most=_MOST_ADDRESSES)
    tries = Attempts(database, vault, kind="sign-in", terms=_TRIES, key=str)
    sign_in = desk.sign_in

    def address(request: Request) -> str:
        return request.client.host if request.client else ""

    def closed(request: Request, template: str, seconds: float) -> Response:
        told = math.ceil(seconds)
        response = desk.page(request, template, 429, problem="closed", wait=wait(told))
        response.headers["Retry-After"] = str(told)
        return response

    def agent(request: Request) -> str:
        return request.headers.get("user-agent", "")

    async def fields_of(request: Request) -> dict[str, str]:
        return await form(request, _LARGEST_FORM) if comes_from_us(request) else {}

    async def knock(
        request: Request, template: str, token_for: Callable[[Mapping[str, str]], Awaitable[str | None]], to: str
    ) -> Response:
        """Let on whom `token_for` gives a token; an address that is wrong too often waits."""
        fields = await fields_of(request)
        if seconds := knocks.wait(address(request)):
            return closed(request, template, seconds)
        try:
            token = await token_for(fields)
        except Closed as error:
            return closed(request, template, error.seconds)
        if token is None:
            knocks.charge(address(request))
            return desk.page(request, template, 403, problem="wrong")
        return desk.let_on(request, token, to)

    @routes.get("/sign-in")
    async def ask(request: Request) -> Response:
        if await sign_in.accounts.are_there_none():
            return RedirectResponse(f"{PATH}/begin", 303)
        return desk.page(request, "sign_in.html", problem=None)

    @routes.post("/sign-in")
    async def by_password(request: Request) -> Response:
        async def token(fields: Mapping[str, str]) -> str | None:
            name, password = fields.get("name", "").strip().lower(), fields.get("password", "")
            if not password:
                return None
            who = f"{name} {network_of(address(request))}"
            if seconds := await tries.take(who):
                raise Closed(seconds)
            token = await sign_in.by_password(name, password, agent(request))
            if token is not None:
                await tries.forgive(who)
            return token

        return await knock(request, "sign_in.html", token, f"{PATH}/code")

    @routes.get("/code")
    async def ask_code(request: Request) -> Response:
        session = await desk.session(request)
        if session is None or session.step != "code":
            return RedirectResponse(PATH, 303)
        return desk.page(request, "code.html", problem=None)

    @routes.post("/code")
    async def by_code(request: Request) -> Response:
        session = await desk.session(request)
        fields = await fields_of(request)
        if session is None or session.step != "code":
            return RedirectResponse(PATH, 303)
        try:
            token = await sign_in.by_code(session, fields.get("code", ""), agent(request))
        except Closed as error:
            return closed(request, "code.html", error.seconds)
        if token is None:
            return desk.page(request, "code.html", 403, problem="wrong")
        return desk.let_on(request, token)

    @routes.get("/begin")
    async def ask_one_time(request: Request) -> Response:
        session = await desk.session(request)
        if session is not None and session.step == "begin":
            return enrolling(request, session)
        return desk.page(request, "begin.html", problem=None)

    @routes.post("/begin")
    async def by_one_time(request: Request) -> Response:
        async def token(fields: Mapping[str, str]) -> str | None:
            password = fields.get("password")
            return await sign_in.begin(password, agent(request)) if password else None

        return await knock(request, "begin.html", token, f"{PATH}/begin")

    @routes.post("/enrol")
    async def enrol(request: Request) -> Response:
        session = await desk.session(request)
        fields = await fields_of(request)
        if session is None or session.step != "begin":
            return RedirectResponse(f"{PATH}/begin", 303)
        name, password = fields.get("name", "").strip().lower(), fields.get("password", "")
        try:
            token = await sign_in.enrol(
                session, name=name, password=password, code=fields.get("code", ""), agent=agent(request)
            )
        except AccountWrong as error:
            return enrolling(request, session, name=name, wrong=error)
        return desk.let_on(request, token)

    def enrolling(request: Request, session: Session, *, name: str = "", wrong: AccountWrong | None = None) -> Response:
        assert session.totp_secret
        known = session.account.name if session.account else name
        address = pyotp.TOTP(session.totp_secret).provisioning_uri(name=known or "hub", issuer_name=_ISSUER)
        picture = segno.make(address, error="m").svg_data_uri(scale=5, border=2)
        return desk.page(
            request,
            "enrol.html",
            422 if wrong else 200,
            at=f"{PATH}/begin",
            known=session.account.name if session.account else None,
            told=session.identity is not None,
            name=name,
            secret=" ".join(session.totp_secret[i : i + 4] for i in range(0, len(session.totp_secret), 4)),
            picture=Markup(picture),
            shortest=SHORTEST_PASSWORD,
            wrong=wrong.field if wrong else None,
            why=_why(desk.lang(request), wrong) if wrong else None,
        )

    @routes.post("/sign-out")
    async def leave(request: Request) -> Response:
        if not comes_from_us(request):
            return RedirectResponse(PATH, 303)
        if session := await desk.session(request):
            await sign_in.sign_out(session)
        return desk.let_out()


_WHY = {
    "session": "Việc này đã làm xong, ở một cửa sổ khác. Hãy đăng nhập bằng mật khẩu đã chọn ở đó.",
    "name": "Tên gồm 2 đến 40 chữ thường không dấu, số, dấu chấm hoặc gạch nối, bắt đầu bằng chữ: an.nguyen.",
    "password": f"Mật khẩu cần ít nhất {SHORTEST_PASSWORD} ký tự và khó đoán: bốn từ không liên quan đến nhau.",
    "identity": "Tài khoản bên ngoài này đã dùng cho một tài khoản khác ở đây.",
    "code": "Mã này không phải mã ứng dụng đang hiện. Hãy xem lại đồng hồ của điện thoại.",
}


def _why(lang: Lang, wrong: AccountWrong) -> str:
    return _WHY[wrong.field] if lang == "vi" else f"{str(wrong)[0].upper()}{str(wrong)[1:]}."
