"""The whole dossier without last digits: one's own once signed in, and anybody's for a frontend that may see it."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from hub import problems
from hub.access.keys import ApiKeys
from hub.access.people import People, Person
from hub.access.scopes import Caller, Scope
from hub.db import Database
from hub.index.answers import Answers
from hub.index.marks import Contact
from hub.index.record import record
from hub.limits.addresses import Addresses
from hub.limits.admission import Admission
from hub.ownership.attempts import Attempts
from hub.ownership.full import REFUSAL_SECONDS, Ownership
from hub.ownership.routes import router
from hub.vault import Vault
from tests.observations import observation as said
from tests.parts import pushing_spec, registry_of

CODE, OTHER, NONE = "H21.20-261123-0001", "H21.20-261123-0002", "H21.20-261123-9999"
NUMBER = "064085001234"


@pytest.fixture
def keys(database: Database) -> ApiKeys:
    return ApiKeys(database)


@pytest.fixture
async def client(database: Database, vault: Vault, keys: ApiKeys) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    problems.install(app)
    async with registry_of(pushing_spec("ubnd-pleiku"), pushing_spec("so-tnmt")) as registry:
        ownership = Ownership(database, vault, Attempts(database, vault), Answers(database, registry, vault).find)
        app.include_router(router(ownership, Admission(Addresses(database, vault), keys), keys, People(vault)))
        async with database.begin() as connection:
            await record(
                connection,
                [
                    said(CODE, status=4, applicant_name="Nguyễn Văn Đức", applicant_number=NUMBER, note="Thiếu"),
                    said(CODE, agency="so-tnmt", status=9, applicant_number="064085009999"),
                    said(OTHER, status=4, applicant_phone="0914000112"),
                ],
                vault,
            )
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as opened:
            yield opened


def token(vault: Vault, agencies: tuple[str, ...] | None = None) -> dict[str, str]:
    person = Person.of(Contact.NUMBER, NUMBER, vault, agencies)
    return {"Authorization": f"Bearer {People(vault).token(person, Caller('portal', frozenset(), None))[0]}"}


async def key(keys: ApiKeys, *scopes: Scope, agencies: list[str] | None = None) -> dict[str, str]:
    return {"X-Api-Key": await keys.create("portal", scopes=scopes, agencies=agencies, actor="test")}


async def test_who_is_signed_in_sees_their_own(client: httpx.AsyncClient, vault: Vault) -> None:
    """Under the same code another agency has somebody else's: of that they learn nothing."""
    response = await client.get(f"/v1/dossiers/{CODE}/full", headers=token(vault))
    told = response.json()
    assert (response.status_code, told["agency"]["id"]) == (200, "ubnd-pleiku")
    assert (told["applicant_name"], told["applicant_number"], told["note"]) == (
        "Nguyễn Văn Đức",
        "064*******",
        "Thiếu",
    )
    assert "no-store" in response.headers["Cache-Control"]


async def test_of_others_dossiers_they_learn_nothing(client: httpx.AsyncClient, vault: Vault) -> None:
    loop = asyncio.get_running_loop()
    told = []
    for path, agencies in (
        (f"{OTHER}/full", None),
        (f"{NONE}/full", None),
        (f"{CODE}/full?agency=so-tnmt", None),
        (f"{CODE}/full", ("so-tnmt",)),
    ):
        began = loop.time()
        response = await client.get(f"/v1/dossiers/{path}", headers=token(vault, agencies))
        assert loop.time() - began >= REFUSAL_SECONDS - 0.01
        told.append((response.status_code, response.json(), dict(response.headers)))
    assert told[0][0] == 404
    assert all(each == told[0] for each in told)


async def test_a_frontend_that_may_see_whose_dossiers_they_are(client: httpx.AsyncClient, keys: ApiKeys) -> None:
    reader = await key(keys, Scope.PEOPLE_READ)
    several = await client.get(f"/v1/dossiers/{CODE}/full", headers=reader)
    assert (several.status_code, sorted(several.json()["agencies"])) == (409, ["so-tnmt", "ubnd-pleiku"])
    one = await client.get(f"/v1/dossiers/{CODE}/full", params={"agency": "ubnd-pleiku"}, headers=reader)
    assert one.json()["applicant_name"] == "Nguyễn Văn Đức"
    assert one.json()["applicant_number"] == "064*******"


async def test_a_key_for_some_agencies_sees_no_others(client: httpx.AsyncClient, keys: ApiKeys) -> None:
    reader = await key(keys, Scope.PEOPLE_READ, agencies=["so-tnmt"])
    assert (await client.get(f"/v1/dossiers/{CODE}/full", headers=reader)).json()["status"]["code"] == "9"
    others, nobodys = [await client.get(f"/v1/dossiers/{code}/full", headers=reader) for code in (OTHER, NONE)]
    assert others.status_code == 404 and others.json() == nobodys.json()
    asked = await client.get(f"/v1/dossiers/{OTHER}/full", params={"agency": "ubnd-pleiku"}, headers=reader)
    assert asked.status_code == 403


async def test_nobody_else_sees_any(client: httpx.AsyncClient, vault: Vault, keys: ApiKeys) -> None:
    reader = await key(keys, Scope.DOSSIERS_READ, Scope.DOSSIERS_SEARCH)
    refused = {
        401: [{}, {"Authorization": "Bearer x"}, {"X-Api-Key": "ghk_x"}, token(vault) | {"X-Api-Key": "ghk_x"}],
        403: [reader, reader | token(vault)],
    }
    for status, each in refused.items():
        for headers in each:
            assert (await client.get(f"/v1/dossiers/{CODE}/full", headers=headers)).status_code == status
