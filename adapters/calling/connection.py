"""One connection to an agency's system, by asyncio alone: TCP, TLS over it, and what was received and not yet read.

A request's head and body leave together, in as few packets as they fit into: the HTTP library writes them one after
the other, and each is a call to the system, and on a slow link a packet that waits for the one before it. The
library's own connections take half as long again for a call.
"""

import asyncio
import select
import ssl
from contextlib import suppress
from typing import Any

import httpcore

# More than this is not held back of what is written, nor received before somebody reads it.
_MOST = 64 * 1024


class Connection(httpcore.AsyncNetworkStream, asyncio.Protocol):
    """Holds back what is written until an answer is asked for."""

    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._held = bytearray()
        self._write_timeout: float | None = None
        self._received = bytearray()
        self._reading = True
        self._full = False
        self._ended = False
        self._broken: Exception | None = None
        # Whoever waits for something to be received, or for what was written to leave.
        self._waiting: asyncio.Future[None] | None = None

    @classmethod
    async def to(cls, address: str, port: int, timeout: float | None) -> "Connection":
        """Raises httpcore.ConnectTimeout and ConnectError."""
        try:
            async with asyncio.timeout(timeout):
                _, connection = await asyncio.get_running_loop().create_connection(cls, address, port)
        except TimeoutError:
            raise httpcore.ConnectTimeout("it took too long") from None
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        return connection

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        # A server may refuse a request that it has not read, and its refusal says more than the broken pipe.
        with suppress(httpcore.WriteError):
            await self._flush()
        if not self._received and not self._ended:
            await self._wait(timeout, httpcore.ReadTimeout)
        if self._received:
            return self._take(max_bytes)
        if self._broken:
            raise _because(httpcore.ReadError, self._broken)
        return b""

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._held += buffer
        self._write_timeout = timeout
        if len(self._held) > _MOST:
            await self._flush()

    async def aclose(self) -> None:
        # All that was asked for has come, or nobody wants it any more.
        self._transport.abort()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                secure = await loop.start_tls(self._transport, self, ssl_context, server_hostname=server_hostname)
        except TimeoutError:
            self._transport.abort()
            raise httpcore.ConnectTimeout("TLS took too long") from None
        except OSError as error:  # among them ssl.SSLError
            self._transport.abort()
            raise httpcore.ConnectError(str(error)) from error
        if secure is None:
            raise httpcore.ConnectError("the agency's system hung up")
        self._transport = secure
        return self

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            # Between two requests: it was closed there, or speaks unasked. The loop may not have looked yet.
            return self._ended or bool(self._received) or _readable(self._transport)
        return self._transport.get_extra_info(info)

    # --- asyncio.Protocol: what the event loop tells ----------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        if len(self._received) > _MOST and self._reading:
            self._reading = False
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended, self._broken = True, self._broken or exc
        self._wake()

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        self._wake()

    # --- within -----------------------------------------------------------------------------------------------

    def _take(self, max_bytes: int) -> bytes:
        taken = bytes(self._received[:max_bytes])
        del self._received[:max_bytes]
        # Not before: what comes at once is several times what is taken at once, and would pile up.
        if not self._reading and not self._ended and len(self._received) <= _MOST:
            self._reading = True
            self._transport.resume_reading()
        return taken

    async def _flush(self) -> None:
        """Raises httpcore.WriteError and WriteTimeout."""
        if self._held:
            held, self._held = bytes(self._held), bytearray()
            self._transport.write(held)
        while self._full and not self._ended:
            await self._wait(self._write_timeout, httpcore.WriteTimeout)
        if self._broken:
            raise _because(httpcore.WriteError, self._broken)

    async def _wait(self, timeout: float | None, too_long: type[Exception]) -> None:
        """For the loop to tell anything. Raises `too_long`."""
        self._waiting = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(timeout):
                await self._waiting
        except TimeoutError:
            raise too_long("it took too long") from None
        finally:
            self._waiting = None

    def _wake(self) -> None:
        if self._waiting and not self._waiting.done():
            self._waiting.set_result(None)


def _because(kind: type[Exception], cause: Exception) -> Exception:
    failure = kind(str(cause))
    # The library raises it anew "from None", which leaves of a cause nothing but the context.
    failure.__context__ = cause
    return failure


def _readable(transport: asyncio.Transport) -> bool:
    """Whether there is something to read, an end among it, that the loop has not told of."""
    socket = transport.get_extra_info("socket")
    if socket is None or socket.fileno() < 0:
        return True
    poll = select.poll()
    poll.register(socket.fileno(), select.POLLIN)
    return bool(poll.poll(0))
