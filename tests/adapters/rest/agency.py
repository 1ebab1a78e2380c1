"""An agency that speaks REST, to test with: its spec, and an adapter that may call it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml

from adapters import Client, build_adapter
from contracts.adapter import AgencyAdapter
from contracts.agency import AgencySpec
from tests.adapters.calls import Records
from tests.adapters.servers import Asked, Told, answering

CODE = "H21.30-261120-0001"
SPEC: dict[str, Any] = yaml.safe_load("""
id: so-thu
identifier: H21.30
identifier_is_placeholder: true
name: {vi: Sở Thử nghiệm, en: Department of Tests}
kind: department
operations:
  lookup:
    request: {path: "/ho-so/{code}"}
mapping:
  code: ma
  occurred_at: {path: luc, convert: date, formats: [iso]}
  facts:
    note: ghiChu
""")
ROW = {"ma": CODE, "luc": "2026-11-20T08:00:00+07:00", "ghiChu": "Đã nhận"}


class Secrets(dict[str, str]):
    """contracts.adapter.Secrets."""

    def get(self, name: str) -> str:  # type: ignore[override]
        return self[name]


def spec(address: str, lookup: dict[str, Any] | None = None, **system: Any) -> AgencySpec:
    """SPEC at `address`, with another look-up, and with `system` such as its `auth`."""
    data = SPEC | {"system": {"kind": "rest", "address": address, "private": True, **system}}
    if lookup:
        data["operations"] = {"lookup": lookup}
    return AgencySpec.model_validate(data)


@asynccontextmanager
async def calling(made: AgencySpec, secrets: Secrets, records: Records | None = None) -> AsyncIterator[AgencyAdapter]:
    async with Client(records) as client:
        yield build_adapter(made, client=client, secrets=secrets, documents=Path())


@asynccontextmanager
async def asking(
    answer: Callable[[Asked], Told],
    secrets: Secrets,
    records: Records | None = None,
    lookup: dict[str, Any] | None = None,
    **system: Any,
) -> AsyncIterator[AgencyAdapter]:
    """An adapter that calls an agency which answers so. "AGENCY" in `system` stands for its address."""
    async with answering(answer) as address:
        told = {
            name: {
                key: value.replace("AGENCY", address) if isinstance(value, str) else value
                for key, value in part.items()
            }
            for name, part in system.items()
        }
        async with calling(spec(address, lookup, **told), secrets, records) as adapter:
            yield adapter
