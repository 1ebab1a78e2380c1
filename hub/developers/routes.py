"""/developers and what is below it, in Vietnamese and English."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Cookie, Request
from fastapi.responses import FileResponse, HTMLResponse, PlainTextResponse, RedirectResponse, Response

from hub.bodies import form
from hub.developers import calls, documents, look, reference, texts, worked
from hub.developers.calls import Door
from hub.developers.sessions import LIFETIME_SECONDS, Sessions
from hub.developers.snippets import BY_FILE, SNIPPETS
from hub.portal.look import both, render
from hub.portal.texts import Lang, Text, wait
from hub.problems import ProblemError, ProblemType
from hub.sandbox.api import PATH as SANDBOX_PATH
from hub.sandbox.sandbox import Sandbox, TooManyAgencies
from hub.wording import retold

PATH = "/developers"
_CALLS = f"{PATH}/calls"
_COOKIE = "hub_calls"
_LARGEST_FORM = 1000


def router(sandbox: Sandbox | None, doors: Sequence[Door], sessions: Sessions) -> APIRouter:
    """`doors` are asked one after the other whose key it is that a developer shows."""
    routes = APIRouter(prefix=PATH, include_in_schema=False)
    env = look.environment()

    def page(
        template: str, request: Request, lang: str, status: int = 200, *, keep: str = "no-cache", **context: Any
    ) -> HTMLResponse:
        language: Lang = "en" if lang == "en" else "vi"
        other = "vi" if language == "en" else "en"
        hub = str(request.base_url).rstrip("/")
        context |= {
            "lang": language,
            "query": "?lang=en" if language == "en" else "",
            "here": request.url.path,
            "other_lang": other,
            "other_address": request.url.path + ("?lang=en" if other == "en" else ""),
            "both": lambda vi, en: both(language, vi, en),
            "say": lambda text: both(language, *text),
            "retold": lambda said: retold(language, said),
            "hub": hub,
            "sandbox_url": hub + SANDBOX_PATH,
            "has_sandbox": sandbox is not None,
        }
        return HTMLResponse(render(env, template, context), status, {"Cache-Control": keep})

    @routes.get("")
    async def guide(request: Request, lang: str = "vi") -> HTMLResponse:
        return page("guide.html", request, lang, worked=worked.example(), snippets=SNIPPETS)

    @routes.get("/events")
    async def events(request: Request, lang: str = "vi") -> HTMLResponse:
        tables = {"incoming": reference.incoming(), "answer": reference.answer(), "outgoing": reference.outgoing()}
        return page(
            "events.html",
            request,
            lang,
            tables=tables,
            fields=texts.FIELDS,
            outgoing=texts.OUTGOING,
            outcomes=texts.OUTCOMES,
            changes=reference.CHANGES,
        )

    @routes.get("/errors")
    async def errors(request: Request, lang: str = "vi") -> HTMLResponse:
        ours = [type for type in ProblemType if type in texts.PROBLEMS]
        others = [type for type in ProblemType if type not in texts.PROBLEMS]
        vi = texts.PROBLEMS | texts.OTHER_PROBLEMS
        return page("errors.html", request, lang, ours=ours, others=others, vi=vi, reasons=texts.REFUSALS)

    @routes.get("/snippets/{file}")
    async def snippet(file: str) -> PlainTextResponse:
        if file not in BY_FILE:
            raise ProblemError(ProblemType.NOT_FOUND, f"There is no such file; there are {', '.join(BY_FILE)}.")
        return PlainTextResponse(BY_FILE[file].text, headers={"Cache-Control": "no-cache"})

    @routes.get("/asyncapi.json")
    @routes.get("/schemas/{file}")
    async def contract(request: Request) -> FileResponse:
        return _document(documents.CONTRACTS, request, "application/json")

    @routes.get("/docs/{file}")
    async def page_of_docs(request: Request) -> FileResponse:
        # As plain text, which every browser shows.
        return _document(documents.PAGES, request, "text/plain; charset=utf-8")

    @routes.get("/sandbox")
    async def about_sandbox(request: Request, lang: str = "vi") -> HTMLResponse:
        return page("sandbox.html", request, lang, given=None, problem=None)

    @routes.post("/sandbox")
    async def make_agency(request: Request) -> Response:
        lang = (await form(request, _LARGEST_FORM)).get("lang", "vi")
        if sandbox is None:
            return page("sandbox.html", request, lang, 404, given=None, problem=None)
        try:
            given = await sandbox.make(request.client.host if request.client else "")
        except TooManyAgencies as many:
            seconds = math.ceil(many.wait_seconds)
            response = page("sandbox.html", request, lang, 429, given=None, problem=wait(seconds))
            response.headers["Retry-After"] = str(seconds)
            return response
        return page("sandbox.html", request, lang, 201, keep="no-store", given=given, problem=None, snippets=SNIPPETS)

    @routes.get("/calls")
    async def show_calls(
        request: Request, lang: str = "vi", agency: str | None = None, hub_calls: Annotated[str | None, Cookie()] = None
    ) -> HTMLResponse:
        key = sessions.key(hub_calls) if hub_calls else None
        found = await calls.who(doors, key) if key else None
        if found is None:
            return page("key.html", request, lang, keep="no-store", refused=None)
        door, caller = found
        agencies = door.agencies(caller)
        chosen = agency if agency in agencies else next(iter(agencies), None)
        return page(
            "calls.html",
            request,
            lang,
            keep="no-store",
            agencies=agencies,
            calls=await calls.last(door, chosen) if chosen else None,
            states=texts.STATES,
        )

    @routes.post("/calls")
    async def enter(request: Request) -> Response:
        fields = await form(request, _LARGEST_FORM)
        lang, key = fields.get("lang", "vi"), fields.get("key", "").strip()
        if not key or await calls.who(doors, key) is None:
            return page("key.html", request, lang, 403, keep="no-store", refused=_NOT_SUCH_A_KEY)
        response = RedirectResponse(_CALLS + ("?lang=en" if lang == "en" else ""), 303)
        response.set_cookie(
            _COOKIE,
            sessions.cookie(key),
            max_age=LIFETIME_SECONDS,
            path=_CALLS,
            httponly=True,
            # Strict: other sites' links and forms cannot use it, so that no further token is needed.
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return response

    @routes.post("/calls/leave")
    async def leave(request: Request) -> Response:
        lang = (await form(request, _LARGEST_FORM)).get("lang", "vi")
        response = RedirectResponse(_CALLS + ("?lang=en" if lang == "en" else ""), 303)
        response.delete_cookie(_COOKIE, path=_CALLS)
        return response

    return routes


def _document(known: Mapping[str, Path], request: Request, media_type: str) -> FileResponse:
    """One of the `known` files, by the rest of the path. Raises ProblemError."""
    file = known.get(request.url.path.removeprefix(f"{PATH}/"))
    if file is None:
        raise ProblemError(ProblemType.NOT_FOUND, f"There is no such document; there are {', '.join(known)}.")
    return FileResponse(file, media_type=media_type, headers={"Cache-Control": "no-cache"})


_NOT_SUCH_A_KEY = Text(
    "Khóa này không đúng, đã hết hạn, hoặc thiếu quyền `deliveries:read`.",
    "This key is not valid, has ended, or lacks the scope `deliveries:read`.",
)
