"""The question that is asked most, GET /v1/dossiers/{code} by a portal, answered before the framework sees it.

Routing, dependencies, models and their serialisation cost twice as much as all the rest of such an answer: the one
statement, the rendering, the line of log. So the plain case stands here, as a layer of ASGI: a known API key, no query,
and one dossier under the code. Whatever is out of the ordinary goes on to the route in hub.index.routes, which asks
again and answers as if this layer were not there; a test holds that both give the same bytes.
"""

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.access.keys import ApiKeys
from hub.db import DATABASE_AWAY
from hub.etags import CACHE_CONTROL, etag, is_known
from hub.index.answers import Answers
from hub.request_log import Pattern

_PREFIX = "/v1/dossiers/"
_LONGEST = 120
_JSON = (b"content-type", b"application/json")


class ByCode:
    def __init__(self, app: ASGIApp, answers: Answers, keys: ApiKeys) -> None:
        self.app = app
        self._answers = answers
        self._keys = keys
        self._route = Pattern(_PREFIX + "{code}")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await self._answer(scope) if scope["type"] == "http" and scope["method"] == "GET" else None
        if body is None:
            await self.app(scope, receive, send)
            return
        scope["route"] = self._route
        tag = etag(body)
        headers = [(b"etag", tag), CACHE_CONTROL]
        if is_known(scope["headers"], tag):
            status, body = 304, b""
        else:
            status = 200
            headers += [_JSON, (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope) -> bytes | None:
        """The answer's body; None where it is not for this layer to give."""
        path: str = scope["path"]
        code = path[len(_PREFIX) :]
        if not path.startswith(_PREFIX) or "/" in code or len(code) > _LONGEST or scope["query_string"]:
            return None
        key = next((value for name, value in scope["headers"] if name == b"x-api-key"), None)
        try:
            if key is None or await self._keys.holder(key.decode("latin-1")) is None:
                return None
            found = await self._answers.find_json(code)
        except DATABASE_AWAY:
            return None
        return orjson.dumps(found[0], option=orjson.OPT_UTC_Z) if len(found) == 1 else None
