"""Searching what is sealed: names folded, parts of codes, persons; what is shown to whom, and what is stored."""

import time
from datetime import timedelta
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from sqlalchemy import text

from hub.access import people
from hub.access.people import People, Person
from hub.access.scopes import Caller, Scope
from hub.db import Database
from hub.index import marks, walks
from hub.index.check import check
from hub.index.marks import Contact
from hub.vault import Vault
from tests.hub.index.conftest import NewClient, Record
from tests.observations import observation as said


def code(number: int) -> str:
    return f"H21.20-261123-{number:04d}"


async def found(client: httpx.AsyncClient, **asked: Any) -> list[str]:
    response = await client.post("/v1/dossiers/search", json=asked)
    assert response.status_code == 200, response.text
    return [item["code"] for item in response.json()["items"]]


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("Nguyễn Văn Đức", "nguyen van duc"),
        ("Nguyễn Văn Đức", "VAN  Đức"),
        ("Nguyễn Văn Đức", "Nguyễn Đức"),
        ("Nguyễn Văn Đức".encode().decode("utf-8"), "Nguye\u0302\u0303n Va\u0306n"),
        ("Rơ Châm H'Yéo", "ro cham h’yeo"),
        ("Rơ Châm H'Yéo", "cham hyeo"),
        ("Puih", "puih"),
        ("Công ty TNHH MTV Xây dựng Hoàng Anh Gia Lai", "hoang anh gia lai"),
        ("Lê Thị Hồng-Nhung", "hong nhung"),
    ],
)
async def test_a_name_is_found_however_it_is_typed(new_client: NewClient, do: Record, name: str, asked: str) -> None:
    client = await new_client(Scope.DOSSIERS_SEARCH)
    await do(said(code(1), status=4, applicant_name=name), said(code(2), status=4, applicant_name="Trần Thị Bưởi"))
    assert await found(client, name=asked) == [code(1)]


@pytest.mark.parametrize("asked", ["duc", "van nguyen", "nguyen van", "nguyen van duc anh", "nguyen van du"])
async def test_another_name_is_not_found(new_client: NewClient, do: Record, asked: str) -> None:
    client = await new_client(Scope.DOSSIERS_SEARCH)
    await do(said(code(1), status=4, applicant_name="Nguyễn Thị Đức"), said(code(2), status=4))
    assert await found(client, name=asked) == []


async def read_on(client: httpx.AsyncClient, **asked: Any) -> list[str]:
    """All pages."""
    seen: list[str] = []
    while True:
        page = (await client.post("/v1/dossiers/search", json=asked)).json()
        seen += [item["code"] for item in page["items"]]
        if page["next_cursor"] is None:
            return seen
        asked["cursor"] = page["next_cursor"]


@pytest.mark.parametrize("looks", [2_000, 4])
@pytest.mark.parametrize("limit", [1, 2, 3, 20])
async def test_who_is_called_just_so_comes_before_longer_names(
    new_client: NewClient, do: Record, monkeypatch: pytest.MonkeyPatch, limit: int, looks: int
) -> None:
    monkeypatch.setattr(walks, "_MOST_LOOKED_UP", looks)
    client = await new_client(Scope.DOSSIERS_SEARCH)
    names = ["Bùi Thị Mai", "Bùi Thị Mai Anh", "Lê Bùi Thị Mai", "BUI THI MAI", "Bùi Thị Thanh Mai", "Bùi Thị Mai Anh"]
    await do(*(said(code(number), status=4, applicant_name=name) for number, name in enumerate(names)))
    assert await read_on(client, name="bui thi mai", limit=limit) == [code(each) for each in (3, 0, 5, 2, 1)]
    assert await read_on(client, name="bui thi mai anh", limit=limit) == [code(5), code(1)]
    assert await read_on(client, name="thi mai anh", limit=limit) == [code(5), code(1)]
    # Nobody is called just so: the first page has those whose names hold it.
    assert (await found(client, name="thi mai anh", limit=limit))[:1] == [code(5)]


