"""Events to endpoints: signed, posted, and what their answers mean."""

import re
import time
from datetime import UTC, datetime

from adapters import Messenger, NotDelivered, Reply
from hub.outbox.rules import Outcome, Result
from hub.outbox.store import Claimed
from hub.subscriptions.endpoint import Endpoint

_KEPT = 500
_PERSONAL = re.compile(r"[^\s@,;:\"'<>]{1,64}@[^\s@,;:\"'<>]{1,255}|\+?\d[\d .\-]{6,}\d")


class WebhookChannel:
    """hub.outbox.channel.Channel over HTTP."""

    spacing = 0.0

    def __init__(self, messenger: Messenger) -> None:
        self._messenger = messenger

    async def carry(self, claimed: Claimed) -> Result:
        return await self.post(Endpoint.of(claimed.target), claimed.key, claimed.content)

    async def post(self, endpoint: Endpoint, key: str, body: bytes) -> Result:
        at, began = datetime.now(UTC), time.monotonic()
        try:
            reply = await self._messenger.post(endpoint.address, endpoint.headers(key, body, at), body)
        except NotDelivered as failure:
            return Result(Outcome.FAILED, at, time.monotonic() - began, message=str(failure))
        outcome, message = _verdict(reply)
        return Result(
            outcome,
            at,
            time.monotonic() - began,
            status=reply.status,
            message=message,
            answer=None if outcome is Outcome.OK else _shown(reply.body),
            retry_after=reply.retry_after,
        )


def _verdict(reply: Reply) -> tuple[Outcome, str | None]:
    status = reply.status
    if 200 <= status < 300:
        return Outcome.OK, None
    if status == 410:
        return Outcome.GONE, "It answered 410: nothing more is wanted there."
    if status in (429, 503):
        return Outcome.SLOW_DOWN, f"It answered {status}: it asks us to slow down."
    if 300 <= status < 400:
        return Outcome.FAILED, f"It answered {status}; redirects are not followed. Change the subscription's address."
    return Outcome.FAILED, f"It answered {status}; only 2xx is success."


def _shown(body: bytes) -> bytes | None:
    """The beginning of an answer, without what looks like anybody's number or e-mail."""
    text = body.decode("utf-8", "replace").replace("\0", "")
    # Masked before it is cut, lest half a number remain.
    return _PERSONAL.sub("***", text)[:_KEPT].encode() or None
