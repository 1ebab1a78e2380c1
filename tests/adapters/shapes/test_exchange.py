"""Shape A: a queue of ten at a time on CXF, acknowledged by a call of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import chain
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from contracts.adapter import AgencyAdapter, Page, Sending, Window
from contracts.agency import AgencySpec
from contracts.errors import Rejected
from contracts.status import DossierStatus
from hub.db import Database
from hub.index.tables import dossier, observation
from hub.streams import store
from hub.vault import Vault
from sync_jobs.pull import pull
from tests.adapters.calls import Records
from tests.adapters.rest.agency import Secrets
from tests.adapters.servers import Asked, answering
from tests.adapters.shapes.agency import adapter_of, spec_of
from tests.adapters.shapes.exchange import PASSWORD, PATH, ExchangeService
from tests.adapters.specs import one_page
from tests.adapters.submissions import CODE, submission

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
WINDOW = Window(until=datetime(2026, 11, 30, tzinfo=UTC))
ALL = [str(4000 + number) for number in range(1, 26)]


@asynccontextmanager
async def exchange(
    service: ExchangeService,
    records: Records | None = None,
    password: str = PASSWORD,
    *,
    taken: str | dict[str, str] | None = None,
) -> AsyncIterator[AgencyAdapter]:
    """`taken`: by what the spec's queue is acknowledged instead."""
    secrets = Secrets({"lien-thong": password})
    async with answering(service) as address:
        data = spec_of("exchange", address).model_dump()
        data["operations"]["changes"]["pages"] |= {"taken": taken} if taken else {}
        spec = AgencySpec.model_validate(data)
        async with adapter_of(spec, records=records, secrets=secrets) as adapter:
            yield adapter


async def test_the_queue_is_read_to_its_end() -> None:
    service = ExchangeService()
    pages: list[Page] = []
    async with exchange(service) as adapter:
        position = None
        while not pages or position is not None:
            pages.append(await one_page(adapter.changes(WINDOW, position)))
            position = pages[-1].next
    assert [len(page.observations) for page in pages] == [10, 10, 5, 0]
    assert [said.code for page in pages for said in page.observations] == ALL
    assert not [wrong for page in pages for wrong in page.unusable]
    # The last ones are acknowledged too, though there is nothing more to ask for.
    assert (service.waiting, list(chain(*service.acknowledged))) == ({}, ALL)

    first, *_, fifth = [said.facts for said in pages[0].observations[:5]]
    assert (first.status, first.applicant_name) == (DossierStatus.NEW, "Công ty 1")
    assert (first.applicant_phone, first.applicant_email) == ("02693824000", None)
    assert first.submitted_at == datetime(2026, 11, 1, 8, 15, tzinfo=VIETNAM)
    assert fifth.applicant_name == "Rơ Châm H'Lan"
    assert pages[0].observations[3].occurred_at == datetime(2026, 11, 4, tzinfo=VIETNAM)


async def test_nothing_is_acknowledged_before_it_is_stored() -> None:
    service = ExchangeService()
    async with exchange(service) as adapter:
        first = await one_page(adapter.changes(WINDOW))
        again = await one_page(adapter.changes(WINDOW))
        assert service.acknowledged == []
        assert [said.code for said in again.observations] == [said.code for said in first.observations]
        await one_page(adapter.changes(WINDOW, again.next))
    assert service.acknowledged == [ALL[:10]]


async def test_what_is_taken_may_go_by_names_of_its_own() -> None:
    """As for a queue that wants several values of each: the service is as strict about their names as the WSDL."""
    service = ExchangeService(count=2)
    async with exchange(service, taken={"onlineId": "onlineId"}) as adapter:
        page = await one_page(adapter.changes(WINDOW))
        await one_page(adapter.changes(WINDOW, page.next))
    assert service.acknowledged == [["4001", "4002"]]


async def test_all_arrive_once_though_every_call_is_cut(database: Database, vault: Vault) -> None:
    service = ExchangeService()
    # Three pages and their acknowledgements: the line breaks on the way there, on the way back, then it holds.
    service.cuts = ["before", "after", None] * 6
    outcomes: list[str] = []
    async with exchange(service) as adapter:
        await store.ensure(database, [adapter.spec])
        while "ok" not in outcomes:
            outcomes.append((await pull(database, adapter, vault)).outcome)
            assert len(outcomes) < 20
        quiet = await pull(database, adapter, vault)
    assert (outcomes, service.cuts) == (["unreachable"] * 12 + ["ok"], [])
    assert (quiet.outcome, quiet.received) == ("ok", 0)
    async with database.begin() as connection:
        codes = (await connection.execute(select(dossier.c.code).order_by(dossier.c.code))).scalars().all()
        heard = (await connection.execute(select(func.count()).select_from(observation))).scalar_one()
    assert (codes, heard) == (ALL, 25)
    assert service.waiting == {}