@pytest.mark.parametrize("limit", [1, 2, 20])
async def test_who_is_not_filed_under_a_whole_name_yet_is_found(
    new_client: NewClient, do: Record, database: Database, vault: Vault, limit: int
) -> None:
    client = await new_client(Scope.DOSSIERS_SEARCH)
    await do(*(said(code(number), status=4, applicant_name="Nguyễn Văn Đức") for number in range(6)))
    whole = marks.whole_name_mark(["nguyen", "van", "duc"], vault)

    async def unfile(where: str) -> None:
        async with database.begin() as connection:
            await connection.execute(text(f"DELETE FROM dossier_mark WHERE mark = {whole} AND {where}"))

    await unfile("dossier_id % 2 = 0")
    assert sorted(await read_on(client, name="nguyen van duc", limit=limit)) == [code(each) for each in range(6)]
    await unfile("true")
    assert await read_on(client, name="nguyen van duc", limit=limit) == [code(each) for each in reversed(range(6))]
    assert (await check(database, vault, repair=True)).missing_marks == 6
    assert await read_on(client, name="nguyen van duc", limit=limit) == [code(each) for each in reversed(range(6))]


async def test_names_are_masked_unless_the_key_may_see_people(new_client: NewClient, do: Record) -> None:
    await do(said(code(1), status=4, applicant_name="Nguyễn Văn Đức", applicant_phone="0905123456"))
    masked = await (await new_client(Scope.DOSSIERS_SEARCH)).post("/v1/dossiers/search", json={"name": "van duc"})
    assert masked.json()["items"][0]["applicant"]["masked"] is True
    assert not any(word in masked.text for word in ("Nguyễn", "Văn", "Đức", "0905"))
    full = await new_client(Scope.DOSSIERS_SEARCH, Scope.PEOPLE_READ)
    seen = (await full.post("/v1/dossiers/search", json={"name": "van duc"})).json()["items"][0]["applicant"]
    assert seen == {"name": "Nguyễn Văn Đức", "number": None, "phone": "0905123456", "email": None, "masked": False}


@pytest.mark.parametrize(
    ("fragment", "numbers"),
    [
        ("0099", ["B", "A", "C"]),
        ("99", ["B", "A", "C"]),
        ("261123-0099", ["B", "A"]),
        ("261123 99", []),
        ("h21.20 - 261123", ["D", "A"]),
        ("G22.01-261120", ["D"]),
        ("2026/07906", ["E"]),
        ("03706/2026", ["E"]),
        ("7906", ["E"]),
        ("099", ["B", "A", "C"]),
        ("61123-0099", []),
    ],
)
async def test_parts_of_codes(new_client: NewClient, do: Record, fragment: str, numbers: list[str]) -> None:
    client = await new_client(Scope.DOSSIERS_SEARCH)
    by_letter = {
        "C": said("H21.20-261120-0099", status=4),
        "A": said("H21.20-261123-0099", status=4),
        "B": said("H21.21-261123-0099", agency="so-tnmt", status=4),
        "D": said("H21.20-261123-0100", status=4, national_code="G22.01-261120-0007"),
        "E": said("03706/2026/07906", status=4),
    }
    for each in by_letter.values():
        await do(each)
    assert await found(client, code=fragment) == [by_letter[each].code for each in numbers]


async def test_a_search_is_narrowed_and_paged(new_client: NewClient, do: Record) -> None:
    client = await new_client(Scope.DOSSIERS_SEARCH)
    for number in range(12):
        await do(
            said(
                code(number),
                agency="so-tnmt" if number % 3 == 0 else "ubnd-pleiku",
                status=10 if number % 2 else 4,
                procedure_code=f"1.{number % 4}.000",
                applicant_name="Nguyễn Văn Đức",
            )
        )
    assert await found(client, name="nguyen van duc", agency="so-tnmt", status="10") == [code(9), code(3)]
    assert await found(client, name="nguyen van duc", procedure="1.3") == [code(11), code(7), code(3)]
    seen: list[str] = []
    cursor = None
    while True:
        asked = {"name": "nguyen van duc", "limit": 5, "cursor": cursor}
        page = (await client.post("/v1/dossiers/search", json=asked)).json()
        seen += [item["code"] for item in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert seen == [code(number) for number in reversed(range(12))]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({}, "/name"),
        ({"name": "van duc", "code": "0099"}, "/name"),
        ({"name": "…"}, "/name"),
        ({"code": "-"}, "/code"),
        ({"name": "van duc", "cursor": "AAAA"}, "/cursor"),
        ({"name": "van duc", "limit": 0}, "/limit"),
        ({"name": "van duc", "nam": "x"}, "/nam"),
    ],
)
async def test_a_wrong_search_is_named(new_client: NewClient, asked: dict[str, Any], field: str) -> None:
    client = await new_client(Scope.DOSSIERS_SEARCH)
    response = await client.post("/v1/dossiers/search", json=asked)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, field)


