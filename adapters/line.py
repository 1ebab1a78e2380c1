"""The line to one agency: what all of its calls share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from zoneinfo import ZoneInfo

from adapters.client import Client, RawAnswer, Request
from contracts.adapter import Priority, Secrets
from contracts.agency import AgencySpec
from contracts.system import RestSystem, SoapSystem

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Line:
    spec: AgencySpec
    system: RestSystem | SoapSystem
    client: Client
    secrets: Secrets

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.spec.time_zone)

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
            request,
            limits=self.system.limits,
            agency=self.spec.id,
            operation=operation,
            repeatable=repeatable,
            understand=understand,
        )
