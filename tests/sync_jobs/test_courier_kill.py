"""Workers that send are killed at random, and stood still past their claims: nothing is lost, and order holds."""

import asyncio
import json
import random
import signal
from collections import defaultdict
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import asyncpg
import yaml

from config.secrets import digest_key_file, seal_key_file
from contracts.subscription import SubscriptionRequest
from hub.access.keys import ApiKeys
from hub.access.scopes import Scope
from hub.db import Database
from hub.index.record import record
from hub.subscriptions.subscriptions import SubscriptionStore
from hub.vault import Vault
from tests.adapters.servers import Asked, Told
from tests.hub.subscriptions.conftest import CODES
from tests.hub.subscriptions.receiver import OK, receiving
from tests.observations import observation as said
from tests.parts import pushing_spec, registry_of
from tests.running import HubProcess

DOSSIERS, STEPS, KILLS = 40, 5, 6
SECONDS = 240


async def test_workers_are_killed_while_they_send(database_url: str, tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    data = tmp_path / "data"
    vault = Vault(seal_keys=seal_key_file(data), digest_key=digest_key_file(data))
    agencies = tmp_path / "agencies"
    agencies.mkdir()
    spec = pushing_spec()
    told = spec.model_dump(mode="json", exclude_unset=True, by_alias=True)
    (agencies / f"{spec.id}.yaml").write_text(yaml.safe_dump(told, allow_unicode=True))
    database = await Database.open(database_url)

    def answer(_: Asked) -> Told:
        return Told("", status=500) if chance.random() < 0.1 else OK

    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        registry = await stack.enter_async_context(registry_of(spec))
        ordered = await stack.enter_async_context(receiving(answer=answer))
        plain = await stack.enter_async_context(receiving(answer=answer))
        await ApiKeys(database).create("portal", scopes=[Scope.WEBHOOKS_MANAGE], actor="test")
        store = SubscriptionStore(database, registry, vault, plain_http=True)
        await store.make("portal", SubscriptionRequest(address=ordered.address, ordered=True), actor="test")
        await store.make("portal", SubscriptionRequest(address=plain.address), actor="test")
        worker = HubProcess(
            database_url,
            data_dir=data,
            agencies_dir=agencies,
            command="worker",
            settings={"HUB_ENDPOINT_NETWORKS": json.dumps(["127.0.0.0/8"]), "HUB_LOG_LEVEL": "WARNING"},
        )
        workers = [worker, replace(worker)]
        for each in workers:
            stack.push_async_callback(each.kill)
            await each.start(wait=False)

        async def write() -> None:
            for step in range(STEPS):
                for code in CODES[:DOSSIERS]:
                    async with database.begin() as connection:
                        await record(connection, [said(code, agency=spec.id, at=step, status=2 + step % 2 * 2)], vault)
                    await asyncio.sleep(0.01)

        async def harm() -> None:
            for number in range(KILLS):
                await asyncio.sleep(chance.uniform(0.5, 2.5))
                victim = chance.choice(workers)
                if number % 3 == 2:
                    victim.send(signal.SIGSTOP)
                    await asyncio.sleep(1)
                    victim.send(signal.SIGCONT)
                else:
                    await victim.kill()
                    await victim.start(wait=False)

        await asyncio.gather(write(), harm())
        connection = await asyncpg.connect(database_url)
        async with asyncio.timeout(SECONDS):
            while (
                await connection.fetchval("SELECT count(*) FROM delivery WHERE state = 'done'") < 2 * DOSSIERS * STEPS
            ):
                # What was to be tried again in minutes is tried now; claims of the dead end by themselves. Each of the
                # two alone, and passing over what the workers hold: they lock in an order of their own.
                await connection.execute(
                    """UPDATE delivery SET next_try_at = now() WHERE id IN
                       (SELECT id FROM delivery WHERE state = 'open' AND next_try_at < 'infinity'
                           AND (claimed_until IS NULL OR claimed_until < now()) FOR UPDATE SKIP LOCKED)"""
                )
                await connection.execute(
                    """UPDATE destination SET held_until = NULL, next_due_at = now() WHERE id IN
                       (SELECT id FROM destination FOR UPDATE SKIP LOCKED)"""
                )
                await asyncio.sleep(0.2)
        changes = {f"chg-1-{row['seq']}" for row in await connection.fetch("SELECT seq FROM change")}
        await connection.close()
    assert len(changes) == DOSSIERS * STEPS
    for receiver in (ordered, plain):
        assert set(receiver.ids) == changes
    order: dict[str, list[int]] = defaultdict(list)
    for event in ordered.events:
        if int(event["id"]) not in order[event["subject"]]:
            order[event["subject"]].append(int(event["id"]))
    assert len(order) == DOSSIERS
    # As they came first: that one comes again later is what its id is for.
    assert all(ids == sorted(ids) for ids in order.values())
    print(f"{len(ordered.ids) + len(plain.ids) - 2 * len(changes)} came more than once")
