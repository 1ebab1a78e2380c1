"""What test agencies push is processed as any agency's events are, and is seen by their own developers alone."""

import asyncpg
import httpx
import pytest

from hub.access.scopes import Scope
from hub.limits.debts import Debts
from hub.limits.rules import Terms
from hub.main import Hub
from hub.sandbox.sandbox import SCHEMA, Sandbox, TooManyAgencies
from tests.hub.sandbox.developers import Developer

CODE = "H21.99-261126-0001"


async def test_an_event_is_really_processed(developer: Developer) -> None:
    accepted = (await developer.push(status="DANG_XU_LY")).json()
    assert accepted["outcome"] == "applied"
    [dossier] = (await developer.get("/v1/dossiers")).json()["items"]
    assert (dossier["code"], dossier["status"]["code"]) == (CODE, "4")
    assert dossier["agency"]["id"] == developer.given.agency

    again = await developer.push(status="DANG_XU_LY")
    assert (again.status_code, again.json()["duplicate"]) == (200, True)
    assert (await developer.push(status="XONG")).status_code == 409
    unknown = (await developer.push("msg_2", status="TỪ LẠ")).json()
    assert unknown["outcome"] == "quarantined"
    assert (await developer.push("msg_3", signature="v1,AAAA")).status_code == 401

    path = f"/v1/webhooks/{developer.given.agency}"
    delivered = (await developer.get(f"{path}/deliveries")).json()["items"]
    assert [(each["id"], each["state"]) for each in delivered] == [("msg_2", "quarantined"), ("msg_1", "applied")]


async def test_the_feed_tells_of_it(developer: Developer) -> None:
    cursor = (await developer.get("/v1/changes")).json()["cursor"]
    await developer.push(status="DANG_XU_LY")
    changes = (await developer.get(f"/v1/changes?after={cursor}&wait=5")).json()
    assert [(each["type"], each["data"]["code"]) for each in changes["items"]] == [("dossier.created", CODE)]


async def test_nobody_else_sees_it(hub: Hub, client: httpx.AsyncClient, developer: Developer) -> None:
    await developer.push(status="DANG_XU_LY", applicant={"name": "Nguyễn Thị Ánh"})
    everything = [scope for scope in Scope if scope is not Scope.PEOPLE_TOKENS]
    key = {"X-Api-Key": await hub.keys.create("portal", scopes=everything, actor="test")}
    assert (await client.get(f"/v1/dossiers/{CODE}")).status_code == 404
    assert "Không tìm thấy" in (await client.get(f"/?code={CODE}")).text
    assert (await client.get("/v1/dossiers", headers=key)).json()["items"] == []
    assert (await client.get("/v1/statistics", headers=key)).json()["items"] == []
    assert (await client.get("/v1/changes", headers=key)).json()["items"] == []
    path = f"/v1/webhooks/{developer.given.agency}/deliveries"
    assert (await client.get(path, headers=key)).json()["items"] == []
    # And nothing is there of which somebody who writes the next query would have to think.
    for table in ("dossier", "observation", "change", "inbox", "dossier_mark"):
        assert await hub.database.reads.fetchval(f"SELECT count(*) FROM public.{table}") == 0, table
        assert await hub.database.reads.fetchval(f"SELECT count(*) FROM {SCHEMA}.{table}") > 0, table


async def test_not_even_another_developer(developer: Developer, another: Developer) -> None:
    await developer.push(status="DANG_XU_LY", procedure_code="1.001612")
    assert (await another.get("/v1/dossiers")).json()["items"] == []
    assert (await another.get(f"/v1/dossiers?agency={developer.given.agency}")).status_code == 403
    assert (await another.get(f"/v1/webhooks/{developer.given.agency}/deliveries")).status_code == 403
    assert (await another.get("/v1/procedures")).status_code == 404
    assert (await another.get(f"/v1/dossiers/{CODE}")).status_code == 404
    assert (await another.get("/v1/changes?agency=" + developer.given.agency)).status_code == 403


async def test_its_keys_open_nothing_outside(client: httpx.AsyncClient, developer: Developer) -> None:
    key = {"X-Api-Key": developer.given.key}
    assert (await client.get("/v1/dossiers", headers=key)).status_code == 401
    assert (await client.post("/sandbox/v1/webhooks/ubnd-pleiku", content=b"{}")).status_code == 404
    assert (await client.post(f"/v1/webhooks/{developer.given.agency}", content=b"{}")).status_code == 404


async def test_what_has_ended_is_deleted_and_the_rest_stays(
    sandbox: Sandbox, developer: Developer, another: Developer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in (developer, another):
        await each.push(status="DANG_XU_LY", applicant={"name": "Nguyễn Thị Ánh"})
        await each.push(status="XONG")
        await each.push("msg_2", status="TỪ LẠ")
        await each.push("msg_3", signature="v1,AAAA")
    await sandbox.refusals.flush(sandbox.database)
    assert await sandbox.clear() == 0
    is_good = sandbox.tickets.is_good
    monkeypatch.setattr(sandbox.tickets, "is_good", lambda name: name != developer.given.agency and is_good(name))
    assert await sandbox.clear() == 1
    sandbox.keys._trusted.clear()
    assert (await developer.get("/v1/dossiers")).status_code == 401
    assert (await developer.push("msg_9")).status_code == 404
    assert len((await another.get("/v1/dossiers")).json()["items"]) == 1
    for table in ("dossier", "inbox", "quarantine", "refused_call"):
        agencies = {row["agency"] for row in await sandbox.database.reads.fetch(f"SELECT agency FROM {table}")}
        assert agencies == {another.given.agency}, table
    assert await sandbox.clear() == 0


async def test_of_one_address_only_so_many_are_made(sandbox: Sandbox) -> None:
    for _ in range(11):
        await sandbox.make("203.0.113.9")
    with pytest.raises(TooManyAgencies):
        await sandbox.make("203.0.113.9")
    await sandbox.make("203.0.113.10")


async def test_a_sender_that_never_stops_is_told_to_wait(
    sandbox: Sandbox, developer: Developer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox.pushed, "_terms", Terms(3600, free=1, doubles=1, shortest=60, longest=60, most=5))
    assert (await developer.push("msg_1")).status_code == 202
    assert (await developer.push("msg_2")).status_code == 202
    refused = await developer.push("msg_3")
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 60


def test_who_owes_is_forgotten_before_memory_is_full() -> None:
    debts = Debts(Terms(3600, free=1, doubles=1, shortest=60, longest=60, most=5), most=3)
    for number in range(100):
        assert debts.wait(str(number)) == 0
        debts.charge(str(number))
    assert len(debts._debts) <= 3


async def test_two_processes_open_it_at_once(hub: Hub, sandbox: Sandbox) -> None:
    """Another one finds its tables there; what is public stays as it was."""
    connection = await asyncpg.connect(hub.database.url)
    try:
        schemas = await connection.fetch("SELECT schemaname FROM pg_tables WHERE tablename = 'dossier' ORDER BY 1")
    finally:
        await connection.close()
    assert [row["schemaname"] for row in schemas] == ["public", SCHEMA]
