"""One log line per request, a correlation id for each, and the answer to a request that crashed."""

import re
import time
from random import getrandbits
from typing import NamedTuple

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.db import is_away
from hub.log import bind_correlation, correlation_id
from hub.problems import answer, of_crash

_HEADER = b"x-request-id"
_USABLE_ID = re.compile(rb"[A-Za-z0-9_-]{1,64}")


class Pattern(NamedTuple):
    """What is asked here of the route that answered: for layers that answer in a route's place."""

    path_format: str


class RequestLog:
    """Gives each request a correlation id, logs how it went, and lets no exception out.

    The caller's X-Request-ID is taken over where it is 1-64 of A-Z a-z 0-9 _ -. Paths hold dossier codes
    and queries hold anything, so the route's pattern is logged and neither of those. Wrap it round
    whatever compresses answers, so that `bytes` is what went over the line.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        # Bound once: structlog would make a logger for each line.
        self._log = structlog.get_logger().bind()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        # No secret: what the kernel's random numbers cost would be seen in each request.
        correlation = _given_id(scope) or f"{getrandbits(128):032x}"
        bind_correlation(correlation)
        started = time.perf_counter()
        status: int | None = None
        sent = 0

        async def watched(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", ()),
                    (_HEADER, (correlation_id() or correlation).encode()),
                ]
            elif message["type"] == "http.response.body":
                sent += len(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception as error:
            if is_away(error):
                self._log.warning(
                    "http.database_away", method=scope["method"], route=_route(scope), error=type(error).__name__
                )
            else:
                self._log.exception("http.crashed", method=scope["method"], route=_route(scope))
            # An answer that has begun cannot be taken back: the server cuts the connection.
            if status is None:
                await answer(of_crash(error))(scope, receive, watched)
        finally:
            self._log.info(
                "http.request",
                method=scope["method"],
                route=_route(scope),
                status=status,
                ms=round((time.perf_counter() - started) * 1000, 1),
                bytes=sent,
            )


def _given_id(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == _HEADER:
            return value.decode() if _USABLE_ID.fullmatch(value) else None
    return None


def _route(scope: Scope) -> str | None:
    """The pattern of the route that answered, such as "/v1/dossiers/{code}"; None where there was none."""
    return getattr(scope.get("route"), "path_format", None)
