"""The line to one agency: what all of its calls share."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar
from zoneinfo import ZoneInfo

from adapters.calling.client import Client, Peer, RawAnswer, Request, Stream
from adapters.calling.tls import Trust
from contracts.adapter import Priority, Secrets
from contracts.agency import AgencySpec
from contracts.system import RestSystem, SoapSystem

T = TypeVar("T")


@dataclass(frozen=True)
class Line:
    spec: AgencySpec
    system: RestSystem | SoapSystem
    client: Client
    secrets: Secrets
    #: None for a system with no `tls` of its own.
    trust: Trust | None = None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.spec.time_zone)

    @cached_property
    def peer(self) -> Peer:
        system = self.system
        return Peer(self.spec.id, self.zone, system.limits, system.budget, system.private, self.trust)

    def address(self, path: str) -> str:
        return self.system.address.rstrip("/") + path

    async def call(
        self,
        operation: str,
        request: Request,
        understand: Callable[[RawAnswer], T],
        priority: Priority,
        repeatable: bool = True,
    ) -> T:
        """Client.call, with what is the same for all of the agency's calls."""
        return await self.client.call(
            self.peer, request, operation=operation, understand=understand, priority=priority, repeatable=repeatable
        )

    def stream(
        self, operation: str, request: Request, priority: Priority, repeatable: bool = True
    ) -> AbstractAsyncContextManager[Stream]:
        """Client.stream, likewise."""
        return self.client.stream(self.peer, request, operation=operation, priority=priority, repeatable=repeatable)
