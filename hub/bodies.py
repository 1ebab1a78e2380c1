"""Request bodies read with a limit: nobody unknown may fill our memory."""

from starlette.requests import ClientDisconnect, Request


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
