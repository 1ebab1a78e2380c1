"""What answers become: the shapes that JMESPath of a spec can rely on."""

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.answers import AnswerReader
from adapters.mapping import expressions
from adapters.soap.wsdl import Wsdl
from contracts.errors import AgencyFailure, Malformed
from contracts.operations import Answer
from tests.adapters.soap.wsdls import element, field, loaded, told, wsdl_text

ASKED = element("Hoi", field("ma"))
MANY = 'minOccurs="0" maxOccurs="unbounded"'
ROW = '<xs:complexType name="Row"><xs:sequence>{}</xs:sequence></xs:complexType>'
ENC = 'xmlns:c="http://schemas.xmlsoap.org/soap/encoding/"'


@pytest.fixture
def plain(tmp_path: Path) -> Wsdl:
    return loaded(tmp_path, wsdl_text(ASKED + element("HoiResponse", field("dap"))))


@pytest.fixture
def encoded(tmp_path: Path) -> Wsdl:
    return loaded(tmp_path, wsdl_text(ASKED, told='<part name="ds" type="xs:anyType"/>', style="rpc", use="encoded"))


def listing(tmp_path: Path, *fields: str) -> Wsdl:
    """A WSDL whose answer holds a list of rows."""
    schema = ROW.format("".join(fields or (field("ma"),))) + ASKED + element("HoiResponse", field("row", "t:Row", MANY))
    return loaded(tmp_path, wsdl_text(schema))


def test_nil_empty_and_missing_are_told_apart(plain: Wsdl) -> None:
    assert told(plain, '<r><a i:nil="true"/><b/><c></c><d>x</d></r>') == {"a": None, "b": "", "c": "", "d": "x"}


@pytest.mark.parametrize("nothing", ["<r/>", '<r i:nil="true"/>', "<r> </r>"])
def test_an_answer_that_says_nothing(plain: Wsdl, nothing: str) -> None:
    assert told(plain, nothing) == {}


def test_a_bare_answer_is_its_text(plain: Wsdl) -> None:
    assert told(plain, "<TrangThai>4</TrangThai>") == "4"


# --- lists ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ("<r/>", []),
        ("<r><row><ma>1</ma></row></r>", [{"ma": "1"}]),
        ("<r><row><ma>1</ma></row><row><ma>2</ma></row></r>", [{"ma": "1"}, {"ma": "2"}]),
        ('<r><row i:nil="true"/></r>', [None]),
    ],
)
def test_what_may_repeat_is_always_a_list(tmp_path: Path, content: str, rows: list[Any]) -> None:
    answer = told(listing(tmp_path), content)
    assert answer == {"row": rows}
    # Specs that cope with servers of any kind go on to work.
    assert expressions.compiled("[row][]")(answer) == [row for row in rows if row]


def test_also_further_in(tmp_path: Path) -> None:
    inner = '<xs:complexType name="Files"><xs:sequence>' + field("file", more=MANY) + "</xs:sequence></xs:complexType>"
    rows = ROW.format(field("files", "t:Files") + field("more", "t:Files"))
    wsdl = loaded(tmp_path, wsdl_text(inner + rows + ASKED + element("HoiResponse", field("row", "t:Row", MANY))))
    answer = told(wsdl, "<r><row><files/></row><row><files><file>1</file></files></row><row/></r>")
    assert answer == {"row": [{"files": {"file": []}}, {"files": {"file": ["1"]}}, ""]}


def test_a_type_that_holds_itself(tmp_path: Path) -> None:
    wsdl = listing(tmp_path, field("ma"), field("row", "t:Row", MANY))
    answer = told(wsdl, "<r><row><ma>1</ma><row><ma>2</ma></row></row></r>")
    assert answer == {"row": [{"ma": "1", "row": [{"ma": "2"}]}]}


def test_a_list_the_wsdl_knows_nothing_of_is_one_where_it_repeats(plain: Wsdl) -> None:
    assert told(plain, "<r><dap>1</dap><dap>2</dap></r>") == {"dap": ["1", "2"]}


# --- SOAP encoding --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("array", "items"),
    [
        ('<ds c:arrayType="x:string[0]"/>', []),
        ('<ds c:arrayType="x:string[1]"><item>1</item></ds>', ["1"]),
        ('<ds c:arrayType="t:Muc[2]"><item><ma>1</ma></item><item i:nil="true"/></ds>', [{"ma": "1"}, None]),
        ('<ds c:arrayType="t:Muc[2]" c:offset="[0]"><a>1</a><a>2</a></ds>', ["1", "2"]),
        ('<ds c:itemType="x:string" c:arraySize="1"><item>1</item></ds>', ["1"]),
        ('<ds c:arraySize="*"/>', []),
    ],
)
def test_a_soap_array_is_a_list(encoded: Wsdl, array: str, items: list[Any]) -> None:
    assert told(encoded, f'<r {ENC} c:encodingStyle="x">{array}</r>') == {"ds": items}


