"""The fault corpus: what agencies' systems have answered, or could, and what each must end in."""

import gzip
import zlib
from asyncio import StreamReader, StreamWriter
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, Literal

import orjson

from tests.adapters.certificates import Certified, certified
from tests.adapters.servers import Talk, Told, read_request
from tests.corpus.answers import ENVELOPE, SOAP_TYPE, at_once, body, bytes_of, drip, hang, json, reset, saying, soap

#: An outcome is a failure's kind, or one of these: read all the same, or kept as unusable.
READ, KEPT = "read", "kept"

HTML = "<html><head><title>Lỗi</title></head><body><h1>Hệ thống đang bảo trì</h1></body></html>"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
DOSSIER: dict[str, Any] = {
    "ma": "H21.10-261120-0001",
    "trangThai": "DANG_XU_LY",
    "ten": "Đăng ký",
    "luc": "2026-11-20T08:00:00+07:00",
}
OTHER = DOSSIER | {"ma": "H21.10-261120-0002"}
NEWER = OTHER | {"luc": "2026-11-20T09:00:00+07:00"}
TEXT = orjson.dumps(DOSSIER).decode()
RECORD = (
    "<TraCuuHoSoResponse xmlns='urn:gialai:suite'><hoSo><maHoSo>H21.10-261120-0001</maHoSo><tenThuTuc>TEN</tenThuTuc>"
    "<ngayCapNhat>2026-11-20T08:00:00+07:00</ngayCapNhat></hoSo></TraCuuHoSoResponse>"
)
SOAP_BYTES = ENVELOPE.format(RECORD).encode()
MTOM_TYPE = 'multipart/related; boundary="b"; type="application/xop+xml"; start="<root>"'
MTOM_BROKEN = (
    '--b\r\nContent-Type: application/xop+xml; charset=utf-8; type="text/xml"\r\nContent-ID: <root>\r\n\r\n'
    + ENVELOPE.format(
        RECORD.replace("TEN", "<i:Include xmlns:i='http://www.w3.org/2004/08/xop/include' href='cid:no'/>")
    )
    + "\r\n--b--\r\n"
)
LOGIN_SPEC = {
    "system": {
        "auth": {
            "kind": "login",
            "path": "/dang-nhap",
            "json_body": {"mk": "{secret:khoa}"},
            "token": "token",
            "error_when": "loi",
            "error_message": "loi",
        }
    }
}
BOMB = (
    "<!DOCTYPE a [<!ENTITY b0 'bbbbbbbbbb'>"
    + "".join(f"<!ENTITY b{i} '{f'&b{i - 1};' * 10}'>" for i in range(1, 12))
    + "]><a>&b11;</a>"
)
FAULT = "<s:Fault><faultcode>s:Server</faultcode><faultstring>{}</faultstring></s:Fault>"
FAULT_12 = (
    "<s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code>"
    "<s:Reason><s:Text xml:lang='vi'>Sai mã</s:Text></s:Reason></s:Fault>"
)
TRACE = (
    "System.Web.Services.Protocols.SoapException: Server was unable to process request. ---&gt; "
    "System.Exception: Mã hồ sơ không đúng\n   at DichVu.TraCuu(String ma) in C:\\DichVu.cs:line 12"
)


@dataclass(frozen=True)
class Fault:
    """One way to go wrong. `asks`: a look-up, or the first page of a list (or its pages, to the end)."""

    name: str
    what: str
    ends_in: str
    talk: Talk
    speaks: Literal["rest", "soap"] = "rest"
    asks: Literal["lookup", "changes", "pages"] = "lookup"
    says: str = ""
    #: Where it is, if not where `talk` is served; and the certificate that is shown there, over TLS.
    address: str | None = None
    shown: Certified | None = None
    #: What of the answer must be found again in the failure's raw text.
    raw: bytes = b""
    spec: dict[str, Any] = field(default_factory=dict)


def endless_pages() -> Talk:
    """Two rows for every page that is asked for, each of them new."""
    seen = count()

    async def talk(reader: StreamReader, writer: StreamWriter) -> None:
        while await read_request(reader):
            rows = [DOSSIER | {"ma": f"H21.10-{next(seen):06}"} for _ in range(2)]
            writer.write(Told(orjson.dumps({"ds": rows})).encoded())
            await writer.drain()

    return talk


def _rows(rows: Any, **around: Any) -> Talk:
    return json({"ds": rows} | around)


def _string(inner: str) -> Talk:
    """A SOAP result that is a string holding a document."""
    return soap(f'<R xmlns="urn:c"><chuoi>{inner}</chuoi></R>')


