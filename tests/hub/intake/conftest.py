"""An intake behind its route, and an agency that pushes to it."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from hub import problems
from hub.db import Database
from hub.intake.inbox import Inbox
from hub.intake.push import Floods, Push
from hub.intake.refusals import Refusals, tries
from hub.intake.routes import router
from hub.registry import Registry
from hub.vault import Vault
from tests.hub.intake.senders import SECRET, Sender
from tests.parts import NamedSecrets, pushing_spec, registry_of


@pytest.fixture
async def registry() -> AsyncIterator[Registry]:
    async with registry_of(pushing_spec(), pushing_spec("so-yt", enabled=False)) as built:
        yield built


@pytest.fixture
def refusals(vault: Vault) -> Refusals:
    return Refusals(vault)


@pytest.fixture
async def sender(database: Database, vault: Vault, registry: Registry, refusals: Refusals) -> AsyncIterator[Sender]:
    app = FastAPI()
    problems.install(app)
    secrets = NamedSecrets({"ubnd-pleiku-webhook": SECRET})
    refused = tries()
    app.include_router(router(Push(Inbox(database, vault, registry), registry, secrets, refusals, refused)))
    app.add_middleware(Floods, tries=refused)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        yield Sender(client, app)
