"""The answer by code given ahead of the framework is the route's, to the byte, and the contract's."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from contracts.dossier import Dossier
from contracts.observation import Channel
from hub import problems
from hub.access.keys import ApiKeys
from hub.access.scopes import Scope
from hub.db import Database
from hub.index.answers import Answers
from hub.index.by_code import ByCode
from hub.index.record import record
from hub.index.routes import router
from hub.limits.addresses import Addresses
from hub.limits.admission import Admission
from hub.live.fresh import Fresh
from hub.live.looks import Looks
from hub.streams import store
from hub.vault import Vault
from tests.observations import observation as said
from tests.parts import pulled_spec, registry_of

RICH, POOR, TWICE = "H21.20-261123-0001", "H21.20-261123-0002", "H21.20-261123-0003"


class Clients:
    """The same hub with the layer and without it. `went_on` is what the layer did not answer itself."""

    def __init__(self, fast: httpx.AsyncClient, slow: httpx.AsyncClient, went_on: list[str]) -> None:
        self.fast, self.slow, self.went_on = fast, slow, went_on


@pytest.fixture
async def clients(database: Database, vault: Vault) -> AsyncIterator[Clients]:
    async with AsyncExitStack() as stack:
        specs = [pulled_spec("ubnd-pleiku").model_copy(update={"phone": "0269 3800 100"}), pulled_spec("so-tnmt")]
        registry = await stack.enter_async_context(registry_of(*specs))
        await store.ensure(database, specs)
        answers, keys, app = Answers(database, registry, vault), ApiKeys(database), FastAPI()
        problems.install(app)
        fresh = Fresh(answers.find, Looks(database, registry, vault), registry)
        app.include_router(router(answers, fresh.find, Admission(Addresses(database, vault), keys)))
        went_on: list[str] = []

        async def noted(scope: Any, receive: Any, send: Any) -> None:
            went_on.append(scope["path"])
            await app(scope, receive, send)

        headers = {"X-Api-Key": await keys.create("portal", scopes=[Scope.DOSSIERS_READ], actor="test")}
        fast, slow = [
            await stack.enter_async_context(
                httpx.AsyncClient(transport=httpx.ASGITransport(each), base_url="http://hub", headers=headers)
            )
            for each in (ByCode(noted, answers, keys), app)
        ]
        heard = [
            said(
                RICH,
                at=0,
                status=1,
                status_raw="Mới",
                procedure_code="1.001612",
                procedure_name="Đăng ký «hộ» \u2028 kinh doanh",
                submitted_at="2026-11-23T08:00:00.5+07:00",
                due_at="2026-12-01T00:00:00Z",
                applicant_name="Nguyễn Văn Đức",
            ),
            said(RICH, at=1, status=2, channel=Channel.PULL),
            said(RICH, at=None, heard=2, status=4, status_raw="Đang xử lý"),
            said(POOR, at=None, heard=1, note="chưa rõ"),
            said(TWICE, at=0, status=1),
            said(TWICE, at=0, status=1, agency="so-tnmt"),
        ]
        async with database.begin() as connection:
            await record(connection, heard, vault)
        yield Clients(fast, slow, went_on)


@pytest.mark.parametrize("code", [RICH, POOR, "h21.20 261123 0001"])
async def test_same_bytes(clients: Clients, code: str) -> None:
    fast, slow = [await client.get(f"/v1/dossiers/{code}") for client in (clients.fast, clients.slow)]
    assert clients.went_on == []
    assert (fast.status_code, fast.content) == (slow.status_code, slow.content) == (200, fast.content)
    assert fast.headers["Content-Type"] == slow.headers["Content-Type"]
    assert Dossier.model_validate_json(fast.content).model_dump_json().encode() == fast.content


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/v1/dossiers/{TWICE}", 409),
        ("/v1/dossiers/H21.20-261123-0009", 404),
        ("/v1/dossiers/...", 404),
        (f"/v1/dossiers/{'1' * 121}", 400),
        (f"/v1/dossiers/{RICH}?agency=ubnd-pleiku", 200),
        (f"/v1/dossiers/{RICH}/", 307),
        ("/v1/other", 404),
    ],
)
async def test_what_is_out_of_the_ordinary_goes_on(clients: Clients, path: str, status: int) -> None:
    response = await clients.fast.get(path)
    assert response.status_code == status and len(clients.went_on) == 1


@pytest.mark.parametrize("key", [None, "", "ghk_nobodys"])
async def test_whoever_has_no_key_goes_on(clients: Clients, key: str | None) -> None:
    del clients.fast.headers["X-Api-Key"]
    await clients.fast.get(f"/v1/dossiers/{RICH}", headers={} if key is None else {"X-Api-Key": key})
    assert len(clients.went_on) == 1


async def test_who_has_the_answer_is_not_sent_it_again(clients: Clients, database: Database, vault: Vault) -> None:
    first = await clients.fast.get(f"/v1/dossiers/{RICH}")
    again = {"If-None-Match": first.headers["ETag"]}
    second = await clients.fast.get(f"/v1/dossiers/{RICH}", headers=again)
    assert (second.status_code, second.content) == (304, b"")
    assert second.headers["ETag"] == first.headers["ETag"]
    assert first.headers["Cache-Control"] == "private, no-cache"
    async with database.begin() as connection:
        await record(connection, [said(RICH, at=9, status=9)], vault)
    third = await clients.fast.get(f"/v1/dossiers/{RICH}", headers=again)
    assert third.status_code == 200 and third.headers["ETag"] != first.headers["ETag"]
