"""Webhooks into a hub in a process of its own: killed at random among ten thousand deliveries; flooded, dripped at."""

import asyncio
import base64
import gzip
import hashlib
import hmac
import json
import os
import random
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import yaml

from tests.running import HubProcess, running_hub

KEY = b"a key that is thirty-two bytes.."
AGENCY = "ubnd-pleiku"
WORDS = {"MOI": 1, "DA_TIEP_NHAN": 2, "DANG_XU_LY": 4, "CHO_BO_SUNG": 5, "XONG": 9}
DELIVERIES = 10_000
DOSSIERS = 700
KILLS = 8


@pytest.fixture
def hub(database_url: str, tmp_path: Path) -> HubProcess:
    spec = {
        "id": AGENCY,
        "identifier": "H21.20",
        "name": {"vi": "UBND thành phố Pleiku", "en": "Pleiku city"},
        "kind": "city",
        "enabled": True,
        "statuses": {word: str(code) for word, code in WORDS.items()},
        "webhook": {"secrets": [f"{AGENCY}-webhook"]},
    }
    folder = tmp_path / "agencies"
    folder.mkdir()
    (folder / f"{AGENCY}.yaml").write_text(yaml.safe_dump(spec, allow_unicode=True))
    secret = "whsec_" + base64.b64encode(KEY).decode()
    return HubProcess(
        database_url,
        data_dir=tmp_path / "data",
        agencies_dir=folder,
        command="api",
        secrets={f"{AGENCY}-webhook": secret},
    )


def signed(body: bytes, named: str, key: bytes = KEY) -> dict[str, str]:
    at = str(int(time.time()))
    digest = hmac.digest(key, f"{named}.{at}.".encode() + body, hashlib.sha256)
    signature = "v1," + base64.b64encode(digest).decode()
    return {"webhook-id": named, "webhook-timestamp": at, "webhook-signature": signature}


def event(number: int, chance: random.Random) -> dict[str, Any]:
    """The numbers are the agency's revisions: what is sent late is old."""
    return {
        "id": f"e{number}",
        "type": "dossier.updated",
        "timestamp": "2026-11-23T08:00:00+07:00",
        "data": {
            "code": f"H21.20-261123-{chance.randrange(DOSSIERS):04}",
            "occurred_at": f"2026-11-23T08:00:00.{number:06}+07:00",
            "revision": number,
            "status": chance.choice(list(WORDS)),
        },
    }


async def until_taken(client: httpx.AsyncClient, events: Sequence[dict[str, Any]]) -> int:
    """As a good sender: the same ids, a new signature each time, until it is 2xx. Returns how often that took."""
    alone = len(events) == 1
    named = events[0]["id"] if alone else f"list-{events[0]['id']}"
    body = json.dumps(events[0] if alone else events).encode()
    tries = 0
    while True:
        tries += 1
        try:
            answer = await client.post(f"/v1/webhooks/{AGENCY}", content=body, headers=signed(body, named))
        except httpx.HTTPError:
            await asyncio.sleep(0.2)
            continue
        if answer.is_success:
            return tries
        assert answer.status_code in (429, 503), answer.text
        await asyncio.sleep(0.2)


