"""GET /: the look-up form and its answers."""

import math
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from contracts.codes import code_key
from contracts.dossier import Dossier
from hub.limits.admission import Admission
from hub.live.fresh import NotAnswering
from hub.portal import look, texts
from hub.portal.code_help import what_is_wrong
from hub.portal.page import VIETNAM, present
from hub.portal.texts import Lang, Text

log = structlog.get_logger()

Find = Callable[[str], Awaitable[list[Dossier]]]

# Nothing longer is a code (contracts.observation.DossierCode), so nobody is asked about it.
_LONGEST_CODE = 80


def router(find: Find, admission: Admission) -> APIRouter:
    """The page at /. `find` takes the code as typed and gives every dossier under its key.

    Whatever `find` raises becomes a calm page with status 503.
    """
    routes = APIRouter(include_in_schema=False)
    env = look.environment()

    def page(template: str, status: int, language: Lang, typed: str = "", **context: Any) -> HTMLResponse:
        other: Lang = "vi" if language == "en" else "en"
        query = ({"lang": other} if other == "en" else {}) | ({"code": typed} if typed else {})
        context |= {
            "lang": language,
            "t": lambda name, **values: texts.PAGE[name].say(language, **values),
            "example": texts.EXAMPLE_CODE,
            "typed": typed,
            "other_lang": other,
            "other_address": "/?" + urlencode(query) if query else "/",
        }
        # A look-up may be made on a shared computer, and its answer changes.
        headers = {"Cache-Control": "no-store" if typed else "no-cache"}
        return HTMLResponse(look.render(env, template, context), status, headers)

    def refusal(status: int, language: Lang, typed: str, title: Text, *reasons: str) -> HTMLResponse:
        error = reasons[0] if status == 400 else None
        return page("form.html", status, language, typed, problem=title.say(language), reasons=reasons, error=error)

    def too_much(language: Lang, typed: str, wait: int) -> HTMLResponse:
        sorry = texts.TOO_MUCH_TEXT.say(language, wait=texts.wait(wait).say(language))
        response = refusal(429, language, typed, texts.TOO_MUCH, sorry)
        response.headers["Retry-After"] = str(wait)
        return response

    @routes.get("/")
    async def look_up(request: Request, code: str | None = None, lang: str = "vi") -> HTMLResponse:
        language: Lang = "en" if lang == "en" else "vi"
        now = datetime.now(UTC)
        if code is None:
            return page("form.html", 200, language, problem=None, error=None)
        visitor = admission.visitor(request)
        if (wait := math.ceil(visitor.wait())) > 0:
            return too_much(language, code, wait)
        dossiers: list[Dossier] = []
        if code_key(code) and len(code) <= _LONGEST_CODE:
            try:
                dossiers = await find(code)
            except NotAnswering as unknown:
                visitor.missed()
                sorry = texts.NOT_ANSWERING_TEXT.say(language)
                response = refusal(503, language, code, texts.NOT_FOUND, sorry)
                response.headers["Retry-After"] = unknown.headers["Retry-After"]
                return response
            except Exception:
                log.exception("portal.lookup_failed")
                sorry = texts.UNAVAILABLE_TEXT.say(language)
                response = refusal(503, language, code, texts.UNAVAILABLE, sorry)
                response.headers["Retry-After"] = "60"
                return response
        if dossiers:
            for dossier in dossiers:
                visitor.found(dossier.id)
            views = [present(dossier, language, now) for dossier in dossiers]
            return page("found.html", 200, language, code, dossiers=views, error=None)
        if wrong := what_is_wrong(code, now.astimezone(VIETNAM).date(), language):
            return refusal(400, language, code[:_LONGEST_CODE], texts.PAGE["problem"], wrong)
        visitor.missed()
        hints = (hint.say(language) for hint in texts.NOT_FOUND_HELP)
        return refusal(404, language, code, texts.NOT_FOUND, *hints)

    return routes
