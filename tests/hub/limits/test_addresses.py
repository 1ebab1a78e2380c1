"""Addresses that are counted: over HTTP, by all processes together, and nowhere by their names."""

from collections.abc import AsyncIterator
from ipaddress import ip_network

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request
from sqlalchemy import func, select, update
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from hub import problems
from hub.access.keys import ApiKeys
from hub.db import Database
from hub.limits import addresses as addresses_module
from hub.limits.addresses import Addresses, Unlimited
from hub.limits.admission import Admission
from hub.limits.tables import address_debt
from hub.vault import Vault


@pytest.fixture
def addresses(database: Database, vault: Vault) -> Addresses:
    return Addresses(database, vault, [ip_network("10.20.0.0/16"), ip_network("2001:db8:7::/48")])


def must_wait(addresses: Addresses, address: str) -> bool:
    return addresses.visitor(address).wait() > 0


def walk(addresses: Addresses, address: str, times: int = 25) -> None:
    for _ in range(times):
        addresses.visitor(address).missed()


def test_who_walks_through_codes_waits_and_nobody_else_does(addresses: Addresses) -> None:
    walk(addresses, "203.0.113.7")
    assert must_wait(addresses, "203.0.113.7")
    assert must_wait(addresses, "::ffff:203.0.113.7")
    assert not must_wait(addresses, "203.0.113.8")


def test_ipv6_counts_by_the_network_of_one_customer(addresses: Addresses) -> None:
    for number in range(25):
        addresses.visitor(f"2001:db8:0:1::{number:x}").missed()
    assert must_wait(addresses, "2001:db8:0:1:ffff::1")
    assert not must_wait(addresses, "2001:db8:0:2::1")


def test_the_same_dossier_again_costs_nothing(addresses: Addresses) -> None:
    visitor = addresses.visitor("203.0.113.7")
    for _ in range(10_000):
        visitor.found("1")
    assert visitor.wait() == 0
    for number in range(500):
        visitor.found(str(number))
    assert visitor.wait() > 0


def test_known_counters_are_not_counted(addresses: Addresses) -> None:
    for address in ("10.20.3.4", "2001:db8:7:1::1"):
        walk(addresses, address, 1000)
        assert isinstance(addresses.visitor(address), Unlimited)
        assert not must_wait(addresses, address)


async def test_processes_count_together(database: Database, vault: Vault) -> None:
    one, other = Addresses(database, vault), Addresses(database, vault)
    for each in (one, other):
        walk(each, "203.0.113.7", 15)
        assert not must_wait(each, "203.0.113.7")
    for each in (one, other, one):
        await each.share()
    for each in (one, other):
        each.visitor("203.0.113.7").missed()
        assert must_wait(each, "203.0.113.7")
    late = Addresses(database, vault)
    await late.share()
    late.visitor("203.0.113.7").missed()
    assert must_wait(late, "203.0.113.7"), "a restart forgives nobody"
    assert not must_wait(late, "203.0.113.8")


async def test_sharing_again_and_again_adds_nothing(database: Database, vault: Vault) -> None:
    one, other = Addresses(database, vault), Addresses(database, vault)
    walk(one, "203.0.113.7", 10)
    for _ in range(5):
        await one.share()
        await other.share()
    async with database.begin() as connection:
        points = (await connection.execute(select(address_debt.c.points))).scalar_one()
    assert 49 < points <= 50


async def test_the_table_names_no_address_and_no_casual_visitor(database: Database, vault: Vault) -> None:
    addresses = Addresses(database, vault)
    walk(addresses, "203.0.113.7")
    addresses.visitor("203.0.113.8").missed()
    await addresses.share()
    async with database.begin() as connection:
        (row,) = (await connection.execute(select(address_debt))).all()
    assert b"203" not in row.address
    assert (
        row.address
        != Addresses(database, Vault(seal_keys="A" * 43 + "=", digest_key="1" * 64))._counted(b"203.0.113.7/32").digest
    )


async def test_what_is_long_past_is_forgotten(
    database: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = Addresses(database, vault)
    walk(addresses, "203.0.113.7")
    await addresses.share()
    async with database.begin() as connection:
        day_ago = func.now() - func.make_interval(0, 0, 0, 1)
        await connection.execute(update(address_debt).values(told_at=day_ago, wait_until=day_ago))
    monkeypatch.setattr(addresses_module, "_FORGET_SECONDS", 0.0)
    again = Addresses(database, vault)
    await again.share()
    async with database.begin() as connection:
        assert (await connection.execute(select(address_debt))).all() == []
    assert not must_wait(again, "203.0.113.7")


async def test_a_database_that_is_away_leaves_everybody_counted_here(vault: Vault, database_url: str) -> None:
    database = await Database.open(database_url)
    addresses = Addresses(database, vault)
    walk(addresses, "203.0.113.7")
    await database.close()
    database.engine.sync_engine.pool._creator = lambda *_: (_ for _ in ()).throw(OSError("away"))
    with pytest.raises(OSError, match="away"):
        await addresses.share()
    assert must_wait(addresses, "203.0.113.7")
    assert addresses._changed, "and to be told later"


@pytest.fixture
async def client(database: Database, vault: Vault) -> AsyncIterator[httpx.AsyncClient]:
    """A route behind the limit and a proxy at 127.0.0.1, as the hub is behind one."""
    app = FastAPI()
    problems.install(app)
    keys = ApiKeys(database)
    admission = Admission(Addresses(database, vault), keys)

    @app.get("/{known}")
    async def look(request: Request, known: bool) -> None:
        visitor = await admission.admit(request)
        visitor.found("1") if known else visitor.missed()

    behind = ProxyHeadersMiddleware(app, trusted_hosts=["127.0.0.1/32", "::1/128"])  # type: ignore[arg-type]
    transport = httpx.ASGITransport(behind)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        client.headers["X-Good-Key"] = await keys.create("portal", scopes=[], actor="test")
        yield client


async def test_over_http(client: httpx.AsyncClient) -> None:
    walker, other = {"X-Forwarded-For": "203.0.113.7"}, {"X-Forwarded-For": "203.0.113.8"}
    for _ in range(21):
        assert (await client.get("/false", headers=walker)).status_code == 200
    refused = await client.get("/true", headers=walker)
    assert (refused.status_code, refused.json()["type"]) == (429, "/problems/too-many-requests")
    assert int(refused.headers["Retry-After"]) >= 1
    assert "203.0.113.7" not in refused.text
    # Who is not one of ours cannot pass for another: only the last hop before ours is believed.
    disguised = {"X-Forwarded-For": "198.51.100.1, 203.0.113.7"}
    assert (await client.get("/true", headers=disguised)).status_code == 429
    assert (await client.get("/true", headers=other)).status_code == 200
    with_key = walker | {"X-Api-Key": client.headers["X-Good-Key"]}
    for _ in range(50):
        assert (await client.get("/false", headers=with_key)).status_code == 200
    wrong_key = walker | {"X-Api-Key": "ghk_wrong"}
    assert (await client.get("/true", headers=wrong_key)).status_code == 401


def test_uvicorn_is_told_whom_to_believe() -> None:
    """That it takes networks as we give them."""
    config = uvicorn.Config(
        FastAPI(), log_config=None, proxy_headers=True, forwarded_allow_ips=["10.0.0.0/8", "::1/128"]
    )
    config.load()
    assert isinstance(config.loaded_app, ProxyHeadersMiddleware)
    trusted = config.loaded_app.trusted_hosts
    assert "10.1.2.3" in trusted and "::1" in trusted and "11.0.0.1" not in trusted
