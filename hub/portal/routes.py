"""GET /: the look-up form and its answers. /xem-day-du: the question that leads to the whole dossier, and that."""

import math
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import urlencode

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from contracts.codes import code_key
from contracts.dossier import Dossier
from contracts.ownership import FullDossier
from hub.bodies import form
from hub.limits.admission import Admission
from hub.live.fresh import NotAnswering
from hub.ownership.full import NotProved, TooManyTries
from hub.ownership.proof import typed_digits
from hub.portal import look, texts
from hub.portal.code_help import what_is_wrong
from hub.portal.page import FULL_PATH, VIETNAM, present
from hub.portal.texts import Lang, Text

log = structlog.get_logger()

Find = Callable[[str], Awaitable[list[Dossier]]]


class Prove(Protocol):
    def __call__(self, code: str, digits: str, *, agency: str | None) -> Awaitable[list[FullDossier]]: ...


# A code, digits, an agency's id and a language.
_LARGEST_FORM = 2000

# Nothing longer is a code (contracts.observation.DossierCode), so nobody is asked about it.
_LONGEST_CODE = 80


def router(find: Find, prove: Prove, admission: Admission) -> APIRouter:
    """The page at /, and its step to the whole dossier. `find` takes the code as typed and gives every dossier under
    its key; `prove` is hub.ownership.full.Ownership.prove.

    Whatever else they raise becomes a calm page with status 503.
    """
    routes = APIRouter(include_in_schema=False)
    env = look.environment()

    def page(
        template: str,
        status: int,
        language: Lang,
        typed: str = "",
        *,
        path: str = "/",
        agency: str = "",
        **context: Any,
    ) -> HTMLResponse:
        other: Lang = "vi" if language == "en" else "en"
        query = ({"lang": other} if other == "en" else {}) | ({"code": typed} if typed else {})
        query |= {"agency": agency} if agency else {}
        context |= {
            "lang": language,
            "t": lambda name, **values: texts.PAGE[name].say(language, **values),
            "example": texts.EXAMPLE_CODE,
            "typed": typed,
            "agency": agency,
            "other_lang": other,
            "other_address": f"{path}?{urlencode(query)}" if query else path,
        }
        # A look-up may be made on a shared computer, and its answer changes.
        headers = {"Cache-Control": "no-store" if typed else "no-cache"}
        return HTMLResponse(look.render(env, template, context), status, headers)

    def refusal(status: int, language: Lang, typed: str, title: Text, *reasons: str) -> HTMLResponse:
        error = reasons[0] if status == 400 else None
        return page("form.html", status, language, typed, problem=title.say(language), reasons=reasons, error=error)

    def unavailable(language: Lang, typed: str) -> HTMLResponse:
        response = refusal(503, language, typed, texts.UNAVAILABLE, texts.UNAVAILABLE_TEXT.say(language))
        response.headers["Retry-After"] = "60"
        return response

    def too_much(language: Lang, typed: str, wait: int, why: Text = texts.TOO_MUCH_TEXT) -> HTMLResponse:
        sorry = why.say(language, wait=texts.wait(wait).say(language))
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
                return unavailable(language, code)
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

    def question(status: int, language: Lang, typed: str, agency: str, error: Text | None = None) -> HTMLResponse:
        query = {"code": typed} | ({"lang": "en"} if language == "en" else {})
        return page(
            "prove.html",
            status,
            language,
            typed,
            path=FULL_PATH,
            agency=agency,
            action=FULL_PATH,
            back="/?" + urlencode(query),
            error=error.say(language) if error else None,
        )

    @routes.get(FULL_PATH)
    async def ask_for_proof(code: str = "", agency: str = "", lang: str = "vi") -> Response:
        language: Lang = "en" if lang == "en" else "vi"
        if not code_key(code) or len(code) > _LONGEST_CODE:
            return RedirectResponse("/", 303)
        # Whether there is such a dossier is not looked up, and so not told.
        return question(200, language, code, agency)

    @routes.post(FULL_PATH)
    async def show_all(request: Request) -> Response:
        given = await form(request, _LARGEST_FORM)
        language: Lang = "en" if given.get("lang") == "en" else "vi"
        code, agency = given.get("code", ""), given.get("agency", "")
        if not code_key(code) or len(code) > _LONGEST_CODE:
            return RedirectResponse("/", 303)
        visitor = admission.visitor(request)
        if (wait := math.ceil(visitor.wait())) > 0:
            return too_much(language, code, wait)
        digits = typed_digits(given.get("digits", ""))
        if digits is None:
            return question(400, language, code, agency, texts.FULL_DIGITS)
        try:
            mine = await prove(code, digits, agency=agency or None)
        except NotProved:
            visitor.failed_proof()
            return question(403, language, code, agency, texts.FULL_REFUSED)
        except TooManyTries as tries:
            return too_much(language, code, math.ceil(tries.wait_seconds), texts.TOO_MANY_TRIES_TEXT)
        except Exception:
            log.exception("portal.proof_failed")
            return unavailable(language, code)
        views = [present(dossier, language, datetime.now(UTC)) for dossier in mine]
        return page("found.html", 200, language, code, dossiers=views, error=None)

    return routes
