"""Shape C: a look-up whose status is only a name, on PHP's SoapServer."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from contracts.errors import NotFound
from contracts.status import DossierStatus
from tests.adapters.shapes.agency import adapter_of, spec_of
from tests.suite import servers

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with servers.php(Path(__file__).parent / "lookup.php") as address:
        yield address


async def test_a_status_is_known_by_its_name(address: str) -> None:
    async with adapter_of(spec_of("lookup", address)) as adapter:
        [said] = (await adapter.lookup("H21.30-261120-0001")).observations
    facts = said.facts
    assert (facts.status, facts.status_raw) == (DossierStatus.PROCESSING, "ĐANG  xử lý")
    assert (facts.applicant_name, facts.applicant_phone, facts.applicant_email) == ("Siu H'Bla", "0905000111", None)
    assert facts.received_at == said.occurred_at == datetime(2026, 11, 20, 8, 15, 30, 500_000, tzinfo=VIETNAM)
    assert facts.due_at == datetime(2026, 12, 1, tzinfo=VIETNAM)
    assert facts.finished_at is None


async def test_accents_may_stand_apart_and_instants_in_utc(address: str) -> None:
    async with adapter_of(spec_of("lookup", address)) as adapter:
        [said] = (await adapter.lookup("H21.30-261120-0002")).observations
    assert (said.facts.status, said.facts.status_raw) == (DossierStatus.RETURNED, "Đã trả kết quả")
    assert said.occurred_at == datetime(2026, 11, 23, 1, tzinfo=VIETNAM)
    assert said.facts.finished_at == datetime(2026, 11, 23, 0, 30, tzinfo=VIETNAM)


async def test_a_name_that_nobody_mapped_is_kept_for_later(address: str) -> None:
    async with adapter_of(spec_of("lookup", address)) as adapter:
        reading = await adapter.lookup("H21.30-261120-0003")
    [said], [wrong] = reading.observations, reading.unusable
    assert (said.facts.status, said.facts.applicant_name) == (None, "Nguyễn Thị Ước")
    assert (wrong.reason, wrong.value, wrong.code) == (
        "unknown_status",
        "Chờ lãnh đạo đi họp về",
        "H21.30-261120-0003",
    )


@pytest.mark.parametrize("code", ["H21.30-261120-0009", "H21.30-261120-9999"])
async def test_an_empty_answer_is_no_dossier(address: str, code: str) -> None:
    async with adapter_of(spec_of("lookup", address)) as adapter:
        with pytest.raises(NotFound):
            await adapter.lookup(code)
