"""The agencies this hub knows: their specs, and an adapter for each that has a system or pushes."""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

from adapters import Client, build_adapter
from contracts.adapter import AgencyAdapter, Secrets
from contracts.agency import AgencySpec


class Registry:
    """Agencies by id. Iterating gives every spec, the disabled ones included."""

    def __init__(self, specs: Mapping[str, AgencySpec], adapters: Mapping[str, AgencyAdapter]) -> None:
        self._specs = dict(specs)
        self._adapters = dict(adapters)

    @classmethod
    async def build(cls, specs: Mapping[str, AgencySpec], *, client: Client, secrets: Secrets, documents: Path) -> Self:
        """Build the adapters of all enabled agencies. Raises what `build_adapter` raises for a wrong spec."""

        def build_all() -> dict[str, AgencyAdapter]:
            return {
                spec.id: build_adapter(spec, client=client, secrets=secrets, documents=documents)
                for spec in specs.values()
                if spec.enabled
            }

        # Off the event loop: reading a WSDL takes up to a second.
        return cls(specs, await asyncio.to_thread(build_all))

    def __iter__(self) -> Iterator[AgencySpec]:
        return iter(self._specs.values())

    def spec(self, agency: str) -> AgencySpec | None:
        return self._specs.get(agency)

    def adapter(self, agency: str) -> AgencyAdapter | None:
        """The agency's adapter; None where there is no such agency, or it is disabled."""
        return self._adapters.get(agency)

    def adapters(self) -> list[AgencyAdapter]:
        return list(self._adapters.values())

    def synced(self) -> list[AgencySpec]:
        """The enabled agencies that are pulled on a schedule."""
        return [spec for spec in self if spec.enabled and spec.sync]