async def test_nothing_waiting_is_an_empty_list() -> None:
    async with exchange(ExchangeService(count=0)) as adapter:
        page = await one_page(adapter.changes(WINDOW))
    assert (page.observations, page.unusable, page.next) == ((), (), None)


async def test_a_wrong_password_is_told_and_never_shown() -> None:
    records = Records()
    async with exchange(ExchangeService(), records, "mật khẩu cũ & sai") as adapter:
        with pytest.raises(Rejected, match=r"Sai tên đăng nhập hoặc mật khẩu: hub/\*\*\*") as refused:
            await one_page(adapter.changes(WINDOW))
    [record] = records
    for kept in (record.request, record.response, refused.value.raw or b"", str(record.message).encode()):
        assert not [form for form in ("mật khẩu cũ", "&amp; sai", "cũ &") if form.encode() in kept]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("1", "Dữ liệu đầu vào null"),
        ("4", "Không tìm thấy mã đơn vị nhận"),
        ("9", "SystemException"),
        ("99", "java.lang.NullPointerException: null"),
    ],
)
async def test_its_errors_are_numbers_in_an_answer_of_success(code: str, words: str) -> None:
    service = ExchangeService()
    service.broken = code, words
    async with exchange(service) as adapter:
        with pytest.raises(Rejected, match=words):
            await one_page(adapter.changes(WINDOW))


async def test_a_refused_acknowledgement_is_no_silence() -> None:
    service = ExchangeService()
    async with exchange(service) as adapter:
        page = await one_page(adapter.changes(WINDOW))
        service.broken = "9", "SystemException"
        with pytest.raises(Rejected, match="SystemException"):
            await one_page(adapter.changes(WINDOW, page.next))
        service.broken = None
        await one_page(adapter.changes(WINDOW, page.next))
    assert service.acknowledged == [ALL[:10]]


async def test_a_bad_record_holds_up_nobody() -> None:
    service = ExchangeService(count=3)
    service.waiting["4001"]["ngayDangKyHoSo"] = "31/02/2026"
    service.waiting["4002"]["ngayDangKyHoSo"] = "03/03/14"
    async with exchange(service) as adapter:
        page = await one_page(adapter.changes(WINDOW))
        await one_page(adapter.changes(WINDOW, page.next))
    assert [said.code for said in page.observations] == ["4003"]
    assert {(wrong.code, wrong.field, wrong.value) for wrong in page.unusable} >= {
        ("4001", "occurred_at", "31/02/2026"),
        ("4002", "occurred_at", "03/03/14"),
    }
    assert service.waiting == {}


async def test_a_status_is_pushed() -> None:
    service = ExchangeService()
    supplement = submission(files=(), fields={"ngayHenTra": "10/12/2026"})
    async with exchange(service) as adapter:
        sent = await adapter.send(Sending.SUPPLEMENT, supplement)
        service.broken = "99", "ERR_13 Không tìm thấy hồ sơ với mã số hồ sơ này"
        with pytest.raises(Rejected, match="ERR_13"):
            await adapter.send(Sending.SUPPLEMENT, supplement)
    assert sent.next is None
    [status] = service.statuses
    assert (status["maSoHoSo"], status["noiDungYeuCauXuLy"]) == (CODE, supplement.note)
    assert (status["ngayGioLuanChuyen"], status["ngayHenTra"]) == ("20/11/2026 08:30:00", "10/12/2026")
    assert (status["onlineId"], status["trangThaiKeTiep"]) == ("0", "-1")


async def test_it_takes_no_request_that_is_not_as_the_contract_says() -> None:
    """The server itself: were it lenient, the tests above would prove little."""
    body = """<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"
        xmlns:h="http://hoso.provider.exch.sharedservice.dtt.vn/"><e:Body><h:pullDocument>{}</h:pullDocument></e:Body>
        </e:Envelope>"""
    parts = {
        "<h:arg0><password>x</password><userName>hub</userName></h:arg0>": 500,
        "<arg0><userName>hub</userName><password>x</password></arg0>": 500,
        "<arg0><password>x</password><userName>hub</userName></arg0>": 200,
    }
    for part, status in parts.items():
        asked = Asked("POST", PATH, {}, {"soapaction": '""'}, body.format(part).encode())
        assert ExchangeService()(asked).status == status
