"""Answers that may be kept for a while, or asked for again only if they changed: Cache-Control, ETag, If-None-Match."""

from typing import Any, TypeAlias

import orjson
from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel

from hub.etags import CACHE_CONTROL, etag, is_known

#: Holds what nobody else may see.
KEEP_NOTHING = "private, no-store"

#: A model; or the plain values that such a model would give, where making it would cost more than all the rest.
Content: TypeAlias = BaseModel | dict[str, Any]

#: What a route passes as `responses=`, so that the API's documentation tells of it.
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "The answer is still what If-None-Match names."}}


def conditional(request: Request, content: Content) -> Response:
    """`content` as JSON, or 304 where the asker has just that already."""
    body = _json(content)
    tag = etag(body)
    headers = {"ETag": tag.decode(), "Cache-Control": CACHE_CONTROL[1].decode(), "Vary": "Authorization, X-Api-Key"}
    if is_known(request.scope["headers"], tag):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")


def secret(content: Content) -> Response:
    """`content` as JSON that nobody may keep."""
    return Response(_json(content), headers={"Cache-Control": KEEP_NOTHING}, media_type="application/json")


def _json(content: Content) -> bytes:
    if isinstance(content, BaseModel):
        return content.model_dump_json().encode()
    return orjson.dumps(content, option=orjson.OPT_UTC_Z)
