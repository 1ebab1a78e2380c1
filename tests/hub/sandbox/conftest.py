"""A hub with its sandbox, as an application, and developers who try their senders on it."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp

from config.settings import Settings
from hub.main import Hub, create_app, open_hub
from hub.sandbox.sandbox import Sandbox
from hub.shedding import Load
from tests.hub.intake.senders import SECRET
from tests.hub.sandbox.developers import Developer
from tests.parts import pushing_spec
from tests.test_openapi import write


@pytest.fixture
async def hub(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hub]:
    monkeypatch.setenv("HUB_SECRET_UBND_PLEIKU_WEBHOOK", SECRET)
    agencies = tmp_path / "agencies"
    agencies.mkdir()
    write(pushing_spec(), agencies)
    async with open_hub(Settings(data_dir=tmp_path, agencies_dir=agencies, sandbox=True), database_url) as opened:
        yield opened


@pytest.fixture
def sandbox(hub: Hub) -> Sandbox:
    assert hub.sandbox is not None
    return hub.sandbox


@pytest.fixture
def app(hub: Hub) -> ASGIApp:
    return create_app(hub, Load())


@pytest.fixture
async def client(app: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, client=("203.0.113.7", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as opened:
        yield opened


@pytest.fixture
async def developer(client: httpx.AsyncClient, sandbox: Sandbox) -> Developer:
    return Developer(client, await sandbox.make("203.0.113.7"))


@pytest.fixture
async def another(client: httpx.AsyncClient, sandbox: Sandbox) -> Developer:
    return Developer(client, await sandbox.make("203.0.113.8"))