INSIDE = {"operations": {"changes": {"answer": {"inside": "chuoi", "records": "[HoSo][]"}}}}
INSIDE_JSON = {"operations": {"changes": {"answer": {"inside": "chuoi", "inside_holds": "json", "records": "ds"}}}}

#: For what is never spoken to.
UNUSED = at_once(reset)
AUTHORITY = certified("Corpus authority", authority=True)

ON_THE_WIRE = [
    Fault("nobody-there", "nothing listens there", "unreachable", UNUSED, address="http://127.0.0.1:1"),
    Fault("no-such-name", "a name that DNS does not know", "unreachable", UNUSED, address="http://mot-cua.invalid"),
    Fault(
        "private-address",
        "an address of a private network, which the spec does not allow",
        "unreachable",
        UNUSED,
        address="http://127.0.0.1:1",
        spec={"system": {"private": False}},
        says="private: true",
    ),
    Fault(
        "metadata-address",
        "the address where clouds keep their keys, which no spec can allow",
        "unreachable",
        UNUSED,
        address="http://169.254.169.254",
    ),
    Fault(
        "address-in-disguise",
        "a private address written as one of IPv6, which the spec does not allow",
        "unreachable",
        UNUSED,
        address="http://[::ffff:10.0.0.1]",
        spec={"system": {"private": False}},
        says="private: true",
    ),
    Fault(
        "no-tls",
        "speaks no TLS where the spec says https",
        "unreachable",
        at_once(saying(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
        address="https://SERVED",
    ),
    Fault(
        "certificate-of-another",
        "a certificate for another name",
        "unreachable",
        UNUSED,
        shown=certified("other.example", AUTHORITY),
        says="another name",
    ),
    Fault(
        "certificate-expired",
        "a certificate that has expired",
        "unreachable",
        UNUSED,
        shown=certified("localhost", AUTHORITY, days=-1),
        says="expired",
    ),
    Fault(
        "certificate-by-itself",
        "a certificate that nobody signed but itself",
        "unreachable",
        UNUSED,
        shown=certified("localhost"),
        says="tls.authority",
    ),
    Fault("resets-at-once", "the connection is reset as soon as it stands", "unreachable", at_once(reset)),
    Fault("hangs-at-once", "connects, and never says a word", "timed_out", at_once(hang)),
    Fault("hangs-after-request", "takes the request, and never answers", "timed_out", bytes_of(b"", hang)),
    Fault("hangs-in-head", "stops in the middle of the headers", "timed_out", bytes_of(HEAD, hang)),
    Fault("drips-its-head", "sends a header every 50 ms, without end", "timed_out", bytes_of(HEAD, drip(b"X: y\r\n"))),
    Fault("resets-in-head", "is killed in the middle of the headers", "unreachable", bytes_of(HEAD, reset)),
    Fault(
        "resets-in-body",
        "is killed in the middle of the body",
        "unreachable",
        bytes_of(HEAD + b'Content-Length: 900\r\n\r\n{"ma": "H2', reset),
        raw=b'{"ma": "H2',
    ),
    Fault(
        "shorter-than-it-says",
        "closes before it has sent its Content-Length",
        "unreachable",
        bytes_of(HEAD + b'Content-Length: 900\r\n\r\n{"ma": "H21"}'),
        raw=b'{"ma": "H21"}',
    ),
    Fault(
        "chunks-that-end-early",
        "closes before the last chunk",
        "unreachable",
        bytes_of(HEAD + b'Transfer-Encoding: chunked\r\n\r\n5\r\n{"ma"\r\n'),
    ),
    Fault(
        "chunks-that-never-end",
        "sends a chunk every 50 ms, without end",
        "timed_out",
        bytes_of(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", drip(b"1\r\n \r\n")),
    ),
    Fault(
        "chunks-of-nonsense",
        "a chunk's length is no number",
        "unreachable",
        bytes_of(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
    ),
    Fault("speaks-ssh", "is no HTTP server", "unreachable", bytes_of(b"SSH-2.0-OpenSSH_9.6\r\n")),
    Fault("random-bytes", "answers with noise", "unreachable", bytes_of(bytes(range(256)) * 4)),
    Fault("head-without-end", "sends headers of a megabyte", "unreachable", bytes_of(HEAD + b"X: " + b"y" * 1_000_000)),
    Fault("closes-without-a-word", "takes the request, and hangs up", "unreachable", bytes_of(b"")),
]

BY_STATUS = [
    Fault("page-200", "a web page with 200", "malformed", body(HTML, 200, "text/html"), raw=b"<html>"),
    Fault("page-404", "a web page with 404", "not_found", body(HTML, 404, "text/html")),
    Fault("page-500", "a web page with 500", "malformed", body(HTML, 500, "text/html"), raw=b"<html>"),
    Fault("page-502", "a web page with 502", "unreachable", body(HTML, 502, "text/html"), raw=b"<html>"),
    Fault("page-503", "a web page with 503", "unreachable", body(HTML, 503, "text/html")),
    Fault("page-504", "a web page with 504", "unreachable", body(HTML, 504, "text/html")),
    Fault("asks-to-wait", "503 with Retry-After", "throttled", body(HTML, 503, "text/html", Retry_After="120")),
    Fault("too-many", "429 with Retry-After", "throttled", body("{}", 429, Retry_After="120")),
    Fault("too-many-silent", "429 without Retry-After", "throttled", body("{}", 429)),
    Fault("gave-up", "408", "timed_out", body("{}", 408)),
    Fault("refuses-key", "401", "unauthorized", body('{"loi": "sai"}', 401)),
    Fault("forbids", "403", "unauthorized", body('{"loi": "cấm"}', 403)),
    Fault("says-no", "400 with its reason", "rejected", json({"loi": "Mã không hợp lệ"}, 400), says="Mã không hợp lệ"),
    Fault("says-nothing", "500 with an empty body", "malformed", body("", 500)),
    Fault("no-content", "204", "malformed", bytes_of(b"HTTP/1.1 204 No Content\r\n\r\n")),
    Fault(
        "redirect-loop",
        "a redirect to itself",
        "malformed",
        body("", 302, Location="/ho-so/H21.10-261120-0001"),
        says="do not follow",
    ),
    Fault(
        "redirect-inside",
        "a redirect to an address of the machine itself",
        "malformed",
        body("", 307, Location="http://169.254.169.254/latest/meta-data"),
        says="169.254.169.254",
    ),
]

COMPRESSED = [
    Fault(
        "gzip-bomb",
        "20 kB that unpack to 20 MB",
        "malformed",
        body(gzip.compress(b" " * 20_000_000), Content_Encoding="gzip"),
        says="larger",
    ),
    Fault(
        "gzip-in-gzip",
        "compressed twice, as bombs are",
        "malformed",
        body(gzip.compress(gzip.compress(b"{}")), Content_Encoding="gzip, gzip"),
    ),
    Fault("gzip-that-is-none", "says gzip, and is not", "malformed", body('{"ma": 1}', Content_Encoding="gzip")),
    Fault(
        "gzip-cut",
        "compressed, and cut off",
        "malformed",
        body(gzip.compress(b'{"ma": "H21"}' * 100)[:-20], Content_Encoding="gzip"),
    ),
    Fault(
        "deflate",
        "compressed by deflate, as promised",
        READ,
        body(
            zlib.compress(b'{"ma": "H21.10-261120-0001", "luc": "2026-11-20T08:00:00+07:00"}'),
            Content_Encoding="deflate",
        ),
    ),
    Fault("too-large", "3 MB where 2 are allowed", "malformed", body(b" " * 3_000_000), says="larger"),
]

JSON = [
    Fault("empty", "an empty body", "malformed", body("")),
    Fault("blank", "blanks only", "malformed", body(" \r\n ")),
    Fault("cut-json", "half an object", "malformed", body('{"ma": "H21", "tr'), raw=b'{"ma": "H21", "tr'),
    Fault("two-objects", "two objects, one after the other", "malformed", body('{"ma": "1"}{"ma": "2"}')),
    Fault("scalar", "a number where an object should be", "malformed", body("17")),
    Fault("null", "null", "malformed", body("null")),
    Fault("nan", "NaN, which is no JSON", "malformed", body('{"ma": NaN}')),
    Fault("deep", "100,000 brackets", "malformed", body("[" * 100_000)),
    Fault("half-letters", "half of a surrogate pair", "malformed", body('{"ma": "H21\\ud800"}')),
    Fault("not-utf-8", "bytes that are no letters", "malformed", body(b'{"ma": "\xff\xfe\x00"}')),
    Fault("byte-order-mark", "a byte order mark before it", READ, body(b"\xef\xbb\xbf" + orjson.dumps(DOSSIER))),
    Fault(
        "utf-16",
        "JSON in utf-16, and says so",
        READ,
        body(TEXT.encode("utf-16"), type="application/json; charset=utf-16"),
    ),
    Fault("as-text-html", "JSON that calls itself text/html", READ, body(TEXT, type="text/html")),
    Fault(
        "as-latin-1",
        "utf-8 that calls itself iso-8859-1",
        READ,
        body(TEXT, type="application/json; charset=iso-8859-1"),
    ),
    Fault("twice", "the same name twice in an object, with other values", KEPT, body(TEXT[:-1] + ',"ma":"H21.99"}')),
    Fault("another", "a dossier that was not asked for", "malformed", json(OTHER)),
    Fault("error-in-200", "200 with an error inside", "rejected", json({"loi": "Hết hạn mức"}), says="Hết hạn mức"),
    Fault("no-code", "a dossier without its code", KEPT, json({"luc": DOSSIER["luc"]})),
    Fault("code-is-a-list", "the code is a list", KEPT, json(DOSSIER | {"ma": ["H21"]})),
    Fault("no-time", "no change time", KEPT, json(DOSSIER | {"luc": None})),
    Fault("impossible-day", "the 31st of February", KEPT, json(DOSSIER | {"luc": "2026-02-31T08:00:00+07:00"})),
    Fault("junk-after-date", "letters after a date", KEPT, json(DOSSIER | {"luc": "2026-02-11T08:00:00+07:00abc"})),
    Fault("nul-letter", "a NUL in a text", KEPT, json(DOSSIER | {"ten": "a\0b"})),
    Fault("huge-text", "a text of 1 MB in a field", KEPT, json(DOSSIER | {"ten": "x" * 1_000_000})),
    Fault("unknown-status", "a status word nobody mapped", KEPT, json(DOSSIER | {"trangThai": "CHUYEN_HUYEN"})),
]

LISTS = [
    Fault("list-null", "null where a list was promised", "malformed", _rows(None), asks="changes"),
    Fault("list-missing", "no list at all", "malformed", json({"khac": 1}), asks="changes"),
    Fault("list-is-text", "a text where a list was promised", "malformed", _rows("không có"), asks="changes"),
    Fault("list-of-one", "one object where a list was promised", READ, _rows(DOSSIER), asks="changes"),
    Fault("list-of-numbers", "numbers where records should be", KEPT, _rows([1, 2]), asks="changes"),
    Fault("list-cut", "half a list", "malformed", body(b'{"ds": [' + orjson.dumps(DOSSIER) + b","), asks="changes"),
    Fault(
        "one-bad-of-three",
        "one record of three without its code",
        KEPT,
        _rows([DOSSIER, {"luc": DOSSIER["luc"]}, OTHER]),
        asks="changes",
    ),
    Fault(
        "same-page-for-ever", "every page is the first one again", "malformed", _rows([DOSSIER, OTHER]), asks="pages"
    ),
    Fault("pages-without-end", "a new page, whatever is asked for", "malformed", endless_pages(), asks="pages"),
    Fault("wrong-order", "rows that are not in the order promised", "malformed", _rows([NEWER, DOSSIER]), asks="pages"),
]

XML = [
    Fault(
        "xml-page-502",
        "a 502 page that is well-formed XML",
        "unreachable",
        body(f"<?xml version='1.0'?>{HTML}", 502, SOAP_TYPE),
    ),
    Fault("xml-page-200", "a web page with 200", "malformed", body(HTML, 200, "text/html"), says="no SOAP"),
    Fault("xml-empty", "an empty body", "malformed", body("", 200, SOAP_TYPE)),
    Fault("xml-not-soap", "XML that is no SOAP", "malformed", body("<a><b/></a>", 200, SOAP_TYPE)),
    Fault("json-for-soap", "JSON from a SOAP address", "malformed", body("{}", 200)),
    Fault(
        "cut-xml",
        "half an envelope",
        "malformed",
        body(b"<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Bo", 200, SOAP_TYPE),
        raw=b"<s:Bo",
    ),
    Fault("two-roots", "two documents, one after the other", "malformed", body("<a/><b/>", 200, SOAP_TYPE)),
    Fault(
        "billion-laughs", "entities that grow without bound", "malformed", body(BOMB, 200, SOAP_TYPE), says="DOCTYPE"
    ),
    Fault(
        "external-entity",
        "an entity that is a file of ours",
        "malformed",
        body('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', 200, SOAP_TYPE),
        says="DOCTYPE",
    ),
    Fault(
        "external-dtd",
        "a DOCTYPE to be fetched",
        "malformed",
        body('<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>', 200, SOAP_TYPE),
        says="DOCTYPE",
    ),
    Fault(
        "xml-deep",
        "100,000 elements, each in the other",
        "malformed",
        soap("<a>" * 100_000 + "</a>" * 100_000),
        says="deep",
    ),
    Fault("xml-many-names", "30,000 names of elements", "malformed", soap("".join(f"<a{n}/>" for n in range(30_000)))),
    Fault("xml-undeclared-entity", "&nbsp;", "malformed", soap("<R>&nbsp;</R>")),
    Fault("xml-control-letter", "a control character", "malformed", soap("<R>\x08</R>")),
    Fault(
        "xml-wrong-charset",
        "windows-1258 that calls itself utf-8",
        "malformed",
        body(SOAP_BYTES.replace(b"TEN", "Đăng".encode("windows-1258", "replace") + b"\xff\xfe"), 200, SOAP_TYPE),
    ),
    Fault(
        "xml-unknown-charset",
        "an encoding nobody knows",
        "malformed",
        body(b'<?xml version="1.0" encoding="tcvn3"?>' + SOAP_BYTES, 200, SOAP_TYPE),
    ),
    Fault(
        "xml-untrue-utf-16",
        "utf-8 that calls itself utf-16",
        READ,
        body(b'<?xml version="1.0" encoding="utf-16"?>' + SOAP_BYTES, 200, SOAP_TYPE),
    ),
    Fault(
        "xml-byte-order-mark", "a byte order mark before it", READ, body(b"\xef\xbb\xbf" + SOAP_BYTES, 200, SOAP_TYPE)
    ),
    Fault(
        "xml-undeclared-prefix",
        "xsi:nil without saying what xsi is",
        READ,
        soap(RECORD.replace("</hoSo>", "<ghiChu xsi:nil='true'/></hoSo>")),
    ),
    Fault(
        "fault-500",
        "a fault with 500 and a .NET stack trace",
        "rejected",
        soap(FAULT.format(TRACE), 500),
        says="Mã hồ sơ không đúng",
    ),
    Fault("fault-200", "a fault with 200", "rejected", soap(FAULT.format("Sai mã"), 200), says="Sai mã"),
    Fault(
        "fault-1.2",
        "a fault of SOAP 1.2",
        "rejected",
        soap(
            FAULT_12,
            500,
            "1.2",
        ),
        says="Sai mã",
    ),
    Fault("fault-without-words", "a fault that says nothing", "rejected", soap("<s:Fault/>", 500)),
    Fault("body-empty", "an envelope with nothing in it", "malformed", soap("")),
    Fault(
        "answer-empty",
        "an answer with nothing in it",
        "not_found",
        soap('<TraCuuHoSoResponse xmlns="urn:gialai:suite"/>'),
    ),
    Fault(
        "ref-circle",
        "references that lead back to themselves",
        "malformed",
        soap('<R><hoSo href="#a"/></R><b id="a"><ma href="#a"/></b>'),
        spec={"system": {"wsdl": "suite-rpc-encoded.wsdl"}},
    ),
    Fault(
        "mtom-without-part", "a part that is named and does not come", "malformed", body(MTOM_BROKEN, 200, MTOM_TYPE)
    ),
    Fault(
        "string-cut",
        "half a document inside a string",
        "malformed",
        _string("&lt;DS&gt;&lt;HoSo&gt;"),
        asks="changes",
        spec=INSIDE,
    ),
    Fault(
        "string-page",
        "a web page inside a string",
        "malformed",
        _string("&lt;p&gt;lỗi&lt;br&gt;&lt;/p&gt;"),
        asks="changes",
        spec=INSIDE,
    ),
    Fault(
        "string-bomb",
        "a DOCTYPE inside a string",
        "malformed",
        _string(BOMB.replace("&", "&amp;").replace("<", "&lt;")),
        asks="changes",
        spec=INSIDE,
    ),
    Fault(
        "string-json-cut",
        "half of a JSON document inside a string",
        "malformed",
        _string('{"ds": ['),
        asks="changes",
        spec=INSIDE_JSON,
    ),
]

LOGIN = [
    Fault(
        "login-refused", "the login is refused in a 200", "unauthorized", json({"loi": "Sai mật khẩu"}), spec=LOGIN_SPEC
    ),
    Fault("login-without-token", "the login gives no token", "malformed", json({"khac": 1}), spec=LOGIN_SPEC),
    Fault("login-page", "the login is a web page", "malformed", body(HTML, 200, "text/html"), spec=LOGIN_SPEC),
    Fault("login-down", "the login is not there", "unreachable", body("", 503), spec=LOGIN_SPEC),
]

SOAP = [replace(fault, speaks="soap") for fault in XML]
CORPUS = [*ON_THE_WIRE, *BY_STATUS, *COMPRESSED, *JSON, *LISTS, *SOAP, *LOGIN]
