"""What tests of the console share: its pages over two agencies that are pulled, and somebody who visits them."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from hub.access.sign_in import SignIn
from hub.db import Database
from hub.registry import Registry
from hub.vault import Vault
from tests.keepers import app_of, console, visitor
from tests.parts import pulled_spec, registry_of


@pytest.fixture
def sign_in(database: Database, vault: Vault) -> SignIn:
    return SignIn(database, vault)


@pytest.fixture
async def registry() -> AsyncIterator[Registry]:
    async with registry_of(pulled_spec(), pulled_spec("so-tnmt")) as made:
        yield made


@pytest.fixture
async def empty_registry() -> AsyncIterator[Registry]:
    """For tests that publish what is in it."""
    async with registry_of() as made:
        yield made


@pytest.fixture
def routes(database: Database, registry: Registry, sign_in: SignIn, vault: Vault) -> APIRouter:
    return console(database, registry, sign_in, vault)


@pytest.fixture
def app(routes: APIRouter) -> FastAPI:
    return app_of(routes)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with visitor(app, follow_redirects=True) as made:
        yield made
