"""What tests of lists share: the routes of the index over two agencies, and keys with the scopes that are asked for."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from contracts.observation import Observation
from hub import problems
from hub.access.keys import ApiKeys
from hub.access.people import People
from hub.access.scopes import Scope
from hub.db import Database
from hub.index import list_routes, people_routes, statistics_routes
from hub.index.answers import Answers
from hub.index.lists import Lists
from hub.index.record import record
from hub.live.fresh import Fresh
from hub.live.looks import Looks
from hub.registry import Registry
from hub.vault import Vault
from tests.parts import pulled_spec, registry_of

Record = Callable[..., Awaitable[None]]
NewClient = Callable[..., Awaitable[httpx.AsyncClient]]


@pytest.fixture
async def registry() -> AsyncIterator[Registry]:
    async with registry_of(pulled_spec("ubnd-pleiku"), pulled_spec("so-tnmt")) as built:
        yield built


@pytest.fixture
def lists(database: Database, registry: Registry, vault: Vault) -> Lists:
    return Lists(database, registry, vault)


@pytest.fixture
def do(database: Database, vault: Vault) -> Record:
    """Records what was said."""

    async def recorded(*heard: Observation) -> None:
        async with database.begin() as connection:
            await record(connection, heard, vault)

    return recorded


@pytest.fixture
async def new_client(database: Database, lists: Lists, vault: Vault, registry: Registry) -> AsyncIterator[NewClient]:
    """Makes a frontend whose key has some scopes, and is for some agencies."""
    app = FastAPI()
    problems.install(app)
    keys = ApiKeys(database)
    fresh = Fresh(Answers(database, registry, vault).find, Looks(database, registry, vault), registry)
    app.include_router(list_routes.router(lists, keys, fresh.at_most))
    app.include_router(people_routes.router(lists, keys, People(vault), vault))
    app.include_router(statistics_routes.router(database, keys))
    made: list[httpx.AsyncClient] = []

    async def new(*scopes: Scope, agencies: list[str] | None = None, **headers: Any) -> httpx.AsyncClient:
        if scopes:
            headers["X-Api-Key"] = await keys.create(
                f"frontend-{len(made)}", scopes=scopes, agencies=agencies, actor="test"
            )
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub", headers=headers)
        made.append(client)
        return client

    yield new
    for client in made:
        await client.aclose()
