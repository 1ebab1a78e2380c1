"""Makes an agency's system fail on demand, in the ways such systems really do."""

import asyncio
import os
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PAGE = "<!DOCTYPE html><html><head><title>Bảo trì</title></head><body>Hệ thống đang bảo trì</body></html>".encode()
_HUGE = 50_000_000
_CHUNK = b" " * 65536

#: Faults that a system itself must play, because they look different in each.
OWN = {"error200", "null_list", "unknown_status"}
NAMES = OWN | {"html", "html502", "truncated", "empty", "huge", "hang", "drip", "reset", "garbage"}


class Faults:
    """ASGI middleware: passes requests on, or answers as the fault of the moment has it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.fault: str | None = None
        self.left: int | None = None
        self.calls: dict[str, int] = {}

    def set(self, fault: str | None, count: int | None = None) -> None:
        """Play `fault` for the next `count` requests, or until told otherwise."""
        if fault is not None and fault not in NAMES:
            raise ValueError(f"no fault {fault!r}; there are {', '.join(sorted(NAMES))}")
        self.fault, self.left = fault, count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        self.calls[scope["path"]] = self.calls.get(scope["path"], 0) + 1
        fault = self._take()
        scope["state"] = {"fault": fault if fault in OWN else None}
        match fault:
            case "html":
                await _answer(send, _PAGE, "text/html; charset=utf-8")
            case "html502":
                await _answer(send, _PAGE, "text/html; charset=utf-8", status=502)
            case "empty":
                await _answer(send, b"", "application/octet-stream")
            case "garbage":
                await _answer(send, os.urandom(2000), "application/octet-stream")
            case "hang":
                await asyncio.Event().wait()
            case "huge":
                await self._huge(send)
            case "truncated" | "drip" | "reset":
                await self._spoiled(fault, scope, receive, send)
            case _:
                await self.app(scope, receive, send)

    def _take(self) -> str | None:
        if self.left is not None:
            if self.left <= 0:
                self.fault = self.left = None
            else:
                self.left -= 1
        return self.fault

    async def _huge(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/xml")]})
        for _ in range(_HUGE // len(_CHUNK)):
            await send({"type": "http.response.body", "body": _CHUNK, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _spoiled(self, fault: str, scope: Scope, receive: Receive, send: Send) -> None:
        """The right answer, spoiled on its way."""
        start: dict[str, Any] = {}
        body = bytearray()

        async def catch(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                body.extend(message.get("body", b""))

        await self.app(scope, receive, catch)
        headers = [(name, value) for name, value in start["headers"] if name != b"content-length"]
        half = bytes(body[: len(body) // 2])
        if fault == "truncated":
            await send(start | {"headers": [*headers, (b"content-length", b"%d" % len(half))]})
            await send({"type": "http.response.body", "body": half})
        elif fault == "reset":
            await send(start | {"headers": [*headers, (b"content-length", b"%d" % len(body))]})
            await send({"type": "http.response.body", "body": half, "more_body": True})
            # Less than promised: the server has no way but to cut the connection.
        else:
            await send(start | {"headers": [*headers, (b"content-length", b"%d" % len(body))]})
            for place in range(len(body)):
                await send({"type": "http.response.body", "body": bytes(body[place : place + 1]), "more_body": True})
                await asyncio.sleep(0.1)
            await send({"type": "http.response.body", "body": b""})


async def _answer(send: Send, body: bytes, content_type: str, status: int = 200) -> None:
    headers = [(b"content-type", content_type.encode()), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
