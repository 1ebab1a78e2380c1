"""An agency that leaves files, for tests: its spec, its rows, and the files made of them."""

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl

from adapters import Client, build_adapter
from contracts.adapter import AgencyAdapter, Page, Position, Window
from contracts.agency import AgencySpec
from tests.adapters.specs import one_page
from tests.observations import T0
from tests.parts import NamedSecrets

DATES = {"convert": "date", "formats": ["dd/MM/yyyy", "yyyy-MM-dd HH:mm:ss"]}
#: Quoted twice: for YAML or Python, and for JMESPath.
MAPPING: dict[str, Any] = {
    "code": '"Mã hồ sơ"',
    "occurred_at": {"path": '"Ngày cập nhật"', **DATES},
    "facts": {"status": '"Trạng thái"', "applicant_name": '"Người nộp"'},
}
HEADER = ("Mã hồ sơ", "Ngày cập nhật", "Trạng thái", "Người nộp")
WINDOW = Window(until=T0)


def spec_of(folder: Path | str, /, **system: Any) -> AgencySpec:
    """Settled at once and CSV, unless `system` says otherwise; `mapping` replaces the mapping."""
    mapping = system.pop("mapping", MAPPING)
    return AgencySpec.model_validate(
        {
            "id": "so-noi-vu",
            "identifier": "H21.13",
            "name": {"vi": "Sở Nội vụ", "en": "Home affairs"},
            "kind": "department",
            "enabled": True,
            "system": {
                "kind": "files",
                "folder": str(folder),
                "pattern": "*.csv",
                "format": {"kind": "csv"},
                "settle_seconds": 0,
            }
            | system,
            "mapping": mapping,
            "statuses": {"Đang xử lý": "4", "Đã trả kết quả": "10", "Chờ bổ sung": "5"},
            "sync": {"every_seconds": 60},
        }
    )


def adapter_of(
    client: Client, folder: Path | str, /, *, secrets: Mapping[str, str] = {}, **system: Any
) -> AgencyAdapter:
    spec = spec_of(folder, **system)
    return build_adapter(spec, client=client, secrets=NamedSecrets(secrets), documents=Path())


async def page_of(adapter: AgencyAdapter, position: Position | None = None) -> Page:
    return await one_page(adapter.changes(WINDOW, position))


async def pages_of(adapter: AgencyAdapter) -> list[Page]:
    """Every page there is, each stored as it were before the next is asked for."""
    pages = [await page_of(adapter)]
    while (position := pages[-1].next) is not None:
        pages.append(await page_of(adapter, position))
    return pages


def row(code: str = "H21.13-261120-0001", status: str = "Đang xử lý", day: str = "20/11/2026") -> tuple[str, ...]:
    return (code, day, status, "Rơ Châm H'Lan")


def as_csv(*rows: Sequence[str], header: Sequence[str] = HEADER, encoding: str = "utf-8") -> bytes:
    return "".join(",".join(cells) + "\r\n" for cells in (header, *rows)).encode(encoding)


def as_xlsx(rows: Iterable[Sequence[Any]], *, title: str = "Hồ sơ", merged: Sequence[str] = ()) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = title
    for cells in rows:
        sheet.append(list(cells))
    for cells_merged in merged:
        sheet.merge_cells(cells_merged)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def with_part(workbook: bytes, name: str, content: bytes) -> bytes:
    """The workbook with one of its parts added or replaced."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for part in {part: old.read(part) for part in old.namelist() if part != name}.items():
            new.writestr(*part)
        new.writestr(name, content)
    return file.getvalue()


def codes(page: Page) -> list[str]:
    return [observation.code for observation in page.observations]


def messages(page: Page) -> list[str]:
    return [unusable.message for unusable in page.unusable]
