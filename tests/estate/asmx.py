"""Sở Tài nguyên và Môi trường: an ASP.NET web service of the years when a list was a string that holds XML."""

from datetime import datetime

from lxml import etree
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.estate.world import VIETNAM, Agency, Case

NAMESPACE = "http://tempuri.org/"
_ENVELOPES = {
    "http://schemas.xmlsoap.org/soap/envelope/": "text/xml; charset=utf-8",
    "http://www.w3.org/2003/05/soap-envelope": "application/soap+xml; charset=utf-8",
}
_SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
_SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
_PATH = "/DichVuHoSo.asmx"
_FORMAT = "%d/%m/%Y %H:%M:%S"

STATUS_WORDS = {
    "1": "Mới đăng ký",
    "2": "Đã tiếp nhận",
    "3": "Không tiếp nhận",
    "4": "Đang xử lý",
    "5": "Chờ bổ sung",
    "6": "Chờ thực hiện nghĩa vụ tài chính",
    "7": "Công dân rút hồ sơ",
    "8": "Dừng xử lý",
    "9": "Đã có kết quả",
    "10": "Đã trả kết quả",
}
_FIELDS = (
    *("MaHoSo", "MaThuTuc", "TenThuTuc", "NguoiNop", "DienThoai", "NgayNop", "NgayTiepNhan", "NgayHenTra", "NgayTra"),
    *("TrangThai", "GhiChu", "NgayCapNhat"),
)

_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


class _Fault(Exception):
    """What ASP.NET makes of an exception: a stack trace in the faultstring, for everybody to read."""


def app(agency: Agency, key: str) -> Starlette:
    wsdl = _wsdl()

    async def describe(_request: Request) -> Response:
        return Response(wsdl, media_type="text/xml; charset=utf-8")

    async def call(request: Request) -> Response:
        version = _SOAP_11
        fault: str | None = getattr(request.state, "fault", None)
        try:
            version, operation = _operation(await request.body())
            if fault == "error200":
                raise _Fault("Timeout expired. All pooled connections were in use.")
            body = _perform(agency, key, operation, fault)
        except _Fault as error:
            status = 200 if fault == "error200" else 500
            return Response(_fault(version, str(error)), status, media_type=_ENVELOPES[version])
        envelope = (
            f'<soap:Envelope xmlns:soap="{version}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
            f'xmlns:xsd="http://www.w3.org/2001/XMLSchema"><soap:Body>{body}</soap:Body></soap:Envelope>'
        )
        return Response(f'<?xml version="1.0" encoding="utf-8"?>{envelope}'.encode(), media_type=_ENVELOPES[version])

    return Starlette(routes=[Route(_PATH, describe, methods=["GET"]), Route(_PATH, call, methods=["POST"])])


def _operation(body: bytes) -> tuple[str, etree._Element]:
    """The SOAP version's namespace, and the element of the operation asked for."""
    try:
        root = etree.fromstring(body, _PARSER)
    except etree.XMLSyntaxError as error:
        raise _Fault(f"There is an error in XML document: {error}") from None
    version = etree.QName(root).namespace or ""
    soap_body = root.find(f"{{{version}}}Body")
    if version not in _ENVELOPES or soap_body is None or len(soap_body) != 1:
        raise _Fault("Possible SOAP version mismatch")
    return version, soap_body[0]


def _perform(agency: Agency, key: str, operation: etree._Element, fault: str | None) -> str:
    def given(name: str) -> str:
        element = operation.find(f"{{{NAMESPACE}}}{name}")
        return (element.text or "").strip() if element is not None else ""

    if given("khoa") != key:
        raise _Fault("Khóa truy cập không đúng")
    match etree.QName(operation).localname if etree.QName(operation).namespace == NAMESPACE else "":
        case "DanhSachHoSo":
            if fault == "null_list":
                return _response("DanhSachHoSo", '<DanhSachHoSoResult xsi:nil="true"/>')
            codes = agency.by_time(_date(given("tuNgay")), _date(given("denNgay")))
            page, size = _number(given("trang")), _number(given("soDong"))
            rows = [agency.cases[code] for code in codes[(page - 1) * size : page * size]]
            document = _list(rows, len(codes), odd=fault == "unknown_status")
            return _response("DanhSachHoSo", f"<DanhSachHoSoResult>{_escape(document)}</DanhSachHoSoResult>")
        case "TraCuuHoSo":
            found = agency.cases.get(given("maHoSo"))
            if found is None:
                return _response("TraCuuHoSo", "")
            fields = "".join(f"<{name}>{_escape(value)}</{name}>" for name, value in _row(found).items())
            return _response("TraCuuHoSo", f"<TraCuuHoSoResult>{fields}</TraCuuHoSoResult>")
    raise _Fault("Server did not recognize the value of HTTP Header SOAPAction")


def _response(operation: str, content: str) -> str:
    return f'<{operation}Response xmlns="{NAMESPACE}">{content}</{operation}Response>'


def _list(cases: list[Case], total: int, *, odd: bool) -> str:
    root = etree.Element("DanhSach", tongSo=str(total))
    for number, case in enumerate(cases):
        element = etree.SubElement(root, "HoSo")
        for name, value in _row(case).items():
            # A status nobody told the hub about: an officer added it to the system's list this morning.
            etree.SubElement(element, name).text = (
                "Chờ xác minh thực địa" if odd and number == 0 and name == "TrangThai" else value
            )
    # .NET writes the string's own encoding into it, whatever the answer is sent in.
    return '<?xml version="1.0" encoding="utf-16"?>' + etree.tostring(root, encoding="unicode")


