"""Hands messages to addresses that others have named: nothing is followed, little is read, and no answer is waited for
longer than a try may take.

The way to the network is that of all calls (`CheckedNetwork`): where a name leads is checked when it is called.
"""

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from socket import gaierror
from typing import Self

from adapters.calling.egress import Private
from adapters.calling.http import Connections, Incoming, Request
from adapters.calling.tls import public_context
from contracts.errors import AgencyFailure, Throttled, TimedOut, Unreachable
from contracts.system import Limits

#: For one try, from the look-up of the name to the head of the answer.
TOTAL_SECONDS = 20.0

_CONNECT_SECONDS = 5.0
# The answer is in its head. Of its body the beginning is kept, where it comes at once.
_BODY_SECONDS = 2.0
_BODY_BYTES = 4096
_LIMITS = Limits(connect_seconds=_CONNECT_SECONDS, read_seconds=TOTAL_SECONDS, max_bytes=64 * 1024, attempts=1)


class NotDelivered(Exception):
    """There was no answer. The message is one sentence for whoever runs the address, and names no secret."""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    #: Seconds, where it asked for some with 429 or 503.
    retry_after: float | None
    #: The beginning of what it said.
    body: bytes


class Messenger:
    def __init__(self, private: Private = False, seconds: float = TOTAL_SECONDS) -> None:
        """`private`: in which private networks addresses may be."""
        self._private, self._seconds = private, seconds
        self._connections: Connections | None = None

    async def __aenter__(self) -> Self:
        self._connections = Connections(await asyncio.to_thread(public_context), self._private)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._connections is not None
        await self._connections.aclose()

    async def post(self, address: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Raises NotDelivered. Whatever was answered, 3xx among it, is a Reply."""
        assert self._connections is not None
        # Unpacked bodies may be larger than what was sent, and nothing in them is needed.
        request = Request("POST", address, headers={"Accept-Encoding": "identity"} | dict(headers), body=body)
        try:
            async with asyncio.timeout(self._seconds) as patience:
                async with self._connections.exchange(request, _LIMITS) as incoming:
                    patience.reschedule(None)
                    said = incoming.verdict()
                    retry_after = said.retry_after if isinstance(said, Throttled) else None
                    return Reply(incoming.status, retry_after, await _beginning(incoming))
        except TimeoutError:
            raise NotDelivered(f"There was no answer within {self._seconds:g} s.") from None
        except AgencyFailure as failure:
            raise NotDelivered(_words(failure)) from failure


async def _beginning(incoming: Incoming) -> bytes:
    body = bytearray()
    with suppress(AgencyFailure, TimeoutError):
        async with asyncio.timeout(_BODY_SECONDS):
            async for chunk in incoming.chunks():
                body += chunk
                if len(body) >= _BODY_BYTES:
                    break
    return bytes(body[:_BODY_BYTES])


def _words(failure: AgencyFailure) -> str:
    """The failure's own words speak of agencies, to admins."""
    if isinstance(failure, TimedOut):
        return "It keeps us waiting for an answer."
    cause: BaseException | None = failure
    while cause is not None:
        if isinstance(cause, gaierror | UnicodeError):
            return "Its name leads nowhere."
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"Its certificate is not accepted: {cause.verify_message}."
        if isinstance(cause, ssl.SSLError):
            return "It does not speak TLS of version 1.2 or later there."
        cause = cause.__cause__ or cause.__context__
    if isinstance(failure, Unreachable) and not failure.sent:
        if not failure.passing:
            return "Its name leads to an address that the hub does not call: only public ones are."
        return "There is no connection to it."
    if not failure.sent:
        return "Its address is not one that can be called."
    return "It broke off, or does not speak HTTP."
