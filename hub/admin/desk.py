"""What the admin's pages share: who is in, what they may do, the language they read, and how a page is made."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment
from markupsafe import Markup
from starlette.routing import Match

from hub.access.scopes import Caller, Scope
from hub.access.sign_in import SESSION_LIFETIME, Session, SignIn
from hub.bodies import form
from hub.portal import look
from hub.portal.page import VIETNAM
from hub.portal.texts import Lang
from hub.wording import retold

TEMPLATES = Path(__file__).parent / "templates"

#: The inline stylesheet the admin's pages add, as the content policy must name it.
STYLE = look.minified(TEMPLATES / "admin.css")

PATH = "/admin"
_COOKIE = "hub_admin"
_LANG = "hub_lang"
_LARGEST_FORM = 4000
_YEAR = 365 * 86_400


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is in, and what they ask for."""

    request: Request
    session: Session
    caller: Caller
    #: Of a form that was sent; none otherwise.
    fields: Mapping[str, str]


Page = Callable[[Visitor], Awaitable[Response]]


class Desk:
    def __init__(self, routes: APIRouter, sign_in: SignIn) -> None:
        self.sign_in = sign_in
        self._routes = routes
        self.env: Environment = look.environment(TEMPLATES)
        self.env.globals["admin_style"] = Markup(STYLE)
        # So that reasons in Vietnamese can be read.
        self.env.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "sort_keys": True}

    def page(
        self, request: Request, template: str, status: int = 200, *, at: str | None = None, **context: Any
    ) -> HTMLResponse:
        """`at`: where the page is found again in the other language, where that is not near its address."""
        lang = self.lang(request)
        other = "vi" if lang == "en" else "en"
        context = {
            "lang": lang,
            "other_lang": other,
            "other_address": f"{at or self._address(request)}?lang={other}",
            "both": lambda vi, en: look.both(lang, vi, en),
            "say": lambda text: look.both(lang, *text),
            "retold": lambda said: retold(lang, said),
            "caller": None,
            **context,
        }
        response = HTMLResponse(look.render(self.env, template, context), status, {"Cache-Control": "no-store"})
        if request.query_params.get("lang") == lang:
            response.set_cookie(_LANG, lang, max_age=_YEAR, path=PATH, samesite="strict")
        return response

    def _address(self, request: Request) -> str:
        """The page's own; of one that answers a form, the nearest above it that can be asked for."""
        path = request.url.path
        while path.startswith(f"{PATH}/"):
            scope = {**request.scope, "method": "GET", "path": path, "root_path": ""}
            if any(route.matches(scope)[0] is Match.FULL for route in self._routes.routes):
                return path
            path = path.rpartition("/")[0]
        return PATH

    def lang(self, request: Request) -> Lang:
        """As was asked for now, or the last time."""
        return "en" if request.query_params.get("lang", request.cookies.get(_LANG)) == "en" else "vi"

    async def session(self, request: Request) -> Session | None:
        """Whoever is in, or on the way in."""
        token = request.cookies.get(_COOKIE)
        return await self.sign_in.session(token) if token else None

    def let_on(self, request: Request, token: str, to: str = PATH) -> Response:
        """To the next page, with a session's token."""
        return self._holding(RedirectResponse(to, 303), request, token)

    def let_on_from_elsewhere(self, request: Request, token: str, to: str) -> Response:
        """Likewise, by a page of ours that goes on by itself: whom another site has sent here, a redirection would not
        let take a strict cookie along."""
        return self._holding(self.page(request, "onward.html", at=to, to=to), request, token)

    def _holding(self, response: Response, request: Request, token: str) -> Response:
        response.set_cookie(
            _COOKIE,
            token,
            max_age=int(SESSION_LIFETIME.total_seconds()),
            path=PATH,
            httponly=True,
            # Strict: other sites' links and forms cannot use it.
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return response

    def let_out(self) -> Response:
        response = RedirectResponse(f"{PATH}/sign-in", 303)
        response.delete_cookie(_COOKIE, path=PATH)
        return response

    def get(self, path: str, scope: Scope, *, of_agency: bool = False) -> Callable[[Page], Page]:
        """A page for those who may `scope`; `of_agency`: of that agency, which the path names."""
        return self._guarded("GET", path, scope, of_agency)

    def post(
        self, path: str, scope: Scope, *, of_agency: bool = False, largest: int = _LARGEST_FORM
    ) -> Callable[[Page], Page]:
        """What those do who may `scope`; likewise. `largest`: bytes of the form."""
        return self._guarded("POST", path, scope, of_agency, largest)

    def _guarded(
        self, method: str, path: str, scope: Scope, of_agency: bool, largest: int = _LARGEST_FORM
    ) -> Callable[[Page], Page]:
        def add(page: Page) -> Page:
            async def route(request: Request) -> Response:
                session = await self.session(request)
                if session is None or session.step != "in" or session.account is None:
                    return RedirectResponse(f"{PATH}/sign-in", 303)
                caller = session.account.caller
                may = caller.may(scope)
                if caller.agencies is not None:
                    may = may and (
                        request.path_params["agency"] in caller.agencies if of_agency else not scope.is_of_all_agencies
                    )
                if not may or (method == "POST" and not comes_from_us(request)):
                    return self.page(request, "refused.html", 403, caller=caller, scope=scope)
                fields = await form(request, largest) if method == "POST" else {}
                return await page(Visitor(request, session, caller, fields))

            self._routes.add_api_route(path, route, methods=[method], name=page.__name__)
            return page

        return add


def comes_from_us(request: Request) -> bool:
    """Whether a form was sent from a page of ours. Browsers say where from; what is none need not be kept out, since it
    has nobody's cookie."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or origin.partition("://")[2] == request.headers.get("host")


def number_told(told: str) -> int | None:
    """Of a row, as an address or a form has it; None where it is none."""
    return int(told) if told.isascii() and told.isdecimal() and len(told) < 19 else None


def overlap_told(told: str, offered: Iterable[int]) -> timedelta:
    """So many of the hours that a form offered; where it is none of them, the first."""
    hours = list(offered)
    return timedelta(hours=next((each for each in hours if told == str(each)), hours[0]))


def day_told(told: str) -> datetime | None:
    """The beginning of the day that was typed into a date field, here; None where it was left empty. Raises
    ValueError."""
    return datetime.combine(datetime.strptime(told.strip(), "%Y-%m-%d"), time(), VIETNAM) if told.strip() else None
