"""Real systems reached by data alone, each by its spec, against a server that has its defects."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from contracts.adapter import AgencyAdapter, Page, Window
from contracts.agency import AgencySpec
from contracts.errors import AgencyFailure, NotFound, Rejected, Throttled
from contracts.status import DossierStatus
from tests.adapters.calls import Records
from tests.adapters.rest.agency import Secrets, calling
from tests.adapters.rest.shapes.node import node
from tests.adapters.specs import one_page

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
WINDOW = Window(until=datetime(2026, 11, 23, 1, tzinfo=UTC), since=datetime(2026, 11, 19, 1, tzinfo=UTC))
SECRETS = Secrets(
    {
        "igate": "igate <&> 'khóa'",
        "bo-khoa": "khoa/cua+bo=1",
        "dat-dai": "mã & bảo mật",
        "lgsp": "khoa-lgsp",
        "lgsp-khoa": "khóa bí mật",
    }
)


@asynccontextmanager
async def adapter_of(
    shape: str,
    address: str,
    tokens_at: str | None = None,
    *,
    records: Records | None = None,
    secrets: Secrets = SECRETS,
) -> AsyncIterator[AgencyAdapter]:
    """The adapter of a spec in this folder, whose servers are at these addresses."""
    data = yaml.safe_load((Path(__file__).parent / f"{shape}.yaml").read_text("utf-8"))
    system: dict[str, Any] = data["system"] | {"address": address, "limits": {"attempts": 1}}
    if "token_address" in system["auth"]:
        path = "/" + system["auth"]["token_address"].split("/", 3)[3]
        system["auth"]["token_address"] = (tokens_at or address) + path
    async with calling(AgencySpec.model_validate(data | {"system": system}), secrets, records) as adapter:
        yield adapter


async def all_pages(adapter: AgencyAdapter) -> list[Page]:
    pages = [await one_page(adapter.changes(WINDOW))]
    while pages[-1].next is not None:
        pages.append(await one_page(adapter.changes(WINDOW, pages[-1].next)))
    return pages


def nothing_secret_in(records: Records, *more: str) -> None:
    kept = str([(record.address, record.request, record.response, record.message) for record in records])
    assert not [secret for secret in (*SECRETS.values(), *more) if secret in kept]


async def test_igate() -> None:
    records = Records()
    with node("igate.js") as addresses:
        async with adapter_of("igate", *addresses, records=records) as adapter:
            pages = await all_pages(adapter)
            found = await adapter.lookup("H21.129-261120-0003")
            with pytest.raises(NotFound):
                await adapter.lookup("H21.129-261120-9999")
    said = [observation for page in pages for observation in page.observations]
    assert [len(page.observations) for page in pages] == [3, 3, 1]
    assert not [kept for page in pages for kept in page.unusable]
    assert [observation.code[-1] for observation in said] == ["7", "6", "5", "4", "3", "2", "1"]
    facts = said[0].facts
    assert (facts.status, facts.status_raw) == (DossierStatus.PROCESSING, "Đang xử lý")
    assert facts.procedure_name == "Đăng ký hộ kinh doanh"
    # Five in the afternoon in UTC is the next day in Vietnam.
    assert facts.due_at and facts.due_at.astimezone(VIETNAM).date().isoformat() == "2026-12-01"
    assert said[0].occurred_at
    assert said[0].occurred_at.astimezone(VIETNAM).date().isoformat() == "2026-11-21"
    assert [observation.code for observation in found.observations] == ["H21.129-261120-0003"]
    # Three uses of each token: the one refused mid-run was renewed, and the call repeated.
    assert [record.outcome for record in records if record.operation == "login"] == ["ok", "ok"]
    nothing_secret_in(records, "eyJ.")


async def test_igate_with_a_wrong_secret() -> None:
    records = Records()
    with node("igate.js") as addresses:
        async with adapter_of("igate", *addresses, records=records, secrets=Secrets(igate="wrong")) as adapter:
            for _ in range(3):
                with pytest.raises(AgencyFailure, match="refuses our credentials"):
                    await adapter.lookup("H21.129-261120-0003")
    assert [record.outcome for record in records] == ["unauthorized"]


async def test_a_ministrys_windows() -> None:
    records = Records()
    with node("ministry.js") as [address]:
        async with adapter_of("ministry", address, records=records) as adapter:
            both = await one_page(adapter.changes(WINDOW))
            one = await one_page(adapter.changes(Window(until=datetime(2026, 11, 20, 3, tzinfo=UTC))))
            none = await one_page(adapter.changes(Window(until=datetime(2026, 11, 1, tzinfo=UTC))))
    assert [[said.code for said in page.observations] for page in (both, one, none)] == [
        ["G12-2026-000017", "G12-2026-000018"],
        ["G12-2026-000017"],
        [],
    ]
    assert both.unusable == ()
    first, second = (said.facts for said in both.observations)
    assert (first.status, second.status) == (DossierStatus.PROCESSING, DossierStatus.DONE)
    assert (first.applicant_email, second.applicant_email) == ("duong@example.vn", None)
    assert second.received_at == datetime(2026, 11, 22, 10, tzinfo=VIETNAM)
    assert "ReceiveFromDate=19%2F11%2F2026&ReceiveToDate=23%2F11%2F2026" in records[0].request.decode()
    nothing_secret_in(records)


async def test_a_ministrys_errors_are_numbers_in_an_answer_of_success() -> None:
    with node("ministry.js") as [address]:
        async with adapter_of("ministry", address, secrets=Secrets({"bo-khoa": "other"})) as adapter:
            with pytest.raises(Rejected, match="ApiKey sai"):
                await one_page(adapter.changes(WINDOW))


async def test_the_land_offices_system() -> None:
    records = Records()
    with node("land.js") as [address]:
        async with adapter_of("land", address, records=records) as adapter:
            [said] = (await adapter.lookup("H21.11-1")).observations
            with pytest.raises(Throttled):
                await adapter.lookup("H21.11-2")
            with pytest.raises(NotFound):
                await adapter.lookup("H21.11-3")
    assert said.occurred_at == datetime(2026, 4, 27, 0, 16, 38, 173000, tzinfo=UTC)
    assert said.facts.model_fields_set == {"status", "status_raw", "note"}
    nothing_secret_in(records)


async def test_the_land_offices_system_quotes_a_wrong_code() -> None:
    records = Records()
    wrong = Secrets({"dat-dai": "mã cũ"})
    with node("land.js") as [address]:
        async with adapter_of("land", address, records=records, secrets=wrong) as adapter:
            with pytest.raises(Rejected, match=r"Mã bảo mật \*\*\* sai"):
                await adapter.lookup("H21.11-1")
    assert "mã cũ" not in records[0].response.decode()


async def test_civil_status_over_the_service_bus() -> None:
    records = Records()
    with node("civil.js") as [address]:
        async with adapter_of("civil", address, records=records) as adapter:
            [said] = (await adapter.lookup("H21.30-261120-0001")).observations
            failures: list[tuple[str, type[AgencyFailure]]] = [("2", Throttled), ("3", Rejected), ("4", NotFound)]
            for digit, failure in failures:
                with pytest.raises(failure):
                    await adapter.lookup(f"H21.30-261120-000{digit}")
    assert said.facts.status is DossierStatus.RECEIVED
    assert said.facts.applicant_name == "A & B"
    assert said.facts.received_at == datetime(2026, 11, 20, tzinfo=VIETNAM)
    nothing_secret_in(records, "lgsp-0.")
