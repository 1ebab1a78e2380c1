"""Shape B: driver licences on ASP.NET, whose contract is older than the service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from contracts.adapter import AgencyAdapter, Sending, Sent, Window, under_way
from contracts.errors import AgencyFailure, Rejected
from contracts.status import DossierStatus
from hub.db import Database
from hub.index.tables import dossier
from hub.streams import store
from hub.vault import Vault
from sync_jobs.pull import pull
from tests.adapters.servers import answering
from tests.adapters.shapes.agency import adapter_of, spec_of
from tests.adapters.shapes.licences import ROWS, LicenceService
from tests.adapters.specs import one_page
from tests.adapters.submissions import FILES, submission

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
WINDOW = Window(until=datetime(2026, 11, 30, tzinfo=UTC), since=datetime(2026, 11, 29, tzinfo=UTC))
SUBMISSION = submission(code=None, fields={"soCmt": "230111222", "ngaySinh": "12/08/1985"}, files=FILES[:2])


@asynccontextmanager
async def licences(service: LicenceService, version: str = "1.1") -> AsyncIterator[AgencyAdapter]:
    async with (
        answering(service) as address,
        adapter_of(spec_of("licences", address, version=version)) as adapter,
    ):
        yield adapter


async def test_the_contract_that_was_handed_out_lacks_what_is_wanted() -> None:
    old = spec_of("licences", wsdl="licences-handed-out.wsdl")
    with pytest.raises(ValueError, match=r"so-gtvt: the WSDL has no operation 'getHoSoMotCua'; there is .*TaoMoiHoSo"):
        async with adapter_of(old):
            pass


@pytest.mark.parametrize("version", ["1.1", "1.2"])
async def test_everything_is_read_each_time(version: str) -> None:
    async with licences(LicenceService(), version) as adapter:
        page = await one_page(adapter.changes(WINDOW))
    assert page.next is None
    first, second, third = page.observations
    assert first.facts.applicant_name == "SIU H'BLA"
    assert (first.facts.status, first.facts.procedure_code) == (DossierStatus.RECEIVED, "1.002835")
    # A text of day, month and year where the contract says xs:dateTime; and one that is.
    assert first.facts.submitted_at == datetime(2026, 11, 20, tzinfo=VIETNAM)
    assert first.facts.due_at == datetime(2026, 12, 1, tzinfo=VIETNAM)
    assert second.occurred_at is None
    assert second.facts.submitted_at == datetime(2026, 11, 21, 8, 15, tzinfo=VIETNAM)
    assert second.facts.model_fields_set == {"applicant_name", "submitted_at"}
    assert third.facts.model_fields_set == {"submitted_at"}
    [wrong] = page.unusable
    assert (wrong.reason, wrong.value, wrong.code) == ("unknown_status", "ERR", third.code)


async def test_its_statuses_are_followed_though_it_tells_no_times(database: Database, vault: Vault) -> None:
    service = LicenceService([dict(ROWS[0])])
    async with licences(service) as adapter:
        await store.ensure(database, [adapter.spec])
        added = []
        for word in ("01", "01", "02", "02", "03", "03"):
            service.rows[0]["TRANGTHAIXULY1"] = word
            added.append((await pull(database, adapter, vault)).added)
    assert added == [1, 0, 1, 0, 1, 0]
    async with database.begin() as connection:
        row = (await connection.execute(select(dossier))).mappings().one()
    assert (row["status"], row["conflict"]) == (10, False)


async def test_none_is_left_out() -> None:
    async with licences(LicenceService(rows=[])) as adapter:
        page = await one_page(adapter.changes(WINDOW))
    assert (page.observations, page.unusable, page.next) == ((), (), None)


async def handed_in(adapter: AgencyAdapter, sent: Sent | None = None) -> Sent:
    """All the steps from `sent` on."""
    while sent is None or sent.next is not None:
        sent = await adapter.send(Sending.SUBMIT, SUBMISSION, sent.next if sent else None)
    return sent


@pytest.mark.parametrize("version", ["1.1", "1.2"])
async def test_the_dossier_goes_first_and_its_papers_one_by_one(version: str) -> None:
    service = LicenceService()
    async with licences(service, version) as adapter:
        sent = await handed_in(adapter)
    assert sent.reference == "29001-20261120-0001"
    [created] = service.created
    assert (
        created.items()
        >= {
            "HoVaTen1": SUBMISSION.applicant_name,
            "NgaySinh1": "12/08/1985",
            "NgayCapCMT1": "99991231",
            "NgayNhanHSo1": "20/11/2026",
        }.items()
    )
    assert service.files == [
        {"MaDK": sent.reference, "Data": file.content, "FileExtension": extension, "TenAnh": file.name}
        for file, extension in zip(SUBMISSION.files, ("pdf", "png"), strict=True)
    ]


async def test_a_file_that_is_refused_makes_no_second_dossier() -> None:
    service = LicenceService()
    async with licences(service) as adapter:
        created = await adapter.send(Sending.SUBMIT, SUBMISSION)
        first = await adapter.send(Sending.SUBMIT, SUBMISSION, created.next)
        service.faults = ["refused"]
        with pytest.raises(Rejected, match="Không lưu được ảnh"):
            await adapter.send(Sending.SUBMIT, SUBMISSION, first.next)
        await handed_in(adapter, first)
    assert len(service.created) == 1
    assert [file["TenAnh"] for file in service.files] == [file.name for file in SUBMISSION.files]


async def test_a_dossier_whose_answer_was_lost_is_not_made_again() -> None:
    service = LicenceService()
    service.faults = ["unheard"]
    async with licences(service) as adapter:
        with pytest.raises(AgencyFailure) as lost:
            await adapter.send(Sending.SUBMIT, SUBMISSION)
        assert lost.value.in_doubt
        with pytest.raises(Rejected, match="a person must look"):
            await adapter.send(Sending.SUBMIT, SUBMISSION, under_way(None))
    assert len(service.created) == 1