async def test_who_shares_a_mark_is_not_shown(
    new_client: NewClient, do: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Vault, "mark", lambda *_: 7)
    client = await new_client(Scope.DOSSIERS_SEARCH, Scope.PEOPLE_READ)
    await do(
        said(code(1), status=4, applicant_name="Nguyễn Văn Đức", applicant_phone="0905123456"),
        said(code(2), status=4, applicant_name="Trần Thị Bưởi", applicant_phone="0905654321"),
    )
    assert await found(client, name="nguyen van duc") == [code(1)]
    assert await found(client, code="0002") == [code(2)]
    theirs = await client.post("/v1/people/dossiers", json={"phone": "0905 654 321"})
    assert [item["code"] for item in theirs.json()["items"]] == [code(2)]


async def test_a_corrected_name_is_found_and_the_wrong_one_is_not(
    new_client: NewClient, do: Record, database: Database
) -> None:
    client = await new_client(Scope.DOSSIERS_SEARCH)
    await do(said(code(1), at=0, status=4, applicant_name="Nguyễn Văn Đực"))
    before = await database.reads.fetchval("SELECT count(*) FROM dossier_mark")
    await do(said(code(1), at=5, applicant_name="Lê Thị Hoa"))
    assert await found(client, name="le thi hoa") == [code(1)]
    assert await found(client, name="nguyen van duc") == []
    # Late, and so only history: what it says is not so.
    await do(said(code(1), at=3, applicant_name="Trần Văn Tám"))
    assert await found(client, name="tran van tam") == []
    assert await database.reads.fetchval("SELECT count(*) FROM dossier_mark") == before


async def test_nothing_personal_stands_beside_the_seal(do: Record, database: Database) -> None:
    secrets: dict[str, Any] = {
        "applicant_name": "Nguyễn Văn Đức",
        "applicant_phone": "0905123456",
        "applicant_number": "064085001234",
    }
    await do(said(code(1), status=4, **secrets))
    async with database.begin() as connection:
        tables = (
            await connection.execute(
                text("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
            )
        ).scalars()
        for table in tables.all():
            rows = (await connection.execute(text(f'SELECT CAST(t AS text) FROM "{table}" t'))).scalars().all()
            for word in ("Nguyễn", "nguyen", "Đức", "0905123456", "064085001234"):
                assert not any(word in row for row in rows), table


# --- persons --------------------------------------------------------------------------------------


async def test_a_persons_dossiers_over_all_agencies(new_client: NewClient, do: Record) -> None:
    client = await new_client(Scope.PEOPLE_READ)
    await do(said(code(1), status=4, applicant_number="064085001234", applicant_name="Nguyễn Văn Đức"))
    await do(said(code(2), agency="so-tnmt", status=9, applicant_number="064 085 001 234"))
    await do(said(code(3), status=4, applicant_phone="+84 905.123.456", applicant_email="Duc@Example.VN "))
    await do(said(code(4), status=4, applicant_phone="02693824000; 0905123456"))

    async def of(**told: str) -> list[str]:
        response = await client.post("/v1/people/dossiers", json=told)
        assert response.headers["cache-control"] == "private, no-store"
        return [item["code"] for item in response.json()["items"]]

    assert await of(number="064085001234") == [code(2), code(1)]
    assert await of(phone="0905 123 456") == [code(4), code(3)]
    assert await of(phone="0269 3824000") == [code(4)]
    assert await of(email="duc@example.vn") == [code(3)]
    assert await of(number="0905123456") == []
    only = await new_client(Scope.PEOPLE_READ, agencies=["so-tnmt"])
    theirs = (await only.post("/v1/people/dossiers", json={"number": "064085001234"})).json()["items"]
    assert [item["code"] for item in theirs] == [code(2)]


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({}, "/number"),
        ({"number": "1", "phone": "2"}, "/number"),
        ({"phone": "không có"}, "/phone"),
        ({"phone": "0905123456, 0905654321"}, "/phone"),
        ({"phone": "0905123456", "cursor": "AAAA"}, "/cursor"),
    ],
)
async def test_a_person_is_told_by_one_thing(new_client: NewClient, told: dict[str, Any], field: str) -> None:
    client = await new_client(Scope.PEOPLE_READ)
    response = await client.post("/v1/people/dossiers", json=told)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, field)


