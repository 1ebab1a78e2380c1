"""ETag and If-None-Match for the API's JSON answers: who has the answer already is told so, and not sent it again."""

import hashlib
from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Each answer may be another the next moment, and for another caller: ask each time, and keep it to yourself.
CACHE_CONTROL = (b"cache-control", b"private, no-cache")

Headers = Iterable[tuple[bytes, bytes]]


def etag(body: bytes) -> bytes:
    """Weak, because the same answer may be sent compressed or not."""
    # Processors have SHA-256 built in: no other digest is as quick.
    return b'W/"' + hashlib.sha256(body).hexdigest()[:24].encode() + b'"'


def is_known(request: Headers, tag: bytes) -> bool:
    """Whether the caller says that it has the answer with this tag."""
    for name, value in request:
        if name == b"if-none-match":
            return any(each.strip().removeprefix(b"W/") in (tag[2:], b"*") for each in value.split(b","))
    return False


class ETags:
    """Tags whole JSON answers with status 200 to GET that say nothing of caching themselves. What is sent piece by
    piece passes as it is."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        begun: Message | None = None

        async def tagged(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start" and _may_be_tagged(message):
                # Not sent before the body is here, which may turn out to be known.
                begun = message
                return
            if begun is not None:
                start, begun = begun, None
                if not message.get("more_body", False):
                    start, message = _tagged(start, message, scope["headers"])
                await send(start)
            await send(message)

        await self.app(scope, receive, tagged)


def _may_be_tagged(start: Message) -> bool:
    headers = dict(start["headers"])
    return (
        start["status"] == 200
        and headers.get(b"content-type", b"").startswith(b"application/json")
        and not headers.keys() & {b"etag", b"cache-control"}
    )


def _tagged(start: Message, end: Message, request: Headers) -> tuple[Message, Message]:
    tag = etag(end.get("body", b""))
    ours = [(b"etag", tag), CACHE_CONTROL]
    if not is_known(request, tag):
        return {**start, "headers": [*start["headers"], *ours]}, end
    kept = [header for header in start["headers"] if header[0] not in (b"content-length", b"content-type")]
    return {**start, "status": 304, "headers": kept + ours}, {**end, "body": b""}
