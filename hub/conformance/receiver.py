"""Stands where the hub would and hears a sender: takes its deliveries as the hub does, and is sometimes unwell.

The first event is answered with 500, the second slowly, the third with 429 and Retry-After, each at its first try
only; all else as the hub would answer it.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from contracts.adapter import AgencyAdapter, Pushed
from contracts.observation import Channel, Reading
from hub.intake.push import read_body, understood
from hub.intake.signature import Refused


class Trick(StrEnum):
    """How the first try of a delivery is treated."""

    NONE = "none"
    BROKEN = "broken"
    SLOW = "slow"
    BUSY = "busy"

    @property
    def played(self) -> bool:
        return self is not Trick.NONE


#: One for each new delivery, in this order; then none.
TRICKS = (Trick.BROKEN, Trick.SLOW, Trick.BUSY)


@dataclass
class Try:
    """One delivery as it came."""

    at: datetime
    method: str
    query: str
    headers: dict[str, str]
    body: bytes
    #: What the hub would refuse it for.
    refused: Refused | None = None
    #: What names it: the header webhook-id, or else what it says.
    name: str = ""
    pushed: Pushed | None = None
    reading: Reading = field(default_factory=Reading)
    trick: Trick = Trick.NONE
    status: int = 0
    #: Seconds until it was answered, or until the sender would wait no longer.
    seconds: float = 0.0
    left: bool = False

    @property
    def content(self) -> bytes:
        """The same for whatever says the same."""
        return b"\n".join(each.content for each in self.pushed.events) if self.pushed else self.body


class Receiver:
    """ASGI. `tries` has all that came, in its order."""

    def __init__(
        self,
        adapter: AgencyAdapter,
        secrets: list[str],
        say: Callable[[Try, int], None],
        *,
        slow_seconds: float,
        busy_seconds: int,
    ) -> None:
        assert adapter.spec.webhook
        self._adapter, self._webhook, self._secrets, self._say = adapter, adapter.spec.webhook, secrets, say
        self.slow_seconds, self.busy_seconds = slow_seconds, busy_seconds
        self.tries: list[Try] = []
        self._changed = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        address = request.client.host if request.client else ""
        made = Try(datetime.now(UTC), request.method, request.url.query, dict(request.headers), b"")
        try:
            if request.method != "POST":
                raise Refused(405, "bad_method", "/", request.method, "POST")
            made.body = await read_body(request, made.headers)
            self._understand(made, address)
        except Refused as refused:
            made.refused = refused
        made.trick = self._trick(made)
        self.tries.append(made)
        began = time.monotonic()
        answer = self._answer(made)
        if made.trick is Trick.SLOW:
            made.left = await _left(receive, self.slow_seconds)
        made.seconds = time.monotonic() - began
        made.status = 0 if made.left else answer.status_code
        self._say(made, len(self.tries))
        self._changed.set()
        if not made.left:
            await answer(scope, receive, send)

    async def settled(self, quiet_seconds: float) -> None:
        """Wait until every trick was played and came to its end, and nothing has come for a while."""
        while not self._is_settled():
            self._changed.clear()
            await self._changed.wait()
        while True:
            before = len(self.tries)
            await asyncio.sleep(quiet_seconds)
            if len(self.tries) == before:
                return

    def _is_settled(self) -> bool:
        done = {each.name for each in self.tries if 200 <= each.status < 300}
        played = [each for each in self.tries if each.trick.played]
        return {each.trick for each in played} == set(TRICKS) and all(each.name in done for each in played)

    def _understand(self, made: Try, address: str) -> None:
        """Raises Refused."""
        named, made.pushed = understood(
            self._adapter,
            self._webhook,
            made.headers,
            made.body,
            address=address,
            secrets=self._secrets,
            now=made.at,
        )
        made.name = named or made.pushed.events[0].id or sha256(made.content).hexdigest()[:16]
        readings = [self._adapter.read(e.data, Channel.WEBHOOK, made.at) for e in made.pushed.events if e.tells]
        made.reading = Reading(
            observations=tuple(said for each in readings for said in each.observations),
            unusable=tuple(wrong for each in readings for wrong in each.unusable),
        )

    def _trick(self, made: Try) -> Trick:
        names = list(dict.fromkeys(each.name for each in self.tries if each.name))
        if made.refused or made.name in names or len(names) >= len(TRICKS):
            return Trick.NONE
        return TRICKS[len(names)]

    def _answer(self, made: Try) -> Response:
        if refused := made.refused:
            said = {"field": refused.field, "problem": refused.problem, "expected": refused.expected}
            return JSONResponse({"status": refused.status, "errors": [said]}, refused.status)
        before = [each for each in self.tries[:-1] if each.name == made.name]
        if any(each.content != made.content for each in before):
            return JSONResponse({"title": "this id stands for something else"}, 409)
        match made.trick:
            case Trick.BROKEN:
                return JSONResponse({"title": "broken on purpose"}, 500)
            case Trick.BUSY:
                return JSONResponse({"title": "busy on purpose"}, 429, {"Retry-After": str(self.busy_seconds)})
        known = any(200 <= each.status < 300 for each in before)
        return JSONResponse({"id": made.name, "outcome": "applied", "duplicate": known}, 200 if known else 202)


async def _left(receive: Receive, seconds: float) -> bool:
    """Whether the sender goes away within so long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
            return True
    return False