async def test_a_persons_browser_sees_their_own_in_full_and_no_others(new_client: NewClient, do: Record) -> None:
    frontend = await new_client(Scope.PEOPLE_TOKENS)
    await do(said(code(1), status=4, applicant_number="064085001234", applicant_name="Nguyễn Văn Đức"))
    await do(said(code(2), status=4, applicant_number="064085009999", applicant_name="Trần Thị Bưởi"))
    given = (await frontend.post("/v1/people/tokens", json={"number": "064 085 001234"})).json()
    browser = await new_client(Authorization=f"Bearer {given['token']}")
    mine = (await browser.get("/v1/me/dossiers")).json()["items"]
    assert [(item["code"], item["applicant"]["name"]) for item in mine] == [(code(1), "Nguyễn Văn Đức")]
    assert (await browser.get("/v1/dossiers")).status_code == 401, "a person's token is no key"
    assert (await browser.get("/v1/me/dossiers", params={"cursor": "AAAA"})).status_code == 400


def test_a_token_says_nothing_of_whose_it_is(vault: Vault) -> None:
    caller = Caller("portal", frozenset(), None)
    token, _ = People(vault).token(Person.of(Contact.NUMBER, "064085001234", vault), caller)
    claims = jwt.decode(token, OctKey.import_key(vault.key_for("user tokens")), algorithms=["HS256"]).claims
    assert not any("064085001234" in str(value) for value in claims.values())


def test_a_token_ends_and_cannot_be_forged(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    of, person = People(vault), Person.of(Contact.PHONE, "0905123456", vault, ("so-tnmt",))
    caller = Caller("portal", frozenset(), None)
    token, ends = of.token(person, caller)
    assert of.person(token) == person
    assert ends - time.time() <= people.LIFETIME_SECONDS
    head, claims, signature = token.split(".")
    other = People(Vault(seal_keys="A" * 43 + "=", digest_key="1" * 64)).token(person, caller)[0]
    key = OctKey.import_key(vault.key_for("user tokens"))
    lasting = jwt.encode({"alg": "HS256"}, {"iss": "hub", "sub": "x"}, key)
    for forged in (
        other,
        f"{head}.{claims}.{signature[:-2]}AA",
        f"{head}.{claims}.",
        f"eyJhbGciOiJub25lIn0.{claims}.",
        lasting,
        "",
        "không",
        "a.b.c",
    ):
        assert of.person(forged) is None
    long_ago = time.time() - timedelta(hours=1).total_seconds()
    with monkeypatch.context() as then:
        then.setattr(time, "time", lambda: long_ago)
        ended, _ = of.token(person, caller)
    assert of.person(ended) is None


def test_a_name_is_filed_under_few_marks(vault: Vault) -> None:
    def count(name: str) -> int:
        return len(marks.filed_under("X", {"applicant_name": name}, vault))

    assert [count(name) for name in ("Puih", "Siu Blêh", "Nguyễn Văn Đức", "Nguyễn Thị Ánh Tuyết")] == [1, 1, 4, 5]
    assert count(" ".join(f"w{number}" for number in range(250))) == 17
