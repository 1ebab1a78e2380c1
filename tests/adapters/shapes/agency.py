"""The adapter of a spec in this folder."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml

from adapters import Client, build_adapter
from contracts.adapter import AgencyAdapter
from contracts.agency import AgencySpec
from tests.adapters.calls import Records
from tests.adapters.rest.agency import Secrets
from tests.adapters.shapes.contract import DOCUMENTS


def spec_of(shape: str, address: str = "http://shape.invalid", **system: Any) -> AgencySpec:
    """The spec called `shape`, of a system at `address`; `system` replaces more of its settings."""
    data = yaml.safe_load((Path(__file__).parent / f"{shape}.yaml").read_text("utf-8"))
    data["system"] |= {"address": address, "limits": {"attempts": 1}} | system
    return AgencySpec.model_validate(data)


@asynccontextmanager
async def adapter_of(
    spec: AgencySpec, *, records: Records | None = None, secrets: Secrets | None = None
) -> AsyncIterator[AgencyAdapter]:
    async with Client(records) as client:
        yield build_adapter(spec, client=client, secrets=secrets or Secrets(), documents=DOCUMENTS)