async def test_killed_at_random_among_ten_thousand_deliveries(hub: HubProcess, database_url: str) -> None:
    seed = int(os.environ.get("HUB_TEST_SEED", random.randrange(2**32)))
    print(f"HUB_TEST_SEED={seed}")
    chance = random.Random(seed)
    events = [event(number, chance) for number in range(DELIVERIES)]
    groups: list[list[dict[str, Any]]] = []
    left = chance.sample(events, len(events))
    while left:
        size = chance.choice((1, 1, 1, 5, 30, 100))
        groups.append(left[:size])
        left = left[size:]
    # Some are sent twice, though the first was taken.
    groups += chance.sample(groups, len(groups) // 10)
    queue = iter(groups)
    tries = 0

    async def send(client: httpx.AsyncClient) -> None:
        nonlocal tries
        for group in queue:
            took = await until_taken(client, group)
            tries += took

    async def kill() -> None:
        for _ in range(KILLS):
            await asyncio.sleep(chance.uniform(0.3, 2.5))
            await hub.kill()
            await hub.start()

    await hub.start()
    try:
        async with httpx.AsyncClient(base_url=hub.url, timeout=10) as client, asyncio.TaskGroup() as tasks:
            tasks.create_task(kill())
            for _ in range(24):
                tasks.create_task(send(client))
    finally:
        await hub.kill()

    last: dict[str, dict[str, Any]] = {}
    for each in events:
        last[each["data"]["code"]] = each["data"]
    connection = await asyncpg.connect(database_url)
    try:
        inbox = await connection.fetch("SELECT state, count(*) FROM inbox WHERE state <> 'batch' GROUP BY 1")
        taken = {row["state"]: row["count"] for row in inbox}
        rows = {row["code"]: row["status"] for row in await connection.fetch("SELECT code, status FROM dossier")}
        lines = await connection.fetchval("SELECT count(*) FROM observation")
        named = await connection.fetchval("SELECT count(DISTINCT correlation_id) FROM observation")
    finally:
        await connection.close()
    print(json.dumps({"seed": seed, "events": DELIVERIES, "tries": tries, "requests": len(groups), "kills": KILLS}))
    assert tries > len(groups), "no kill has met a delivery"
    assert sum(taken.values()) == DELIVERIES and set(taken) <= {"applied", "superseded", "new"}
    assert taken.get("new", 0) == 0
    assert rows == {code: WORDS[data["status"]] for code, data in last.items()}
    assert lines == named == DELIVERIES


async def test_floods_and_dripping_do_not_hurt_real_senders(hub: HubProcess) -> None:
    body = json.dumps(event(1, random.Random(1))).encode()
    dripping: list[asyncio.StreamWriter] = []

    async def drip(start: bytes) -> None:
        """A connection that begins a request and never ends it."""
        _, writer = await asyncio.open_connection("127.0.0.1", hub.port, local_addr=("127.0.0.3", 0))
        dripping.append(writer)
        writer.write(start)
        await writer.drain()

    async def flood(client: httpx.AsyncClient, statuses: list[int], many: int) -> None:
        for _ in range(many):
            try:
                answer = await client.post(
                    f"/v1/webhooks/{AGENCY}", content=body, headers=signed(body, "x", b"another")
                )
                statuses.append(answer.status_code)
            except httpx.HTTPError:
                # Answered before its body was read, and cut off.
                statuses.append(429)

    async with running_hub(hub):
        for _ in range(150):
            await drip(b"POST /v1/webhooks/ubnd-pleiku HTTP/1.1\r\nHost: hub\r\nX-A: ")
            await drip(b"POST /v1/webhooks/ubnd-pleiku HTTP/1.1\r\nHost: hub\r\nContent-Length: 1000\r\n\r\n{")
        statuses: list[int] = []
        async with client_from("127.0.0.2", hub) as bad, client_from("127.0.0.1", hub) as good:
            flooding = [asyncio.create_task(flood(bad, statuses, 500)) for _ in range(20)]
            chance = random.Random(2)
            tries = [await until_taken(good, [event(number, chance)]) for number in range(100, 200)]
            assert tries.count(1) > 90, tries
            await asyncio.gather(*flooding)
            assert len(statuses) == 10_000
            # 503 while nobody knows yet that it is a flood.
            assert {401, 429} <= set(statuses) <= {401, 429, 503}
            # The longer the flood takes, the more of it is heard in between.
            assert statuses.count(429) > 5000
            # Nobody waits for what somebody else has begun; and what is whole is taken from the flooder's neighbours.
            bomb = gzip.compress(b" " * 10_000_000)
            packed = await good.post(
                f"/v1/webhooks/{AGENCY}", content=bomb, headers=signed(bomb, "bomb") | {"Content-Encoding": "gzip"}
            )
            assert packed.status_code == 415
            assert packed.json()["errors"][0]["field"] == "Content-Encoding"
        for writer in dripping:
            writer.close()


def client_from(address: str, hub: HubProcess) -> httpx.AsyncClient:
    transport = httpx.AsyncHTTPTransport(local_address=address)
    return httpx.AsyncClient(transport=transport, base_url=hub.url, timeout=30)


@pytest.fixture
async def line(hub: HubProcess) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    async with running_hub(hub):
        reader, writer = await asyncio.open_connection("127.0.0.1", hub.port)
        yield reader, writer
        writer.close()


async def test_a_body_that_ends_early_is_no_delivery(
    line: tuple[asyncio.StreamReader, asyncio.StreamWriter], database_url: str
) -> None:
    _, writer = line
    body = json.dumps(event(1, random.Random(1))).encode()
    headers = signed(body, "e1") | {"Host": "hub", "Content-Length": str(len(body))}
    head = "POST /v1/webhooks/ubnd-pleiku HTTP/1.1\r\n" + "".join(f"{name}: {headers[name]}\r\n" for name in headers)
    writer.write(head.encode() + b"\r\n" + body[:-1])
    await writer.drain()
    writer.close()
    await asyncio.sleep(0.5)
    connection = await asyncpg.connect(database_url)
    assert await connection.fetchval("SELECT count(*) FROM inbox") == 0
    await connection.close()