def test_references_are_followed(encoded: Wsdl) -> None:
    answer = told(
        encoded,
        f"""<r {ENC}><ds href="#id0"/><again href="#id0"/><inline id="i"><x>1</x></inline><there c:ref="i"/></r>
        <multiRef id="id0" c:root="0" c:arrayType="t:Muc[2]"><m href="#id1"/><m href="#id2"/></multiRef>
        <multiRef id="id1"><ma href="#id2"/><ten>A</ten></multiRef>
        <multiRef id="id2">text</multiRef>""",
    )
    rows = [{"ma": "text", "ten": "A"}, "text"]
    assert answer == {"ds": rows, "again": rows, "inline": {"x": "1"}, "there": {"x": "1"}}


def test_references_are_only_those_of_encoded_answers(plain: Wsdl) -> None:
    assert told(plain, '<r><tep href="#1"/><b id="1"/></r>') == {"tep": {"@href": "#1"}, "b": {"@id": "1"}}


CHAIN = "".join(f'<m id="n{i}"><x href="#n{i + 1}"/></m>' for i in range(200)) + '<m id="n200">x</m>'
BOMB = "".join(f'<m id="n{i}">' + f'<x href="#n{i + 1}"/>' * 10 + "</m>" for i in range(30)) + '<m id="n30">x</m>'


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ('<r><ds href="#none"/></r>', "not in it"),
        ('<r><ds href="#a"/></r><m id="a"><b href="#a"/></m>', "refers to itself"),
        ('<r><ds href="#a"/></r><m id="a" href="#b"/><m id="b" href="#a"/>', "refers to itself"),
        ('<r><ds id="a"><b href="#a"/></ds></r>', "refers to itself|nest"),
        ('<r><ds href="#n0"/></r>' + CHAIN, "nest too deeply"),
        ('<r><ds href="#n0"/></r>' + BOMB, "multiply"),
    ],
)
def test_references_that_lead_nowhere_are_refused(encoded: Wsdl, content: str, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        told(encoded, content)


# --- DataSets -------------------------------------------------------------------------------------

SCHEMA = (
    '<xs:schema id="NewDataSet" xmlns="" xmlns:xs="http://www.w3.org/2001/XMLSchema">'
    '<xs:import namespace="urn:x" schemaLocation="http://127.0.0.1:1/x.xsd"/>'
    '<xs:element name="NewDataSet"/></xs:schema>'
)
DIFFGRAM = (
    '<diffgr:diffgram xmlns:diffgr="urn:schemas-microsoft-com:xml-diffgram-v1" '
    'xmlns:m="urn:schemas-microsoft-com:xml-msdata">'
    "{}</diffgr:diffgram>"
)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_rows_of_a_dataset_are_reached(plain: Wsdl, count: int) -> None:
    rows = "".join(
        f'<Table diffgr:id="Table{i}" m:rowOrder="{i}"><MaHoSo>{i}</MaHoSo><Ng_x00E0_y/></Table>' for i in range(count)
    )
    data = DIFFGRAM.format(f'<NewDataSet xmlns="">{rows}</NewDataSet>' if count else "")
    answer = told(plain, f"<r><dap>{SCHEMA}{data}</dap></r>")
    assert "schema" not in answer["dap"]
    found = expressions.compiled("[dap.diffgram.NewDataSet.Table][]")(answer)
    assert found == [
        {"@id": f"Table{i}", "@rowOrder": str(i), "MaHoSo": str(i), "Ng_x00E0_y": ""} for i in range(count)
    ]


def test_rows_are_reached_where_the_wsdl_says_dataset(tmp_path: Path) -> None:
    dataset = (
        '<xs:element name="dap" minOccurs="0"><xs:complexType><xs:sequence>'
        '<xs:element ref="xs:schema"/><xs:any/></xs:sequence></xs:complexType></xs:element>'
    )
    wsdl = loaded(tmp_path, wsdl_text(ASKED + element("HoiResponse", dataset)))
    data = DIFFGRAM.format("<NewDataSet><Table><MaHoSo>1</MaHoSo></Table></NewDataSet>")
    answer = told(wsdl, f"<r><dap>{SCHEMA}{data}</dap></r>")
    assert answer == {"dap": {"diffgram": {"NewDataSet": {"Table": {"MaHoSo": "1"}}}}}


# --- documents inside of strings ------------------------------------------------------------------

INNER = '<?xml version="1.0" encoding="utf-16"?>\r\n<DS><HoSo><Ma>1 &amp; 2</Ma></HoSo></DS>'


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        (INNER.replace("&", "&amp;").replace("<", "&lt;"), "xml"),
        (f"<![CDATA[{INNER}]]>", "xml"),
        (f"<![CDATA[\ufeff{INNER}]]>", "xml"),
        (f"\n  <![CDATA[{INNER}]]>\n", "xml"),
        ('<![CDATA[{"HoSo": [{"Ma": "1 & 2"}]}]]>', "json"),
        ('{"HoSo": [{"Ma": "1 &amp; 2"}]}', "json"),
        ('\ufeff{"HoSo": [{"Ma": "1 &amp; 2"}]}', "json"),
    ],
)
def test_a_string_may_hold_a_document(plain: Wsdl, text: str, holds: Any) -> None:
    reader = AnswerReader(Answer(inside="dap", inside_holds=holds, records="[HoSo][]"))
    assert reader.records(reader.content(told(plain, f"<r><dap>{text}</dap></r>"))) == [{"Ma": "1 & 2"}]


