"""SOAP by data: requests as the WSDL wants them, answers read by our own reader."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from html import escape
from typing import Any

import pytest

from adapters import Client, build_adapter
from adapters.formats import xml as our_xml
from contracts.adapter import AgencyAdapter, CallRecord, Window
from contracts.errors import AgencyFailure, Malformed, NotFound, Rejected, Unreachable
from contracts.status import DossierStatus
from tests.adapters.servers import Asked, Told, answering
from tests.adapters.specs import DOCUMENTS, Known, one_page, spec_of

WINDOW = Window(until=datetime(2026, 11, 23, 1, tzinfo=UTC), since=datetime(2026, 11, 20, 1, tzinfo=UTC))

NAMESPACES = {
    "1.1": "http://schemas.xmlsoap.org/soap/envelope/",
    "1.2": "http://www.w3.org/2003/05/soap-envelope",
}
TRACE = (
    "System.Web.Services.Protocols.SoapException: Server was unable to process request. ---> "
    "System.Exception: Khóa truy cập không đúng\n"
    "   at DichVu.DanhSachHoSo(String khoa) in d:\\src\\DichVu.cs:line 7\n"
    "   --- End of inner exception stack trace ---"
)


def envelope(content: str, status: int = 200, version: str = "1.1") -> Told:
    return Told(
        f'<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="{NAMESPACES[version]}">'
        f"<soap:Body>{content}</soap:Body></soap:Envelope>",
        status=status,
        content_type="text/xml; charset=utf-8",
    )


def fault_11(status: int = 500, words: str = TRACE) -> Told:
    inside = f"<faultcode>soap:Server</faultcode><faultstring>{escape(words)}</faultstring><detail/>"
    return envelope(f"<soap:Fault>{inside}</soap:Fault>", status)


def fault_12(status: int = 500, words: str = TRACE) -> Told:
    code = "<soap:Code><soap:Value>soap:Receiver</soap:Value></soap:Code>"
    reason = f'<soap:Reason><soap:Text xml:lang="vi">{escape(words)}</soap:Text></soap:Reason>'
    return envelope(f"<soap:Fault>{code}{reason}</soap:Fault>", status, "1.2")


WORDS = "Không tìm thấy hồ sơ"


def row(code: str, at: str = "20/11/2026 08:00:00", status: str = "Đang xử lý") -> str:
    return (
        f"<HoSo><MaHoSo>{code}</MaHoSo><MaThuTuc>1.001612</MaThuTuc>"
        "<TenThuTuc>Đăng ký đất đai &amp; nhà</TenThuTuc><NguoiNop>Siu H'Bla</NguoiNop><DienThoai/>"
        "<NgayNop>19/11/2026 16:30:00</NgayNop><NgayTiepNhan/><NgayHenTra/><NgayTra/>"
        f"<TrangThai>{status}</TrangThai><GhiChu/><NgayCapNhat>{at}</NgayCapNhat></HoSo>"
    )


def listed(*rows: str, total: int | None = None) -> Told:
    inner = (
        '<?xml version="1.0" encoding="utf-16"?>\r\n'
        f'<DanhSach tongSo="{len(rows) if total is None else total}">{"".join(rows)}</DanhSach>'
    )
    return envelope(
        f'<DanhSachHoSoResponse xmlns="http://tempuri.org/"><DanhSachHoSoResult>{escape(inner)}'
        "</DanhSachHoSoResult></DanhSachHoSoResponse>"
    )


@asynccontextmanager
async def adapter_of(
    answer: Callable[[Asked], Told] | Told,
    records: list[CallRecord] | None = None,
    version: str = "1.1",
    absent_fault: str | None = None,
) -> AsyncIterator[AgencyAdapter]:
    async def keep(record: CallRecord) -> None:
        if records is not None:
            records.append(record)

    reply = answer if callable(answer) else lambda _: answer
    async with answering(reply) as address, Client(keep) as client:
        spec = spec_of("so-tnmt", address=address)
        data = spec.model_dump(mode="json")
        data["system"] |= {"version": version, "limits": {"attempts": 1}}
        data["operations"]["lookup"]["answer"]["absent_fault"] = absent_fault
        spec = type(spec).model_validate(data)
        yield build_adapter(spec, client=client, secrets=Known(), documents=DOCUMENTS)


@pytest.mark.parametrize("version", ["1.1", "1.2"])
async def test_a_list_is_asked_for_and_understood(version: str) -> None:
    asked: list[Asked] = []

    def answer(request: Asked) -> Told:
        asked.append(request)
        return listed(row("H21.09-261120-0001"), row("H21.09-261120-0002", status="Chờ trời"))

    records: list[CallRecord] = []
    async with adapter_of(answer, records, version) as adapter:
        page = await one_page(adapter.changes(WINDOW))

    [request] = asked
    assert (request.method, request.path) == ("POST", "/DichVuHoSo.asmx")
    if version == "1.1":
        assert request.headers["content-type"] == "text/xml; charset=utf-8"
        assert request.headers["soapaction"] == '"http://tempuri.org/DanhSachHoSo"'
    else:
        assert request.headers["content-type"] == (
            'application/soap+xml; charset=utf-8; action="http://tempuri.org/DanhSachHoSo"'
        )
    assert NAMESPACES[version].encode() in request.body
    assert our_xml.parse(request.body) == (
        "Envelope",
        {
            "Body": {
                "DanhSachHoSo": {
                    "khoa": "khóa <&> đúng",
                    "tuNgay": "20/11/2026 08:00:00",
                    "denNgay": "23/11/2026 08:00:00",
                    "trang": "1",
                    "soDong": "500",
                }
            }
        },
    )
    first, second = page.observations
    assert first.occurred_at == datetime(2026, 11, 20, 1, tzinfo=UTC)
    assert first.facts.model_dump(exclude_unset=True) == {
        "status": DossierStatus.PROCESSING,
        "status_raw": "Đang xử lý",
        "procedure_code": "1.001612",
        "procedure_name": "Đăng ký đất đai & nhà",
        "applicant_name": "Siu H'Bla",
        "submitted_at": datetime(2026, 11, 19, 9, 30, tzinfo=UTC),
    }
    assert second.facts.status is None
    assert [kept.value for kept in page.unusable] == ["Chờ trời"]
    assert page.next is None
    assert "khóa".encode() not in records[0].request
    assert b"<ns0:khoa>***</ns0:khoa>" in records[0].request


async def test_a_first_sync_names_no_lower_bound() -> None:
    bodies: list[bytes] = []

    def answer(request: Asked) -> Told:
        bodies.append(request.body)
        return listed()

    async with adapter_of(answer) as adapter:
        page = await one_page(adapter.changes(Window(until=WINDOW.until)))
    assert b"tuNgay" not in bodies[0]
    assert page.observations == ()


async def test_a_list_that_the_agency_cuts_shorter_goes_on() -> None:
    rows = [row(f"d{second}", f"20/11/2026 08:00:0{second}") for second in range(5)]

    def answer(request: Asked) -> Told:
        asked: Any = our_xml.parse(request.body)[1]
        since = int(asked["Body"]["DanhSachHoSo"]["tuNgay"][-1])
        return listed(*rows[since : since + 2], total=5 - since)

    async with adapter_of(answer) as adapter:
        codes, position = set(), None
        while True:
            page = await one_page(adapter.changes(WINDOW, position))
            codes |= {said.code for said in page.observations}
            if (position := page.next) is None:
                break
    assert codes == {"d0", "d1", "d2", "d3", "d4"}


async def test_a_dossier_is_looked_up() -> None:
    found = row("H21.09-261120-0001").replace("HoSo>", "TraCuuHoSoResult>", 1)
    found = found.removesuffix("</HoSo>") + "</TraCuuHoSoResult>"
    answer = envelope(f'<TraCuuHoSoResponse xmlns="http://tempuri.org/">{found}</TraCuuHoSoResponse>')
    async with adapter_of(answer) as adapter:
        reading = await adapter.lookup("H21.09-261120-0001")
    assert [said.code for said in reading.observations] == ["H21.09-261120-0001"]


async def test_an_answer_of_several_parts_is_understood() -> None:
    code = '<x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="cid:1"/>'
    found = row("d1").replace("HoSo>", "TraCuuHoSoResult>", 1).replace("<GhiChu/>", f"<GhiChu>{code}</GhiChu>")
    found = found.removesuffix("</HoSo>") + "</TraCuuHoSoResult>"
    root = envelope(f'<TraCuuHoSoResponse xmlns="http://tempuri.org/">{found}</TraCuuHoSoResponse>').body
    assert isinstance(root, str)
    answer = Told(
        f"--b\r\nContent-ID: <0>\r\n\r\n{root}\r\n--b\r\nContent-ID: <1>\r\n\r\nxyz\r\n--b--",
        content_type='multipart/related; type="application/xop+xml"; start="<0>"; boundary=b',
    )
    async with adapter_of(answer) as adapter:
        reading = await adapter.lookup("d1")
    assert [said.facts.note for said in reading.observations] == ["eHl6"]


@pytest.mark.parametrize(
    "nothing",
    [
        "",
        "<TraCuuHoSoResult/>",
        '<TraCuuHoSoResult xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/>',
    ],
)
async def test_a_dossier_that_is_not_there(nothing: str) -> None:
    answer = envelope(f'<TraCuuHoSoResponse xmlns="http://tempuri.org/">{nothing}</TraCuuHoSoResponse>')
    async with adapter_of(answer) as adapter:
        with pytest.raises(NotFound):
            await adapter.lookup("H21.09-261120-0001")


@pytest.mark.parametrize(
    ("answer", "version"), [(fault_11(500, WORDS), "1.1"), (fault_11(200, WORDS), "1.1"), (fault_12(500, WORDS), "1.2")]
)
async def test_a_fault_may_say_that_there_is_none(answer: Told, version: str) -> None:
    absent = "contains(fold(words), 'khong tim thay')"
    async with adapter_of(answer, version=version, absent_fault=absent) as adapter:
        with pytest.raises(NotFound, match="by a fault"):
            await adapter.lookup("H21.09-261120-0001")
    async with adapter_of(fault_11(), absent_fault=absent) as adapter:
        with pytest.raises(Rejected):
            await adapter.lookup("H21.09-261120-0001")


async def test_a_code_that_xml_cannot_hold_is_refused() -> None:
    async with adapter_of(listed()) as adapter:
        with pytest.raises(Rejected, match="cannot be written"):
            await adapter.lookup("H21\x00")


@pytest.mark.parametrize(
    "answer", [fault_11(500), fault_11(200), fault_11(400), fault_12(500), fault_12(200), fault_12(400)]
)
async def test_a_fault_is_the_agencys_no_in_its_own_words(answer: Told) -> None:
    records: list[CallRecord] = []
    async with adapter_of(answer, records) as adapter:
        with pytest.raises(Rejected) as caught:
            await one_page(adapter.changes(WINDOW))
    assert caught.value.message == "The agency says: Khóa truy cập không đúng"
    assert "DichVu.cs" in records[0].response.decode()


@pytest.mark.parametrize(
    ("answer", "failure", "why"),
    [
        # A fault behind a gateway's status is the gateway's word, not the agency's.
        (fault_11(502), Unreachable, "502"),
        (
            Told("<html><body>Bad Gateway</body></html>", status=502, content_type="text/html"),
            Unreachable,
            "502",
        ),
        (Told("<html><body>Bảo trì<br></body></html>", content_type="text/html"), Malformed, "a web page"),
        (
            Told("<html><body>Bảo trì</body></html>", content_type="text/html"),
            Malformed,
            "<html>, which is no SOAP",
        ),
        (Told("<!DOCTYPE html><html></html>", status=500), Malformed, "answered 500 with a web page"),
        (Told(""), Malformed, "answered 200 with nothing"),
        (Told("", status=500), Malformed, "answered 500 with nothing"),
        (Told(envelope("<a/>").body[:-20]), Malformed, "well-formed"),
        (Told(b"\x00\xff\x00"), Malformed, "no SOAP answer"),
        (envelope("<DanhSachHoSoResponse/>", status=500), Malformed, "answered 500"),
        (envelope("<DanhSachHoSoResponse/>", status=422), Rejected, "answered 422"),
        (envelope("<DanhSachHoSoResponse/>"), Malformed, "there is nothing"),
        (envelope("<R><DanhSachHoSoResult></DanhSachHoSoResult></R>"), Malformed, "there is nothing"),
        (envelope("<R><DanhSachHoSoResult>Lỗi kết nối</DanhSachHoSoResult></R>"), Malformed, "well-formed"),
        (envelope("<R><DanhSachHoSoResult>&lt;a>&lt;b></DanhSachHoSoResult></R>"), Malformed, "well-formed"),
        (envelope("<R><DanhSachHoSoResult><x/></DanhSachHoSoResult></R>"), Malformed, "there is dict"),
        (
            envelope("<R><DanhSachHoSoResult>&lt;!DOCTYPE a>&lt;a/></DanhSachHoSoResult></R>"),
            Malformed,
            "DOCTYPE",
        ),
        (envelope(""), Malformed, "no SOAP answer"),
    ],
)
async def test_an_answer_that_is_none(answer: Told, failure: type[AgencyFailure], why: str) -> None:
    records: list[CallRecord] = []
    async with adapter_of(answer, records) as adapter:
        with pytest.raises(failure, match=why):
            await one_page(adapter.changes(WINDOW))
    assert [record.outcome for record in records] == [failure.kind]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("Hồ sơ bị khóa", "Hồ sơ bị khóa"),
        ("", "no, without saying why"),
        ("System.NullReferenceException: Object reference not set\n   at A.B()", "Object reference not set"),
        ("x" * 5000, "x" * 300),
    ],
)
async def test_what_a_fault_says_is_cleaned(words: str, message: str) -> None:
    async with adapter_of(fault_11(words=words)) as adapter:
        with pytest.raises(Rejected) as caught:
            await one_page(adapter.changes(WINDOW))
    assert caught.value.message == f"The agency says: {message}"
