"""Answers that may be kept for a while, or asked for again only if they changed: Cache-Control, ETag, If-None-Match."""

import hashlib
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel

#: Keep it, but ask each time whether it is still so; and nobody between us may keep it.
ASK_EACH_TIME = "private, no-cache"
#: Holds what nobody else may see.
KEEP_NOTHING = "private, no-store"

_TAG_BYTES = 12

#: What a route passes as `responses=`, so that the API's documentation tells of it.
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "The answer is still what If-None-Match names."}}


def conditional(request: Request, content: BaseModel, *, cache: str = ASK_EACH_TIME) -> Response:
    """`content` as JSON, or 304 where the asker has just that already."""
    body = content.model_dump_json().encode()
    # Weak: the same answer compressed has the same one.
    tag = f'W/"{hashlib.blake2b(body, digest_size=_TAG_BYTES).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": cache, "Vary": "Authorization, X-Api-Key"}
    if _has(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")


def secret(content: BaseModel) -> Response:
    """`content` as JSON that nobody may keep."""
    return Response(content.model_dump_json(), headers={"Cache-Control": KEEP_NOTHING}, media_type="application/json")


def _has(named: str, tag: str) -> bool:
    """Whether If-None-Match names `tag`, by the weak comparison of RFC 9110."""
    opaque = tag.removeprefix("W/")
    return named.strip() == "*" or any(each.strip().removeprefix("W/") == opaque for each in named.split(","))
