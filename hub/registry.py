"""The agencies this process knows: their specs, and an adapter for each that has a system or pushes."""

from collections.abc import Iterator, Mapping

from contracts.adapter import AgencyAdapter
from contracts.agency import AgencySpec


class Registry:
    """Agencies by id. Iterating gives every spec, the disabled ones included. Specs change while the hub runs: ask for
    one each time, and keep none."""

    def __init__(self, specs: Mapping[str, AgencySpec], adapters: Mapping[str, AgencyAdapter]) -> None:
        self._specs = dict(specs)
        self._adapters = dict(adapters)

    def put(self, spec: AgencySpec, adapter: AgencyAdapter | None) -> None:
        """Know the agency by this spec from now on. Whoever is at work with the adapter of before ends with that."""
        # Others may be in the midst of going through them.
        self._specs = dict(sorted((self._specs | {spec.id: spec}).items()))
        adapters = {agency: each for agency, each in self._adapters.items() if agency != spec.id}
        self._adapters = adapters | ({spec.id: adapter} if adapter else {})

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
