"""What is answered from the index: one dossier, many, and how fresh each is."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import update

from contracts.dossier import Dossier, DossierPage
from contracts.observation import Channel, Observation
from hub import problems
from hub.access.keys import ApiKeys
from hub.access.scopes import Scope
from hub.db import Database
from hub.index import history_routes, list_routes
from hub.index.answers import Answers
from hub.index.lists import Lists
from hub.index.record import record
from hub.index.routes import router
from hub.limits.addresses import Addresses
from hub.limits.admission import Admission
from hub.live.fresh import Fresh
from hub.live.looks import Looks
from hub.registry import Registry
from hub.streams import store
from hub.streams.tables import stream
from hub.vault import Vault
from tests.observations import T0
from tests.observations import observation as said
from tests.parts import pulled_spec, registry_of

CODE = "H21.20-261123-0001"


@pytest.fixture
async def registry() -> AsyncIterator[Registry]:
    async with registry_of(pulled_spec("ubnd-pleiku"), pulled_spec("so-tnmt")) as built:
        yield built


@pytest.fixture
async def client(database: Database, vault: Vault, registry: Registry) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    problems.install(app)
    keys = ApiKeys(database)
    answers = Answers(database, registry, vault)
    fresh = Fresh(answers.find, Looks(database, registry, vault), registry)
    app.include_router(list_routes.router(Lists(database, registry, vault), keys, fresh.at_most))
    admission = Admission(Addresses(database, vault), keys)
    app.include_router(router(answers, fresh.find, admission))
    app.include_router(history_routes.router(database, vault, answers, admission, keys))
    key = await keys.create("portal", scopes=[Scope.DOSSIERS_READ], actor="test")
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub", headers={"X-Api-Key": key}) as client:
        yield client


async def do(database: Database, vault: Vault, *heard: Observation) -> None:
    async with database.begin() as connection:
        await record(connection, heard, vault)


async def test_one_dossier(client: httpx.AsyncClient, database: Database, vault: Vault) -> None:
    await do(
        database,
        vault,
        said(CODE, at=0, status=1, procedure_code="1.001612", applicant_name="Nguyễn Văn Đức", note="Gọi 0905123456"),
        said(CODE, at=1, status=2),
        said(CODE, at=2, status=2, channel=Channel.PULL),
        said(CODE, at=3, heard=5, status=4, status_raw="DANG_XU_LY"),
    )
    response = await client.get("/v1/dossiers/h21.20 261123 0001")
    found = Dossier.model_validate(response.json())
    assert (found.code, found.procedure.code) == (CODE, "1.001612")
    assert found.status
    assert (found.status.code, found.status.name.vi) == ("4", "Đang xử lý")
    assert [step.status.code for step in found.timeline] == ["1", "2", "4"]
    last = found.timeline[-1]
    assert (last.occurred_at, last.observed_at, last.raw) == (
        T0 + timedelta(minutes=3),
        T0 + timedelta(minutes=5),
        "DANG_XU_LY",
    )
    assert "Đức" not in response.text
    assert "0905123456" not in response.text


async def test_a_late_step_takes_its_place_in_the_timeline(
    client: httpx.AsyncClient, database: Database, vault: Vault
) -> None:
    await do(database, vault, said(CODE, at=5, status=9))
    await do(database, vault, said(CODE, at=1, status=4, heard=9))
    found = Dossier.model_validate((await client.get(f"/v1/dossiers/{CODE}")).json())
    assert [step.status.code for step in found.timeline] == ["4", "9"]


async def test_a_national_code_finds_it_too(client: httpx.AsyncClient, database: Database, vault: Vault) -> None:
    await do(database, vault, said(CODE, status=4, national_code="G22.01.02-261123-0007"))
    assert (await client.get("/v1/dossiers/g22.01.02-261123-0007")).json()["code"] == CODE


@pytest.mark.parametrize("code", ["H21.20-261123-9999", "…", "%00", "a" * 120])
async def test_an_unknown_code_is_404_in_both_languages(client: httpx.AsyncClient, code: str) -> None:
    response = await client.get(f"/v1/dossiers/{code}")
    assert response.status_code == 404
    assert response.json()["type"] == "/problems/dossier-not-found"
    assert "giấy tiếp nhận" in response.json()["detail_vi"]


async def test_a_code_that_two_agencies_gave(client: httpx.AsyncClient, database: Database, vault: Vault) -> None:
    await do(database, vault, said(CODE, status=4), said(CODE, agency="so-tnmt", status=9))
    response = await client.get(f"/v1/dossiers/{CODE}")
    assert response.status_code == 409
    assert sorted(response.json()["agencies"]) == ["so-tnmt", "ubnd-pleiku"]
    chosen = await client.get(f"/v1/dossiers/{CODE}", params={"agency": "so-tnmt"})
    assert chosen.json()["status"]["code"] == "9"


async def test_how_fresh(client: httpx.AsyncClient, database: Database, vault: Vault, registry: Registry) -> None:
    async def ask() -> Any:
        return (await client.get(f"/v1/dossiers/{CODE}")).json()

    async def synced(ago: timedelta, failures: int = 0) -> None:
        async with database.begin() as connection:
            values = {"covered_until": datetime.now(UTC) - ago, "failures_in_a_row": failures}
            await connection.execute(update(stream).where(stream.c.agency == "ubnd-pleiku").values(values))

    await do(database, vault, said(CODE, at=-60 * 24 * 30, status=4))
    await store.ensure(database, registry.synced())
    assert (await ask())["stale_reason"] == "not_synced_yet"
    await synced(timedelta(seconds=20))
    fresh = await ask()
    assert (fresh["stale"], fresh["stale_reason"]) == (False, None)
    # Nothing new was said for a month, and yet the answer is seconds old.
    assert fresh["observed_at"] < fresh["checked_at"]
    await synced(timedelta(hours=1))
    assert (await ask())["stale_reason"] == "sync_late"
    await synced(timedelta(hours=1), failures=3)
    assert (await ask())["stale_reason"] == "agency_failing"


async def test_a_list_needs_a_key(client: httpx.AsyncClient) -> None:
    for headers in ({"X-Api-Key": ""}, {"X-Api-Key": "ghk_wrong"}):
        response = await client.get("/v1/dossiers", headers=headers)
        assert (response.status_code, response.json()["type"]) == (401, "/problems/api-key-refused")


async def test_pages_hold_every_dossier_once(client: httpx.AsyncClient, database: Database, vault: Vault) -> None:
    codes = {f"H21.20-261123-{number:04d}" for number in range(25)}
    for code in sorted(codes):
        await do(database, vault, said(code, status=4))
    seen: list[str] = []
    cursor: str | None = None
    while True:
        response = await client.get("/v1/dossiers", params={"limit": 10} | ({"cursor": cursor} if cursor else {}))
        page = DossierPage.model_validate(response.json())
        seen += [item.code for item in page.items]
        if (cursor := page.next_cursor) is None:
            break
    assert len(seen) == 25
    assert set(seen) == codes


async def test_filters(client: httpx.AsyncClient, database: Database, vault: Vault) -> None:
    await do(database, vault, said(CODE, status=4), said("H21.09-261123-0001", agency="so-tnmt", status=9))
    noted = datetime.now(UTC).isoformat()
    await do(database, vault, said("H21.09-261123-0002", agency="so-tnmt", status=4))

    async def codes(**query: str) -> set[str]:
        response = await client.get("/v1/dossiers", params=query)
        return {item["code"] for item in response.json()["items"]}

    assert await codes(agency="so-tnmt") == {"H21.09-261123-0001", "H21.09-261123-0002"}
    assert await codes(status="4") == {CODE, "H21.09-261123-0002"}
    assert await codes(agency="so-tnmt", status="4") == {"H21.09-261123-0002"}
    assert await codes(updated_since=noted) == {"H21.09-261123-0002"}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"status": "11"}, "status"),
        ({"agency": "Sở"}, "agency"),
        ({"updated_since": "yesterday"}, "updated_since"),
        ({"updated_since": "2026-11-23T08:00:00"}, "updated_since"),
        ({"updated_since": "0.5"}, "updated_since"),
        ({"limit": "0"}, "limit"),
        ({"cursor": "AAAA"}, "cursor"),
        ({"cursor": "không"}, "cursor"),
        ({"cursor": "x" * 300}, "cursor"),
    ],
)
async def test_a_wrong_question_names_the_parameter(
    client: httpx.AsyncClient, query: dict[str, str], field: str
) -> None:
    response = await client.get("/v1/dossiers", params=query)
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == field


async def test_the_past_by_the_agencys_time_and_by_the_hubs(
    client: httpx.AsyncClient, database: Database, vault: Vault
) -> None:
    await do(
        database,
        vault,
        said(CODE, at=0, status=1, status_raw="MOI", procedure_name="Cấp lại", applicant_name="Nguyễn Văn Đức"),
        said(CODE, at=10, heard=30, status=4),
        said(CODE, at=20, heard=21, status=9),
    )

    async def then(**moments: float) -> Any:
        query = {name: (T0 + timedelta(minutes=at)).isoformat() for name, at in moments.items()}
        response = await client.get(f"/v1/dossiers/{CODE}/history", params=query)
        assert response.status_code == 200
        assert "Đức" not in response.text
        told = response.json()
        return (
            told["state"] and told["state"]["status"]["code"],
            [step["status"]["code"] for step in told["timeline"]],
        )

    assert await then() == ("9", ["1", "4", "9"])
    assert await then(as_of=15) == ("4", ["1", "4"])
    assert await then(known_at=25) == ("9", ["1", "9"])
    assert await then(as_of=15, known_at=25) == ("1", ["1"])
    assert await then(as_of=-1) == (None, [])
    wrong = await client.get(f"/v1/dossiers/{CODE}/history", params={"as_of": "2026-11-20T08:00"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (400, "as_of")
    assert (await client.get("/v1/dossiers/H21.20-261123-0002/history")).status_code == 404


async def test_how_old_it_may_be(client: httpx.AsyncClient, database: Database, vault: Vault) -> None:
    await do(database, vault, said(CODE, at=-600, status=4))
    told = (await client.get(f"/v1/dossiers/{CODE}", params={"max_age": 30})).json()
    assert (told["stale"], told["stale_reason"]) == (True, "cannot_be_asked")
    too_young = await client.get(f"/v1/dossiers/{CODE}", params={"max_age": 1})
    assert (too_young.status_code, too_young.json()["errors"][0]["field"]) == (400, "max_age")


async def test_how_old_many_may_be(client: httpx.AsyncClient, database: Database, vault: Vault) -> None:
    """Each by its own agency; a code given twice, or that nobody has, disturbs no other."""
    other = "H21.09-261123-0001"
    await do(database, vault, said(CODE, at=-600, status=4), said(other, agency="so-tnmt", at=-600, status=4))
    codes = [CODE, "h21.20 261123 0001", other, "H21.20-261123-9999"]
    told = (await client.post("/v1/dossiers/by-code", json={"codes": codes, "max_age": 30})).json()
    assert [
        (each["code"], [(one["stale"], one["stale_reason"]) for one in each["dossiers"]]) for each in told["items"]
    ] == [
        *((code, [(True, "cannot_be_asked")]) for code in codes[:3]),
        (codes[3], []),
    ]
    too_young = await client.post("/v1/dossiers/by-code", json={"codes": codes, "max_age": 1})
    assert (too_young.status_code, too_young.json()["errors"][0]["field"]) == (400, "/max_age")


async def test_who_walks_through_codes_has_to_wait(client: httpx.AsyncClient, database: Database, vault: Vault) -> None:
    await do(database, vault, said(CODE, status=4))
    del client.headers["X-Api-Key"]
    answers = [(await client.get(f"/v1/dossiers/H21.20-261123-{number}")).status_code for number in range(2000, 2030)]
    assert answers[:20] == [404] * 20
    assert answers[-1] == 429
    refused = await client.get(f"/v1/dossiers/{CODE}")
    assert refused.status_code == 429, "not even what it may see, lest that tells whether it is there"
    assert "Xin thử lại sau" in refused.json()["detail_vi"]
