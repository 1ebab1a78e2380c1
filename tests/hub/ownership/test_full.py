"""The whole dossier over HTTP: for who proves it, refused to all others in one way, and counted."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select, update

from contracts.observation import Observation
from hub import problems
from hub.access.keys import ApiKeys
from hub.access.people import People
from hub.db import Database
from hub.index.answers import Answers
from hub.index.record import record
from hub.limits.addresses import Addresses
from hub.limits.admission import Admission
from hub.ownership import attempts as attempts_module
from hub.ownership.attempts import Attempts
from hub.ownership.full import REFUSAL_SECONDS, Ownership
from hub.ownership.routes import router
from hub.ownership.tables import proof_attempt
from hub.vault import Vault
from tests.observations import observation as said
from tests.parts import pushing_spec, registry_of

CODE, OTHER, BARE = "H21.20-261123-0001", "H21.20-261123-0002", "H21.20-261123-0003"
Post = Callable[..., Any]


@pytest.fixture
async def app(database: Database, vault: Vault) -> AsyncIterator[FastAPI]:
    app = FastAPI()
    problems.install(app)
    async with registry_of(pushing_spec("ubnd-pleiku"), pushing_spec("so-tnmt")) as registry:
        answers = Answers(database, registry, vault)
        ownership = Ownership(database, vault, Attempts(database, vault), answers.find)
        keys = ApiKeys(database)
        app.include_router(router(ownership, Admission(Addresses(database, vault), keys), keys, People(vault)))
        await know(
            database,
            vault,
            said(
                CODE,
                status=4,
                national_code="G22.01.02-261123-0007",
                applicant_name="Nguyễn Văn Đức",
                applicant_phone="0905 482 913",
                applicant_number="064085001234",
                applicant_email="duc@example.com",
                note="Thiếu bản sao căn cước",
            ),
            said(OTHER, status=4, applicant_phone="0914000112"),
            said(BARE, status=4),
        )
        yield app


async def know(database: Database, vault: Vault, *heard: Observation) -> None:
    async with database.begin() as connection:
        await record(connection, heard, vault)


@pytest.fixture
def post(app: FastAPI) -> Post:
    """Posts the proof from an address."""

    async def ask(code: str, digits: str, address: str = "203.0.113.7", **body: Any) -> httpx.Response:
        transport = httpx.ASGITransport(app, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
            return await client.post(f"/v1/dossiers/{code}/full", json={"last_digits": digits, **body})

    return ask


@pytest.mark.parametrize("digits", ["482913", "0905 482 913", "001234"])
async def test_the_applicant_sees_all_of_it(post: Post, digits: str) -> None:
    response = await post("h21.20 261123 0001", digits)
    assert response.status_code == 200
    told = response.json()
    assert (told["applicant_name"], told["note"]) == ("Nguyễn Văn Đức", "Thiếu bản sao căn cước")
    assert (told["applicant_phone"], told["applicant_number"], told["applicant_email"]) == (
        "090*******",
        "064*******",
        "d***@example.com",
    )
    assert told["national_code"] == "G22.01.02-261123-0007"
    assert [step["status"]["code"] for step in told["timeline"]] == ["4"]
    assert "no-store" in response.headers["Cache-Control"]


async def test_all_refusals_are_one(post: Post) -> None:
    """Not there, not yours, nothing known: the same words, and no sooner than the slowest of them."""
    loop = asyncio.get_running_loop()
    told = []
    for code in (CODE, OTHER, BARE, "H21.20-261123-9999"):
        began = loop.time()
        response = await post(code, "777123")
        assert loop.time() - began >= REFUSAL_SECONDS - 0.01
        body = response.json()
        body.pop("correlation_id", None)
        told.append((response.status_code, body, dict(response.headers)))
    assert told[0][0] == 403
    assert told[0][1]["type"] == "/problems/not-proved"
    assert all(each == told[0] for each in told)


@pytest.mark.parametrize("code", [CODE, "H21.20-261123-9999"])
async def test_tries_are_counted_by_the_code_from_wherever_they_come(post: Post, database: Database, code: str) -> None:
    answers = await asyncio.gather(*(post(code, f"77{n:04d}", f"203.0.113.{n}") for n in range(20)))
    statuses = [each.status_code for each in answers]
    assert (statuses.count(403), statuses.count(429)) == (6, 14)
    refused = await post(code, "482913", "198.51.100.1")
    assert refused.status_code == 429, "the right digits, too: else the wait would tell"
    assert int(refused.headers["Retry-After"]) > 60
    assert (await post(OTHER, "000112")).status_code == 200
    async with database.begin() as connection:
        names = (await connection.execute(select(proof_attempt.c.code))).scalars().all()
        assert not any(b"H21" in name for name in names)
        # When the wait is over, one try is free, and costs a longer wait.
        over = func.now() - func.make_interval(0, 0, 0, 0, 0, 0, 1)
        await connection.execute(update(proof_attempt).values(wait_until=over))
    assert (await post(code, "777777", "198.51.100.1")).status_code == 403
    assert int((await post(code, "777778", "198.51.100.1")).headers["Retry-After"]) > 120


async def test_who_has_proved_it_begins_anew(post: Post) -> None:
    for _ in range(3):
        for n in range(5):
            assert (await post(CODE, f"77000{n}", f"203.0.113.{n}")).status_code == 403
        assert (await post(CODE, "482913", "198.51.100.1")).status_code == 200


async def test_proving_one_of_two_forgives_no_tries_for_the_other(post: Post, database: Database, vault: Vault) -> None:
    await know(database, vault, said(CODE, agency="so-tnmt", status=4, applicant_phone="0914000112"))
    for n in range(6):
        assert (await post(CODE, "000112", f"203.0.113.{n}")).status_code == 200
    assert (await post(CODE, "000112")).status_code == 429


async def test_one_address_waits_longer_and_longer(post: Post) -> None:
    statuses = [(await post(f"H21.20-261123-{n:04d}", "777123")).status_code for n in range(5000, 5009)]
    assert statuses[0] == 403 and statuses[-1] == 429
    assert (await post(CODE, "482913")).status_code == 429
    assert (await post(CODE, "482913", "198.51.100.1")).status_code == 200


async def test_two_of_ones_own_under_one_code(post: Post, database: Database, vault: Vault) -> None:
    await know(database, vault, said(CODE, agency="so-tnmt", status=9, applicant_phone="0905482913"))
    several = await post(CODE, "482913")
    assert (several.status_code, sorted(several.json()["agencies"])) == (409, ["so-tnmt", "ubnd-pleiku"])
    assert (await post(CODE, "482913", agency="so-tnmt")).json()["status"]["code"] == "9"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"last_digits": "12345"}, "/last_digits"),
        ({"last_digits": "abcdef"}, "/last_digits"),
        ({}, "/last_digits"),
        ({"last_digits": "482913", "agency": "Sở"}, "/agency"),
        ({"last_digits": "482913", "phone": "0905482913"}, "/phone"),
    ],
)
async def test_a_wrong_question_names_the_field_and_not_what_was_in_it(
    app: FastAPI, body: dict[str, str], field: str
) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as client:
        response = await client.post(f"/v1/dossiers/{CODE}/full", json=body)
        assert (response.status_code, response.json()["errors"][0]["field"]) == (400, field)
        assert not any(value in response.text for value in body.values())
        large = await client.post(f"/v1/dossiers/{CODE}/full", content=b" " * 5000)
        assert large.status_code == 413


async def test_old_tries_are_forgotten(post: Post, database: Database) -> None:
    await post(CODE, "777123")
    await post(OTHER, "777123")
    async with database.begin() as connection:
        first = select(func.min(proof_attempt.c.tried_at)).scalar_subquery()
        ago = func.now() - func.make_interval(0, 0, 0, 3)
        await connection.execute(update(proof_attempt).where(proof_attempt.c.tried_at == first).values(tried_at=ago))
    await attempts_module.prune(database)
    async with database.begin() as connection:
        assert len((await connection.execute(select(proof_attempt.c.code))).all()) == 1
