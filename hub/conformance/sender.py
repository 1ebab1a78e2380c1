"""Listens to an agency's sender for a while, and says how it did."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import uvicorn

from adapters import Client, build_adapter
from contracts.adapter import Secrets
from contracts.agency import AgencySpec
from hub.conformance.receiver import Receiver, Try
from hub.conformance.report import Finding, Report
from hub.conformance.sender_checks import CHECKS, heard_by

#: How long the second event's answer takes, and how long the third is asked to wait.
SLOW_SECONDS, BUSY_SECONDS = 10.0, 10
#: When all has been tried, so long must nothing come before we end.
_QUIET_SECONDS = 3.0


async def listen(
    spec: AgencySpec,
    *,
    secrets: Secrets,
    listener: socket.socket,
    wait_seconds: float,
    say: Callable[[Try, int], None],
    slow_seconds: float = SLOW_SECONDS,
    busy_seconds: int = BUSY_SECONDS,
) -> Report:
    """Until all was tried, for `wait_seconds` at most, or until the task is cancelled: that ends the listening alone.

    `say` is told of each delivery and its number. Raises ValueError for an agency that does not push, KeyError for a
    secret that is not there.
    """
    if spec.webhook is None:
        raise ValueError(f"{spec.id} has no `webhook` in its spec")
    keys = [secrets.get(name) for name in spec.webhook.secrets]
    pushing = spec.model_copy(update={"system": None, "operations": type(spec.operations)(), "sync": None})
    adapter = build_adapter(pushing, client=Client(), secrets=secrets, documents=Path())
    receiver = Receiver(adapter, keys, say, slow_seconds=slow_seconds, busy_seconds=busy_seconds)
    began = time.monotonic()
    async with _serving(receiver, listener):
        with suppress(TimeoutError, asyncio.CancelledError):
            await asyncio.wait_for(receiver.settled(_QUIET_SECONDS), wait_seconds)
    heard = heard_by(receiver, spec.webhook, keys, time.monotonic() - began)
    findings = tuple(Finding(check, look(heard)) for check, look in CHECKS)
    return Report(f"{spec.name.vi}, webhook", findings)


class _Server(uvicorn.Server):
    """Without signal handlers of its own: Ctrl-C ends the listening, and the report follows."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def _serving(receiver: Receiver, listener: socket.socket) -> AsyncIterator[None]:
    config = uvicorn.Config(receiver, lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=1)
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving
