"""The studio's steps: each changes the draft and nothing else; who may not, cannot; what agencies answered is kept
sealed, and not for long."""

import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import httpx
import pytest
import yaml
from fastapi import FastAPI
from sqlalchemy import text

from hub.access.audit import Wanted, latest
from hub.access.roles import Role
from hub.access.sign_in import SignIn
from hub.admin.studio.tools import Seen, Tried
from hub.db import Database
from hub.documents.documents import Documents
from hub.specs.drafts import Draft, Drafts
from hub.specs.specs import Specs, Way
from hub.vault import Vault
from tests.keepers import app_of, console, enrolled, visitor
from tests.parts import NamedSecrets, no_documents, registry_of

OPENAPI = Path(__file__).parent.parent / "studio" / "documents" / "so-khdt.openapi.yaml"
SPEC = """\
# Kept as it was written.
id: so-xd
identifier: H21.03
name: {vi: Sở Xây dựng, en: Department of Construction}
kind: department
enabled: true
system:
  kind: rest
  address: https://so-xd.example  # as they said by phone
  auth: {kind: key, headers: {X-Key: "{secret:so-xd-khoa}"}}
operations:
  lookup:
    request: {path: "/ho-so/{code}"}
  changes:
    request: {path: /ho-so, query: {tuNgay: "{since}"}}
    pages: {kind: single}
mapping:
  code: ma
  occurred_at: {path: luc, convert: date, formats: [dd/MM/yyyy]}
  facts:
    status: trangThai
statuses:
  Mới: "1"
sync: {every_seconds: 300}
"""
RECORD = {
    "ma": "H21.03-261123-0001",
    "luc": "23/11/2026",
    "trangThai": "Chờ bổ sung",
    "ten": "Nguyễn Văn Đức",
    "hen": "2026-12-01",
}


@pytest.fixture
def specs(database: Database) -> Specs:
    return Specs(database, NamedSecrets({}), no_documents(database))


@pytest.fixture
def drafts(database: Database, vault: Vault, specs: Specs) -> Drafts:
    return Drafts(database, vault, specs)


@pytest.fixture
async def app(database: Database, vault: Vault, specs: Specs, tmp_path: Path) -> AsyncIterator[FastAPI]:
    await specs.publish("so-xd", SPEC, author="an", reason="đầu tiên", way=Way.CONSOLE, based_on=None)
    async with registry_of() as registry:
        documents = Documents(database, tmp_path / "none", tmp_path / "documents")
        yield app_of(console(database, registry, SignIn(database, vault), vault, documents))


@pytest.fixture
async def client(client: httpx.AsyncClient, sign_in: SignIn) -> httpx.AsyncClient:
    await enrolled(client, sign_in)
    return client


def seen(*records: object) -> bytes:
    tried = Tried(operation="changes", failure=None, advice=[], records=list(records), request="", response="")
    return Seen(at=datetime.now(UTC), code=None, tried=[tried]).model_dump_json().encode()


async def remember(drafts: Drafts, *records: object, actor: str = "person:an") -> None:
    draft = await drafts.of("so-xd")
    assert draft
    await drafts.remember(draft, seen(*records), actor=actor, code=None)


async def draft_of(drafts: Drafts, agency: str = "so-xd") -> Draft:
    draft = await drafts.of(agency)
    assert draft
    return draft


async def actions(database: Database) -> list[tuple[str, str]]:
    return [(line.actor, line.action) for line in reversed(await latest(database, Wanted("so-xd"), most=50))]


