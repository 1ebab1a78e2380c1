"""A whole file as a page, in each of the formats: rows that do not map are told by line; nothing else escapes."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters import Client
from adapters.mapping.record_reader import RecordReader
from contracts.adapter import Page
from contracts.observation import Channel, Observation, Unusable
from tests.adapters.files.drops import (
    HEADER,
    MAPPING,
    adapter_of,
    as_csv,
    as_xlsx,
    codes,
    messages,
    page_of,
    pages_of,
    row,
    spec_of,
)

XML: dict[str, Any] = {
    "pattern": "*.xml",
    "format": {"kind": "xml", "records": "[HoSo][]"},
    "mapping": {
        "code": "Ma",
        "occurred_at": {"path": "CapNhat", "convert": "date", "formats": ["iso"]},
        "facts": {"status": "TrangThai"},
    },
}
RECORD = "<HoSo><Ma>{}</Ma><CapNhat>2026-11-20T08:00:00</CapNhat><TrangThai>Đang xử lý</TrangThai></HoSo>"


async def only_page(client: Client, folder: Path, name: str, content: bytes, **system: Any) -> Page:
    (folder / name).write_bytes(content)
    page, _ = await pages_of(adapter_of(client, folder, **system))
    return page


async def test_csv(client: Client, tmp_path: Path) -> None:
    page = await only_page(client, tmp_path, "1.csv", as_csv(row("A-1", "Chờ bổ sung")))
    (said,) = page.observations
    assert said.occurred_at == datetime(2026, 11, 19, 17, tzinfo=UTC)
    assert said.facts.model_dump(exclude_unset=True) == {
        "status": "5",
        "status_raw": "Chờ bổ sung",
        "applicant_name": "Rơ Châm H'Lan",
    }


async def test_xlsx(client: Client, tmp_path: Path) -> None:
    content = as_xlsx([HEADER, ("A-1", datetime(2026, 11, 20, 8), "Đang xử lý", None), row("A-2")])
    page = await only_page(client, tmp_path, "1.xlsx", content, pattern="*.xlsx", format={"kind": "xlsx"})
    assert codes(page) == ["A-1", "A-2"]
    assert page.observations[0].occurred_at == datetime(2026, 11, 20, 1, tzinfo=UTC)


@pytest.mark.parametrize("times", [0, 1, 3])
async def test_xml(client: Client, tmp_path: Path, times: int) -> None:
    content = f"<DS>{''.join(RECORD.format(f'A-{number}') for number in range(times))}</DS>".encode()
    page = await only_page(client, tmp_path, "1.xml", content, **XML)
    assert codes(page) == [f"A-{number}" for number in range(times)]
    assert page.unusable == ()


@pytest.mark.parametrize(
    "content",
    [
        b"<DS><HoSo><Ma>A-1</Ma></HoSo>",
        b'<!DOCTYPE x [<!ENTITY a "A-1">]><DS><HoSo><Ma>&a;</Ma></HoSo></DS>',
        b"<DS>" * 200 + b"</DS>" * 200,
    ],
)
async def test_xml_that_is_not_whole_or_hostile(client: Client, tmp_path: Path, content: bytes) -> None:
    page = await only_page(client, tmp_path, "1.xml", content, **XML)
    assert page.observations == ()
    assert [unusable.reason for unusable in page.unusable] == ["malformed_body"]


async def test_rows_that_do_not_map_are_told_by_line_and_spoil_no_other(client: Client, tmp_path: Path) -> None:
    content = as_csv(row("A-1"), row("A-2", "Lạ"), row("A-3", day="31/11/2026"), ("A-4",), row(""), row("A-6"))
    page = await only_page(client, tmp_path, "1.csv", content)
    assert codes(page) == ["A-1", "A-2", "A-6"]
    assert [(wrong.reason, wrong.message.partition(": ")[0]) for wrong in page.unusable] == [
        ("unknown_status", "Line 3 of 1.csv"),
        ("bad_value", "Line 4 of 1.csv"),
        ("not_a_record", "Line 5 of 1.csv"),
        ("missing_field", "Line 6 of 1.csv"),
    ]
    assert orjson.loads(page.unusable[0].raw) == dict(zip(HEADER, row("A-2", "Lạ"), strict=True))
    assert orjson.loads(page.unusable[2].raw) == ["A-4"]


async def test_what_was_kept_can_be_read_again(client: Client, tmp_path: Path) -> None:
    """As the quarantine does, once the spec knows more."""
    content = as_csv(row("A-2", "Lạ"), ("A-4",))
    page = await only_page(client, tmp_path, "1.csv", content)
    wider = spec_of(tmp_path).model_copy(update={"statuses": {"Lạ": "4"}})
    assert wider.mapping
    reader = RecordReader(wider.mapping, wider)
    now = datetime.now(UTC)
    again = [reader.read(orjson.loads(wrong.raw), Channel.PULL, now) for wrong in page.unusable]
    assert [(read.observation is not None, len(read.unusable)) for read in again] == [(True, 0), (False, 1)]


async def test_no_personal_data_is_in_a_message(client: Client, tmp_path: Path) -> None:
    content = as_csv(("A-1", "x", "y", "Rơ Châm H'Lan"), ("A-2", "Rơ Châm H'Lan"), (*row("A-3")[:3], "x" * 600))
    page = await only_page(client, tmp_path, "1.csv", content)
    assert len(page.unusable) == 3
    assert not any("Lan" in message or "xxx" in message for message in messages(page))


async def test_nor_is_any_where_the_header_is_missing(client: Client, tmp_path: Path) -> None:
    page = await only_page(client, tmp_path, "1.csv", as_csv(header=row()))
    assert page.unusable[0].reason == "malformed_body"
    assert "Lan" not in messages(page)[0] + (tmp_path / "failed" / "1.csv.why.txt").read_text()


def test_a_column_without_quotation_marks_of_its_own_is_explained() -> None:
    with pytest.raises(ValueError, match="agency so-noi-vu: 'Mã hồ sơ' is not a JMESPath expression"):
        adapter_of(Client(), "/srv/drop", mapping=MAPPING | {"code": "Mã hồ sơ"})


def test_an_expression_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="agency so-noi-vu: '\\[' is not a JMESPath"):
        adapter_of(Client(), "/srv/drop", **XML | {"format": {"kind": "xml", "records": "["}})


@pytest.mark.parametrize("kind", ["csv", "xlsx", "xml"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(content=st.binary() | st.text().map(str.encode) | st.binary().map(lambda rest: as_csv(row()) + rest))
async def test_any_bytes_are_a_page(client: Client, tmp_path: Path, kind: str, content: bytes) -> None:
    """Only observations and what could not be used; and the file is put away in the end."""
    formats: dict[str, Any] = {"csv": {"kind": "csv"}, "xlsx": {"kind": "xlsx"}, "xml": XML["format"]}
    (tmp_path / "1").write_bytes(content)
    adapter = adapter_of(client, tmp_path, pattern="1", format=formats[kind], mapping=MAPPING)
    page = await page_of(adapter)
    assert all(isinstance(item, Observation) for item in page.observations)
    assert all(isinstance(item, Unusable) for item in page.unusable)
    assert (await page_of(adapter, page.next)).next is None
    assert not (tmp_path / "1").exists()
    for folder in ("done", "failed"):
        for path in (tmp_path / folder).glob("*"):
            path.unlink()
