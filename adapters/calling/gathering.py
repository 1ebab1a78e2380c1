"""One write for a request: its head and its body leave together, in as few packets as they fit into.

The HTTP library writes them one after the other, and each is a call to the system, and on a slow link a packet that
waits for the one before it.
"""

import ssl
from contextlib import suppress
from typing import Any

import httpcore

# More than this is not held back.
_MOST = 64 * 1024


class GatheringStream(httpcore.AsyncNetworkStream):
    """A connection that holds back what is written until an answer is asked for."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._held = bytearray()
        self._timeout: float | None = None

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        # A server may refuse a request that it has not read, and its refusal says more than the broken pipe.
        with suppress(httpcore.WriteError):
            await self._flush()
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._held += buffer
        self._timeout = timeout
        if len(self._held) > _MOST:
            await self._flush()

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        return GatheringStream(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    async def _flush(self) -> None:
        if self._held:
            held, self._held = bytes(self._held), bytearray()
            await self._stream.write(held, self._timeout)
