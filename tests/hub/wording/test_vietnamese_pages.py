"""The console in Vietnamese holds no English sentence, whatever goes wrong: agencies that are down, refuse the
password, answer with what is none, say unknown words; specs with mistakes; documents that cannot be read."""

import json
import re
from collections.abc import AsyncIterator, Iterable
from html import unescape
from ipaddress import ip_network
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from adapters import Client, Messenger, build_adapter
from config.spec_file import SpecFile
from contracts.agency import AgencySpec
from contracts.change import ChangeType
from contracts.status import DossierStatus
from contracts.subscription import SubscriptionRequest
from hub import problems
from hub.access.sign_in import SignIn
from hub.alerts.watch import AlertWatch
from hub.calls.recorder import DatabaseCallRecorder
from hub.db import Database
from hub.documents.documents import Documents
from hub.registry import Registry
from hub.specs.specs import Specs, Way
from hub.streams import store as streams
from hub.subscriptions.channel import WebhookChannel
from hub.subscriptions.subscriptions import SubscriptionStore
from hub.vault import Vault
from sync_jobs.pull import pull
from tests.adapters.servers import Asked, Told, answering
from tests.keepers import console, enrolled
from tests.parts import NamedSecrets, no_documents

TESTS = Path(__file__).parents[2]
DOCUMENTS = [
    *(TESTS / "hub" / "studio" / "documents").iterdir(),
    *(TESTS / "suite" / "documents").iterdir(),
    *(TESTS / "adapters" / "shapes" / "documents").glob("*.wsdl"),
]
SECRETS = NamedSecrets({"so-khoa": "mat-khau-cu"})
SPEC = """\
id: {id}
identifier: H21.03
name: {{vi: Sở {id}, en: Department {id}}}
kind: department
enabled: true
system:
  kind: rest
  address: {address}
  private: true
  limits: {{attempts: 1}}
  auth: {{kind: key, headers: {{X-Key: "{{secret:so-khoa}}"}}}}
operations:
  lookup: {{request: {{path: "/{id}/{{code}}"}}, answer: {{holds: {holds}}}}}
  changes:
    request: {{path: /{id}, query: {{tuNgay: "{{since}}"}}}}
    answer: {{holds: {holds}, records: "rows[]", error_when: loi, error_message: loi}}
    pages: {{kind: single}}
mapping:
  code: ma
  occurred_at: {{path: luc, convert: date, formats: [iso]}}
  facts:
    status: trangThai
    due_at: {{path: hen, convert: date, formats: [dd/MM/yyyy]}}
statuses:
  Mới: "1"
sync: {{every_seconds: 300}}
"""
ROW = {"ma": "H21.03-261123-0001", "luc": "2026-11-23T08:00:00+07:00", "trangThai": "Mới", "hen": "30/11/2026"}
STRANGE = [
    ROW | {"trangThai": "Chờ lãnh đạo"},
    ROW | {"ma": "H21.03-261123-0002", "hen": "31/02/2026"},
    ROW | {"ma": "H21.03-261123-0003", "hen": "mai"},
    ROW | {"ma": "H21.03-261123-0004", "luc": None},
    ROW | {"ma": None},
    ROW | {"ma": ["x"]},
    "không phải bản ghi",
]
ANSWERS = {
    "so-mk": Told("", 401),
    "so-xml": Told("<rows><row>", content_type="application/xml"),
    "so-html": Told("<html>Bảo trì</html>", content_type="text/html"),
    "so-cham": Told("", 503),
    "so-mang": Told(json.dumps({"rows": "x"})),
    "so-loi": Told(json.dumps({"loi": "Hết quyền"})),
    "so-la": Told(json.dumps({"rows": STRANGE})),
    "so-doi": Told(json.dumps({"rows": [ROW | {"hen": f"{n}/13/2026"} for n in range(20)]})),
}
#: Of a port on which nobody listens.
NOWHERE = "http://127.0.0.1:9"

_ENGLISH = re.compile(
    r"\b(and|are|be|been|by|cannot|for|has|have|is|it|its|not|of|should|that|the|there|was|were|which|with)\b"
)


def english(page: str) -> list[str]:
    """The sentences of a page that are English in part. What is code, or somebody's own text, is left out."""
    page = re.sub(r"<(head|textarea|pre|code)\b.*?</\1>|<[^>]*\blang=\"en\".*?</[^>]*>", " ", page, flags=re.DOTALL)
    texts = re.split(r"<[^>]*>", page)
    texts += re.findall(r'(?:aria-label|title|alt)="([^"]*)"', page)
    # What the audit has, it has as it was written. Names of settings and files have dots and strokes.
    told = [re.sub(r"\S*[._/]\w\S*", "", unescape(each)) for each in texts if not each.startswith("{")]
    return [each.strip() for each in told if _ENGLISH.search(each)]