async def test_a_pasted_document_becomes_a_draft_whose_operations_can_be_others(
    client: httpx.AsyncClient, drafts: Drafts
) -> None:
    fields = {"id": "so-khdt", "name": "Sở Kế hoạch và Đầu tư", "document": OPENAPI.read_text("utf-8")}
    page = await client.post("/admin/studio", data=fields)
    assert str(page.url) == "http://hub/admin/studio/so-khdt/operations"
    chosen = re.findall(r'<option value="(\w+)" selected>', page.text)
    assert chosen == ["chiTietHoSo", "danhSachHoSo"]
    assert "so-khdt" in (await client.get("/admin/studio")).text

    before = await draft_of(drafts, "so-khdt")
    same = await client.post(str(page.url), data={"lookup": chosen[0], "changes": chosen[1]})
    assert str(same.url).endswith("/trial")
    assert (await draft_of(drafts, "so-khdt")).text == before.text, "the same choice changes nothing"
    await client.post(str(page.url), data={"lookup": chosen[0], "changes": "-"})
    after = await draft_of(drafts, "so-khdt")
    assert "changes:" not in after.text
    assert "sync:" not in after.text
    assert "vi: Sở Kế hoạch và Đầu tư" in after.text

    await client.post("/admin/studio/so-khdt/drop")
    assert await drafts.of("so-khdt") is None


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"id": "so-xd"}, "chưa có cơ quan nào dùng"),
        ({"id": "Sở"}, "chữ thường không dấu"),
        ({"name": ""}, "ghi tên cơ quan"),
        ({"source": "file:///etc/hosts"}, "bắt đầu bằng http"),
        ({"document": "<html/>"}, "Tài liệu không đọc được"),
        ({"document": "a: 1"}, "không phải OpenAPI 3 cũng không phải Swagger 2"),
    ],
)
async def test_what_cannot_be_a_beginning_is_told(
    client: httpx.AsyncClient, drafts: Drafts, fields: dict[str, str], word: str
) -> None:
    page = await client.post("/admin/studio", data={"id": "so-moi", "name": "Sở Mới"} | fields)
    assert page.status_code == 422
    assert word in unescape(page.text)
    assert await drafts.all() == []


async def test_values_are_mapped_by_clicks_and_dates_as_they_are_written(
    client: httpx.AsyncClient, drafts: Drafts
) -> None:
    await remember(drafts, RECORD)
    address = "/admin/studio/so-xd/trial"
    page = await client.get(address)
    assert "Nguyễn Văn Đức" in page.text
    await client.post(address, data={"fact": "applicant_name", "map": "ten"})
    page = await client.post(address, data={"fact": "due_at", "map": "hen"})
    assert "01/12/2026 00:00:00" in page.text
    told = (await draft_of(drafts)).text
    assert told.startswith("# Kept as it was written.")
    assert "applicant_name: ten" in told
    assert "format" in told.split("due_at")[1]
    assert "yyyy-MM-dd" in told.split("due_at")[1]
    await client.post(address, data={"unmap": "applicant_name"})
    assert "applicant_name" not in (await draft_of(drafts)).text
    await client.post(address, data={"unmap": "code"})
    assert "code: ma" in (await draft_of(drafts)).text


async def test_words_really_seen_are_counted_and_the_unmapped_come_first(
    client: httpx.AsyncClient, drafts: Drafts
) -> None:
    await remember(drafts, *(RECORD | {"trangThai": word} for word in ("Mới", "Chờ bổ sung", "mới", "Mới", "Lạ")))
    address = "/admin/studio/so-xd/statuses"
    page = unescape((await client.get(address)).text)
    assert re.findall(r'name="status:([^"]*)"', page) == ["Chờ bổ sung", "Lạ", "Mới"]
    assert "Thấy ở 3 bản ghi" in page
    assert '<option value="5" selected>' in page, "guessed by its letters"
    done = await client.post(address, data={"status:Chờ bổ sung": "5", "status:Lạ": "-", "status:Mới": "1"})
    assert str(done.url).endswith("/schedule")
    draft = await draft_of(drafts)
    assert draft.text == SPEC.replace('  Mới: "1"\n', '  Mới: "1"\n  Chờ bổ sung: "5"\n')


