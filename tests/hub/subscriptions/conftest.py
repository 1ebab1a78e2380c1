"""Subscriptions wired for tests: a courier that runs in the test, endpoints on loopback, and a hub's API."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from adapters import Messenger
from contracts.observation import Observation
from contracts.subscription import Subscription, SubscriptionRequest
from hub import problems
from hub.access.keys import ApiKeys
from hub.access.scopes import Scope
from hub.db import Database
from hub.feed import routes as feed_routes
from hub.feed.feed import Feed
from hub.index.record import record
from hub.outbox.store import Outbox
from hub.registry import Registry
from hub.subscriptions import routes
from hub.subscriptions.channel import WebhookChannel
from hub.subscriptions.deliveries import DeliveryLog
from hub.subscriptions.fan_out import FanOut
from hub.subscriptions.owners import teller
from hub.subscriptions.subscriptions import SubscriptionStore
from hub.vault import Vault
from sync_jobs.courier import Courier
from tests.observations import observation as said
from tests.parts import pulled_spec, registry_of

LOOPBACK = (ip_network("127.0.0.0/8"),)
CODES = [f"H21.20-261123-{number:04d}" for number in range(1, 1000)]


@dataclass
class Stage:
    """All that a test of subscriptions needs."""

    database: Database
    registry: Registry
    vault: Vault
    store: SubscriptionStore
    keys: ApiKeys
    channel: WebhookChannel

    async def record(self, *heard: Observation) -> None:
        async with self.database.begin() as connection:
            await record(connection, heard, self.vault)

    async def changes(self, count: int, *, first: int = 0, **facts: Any) -> None:
        """So many dossiers come to be, each in a transaction of its own."""
        for code in CODES[first : first + count]:
            await self.record(said(code, **{"status": 2} | facts))

    async def subscribe(self, address: str, owner: str = "portal", **wanted: Any) -> tuple[Subscription, str]:
        return await self.store.make(owner, SubscriptionRequest(address=address, **wanted), actor="test")

    async def told(self, made: Subscription) -> Subscription:
        """How it is by now."""
        return (await self.store.one(int(made.id), "portal"))[1]

    def fan_out(self) -> FanOut:
        return FanOut(self.database, self.registry, self.vault, on_disabled=teller(self.vault))

    def outbox(self) -> Outbox:
        return Outbox(self.database, self.vault, spacing={}, on_disabled=teller(self.vault))

    def courier(self) -> Courier:
        return Courier(self.database, self.fan_out(), self.outbox(), {"webhook": self.channel})

    @asynccontextmanager
    async def delivering(self, count: int = 1) -> AsyncIterator[None]:
        couriers = [self.courier() for _ in range(count)]
        running = [asyncio.create_task(each.run()) for each in couriers]
        try:
            yield
        finally:
            for each in couriers:
                each.stop()
            await asyncio.gather(*running)

    async def sql(self, statement: str, **values: Any) -> list[Any]:
        async with self.database.begin() as connection:
            result = await connection.execute(text(statement), values)
            return list(result) if result.returns_rows else []

    async def hurry(self, seconds: float = 1e6) -> None:
        """As if so much time had passed for whatever waits to be tried again, but for what waits in a line."""
        await self.sql(
            "UPDATE delivery SET next_try_at = next_try_at - make_interval(secs => :s) "
            "WHERE state = 'open' AND next_try_at < 'infinity' AND claimed_until IS NULL",
            s=seconds,
        )
        await self.sql(
            "UPDATE destination SET held_until = NULL, next_due_at = least(next_due_at, now()) WHERE enabled"
        )

    async def states(self) -> list[str]:
        return [row.state for row in await self.sql("SELECT state FROM delivery ORDER BY id")]


async def until(holds: Callable[[], Awaitable[Any]]) -> Any:
    async with asyncio.timeout(30):
        while not (result := await holds()):
            await asyncio.sleep(0.02)
    return result


@pytest.fixture
async def stage(database: Database, vault: Vault) -> AsyncIterator[Stage]:
    async with (
        registry_of(pulled_spec("ubnd-pleiku"), pulled_spec("so-tnmt")) as registry,
        Messenger(LOOPBACK, seconds=2) as messenger,
    ):
        keys = ApiKeys(database)
        await keys.create("portal", scopes=[Scope.WEBHOOKS_MANAGE], actor="test")
        store = SubscriptionStore(database, registry, vault, plain_http=True)
        yield Stage(database, registry, vault, store, keys, WebhookChannel(messenger))


@pytest.fixture
async def client(stage: Stage) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    problems.install(app)
    app.include_router(routes.router(stage.store, DeliveryLog(stage.database, stage.vault), stage.channel, stage.keys))
    app.include_router(feed_routes.router(Feed(stage.database, stage.registry, stage.vault), stage.keys))
    key = await stage.keys.create("portal", scopes=[Scope.WEBHOOKS_MANAGE, Scope.CHANGES_READ], actor="test")
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://hub", headers={"X-Api-Key": key}, timeout=60
    ) as opened:
        with suppress(GeneratorExit):
            yield opened
