"""Answers with many dossiers, as benchmarks read them: JSON, SOAP, and SOAP with a DataSet."""

import json
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

#: What the specs map.
FIELDS = (
    "maHoSo",
    "maThuTuc",
    "tenThuTuc",
    "nguoiNop",
    "dienThoai",
    "ngayNop",
    "ngayHenTra",
    "trangThai",
    "ghiChu",
    "ngayCapNhat",
)

_ENVELOPE = (
    '<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">'
    "<soap:Body>{}</soap:Body></soap:Envelope>"
)
_XS = "http://www.w3.org/2001/XMLSchema"


def dossier(number: int) -> dict[str, Any]:
    minute, second = divmod(number % 3600, 60)
    return {
        "maHoSo": f"H21.09-261102-{number:06}",
        "maThuTuc": "1.001612",
        "tenThuTuc": "Đăng ký thành lập hộ kinh doanh",
        "nguoiNop": "Nguyễn Văn Đức",
        "dienThoai": f"09051{number % 100000:05}",
        "ngayNop": f"2026-11-{number % 28 + 1:02}T08:{minute:02}:{second:02}+07:00",
        "ngayHenTra": f"2026-12-{number % 28 + 1:02}",
        "trangThai": "Đang xử lý",
        "ghiChu": f"Nộp tại quầy {number % 9}",
        "soTo": number % 7,
        "ngayCapNhat": f"2026-11-{number % 28 + 1:02}T09:{minute:02}:{second:02}+07:00",
    }


def _elements(row: dict[str, Any]) -> str:
    return "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in row.items())


def as_list(count: int) -> bytes:
    """The answer of DanhSachHoSo in suite-document.wsdl."""
    rows = "".join(f"<hoSo>{_elements(dossier(number))}</hoSo>" for number in range(count))
    inner = f'<DanhSachHoSoResponse xmlns="urn:gialai:suite"><tongSo>{count}</tongSo>{rows}</DanhSachHoSoResponse>'
    return _ENVELOPE.format(inner).encode()


def as_one() -> bytes:
    """The answer of TraCuuHoSo in suite-document.wsdl."""
    inner = f'<TraCuuHoSoResponse xmlns="urn:gialai:suite"><hoSo>{_elements(dossier(1))}</hoSo></TraCuuHoSoResponse>'
    return _ENVELOPE.format(inner).encode()


def as_dataset(count: int) -> bytes:
    """The answer of DanhSachHoSo in suite-dataset.wsdl: its own schema, then a diffgram."""
    dates = {"ngayNop": "dateTime", "ngayHenTra": "date", "ngayCapNhat": "dateTime", "soTo": "int"}
    columns = "".join(
        f'<xs:element name="{name}" type="xs:{dates.get(name, "string")}" minOccurs="0"/>' for name in dossier(0)
    )
    schema = (
        f'<xs:schema id="NewDataSet" xmlns="" xmlns:xs="{_XS}" xmlns:msdata="urn:schemas-microsoft-com:xml-msdata">'
        '<xs:element name="NewDataSet" msdata:IsDataSet="true"><xs:complexType>'
        '<xs:choice minOccurs="0" maxOccurs="unbounded"><xs:element name="Table"><xs:complexType><xs:sequence>'
        f"{columns}</xs:sequence></xs:complexType></xs:element></xs:choice></xs:complexType></xs:element></xs:schema>"
    )
    rows = "".join(
        f'<Table diffgr:id="Table{number + 1}" msdata:rowOrder="{number}">{_elements(dossier(number))}</Table>'
        for number in range(count)
    )
    inner = (
        f'<DanhSachHoSoResponse xmlns="http://tempuri.org/"><DanhSachHoSoResult>{schema}'
        '<diffgr:diffgram xmlns:msdata="urn:schemas-microsoft-com:xml-msdata" '
        'xmlns:diffgr="urn:schemas-microsoft-com:xml-diffgram-v1">'
        f'<NewDataSet xmlns="">{rows}</NewDataSet></diffgr:diffgram></DanhSachHoSoResult></DanhSachHoSoResponse>'
    )
    return _ENVELOPE.format(inner).encode()


def as_json(count: int) -> bytes:
    rows = [dossier(number) for number in range(count)]
    return json.dumps({"ma": 0, "duLieu": {"noiDung": rows, "cuoi": True}}, ensure_ascii=False).encode()


def chunks(body: bytes, size: int = 65_536) -> Iterator[bytes]:
    """`body` as it comes over a network."""
    for start in range(0, len(body), size):
        yield body[start : start + size]