async def test_only_what_was_typed_otherwise_is_written(client: httpx.AsyncClient, drafts: Drafts) -> None:
    address = "/admin/studio/so-xd/schedule"
    shown = {"every": "5", "overlap": "60", "concurrency": "4", "per_second": "", "per_day": "", "seconds": "60"}
    assert str((await client.post(address, data=shown)).url).endswith("/publish")
    assert (await draft_of(drafts)).text == SPEC
    for wrong in ({"every": "năm"}, {"concurrency": "1.5"}, {"per_day": "-3"}, {"every": "inf"}, {"seconds": "nan"}):
        assert (await client.post(address, data=shown | wrong)).status_code == 422, wrong
    too_many = await client.post(address, data=shown | {"concurrency": "1000"})
    assert "system.budget.concurrency" in too_many.text
    assert str(too_many.url).endswith("/schedule")
    await client.post(address, data=shown | {"every": "2.5", "per_second": "0,5"})
    told = (await draft_of(drafts)).text
    assert "every_seconds: 150" in told
    assert "per_second: 0.5" in told
    assert "# as they said by phone" in told


async def test_what_was_answered_is_sealed_told_of_once_and_forgotten(
    client: httpx.AsyncClient, app: FastAPI, drafts: Drafts, database: Database, vault: Vault
) -> None:
    await remember(drafts, RECORD)
    assert "Nguyễn".encode() not in await database.reads.fetchval("SELECT seen FROM spec_draft")
    async with visitor(app, follow_redirects=True) as other:
        await enrolled(other, SignIn(database, vault), "binh", Role.OPERATOR, ["so-xd"])
        for _ in range(2):
            assert "Nguyễn Văn Đức" in (await other.get("/admin/studio/so-xd/trial")).text
    told = [each for each in await actions(database) if each[1].startswith("spec.t")]
    assert told == [("person:an", "spec.tried"), ("person:binh", "spec.trial_seen")]
    async with database.begin() as connection:
        await connection.execute(text("UPDATE spec_draft SET seen_at = now() - interval '25 hours'"))
    await drafts.forget()
    assert (await draft_of(drafts)).seen is None
    assert "Nguyễn" not in (await client.get("/admin/studio/so-xd/trial")).text


async def test_who_is_for_one_agency_reaches_no_other(
    app: FastAPI, client: httpx.AsyncClient, drafts: Drafts, specs: Specs, database: Database, vault: Vault
) -> None:
    await client.post("/admin/studio", data={"id": "so-moi", "name": "Sở Mới"})
    async with visitor(app, follow_redirects=True) as other:
        await enrolled(other, SignIn(database, vault), "binh", Role.OPERATOR, ["so-xd", "so-moi"])
        assert (await other.get("/admin/studio")).status_code == 403
        assert (await other.get("/admin/studio/so-tnmt/trial")).status_code == 403
        assert (await other.get("/admin/studio/so-moi/publish")).status_code == 404, "what is new is the admin's"
        assert (await other.get("/admin/studio/so-xd/publish")).status_code == 200
        # A secret of another agency would be sent to whatever address the spec says.
        stolen = SPEC.replace("so-xd-khoa", "so-tnmt-khoa").replace("so-xd.example", "evil.example")
        for order in ("check", "shadow", "publish"):
            fields = {"seen": "1", "text": stolen, "draft": (await draft_of(drafts)).digest, "do": order, "reason": "x"}
            page = await other.post("/admin/agencies/so-xd/spec", data=fields)
            assert page.status_code == 422, order
            assert "so-tnmt-khoa" in page.text
        for step, order in (("trial", "ask"), ("publish", "publish"), ("publish", "dry-run")):
            page = await other.post(f"/admin/studio/so-xd/{step}", data={"do": order, "reason": "x"})
            assert page.status_code == 422, (step, order)
    assert [each.version for each in await specs.versions("so-xd")] == [1]


async def test_a_draft_that_was_overtaken_is_published_only_after_a_look(
    client: httpx.AsyncClient, drafts: Drafts, specs: Specs
) -> None:
    await client.post("/admin/studio/so-xd/statuses", data={"status:Xong": "9"})
    newer = SPEC + "phone: 0269 3823 100\n"
    await specs.publish("so-xd", newer, author="binh", reason="điện thoại", way=Way.CONSOLE, based_on=1)
    address = "/admin/studio/so-xd/publish"
    assert (await client.post(address, data={"do": "publish"})).status_code == 422, "there is no reason"
    page = await client.post(address, data={"do": "publish", "reason": "từ mới"})
    assert page.status_code == 409
    assert "Đã có bản mới hơn" in page.text
    assert "binh" in page.text
    await client.post(address, data={"do": "rebase"})
    done = await client.post(address, data={"do": "publish", "reason": "từ mới"})
    assert "Bản 3 đang dùng" in done.text
    current = await specs.current("so-xd")
    assert current
    assert 'Xong: "9"' in current.text
    assert await drafts.all() == []


