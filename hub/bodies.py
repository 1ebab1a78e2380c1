"""Request bodies read with a limit: nobody unknown may fill our memory."""

from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.problems import ProblemError, ProblemType, answer

#: No body that any route takes is larger.
LARGEST = 512 * 1024


class BodyTooLarge(Exception):
    """The body is larger than its route takes."""


class BodyCutOff(Exception):
    """The connection ended before the body did."""


async def limited_body(request: Request, limit: int) -> bytes:
    """The raw body, at most `limit` bytes; never more of it in memory than that and a chunk."""
    announced = _announced(request.scope)
    if announced > limit:
        raise BodyTooLarge
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise BodyTooLarge
    except ClientDisconnect:
        raise BodyCutOff from None
    if len(body) < announced:
        # The server reads no further where a client asks to change to HTTP/2 (h2c), as Java's does by itself.
        raise BodyCutOff
    return bytes(body)


async def form(request: Request, limit: int) -> dict[str, str]:
    """A form's fields; none where the body is no form, or larger than `limit` bytes, or has a NUL in it: nobody types
    one, and PostgreSQL takes none."""
    try:
        fields = parse_qs((await limited_body(request, limit)).decode())
    except (BodyTooLarge, BodyCutOff, UnicodeDecodeError, ValueError):
        return {}
    first = {name: values[0] for name, values in fields.items()}
    return {} if any("\0" in value for value in first.values()) else first


def _announced(scope: Scope) -> int:
    """How long the body is said to be; 0 where that is not said."""
    length = Headers(scope=scope).get("content-length", "")
    return int(length[:20]) if length.isdecimal() else 0


class BodyLimit:
    """Answers 413 to bodies larger than any route takes, before the framework gathers them whole; routes may take less,
    by `limited_body`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        told = f"The body is larger than {LARGEST} bytes."
        if _announced(scope) > LARGEST:
            await answer(ProblemError(ProblemType.BODY_TOO_LARGE, told))(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > LARGEST:
                # The framework lets this one through, and makes a problem of it.
                raise HTTPException(413, told)
            return message

        await self.app(scope, counted, send)
