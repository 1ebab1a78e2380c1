"""An intake behind its route, and an agency that pushes to it."""

from collections.abc import AsyncIterator

import pytest

from hub.db import Database
from hub.intake.refusals import Refusals
from hub.registry import Registry
from hub.vault import Vault
from tests.hub.intake.senders import Sender, sending
from tests.parts import pushing_spec, registry_of


@pytest.fixture
async def registry() -> AsyncIterator[Registry]:
    async with registry_of(pushing_spec(), pushing_spec("so-yt", enabled=False)) as built:
        yield built


@pytest.fixture
def refusals(vault: Vault) -> Refusals:
    return Refusals(vault)


@pytest.fixture
async def sender(database: Database, vault: Vault, registry: Registry, refusals: Refusals) -> AsyncIterator[Sender]:
    async with sending(database, vault, registry, refusals) as one:
        yield one