async def test_a_text_that_is_none_leads_to_the_text(client: httpx.AsyncClient, drafts: Drafts) -> None:
    fields = {"seen": "1", "text": "id: [", "draft": "", "do": "check"}
    page = await client.post("/admin/agencies/so-xd/spec", data=fields)
    assert "Chưa dùng được" in page.text
    page = await client.get("/admin/studio/so-xd/statuses")
    assert str(page.url).endswith("/admin/agencies/so-xd/spec?do=check")
    assert "Chưa dùng được" in page.text


async def guessed(client: httpx.AsyncClient) -> None:
    """A draft whose document names status words that are guessed."""
    document = yaml.safe_load(OPENAPI.read_text("utf-8"))
    words = json.dumps(document).replace("[0, 1, 16, 15, 3, 12, 18, 8, 6, 5]", '["Mới đăng ký", "Đang xử lý"]')
    words = words.replace('"integer", "enum"', '"string", "enum"')
    await client.post("/admin/studio", data={"id": "so-khdt", "name": "Sở Kế hoạch và Đầu tư", "document": words})


@pytest.mark.parametrize("door", ["studio", "text"])
async def test_guessed_statuses_are_not_published_before_somebody_looked(
    client: httpx.AsyncClient, drafts: Drafts, specs: Specs, database: Database, door: str
) -> None:
    await guessed(client)
    await client.post("/admin/secrets", data={"name": "so-khdt-khoa", "value": "x"})

    async def publish(**more: str) -> httpx.Response:
        if door == "studio":
            fields = {"do": "publish", "reason": "nối lần đầu"} | more
            return await client.post("/admin/studio/so-khdt/publish", data=fields)
        draft = await draft_of(drafts, "so-khdt")
        fields = {"text": draft.text, "draft": draft.digest, "seen": "0", "do": "publish", "reason": "nối lần đầu"}
        return await client.post("/admin/agencies/so-khdt/spec", data=fields | more)

    asked = await publish()
    assert asked.status_code == 422
    assert "chưa ai xem" in asked.text
    assert "“Đang xử lý” → 4" in asked.text
    assert 'value="nối lần đầu"' in asked.text, "what was typed need not be typed again"
    question = (await draft_of(drafts, "so-khdt")).question
    # What somebody else has changed meanwhile was not looked at.
    assert (await publish(looked=question[:-1])).status_code == 422
    assert await specs.current("so-khdt") is None
    done = await publish(looked=question)
    assert "Bản 1 đang dùng" in done.text
    told = [line for line in await latest(database, Wanted("so-khdt"), most=50) if line.action == "draft.looked_at"]
    assert [line.detail for line in told] == [{"statuses": ["Mới đăng ký", "Đang xử lý"]}]


async def test_who_went_through_the_statuses_is_not_asked(client: httpx.AsyncClient, drafts: Drafts) -> None:
    await guessed(client)
    assert (await draft_of(drafts, "so-khdt")).unlooked == {"Mới đăng ký": "1", "Đang xử lý": "4"}
    assert "chưa ai xem" in (await client.get("/admin/studio/so-khdt/publish")).text
    await client.post("/admin/studio/so-khdt/statuses", data={"status:Mới đăng ký": "1"})
    assert (await draft_of(drafts, "so-khdt")).unlooked == {"Đang xử lý": "4"}, "each for itself"
    await client.post("/admin/studio/so-khdt/statuses", data={"status:Đang xử lý": "4"})
    assert "chưa ai xem" not in (await client.get("/admin/studio/so-khdt/publish")).text