# --- MTOM -----------------------------------------------------------------------------------------

BINARY = bytes(range(256)) + b"\r\n--not-the-end\r\n\r\n"
ROOT = (
    b'<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><r><ma>1</ma><tep>'
    b'<x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="cid:a%40b"/></tep><tep2 m="image/png">'
    b'<x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="cid:a%40b"/></tep2></r></e:Body></e:Envelope>'
)
MTOM = 'multipart/related; type="application/xop+xml"; boundary="--=bound.1"; start="<root@x>"; start-info="text/xml"'


def part(name: str, content: bytes, encoding: str = "binary") -> bytes:
    head = f"----=bound.1\r\nContent-Transfer-Encoding: {encoding}\r\nContent-ID: <{name}>\r\n\r\n"
    return head.encode() + content + b"\r\n"


END = b"----=bound.1--\r\n"


@pytest.mark.parametrize(
    "parts",
    [
        [part("root@x", ROOT), part("a@b", BINARY)],
        [b"a preamble\r\n", part("a@b", BINARY), part("root@x", ROOT, "8bit")],
        [part("root@x", ROOT), part("a@b", b64encode(BINARY), "base64"), part("unused", b"x")],
    ],
)
def test_parts_that_came_beside_the_envelope(plain: Wsdl, parts: list[bytes]) -> None:
    answer = told(plain, b"".join(parts) + END, MTOM)
    text = b64encode(BINARY).decode()
    assert answer == {"ma": "1", "tep": text, "tep2": {"@m": "image/png", "#text": text}}


def test_the_first_part_is_the_envelope_where_none_is_said_to_be(plain: Wsdl) -> None:
    content_type = 'Multipart/Related; boundary="--=bound.1"'
    whole = part("root@x", ROOT) + part("a@b", b"") + END
    assert told(plain, whole, content_type)["tep"] == ""


@pytest.mark.parametrize(
    ("content_type", "whole"),
    [
        (MTOM, part("root@x", ROOT) + END),
        (MTOM, part("root@x", ROOT) + part("a@b", BINARY)),
        (MTOM, part("root@x", ROOT) + part("a@b", BINARY)[:-40]),
        (MTOM, part("other", ROOT) + part("a@b", BINARY) + END),
        (MTOM, part("root@x", ROOT) + part("a@b", b"!!", "base64") + END),
        (MTOM, part("root@x", ROOT) + part("a@b", b"=41", "quoted-printable") + END),
        (MTOM, part("root@x", ROOT[:-5]) + part("a@b", BINARY) + END),
        (MTOM, b"----=bound.1\r\nno content\r\n" + END),
        (MTOM, END),
        (MTOM, b"text"),
        ("multipart/related", part("root@x", ROOT) + END),
        ("multipart/related; boundary=", part("root@x", ROOT) + END),
        ("multipart/related; boundary*=utf-8''x", part("root@x", ROOT) + END),
    ],
)
def test_parts_that_are_not_whole_are_refused(plain: Wsdl, content_type: str, whole: bytes) -> None:
    with pytest.raises(Malformed):
        told(plain, whole, content_type)


# --- anything else --------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(
    text=st.binary(max_size=300), multipart=st.booleans(), start=st.sampled_from([b"", part("root@x", ROOT), ROOT[:99]])
)
def test_random_bytes_are_a_failure_we_know(
    tmp_path_factory: pytest.TempPathFactory, text: bytes, multipart: bool, start: bytes
) -> None:
    wsdl = loaded(tmp_path_factory.getbasetemp(), wsdl_text(ASKED + element("HoiResponse", field("dap"))))
    with pytest.raises(AgencyFailure):
        told(wsdl, start + text, MTOM if multipart else "text/xml")
