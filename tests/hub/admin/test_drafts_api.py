"""What the studio does, programs can do as well: from the document of a system to a spec at work."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import yaml
from fastapi import APIRouter

from hub.access.audit import Wanted, latest
from hub.access.keys import ApiKeys
from hub.access.scopes import Scope
from hub.admin import drafts_api
from hub.db import Database
from hub.documents.documents import Documents
from hub.registry import Registry
from hub.specs.drafts import Drafts
from hub.specs.parts import SpecParts
from hub.specs.specs import Way
from hub.vault import Vault
from tests.adapters.servers import Told, answering
from tests.hub.admin.test_specs_api import CODE, PERSON, text_of
from tests.keepers import spec_parts, tools_of

DRAFT = "/v1/admin/agencies/so-xd/draft"
KHDT = "/v1/admin/agencies/so-khdt/draft"
OPENAPI = Path(__file__).parent.parent / "studio" / "documents" / "so-khdt.openapi.yaml"
BEGUN = {"id": "so-khdt", "name_vi": "Sở Kế hoạch và Đầu tư"}


@pytest.fixture
async def address() -> AsyncIterator[str]:
    record = {"ma": CODE, "luc": "2026-11-26T08:00:00+07:00", "trangThai": "Chờ bổ sung", "ten": PERSON}
    told = {"/openapi.yaml": OPENAPI.read_text("utf-8"), "/": orjson.dumps([record]).decode()}
    async with answering(lambda asked: Told(told[asked.path])) as there:
        yield there


@pytest.fixture
def documents(database: Database, tmp_path: Path) -> Documents:
    return Documents(database, tmp_path / "none", tmp_path / "documents")


@pytest.fixture
def parts(database: Database, empty_registry: Registry, vault: Vault, documents: Documents) -> SpecParts:
    return spec_parts(database, empty_registry, vault, documents)


@pytest.fixture
def routes(database: Database, vault: Vault, parts: SpecParts, documents: Documents) -> APIRouter:
    drafts, tools = Drafts(database, vault, parts.specs), tools_of(database, vault, parts, documents)
    return drafts_api.router(ApiKeys(database), parts, drafts, tools)


@pytest.fixture
async def admin(client: httpx.AsyncClient, database: Database) -> httpx.AsyncClient:
    key = await ApiKeys(database).create("robot", scopes=[Scope.ADMIN_OPERATE, Scope.ADMIN_MANAGE], actor="test")
    client.headers["X-Api-Key"] = key
    return client


@pytest.fixture
async def at_work(address: str, parts: SpecParts) -> str:
    made = text_of(address)
    await parts.specs.publish("so-xd", made, author="an", reason="đầu tiên", way=Way.API, based_on=None)
    await parts.follower.catch_up()
    return made


async def got(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_a_document_given_or_fetched_becomes_a_draft(admin: httpx.AsyncClient, address: str) -> None:
    given = await got(await admin.post("/v1/admin/drafts", json=BEGUN | {"document": OPENAPI.read_text("utf-8")}), 201)
    assert (given["agency"], given["based_on"], given["author"]) == ("so-khdt", None, "key:robot")
    assert "vi: Sở Kế hoạch và Đầu tư" in given["text"]
    wanted = BEGUN | {"address": f"{address}/openapi.yaml", "private": True}
    fetched = await got(await admin.post("/v1/admin/drafts", json=wanted), 201)
    assert fetched["document"] != given["document"]
    assert address in fetched["text"]
    offered = await got(await admin.get(f"{KHDT}/operations"))
    assert offered["chosen"] == offered["guessed"] == {"lookup": "chiTietHoSo", "changes": "danhSachHoSo"}
    assert [each["path"] for each in offered["operations"] if each["name"] == "chiTietHoSo"] != [""]
    [listed] = (await got(await admin.get("/v1/admin/drafts")))["items"]
    assert (listed["agency"], listed["author"]) == ("so-khdt", "key:robot")
    same = await got(await admin.put(f"{KHDT}/operations", json=offered["chosen"]))
    assert same["text"] == fetched["text"], "the same choice changes nothing"
    other = await got(await admin.put(f"{KHDT}/operations", json={"lookup": "chiTietHoSo", "changes": None}))
    assert "changes:" not in other["text"]
    wrong = await got(await admin.put(f"{KHDT}/operations", json={"lookup": "khong", "changes": None}), 400)
    assert wrong["errors"][0]["field"] == "/lookup"
    assert (await admin.delete(KHDT)).status_code == 204
    assert (await admin.delete(KHDT)).status_code == 404
    assert (await got(await admin.get("/v1/admin/drafts")))["items"] == []


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"id": "so-xd"}, "/id"),
        ({"id": "9-so"}, "/id"),
        ({"id": "Sở"}, "/id"),
        ({"name_vi": "  "}, "/name_vi"),
        ({"address": "file:///etc/hosts"}, "/address"),
        ({"address": "http://127.0.0.1:1/?wsdl"}, "/address"),
        ({"document": "<html/>"}, "/document"),
        ({"document": "a: 1"}, "/document"),
        ({"document": "a: \0"}, "/document"),
    ],
)
async def test_what_cannot_be_a_beginning_is_told(
    admin: httpx.AsyncClient, at_work: str, more: dict[str, str], field: str
) -> None:
    told = await got(await admin.post("/v1/admin/drafts", json=BEGUN | more), 400)
    assert told["errors"][0]["field"] == field
    assert (await got(await admin.get("/v1/admin/drafts")))["items"] == []


async def test_a_draft_is_tried_mended_and_put_to_work(
    admin: httpx.AsyncClient, at_work: str, database: Database, empty_registry: Registry
) -> None:
    unchanged = await got(await admin.get(DRAFT))
    assert (unchanged["author"], unchanged["based_on"], unchanged["text"]) == (None, 1, at_work)
    assert (await admin.delete(DRAFT)).status_code == 404, "nobody has begun one"
    assert (await admin.get(f"{DRAFT}/trial")).status_code == 404
    tried = await got(await admin.post(f"{DRAFT}/trial", json={}))
    [changes] = tried["tried"]
    assert (changes["operation"], changes["failure"], changes["records"][0]["ten"]) == ("changes", None, PERSON)
    mapped = {each["fact"]: each for each in tried["fields"]}
    assert (mapped["applicant_name"]["expression"], mapped["applicant_name"]["value"]) == ("ten", PERSON)
    words = {each["word"]: each for each in tried["words"]}
    assert words["Chờ bổ sung"] == {"word": "Chờ bổ sung", "seen": 1, "status": None, "likely": "5"}

    mended = at_work.replace('MOI: "1"\n', 'MOI: "1"\n  Chờ bổ sung: "5"\n')
    late = await got(await admin.put(DRAFT, json={"text": mended, "digest": "x"}), 409)
    assert late["type"] == "/problems/overtaken"
    digest = (await got(await admin.get(DRAFT)))["digest"]
    kept = await got(await admin.put(DRAFT, json={"text": mended + "fax: 1\n", "digest": digest}))
    assert [each["place"] for each in kept["mistakes"] if not each["warning"]] == ["fax"], "it is kept all the same"
    assert (await admin.post(f"{DRAFT}/publish", json={"reason": "từ mới"})).status_code == 400
    await got(await admin.put(DRAFT, json={"text": mended, "digest": kept["digest"]}))
    again = await got(await admin.get(f"{DRAFT}/trial"))
    assert [each["status"] for each in again["words"] if each["word"] == "Chờ bổ sung"] == ["5"]
    would = await got(await admin.post(f"{DRAFT}/dry-run"))
    assert (would["received"], would["unusable"], would["failure"]) == (1, 0, None)
    done = await got(await admin.post(f"{DRAFT}/publish", json={"reason": "từ mới"}))
    assert (done["version"], done["author"], done["text"]) == (2, "key:robot", mended)
    spec = empty_registry.spec("so-xd")
    assert spec and spec.status_of("Chờ bổ sung"), "it is at work at once"
    assert (await got(await admin.get("/v1/admin/drafts")))["items"] == []
    told = [line.action for line in await latest(database, Wanted("so-xd"), most=50)]
    assert [each for each in reversed(told) if each.startswith(("spec", "draft"))] == [
        *("spec.published", "draft.saved", "spec.tried", "draft.saved", "draft.saved"),
        *("spec.published", "draft.dropped"),
    ], "who tried it has seen the answer"
    assert PERSON not in str([line.detail for line in await latest(database, Wanted(), most=50)])


async def test_one_that_was_overtaken_is_published_only_after_a_look(
    admin: httpx.AsyncClient, at_work: str, parts: SpecParts
) -> None:
    digest = (await got(await admin.get(DRAFT)))["digest"]
    await got(await admin.put(DRAFT, json={"text": at_work + "# mine\n", "digest": digest}))
    theirs = at_work + "phone: 0269 3823 100\n"
    await parts.specs.publish("so-xd", theirs, author="binh", reason="điện thoại", way=Way.API, based_on=1)
    late = await got(await admin.post(f"{DRAFT}/publish", json={"reason": "tôi"}), 409)
    assert "binh" in late["detail"]
    assert (await admin.post(f"{DRAFT}/rebase", json={"version": 1})).status_code == 409
    rebased = await got(await admin.post(f"{DRAFT}/rebase", json={"version": 2}))
    assert rebased["based_on"] == 2
    assert (await got(await admin.post(f"{DRAFT}/publish", json={"reason": "tôi"})))["version"] == 3


async def test_guesses_are_looked_at_before(admin: httpx.AsyncClient) -> None:
    document = json.dumps(yaml.safe_load(OPENAPI.read_text("utf-8")))
    words = document.replace("[0, 1, 16, 15, 3, 12, 18, 8, 6, 5]", '["Mới đăng ký", "Đang xử lý"]')
    words = words.replace('"integer", "enum"', '"string", "enum"')
    begun = await got(await admin.post("/v1/admin/drafts", json=BEGUN | {"document": words}), 201)
    assert begun["guessed"] == {"Mới đăng ký": "1", "Đang xử lý": "4"}
    off = begun["text"].replace("{secret:so-khdt-khoa}", "x")
    draft = await got(await admin.put(KHDT, json={"text": off, "digest": begun["digest"]}))
    told = await got(await admin.post(f"{KHDT}/publish", json={"reason": "nối"}), 400)
    assert told["errors"][0]["field"] == "/guessed_digest"
    looked = {"reason": "nối", "guessed_digest": draft["guessed_digest"]}
    assert (await got(await admin.post(f"{KHDT}/publish", json=looked)))["version"] == 1


async def test_who_keeps_one_agency_reaches_no_other_draft_and_nothing_new(
    admin: httpx.AsyncClient, at_work: str, database: Database
) -> None:
    await got(await admin.post("/v1/admin/drafts", json=BEGUN), 201)
    digest = (await got(await admin.get(DRAFT)))["digest"]
    stolen = at_work.replace("private: true", "private: true, auth: {kind: key, headers: {X: '{secret:so-khac-khoa}'}}")
    agencies = ["so-xd", "so-khdt"]
    key = await ApiKeys(database).create("limited", scopes=[Scope.ADMIN_OPERATE], agencies=agencies, actor="test")
    theirs = {"X-Api-Key": key}
    assert (await got(await admin.get("/v1/admin/drafts", headers=theirs)))["items"] == []
    assert (await admin.get(KHDT, headers=theirs)).status_code == 404, "what is new is the admin's"
    changed = await admin.put(DRAFT, json={"text": stolen, "digest": digest}, headers=theirs)
    assert "so-khac-khoa" in str((await got(changed))["mistakes"])
    for order, body in (("trial", {}), ("dry-run", None), ("publish", {"reason": "x"})):
        refused = await admin.post(f"{DRAFT}/{order}", json=body, headers=theirs)
        assert (refused.status_code, "so-khac-khoa" in refused.text) == (400, True), "no secret of others is sent"
    listed = await got(await admin.get("/v1/admin/drafts", headers=theirs))
    assert [each["agency"] for each in listed["items"]] == ["so-xd"]
    assert (await admin.put(DRAFT, json={"text": "id: \0", "digest": digest})).status_code == 400