def _row(case: Case) -> dict[str, str]:
    values = (
        *(case.code, *case.procedure, case.applicant, case.phone),
        *(_text(case.submitted_at), _text(case.received_at), _text(case.due_at), _text(case.finished_at)),
        *(STATUS_WORDS[case.last.status], case.last.note, _text(case.last.at)),
    )
    return dict(zip(_FIELDS, values, strict=True))


def _text(at: datetime | None) -> str:
    return at.astimezone(VIETNAM).strftime(_FORMAT) if at else ""


def _date(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.strptime(text, _FORMAT).replace(tzinfo=VIETNAM)
    except ValueError:
        raise _Fault("String was not recognized as a valid DateTime.") from None


def _number(text: str) -> int:
    try:
        return max(1, int(text))
    except ValueError:
        raise _Fault("Input string was not in a correct format.") from None


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _fault(version: str, reason: str) -> bytes:
    trace = (
        f"System.Web.Services.Protocols.SoapException: Server was unable to process request. ---> System.Exception: "
        f"{reason}\n   at DichVuHoSo.KiemTra(String khoa) in D:\\Web\\MotCua\\App_Code\\DichVuHoSo.cs:line 41\n"
        "   --- End of inner exception stack trace ---"
    )
    if version == _SOAP_12:
        inner = (
            "<soap:Code><soap:Value>soap:Receiver</soap:Value></soap:Code>"
            f'<soap:Reason><soap:Text xml:lang="en">{_escape(trace)}</soap:Text></soap:Reason>'
        )
    else:
        inner = f"<faultcode>soap:Server</faultcode><faultstring>{_escape(trace)}</faultstring><detail/>"
    return (
        f'<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="{version}"><soap:Body><soap:Fault>{inner}'
        "</soap:Fault></soap:Body></soap:Envelope>"
    ).encode()


def _wsdl() -> bytes:
    """The service's own description, with the address it was developed at."""
    operations = {
        "DanhSachHoSo": (
            (("khoa", "string"), ("tuNgay", "string"), ("denNgay", "string"), ("trang", "int"), ("soDong", "int")),
            "s:string",
        ),
        "TraCuuHoSo": ((("khoa", "string"), ("maHoSo", "string")), "tns:HoSo"),
    }
    elements = messages = ports = ""
    bindings = {"soap": "", "soap12": ""}
    for name, (parameters, result) in operations.items():
        inputs = "".join(
            f'<s:element minOccurs="{int(kind == "int")}" maxOccurs="1" name="{field}" type="s:{kind}"/>'
            for field, kind in parameters
        )
        output = f'<s:element minOccurs="0" maxOccurs="1" name="{name}Result" type="{result}"/>'
        for element, content in ((name, inputs), (f"{name}Response", output)):
            elements += (
                f'<s:element name="{element}"><s:complexType><s:sequence>{content}</s:sequence></s:complexType>'
                "</s:element>"
            )
        for direction, element in (("In", name), ("Out", f"{name}Response")):
            messages += (
                f'<wsdl:message name="{name}Soap{direction}"><wsdl:part name="parameters" element="tns:{element}"/>'
                "</wsdl:message>"
            )
        ports += (
            f'<wsdl:operation name="{name}"><wsdl:input message="tns:{name}SoapIn"/>'
            f'<wsdl:output message="tns:{name}SoapOut"/></wsdl:operation>'
        )
        for soap in bindings:
            bindings[soap] += (
                f'<wsdl:operation name="{name}"><{soap}:operation soapAction="{NAMESPACE}{name}" style="document"/>'
                f'<wsdl:input><{soap}:body use="literal"/></wsdl:input>'
                f'<wsdl:output><{soap}:body use="literal"/></wsdl:output></wsdl:operation>'
            )
    fields = "".join(f'<s:element minOccurs="0" maxOccurs="1" name="{name}" type="s:string"/>' for name in _FIELDS)
    record = f'<s:complexType name="HoSo"><s:sequence>{fields}</s:sequence></s:complexType>'
    described = "".join(
        f'<wsdl:binding name="DichVuHoSo{suffix}" type="tns:DichVuHoSoSoap">'
        f'<{soap}:binding transport="http://schemas.xmlsoap.org/soap/http"/>{bindings[soap]}</wsdl:binding>'
        for soap, suffix in (("soap", "Soap"), ("soap12", "Soap12"))
    )
    served = "".join(
        f'<wsdl:port name="DichVuHoSo{suffix}" binding="tns:DichVuHoSo{suffix}">'
        f'<{soap}:address location="http://localhost:51234{_PATH}"/></wsdl:port>'
        for soap, suffix in (("soap", "Soap"), ("soap12", "Soap12"))
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:s="http://www.w3.org/2001/XMLSchema" '
        f'xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/" '
        f'xmlns:tns="{NAMESPACE}" targetNamespace="{NAMESPACE}">'
        f'<wsdl:types><s:schema elementFormDefault="qualified" targetNamespace="{NAMESPACE}">{elements}{record}'
        f'</s:schema></wsdl:types>{messages}<wsdl:portType name="DichVuHoSoSoap">{ports}</wsdl:portType>{described}'
        f'<wsdl:service name="DichVuHoSo">{served}</wsdl:service></wsdl:definitions>'
    ).encode()
