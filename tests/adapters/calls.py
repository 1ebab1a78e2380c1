"""Calls to test the client with: whom they are to, and what came of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from zoneinfo import ZoneInfo

from adapters.calling.client import Client, Peer, RawAnswer, Request
from contracts.adapter import CallRecord, Gate, Priority
from contracts.errors import AgencyFailure
from contracts.system import Budget, Limits

ONCE = Limits(attempts=1)


class Records(list[CallRecord]):
    """A contracts.adapter.CallRecorder."""

    async def __call__(self, record: CallRecord) -> None:
        self.append(record)


def peer(limits: Limits = ONCE, **named: Any) -> Peer:
    """An agency whose system may be on this machine."""
    return Peer("so-x", ZoneInfo("Asia/Ho_Chi_Minh"), limits, Budget(), **{"private": True} | named)


async def call(
    address: str,
    limits: Limits = ONCE,
    *,
    records: Records | None = None,
    gate: Gate | None = None,
    repeatable: bool = True,
    private: bool = True,
    **request: Any,
) -> RawAnswer:
    """One call by a client of its own."""
    async with Client(records, gate) as client:
        return await client.call(
            peer(limits, private=private),
            Request(request.pop("method", "GET"), address, **request),
            operation="changes",
            understand=lambda raw: raw,
            priority=Priority.INCREMENTAL,
            repeatable=repeatable,
        )


class ListedGate:
    """A contracts.adapter.Gate that says yes, unless there is a failure for that turn, and lists what it heard."""

    def __init__(self, *refusals: AgencyFailure | None) -> None:
        self.heard: list[str] = []
        self._refusals = list(refusals)

    @asynccontextmanager
    async def turn(
        self, agency: str, budget: Budget, zone: ZoneInfo, priority: Priority, *, wait_seconds: float
    ) -> AsyncIterator["ListedGate"]:
        refusal = self._refusals.pop(0) if self._refusals else None
        if refusal:
            raise refusal
        self.heard.append("turn")
        try:
            yield self
        finally:
            self.heard.append("over")

    def succeeded(self) -> None:
        self.heard.append("succeeded")

    def failed(self, failure: AgencyFailure) -> None:
        self.heard.append(failure.kind)