def test_english_would_be_found() -> None:
    page = "<head><style>is</style></head><p>Vì sao</p><dd>There is no connection to the agency&#39;s system.</dd>"
    assert english(page) == ["There is no connection to the agency's system."]


@pytest.fixture
async def agencies() -> AsyncIterator[list[AgencySpec]]:
    def answer(asked: Asked) -> Told:
        return ANSWERS[asked.path.split("/")[1]]

    async with answering(answer) as address:
        yield [spec_of("so-tat", NOWHERE), *(spec_of(each, address) for each in ANSWERS)]


@pytest.fixture
async def registry(agencies: list[AgencySpec], database: Database, vault: Vault) -> AsyncIterator[Registry]:
    async with Client(DatabaseCallRecorder(database, vault)) as calls:
        registry = Registry({}, {})
        for spec in agencies:
            registry.put(spec, build_adapter(spec, client=calls, secrets=SECRETS, documents=Path()))
        yield registry


@pytest.fixture
def routes(
    registry: Registry, database: Database, vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> APIRouter:
    monkeypatch.setenv("HUB_SECRET_SO_KHOA", SECRETS.get("so-khoa"))
    documents = Documents(database, tmp_path / "none", tmp_path / "documents")
    return console(database, registry, SignIn(database, vault), vault, documents)


@pytest.fixture
async def client(
    registry: Registry, routes: APIRouter, database: Database, vault: Vault, specs: Specs
) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who is in."""
    for spec in registry:
        await specs.publish(spec.id, text_of(spec), author="an", reason="đầu tiên", way=Way.CONSOLE, based_on=None)
    app = FastAPI()
    problems.install(app)
    app.include_router(routes)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub", follow_redirects=True) as client:
        await enrolled(client, SignIn(database, vault))
        yield client


@pytest.fixture
async def read(registry: Registry, database: Database, vault: Vault) -> None:
    """Each agency was read three times, which is often enough for an alert."""
    for spec in registry:
        adapter = registry.adapter(spec.id)
        assert adapter
        await streams.ensure(database, [spec])
        for _ in range(3):
            await pull(database, adapter, vault)
    await AlertWatch(database, registry, vault).look()


@pytest.fixture
def specs(database: Database) -> Specs:
    return Specs(database, SECRETS, no_documents(database))


def text_of(spec: AgencySpec, **changes: str) -> str:
    assert spec.system
    told = {"id": spec.id, "address": spec.system.address, "holds": "xml" if spec.id == "so-xml" else "json"}  # type: ignore[union-attr]
    return SPEC.format(**told | changes)


def spec_of(agency: str, address: str) -> AgencySpec:
    text = SPEC.format(id=agency, address=address, holds="xml" if agency == "so-xml" else "json")
    spec = SpecFile(Path(f"{agency}.yaml"), text=text).spec
    assert spec
    return spec


async def all_vietnamese(client: httpx.AsyncClient, addresses: Iterable[str]) -> str:
    """All pages, none of which holds English."""
    pages = []
    for address in addresses:
        page = await client.get(address)
        assert page.status_code == 200, address
        assert english(page.text) == [], address
        pages.append(page.text)
    return unescape("\n".join(pages))


@pytest.mark.usefixtures("read")
async def test_agencies_that_fail_are_told_of_in_vietnamese(
    client: httpx.AsyncClient, agencies: list[AgencySpec], database: Database
) -> None:
    failed = [row["id"] for row in await database.reads.fetch("SELECT DISTINCT ON (agency) agency, id FROM call")]
    by_agency = {row["id"]: row["agency"] for row in await database.reads.fetch("SELECT agency, id FROM call")}

    pages = await all_vietnamese(
        client,
        [
            *("/admin", "/admin/wall", "/admin/alerts", "/admin/quality", "/admin/calls"),
            *(f"/admin/agencies/{spec.id}" for spec in agencies),
            *(f"/admin/agencies/{by_agency[number]}/calls/{number}" for number in failed),
        ],
    )

    for said in (
        "Không kết nối được đến hệ thống của cơ quan: máy từ chối kết nối",
        "Hệ thống của cơ quan trả lời 401: không chấp nhận thông tin đăng nhập của hub.",
        "Không phải XML trọn vẹn, đúng dạng: dòng 1",
        "Câu trả lời là một trang HTML hoặc XML, không phải JSON.",
        "Hệ thống của cơ quan trả lời 503: hệ thống đang không phục vụ.",
        "Cơ quan trả lời: Hết quyền",
        "bản ghi không đọc được, quá 1 %",
        "từ trạng thái lạ 'Chờ lãnh đạo'",
        "đọc thay đổi không thành (bị từ chối đăng nhập)",
    ):
        assert said in pages, said
    in_english = (await client.get("/admin/agencies/so-mk?lang=en")).text
    assert "answered 401: it refuses our credentials." in in_english


async def with_a_subscription(database: Database, registry: Registry, vault: Vault) -> int:
    """One that was sent what nobody wants; its number."""
    answers = [302, 410, 429, 500]
    left = iter(answers)
    loopback = (ip_network("127.0.0.0/8"),)
    async with answering(lambda _: Told("no", next(left))) as address, Messenger(loopback) as messenger:
        store = SubscriptionStore(database, registry, vault, plain_http=True)
        wanted = SubscriptionRequest(address=address, types=list(ChangeType), statuses=list(DossierStatus))
        made, _ = await store.make("cong", wanted, actor="an")
        for _ in answers:
            await store.test(int(made.id), None, WebhookChannel(messenger), actor="an")
    # And once more, where nobody is.
    async with Messenger() as messenger:
        await store.test(int(made.id), None, WebhookChannel(messenger), actor="an")
    return int(made.id)


@pytest.mark.usefixtures("read")
async def test_no_page_holds_english(
    client: httpx.AsyncClient,
    routes: APIRouter,
    database: Database,
    specs: Specs,
    agencies: list[AgencySpec],
    registry: Registry,
    vault: Vault,
) -> None:
    """Of all that can be asked for, whatever is new."""
    calls = await database.reads.fetchval("SELECT id FROM call WHERE agency = 'so-la' LIMIT 1")
    cause = await database.reads.fetchval("SELECT min(id) FROM quarantine WHERE agency = 'so-la'")
    pushed = await database.reads.fetchval(
        "INSERT INTO inbox (agency, webhook_id, body_digest, state, problems, correlation_id)"
        " SELECT 'so-la', 'hs-1', '', 'quarantined',"
        "        json_build_array(json_build_object('field', '/data', 'problem', message)), 'hs-1'"
        "   FROM quarantine WHERE id = $1 RETURNING id",
        cause,
    )
    await specs.publish("so-la", text_of(agencies[0], id="so-la"), author="a", reason="b", way=Way.API, based_on=1)
    await specs.roll_back(
        "so-la",
        1,
        author="canary",
        reason="4 of 5 records went to the quarantine with version 2 that version 1 understands",
    )
    await client.post("/admin/alerts/recipients", data={"to": "truc@gialai.gov.vn"})
    subscribed = await with_a_subscription(database, registry, vault)
    await database.reads.execute("UPDATE destination SET enabled = false, disabled_at = now(), disabled_why = 'gone'")
    gets = [each for each in routes.routes if isinstance(each, APIRoute) and "GET" in (each.methods or ())]
    assert len(gets) > 20
    for route in gets:
        numbers = {"calls": calls, "inbox": pushed, "quarantine": cause, "subscriptions": subscribed}
        number = next((each for part, each in numbers.items() if f"/{part}/" in route.path), None)
        page = await client.get(route.path.format(agency="so-la", number=number))
        assert page.status_code == 200, route.path
        if page.headers["content-type"].startswith("text/html"):
            assert english(page.text) == [], route.path


@pytest.mark.usefixtures("read")
async def test_what_is_in_quarantine_is_told_of_in_vietnamese(client: httpx.AsyncClient) -> None:
    page = await client.get("/admin/quarantine")
    causes = re.findall(r'href="(/admin/agencies/so-la/quarantine/\d+)"', page.text)
    assert len(causes) == len(STRANGE)

    pages = await all_vietnamese(client, ["/admin/quarantine", *causes])

    for said in (
        "Hồ sơ H21.03-261123-0001 có từ trạng thái 'Chờ lãnh đạo' ở trangThai",
        "'31/02/2026' không phải ngày viết theo dd/MM/yyyy: tháng ấy không có ngày này.",
        "Hồ sơ H21.03-261123-0004 không có gì ở occurred_at (luc), mà cần có.",
        "Một bản ghi không có gì ở code (ma), mà cần có.",
        "Bản ghi là một chuỗi, không phải đối tượng có các trường.",
    ):
        assert said in pages, said
    for cause in causes:
        tried = await client.post(f"{cause}/mend", data={"seen": "1", "mean": "yyyy", "do": "try"})
        assert english(tried.text) == [], cause


#: What is typed in the place of something, and a part of what is told of it.
MISTAKES = {
    "sync: {": ("sync: {every: 5, ", "ở đây không có khóa này; có phải ý là"),
    "kind: department": ("kind: phòng", "Phải là"),
    "every_seconds: 300": ("every_seconds: nhiều", "Phải là số nguyên"),
    "attempts: 1": ("attempts: 99", "Phải không quá 6"),
    "kind: rest": ("kind: ftp", "không có `kind: ftp`"),
    "private: true": ("private: có", "Phải là true hoặc false"),
    "code: ma": ("code: 'ma['", "không phải biểu thức JMESPath"),
    "formats: [dd/MM/yyyy]": ("formats: [dd/mm]", "không phải dạng ngày"),
    "status: trangThai": ("tinhTrang: trangThai", "không có trường hồ sơ 'tinhTrang'"),
    '"1"': ("1", "Phải là"),
    "{code}": ("{ma}", "không có nghĩa ở đây"),
    "identifier: H21.03\n": ("", "Thiếu khóa này; phải ghi"),
    "id: so-la": ("id: so-khac", "đây là bản mô tả của so-la"),
    "enabled: true": ("enabled: true\nenabled: true", "được ghi hai lần"),
    "statuses:": ("statuses: [", "khi đọc"),
    "kind: single": ("kind: number", "cần"),
    "sync": ("# sync", "chưa có lịch đọc thay đổi"),
}


@pytest.mark.parametrize("written", MISTAKES)
async def test_mistakes_in_specs_are_told_in_vietnamese(
    client: httpx.AsyncClient, agencies: list[AgencySpec], written: str
) -> None:
    [spec] = [each for each in agencies if each.id == "so-la"]
    instead, part = MISTAKES[written]
    text = text_of(spec)
    assert written in text
    address = "/admin/agencies/so-la/spec"
    shown = re.search(r'name="draft" value="([^"]*)"', (await client.get(address)).text)
    assert shown
    fields = {"seen": "1", "draft": shown[1], "text": text.replace(written, instead, 1), "do": "check"}

    page = await client.post(address, data=fields)

    told = re.findall(r"<li>(.*?)</li>", re.sub(r"</?code>", "`", unescape(page.text)))
    assert [each for each in told if part in each], told
    assert english(page.text) == []
    for step in ("operations", "trial", "statuses", "schedule", "publish"):
        assert english((await client.get(f"/admin/studio/so-la/{step}")).text) == [], step


async def test_a_trial_is_told_of_in_vietnamese(client: httpx.AsyncClient, agencies: list[AgencySpec]) -> None:
    for spec in agencies:
        address = f"/admin/studio/{spec.id}"
        asked = await client.post(f"{address}/trial", data={"do": "ask", "code": "H21.03-261123-0001"})
        assert english(asked.text) == [], spec.id
        run_dry = await client.post(f"{address}/publish", data={"do": "dry-run"})
        assert english(run_dry.text) == [], spec.id


@pytest.mark.parametrize(
    "document", ["a: b: c", "a: 1", "<html/>", "<definitions>", "{", "openapi: 3.0.0\npaths: {/a: {get: {}}}"]
)
async def test_documents_that_cannot_be_used_are_told_of_in_vietnamese(
    client: httpx.AsyncClient, document: str
) -> None:
    page = await client.post("/admin/studio", data={"id": "so-moi", "name": "Sở Mới", "document": document})
    assert english(page.text) == []


@pytest.mark.parametrize("document", sorted(DOCUMENTS), ids=lambda each: each.name)
async def test_a_draft_says_in_vietnamese_what_is_guessed_in_it(client: httpx.AsyncClient, document: Path) -> None:
    typed = {"id": "so-moi", "name": "Sở Mới", "document": document.read_text("utf-8")}
    page = await client.post("/admin/studio", data=typed)
    assert english(page.text) == []

    text = (await client.get("/admin/agencies/so-moi/spec")).text
    comments = re.findall(r"# (.*?)&#10;", text)
    assert [each for each in comments if each.startswith("đoán: ")] or "Tài liệu không đọc được" in page.text
    assert english("<br>".join(comments)) == []


async def test_versions_that_the_hub_made_itself_say_why_in_vietnamese(
    client: httpx.AsyncClient, specs: Specs, agencies: list[AgencySpec]
) -> None:
    other = text_of(agencies[0]) + "phone: 0269 3823 100\n"
    await specs.publish("so-tat", other, author="an", reason="điện thoại", way=Way.CONSOLE, based_on=1)
    why = "no run went well with version 2: 2 failed, the last as malformed"
    await specs.roll_back("so-tat", 1, author="canary", reason=why)
    pages = await all_vietnamese(client, ["/admin/agencies/so-tat/versions"])
    assert "dùng lại bản 1: với bản 2 không lượt đọc nào thành: 2 lượt hỏng" in pages
