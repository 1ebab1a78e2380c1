"""The driver licences' service: ASP.NET over a table. It reads what it knows and passes over the rest, takes every
dossier for a new one, gives all there is each time, and writes dates as they are in the table."""

from base64 import b64decode
from typing import Any, Literal
from xml.sax.saxutils import escape

from lxml import etree

from tests.adapters.servers import Asked, Told

PATH = "/TichHopMotCua/Service.asmx"

_OURS = "{http://tempuri.org/}"
_SOAP_11, _SOAP_12 = "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"

#: The contract says that all three dates are xs:dateTime.
ROWS: list[dict[str, str]] = [
    {
        "MaDK1": "29001-20261120-0001",
        "MALOAIHOSO1": "01",
        "HOTENNGUOINOP1": "SIU H'BLA | RƠ CHÂM <&> H'LAN",
        "NGAYSINH1": "12/08/1985",
        "NGAYNOPHOSO1": "20/11/2026",
        "NGAYHENTRA1": "2026-12-01T00:00:00",
        "TRANGTHAIXULY1": "01",
    },
    {
        "MaDK1": "29001-20261121-0002",
        "MALOAIHOSO1": "",
        "HOTENNGUOINOP1": "LÊ VĂN ĐƯỜNG",
        "NGAYSINH1": "99991231",
        "NGAYNOPHOSO1": "2026-11-21T08:15:00",
        "NGAYHENTRA1": "99991231",
        "TRANGTHAIXULY1": "",
    },
    {
        "MaDK1": "29001-20261122-0003",
        "MALOAIHOSO1": "ERR",
        "NGAYNOPHOSO1": "22/11/2026",
        "TRANGTHAIXULY1": "ERR",
    },
]


class LicenceService:
    """Called with each request."""

    def __init__(self, rows: list[dict[str, str]] = ROWS) -> None:
        self.rows = rows
        self.created: list[dict[str, str]] = []
        self.files: list[dict[str, str | bytes]] = []
        #: What becomes of the next calls: it says no to a file, or acts and nobody hears.
        self.faults: list[Literal["refused", "unheard"] | None] = []

    def __call__(self, asked: Asked) -> Told:
        fault = self.faults.pop(0) if self.faults else None
        envelope = etree.fromstring(asked.body)
        soap = etree.QName(envelope).namespace or ""
        [content] = envelope.iterfind(f"{{{soap}}}Body/*")
        operation = etree.QName(content).localname
        action = f'"http://tempuri.org/{operation}"'
        given = asked.headers.get("soapaction") if soap == _SOAP_11 else asked.headers["content-type"]
        if asked.path != PATH or not given or not given.endswith(action):
            raise AssertionError(f"no operation for {given}")
        if fault == "refused":
            result = "Không lưu được ảnh"
        else:
            result = getattr(self, f"_{operation}")(content)
        if fault == "unheard":
            raise ConnectionResetError
        inside = f"<{operation}Result>{result}</{operation}Result>" if result else ""
        return Told(
            f'<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="{soap}"><soap:Body>'
            f'<{operation}Response xmlns="http://tempuri.org/">{inside}</{operation}Response></soap:Body></soap:Envelope>',
            content_type="text/xml; charset=utf-8" if soap == _SOAP_11 else "application/soap+xml; charset=utf-8",
        )

    def _getHoSoMotCua(self, _: Any) -> str:
        return "".join(
            "<HoSoMotCua>" + "".join(f"<{name}>{escape(text)}</{name}>" for name, text in row.items()) + "</HoSoMotCua>"
            for row in self.rows
        )

    def _TaoMoiHoSo(self, content: Any) -> str:
        self.created.append(_fields(content.find(f"{_OURS}dongBoQuyTrinh")))
        return f"29001-20261120-{len(self.created):04}"

    def _TaiAnhDinhKem(self, content: Any) -> str:
        file = _fields(content.find(f"{_OURS}uploadDocumentsAttach"))
        self.files.append({**file, "Data": b64decode(file["Data"], validate=True)})
        return "1"


def _fields(element: Any) -> dict[str, str]:
    """What is not of our namespace is passed over, as .NET does."""
    return {child.tag.removeprefix(_OURS): child.text or "" for child in element if child.tag.startswith(_OURS)}
