"""Request bodies read with a limit: nobody unknown may fill our memory."""

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
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length[:20]) > limit:
        raise BodyTooLarge
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise BodyTooLarge
    except ClientDisconnect:
        raise BodyCutOff from None
    return bytes(body)


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
        length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if length.isdigit() and int(length[:20]) > LARGEST:
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
