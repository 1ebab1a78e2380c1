"""Requests as each kind of WSDL wants them."""

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from adapters.formats import xml
from tests.adapters.soap.wsdls import element, field, loaded, sent, wsdl_text

RESPONSE = element("HoiResponse", field("dap"))
CODES = element("Hoi", field("ma"), field("ten"))
ARRAY = """
<xs:import namespace="http://schemas.xmlsoap.org/soap/encoding/"/>
<xs:complexType name="Muc"><xs:sequence>
  <xs:element name="ma" type="xs:string"/><xs:element name="so" type="xs:int" nillable="true"/>
</xs:sequence></xs:complexType>
<xs:complexType name="DanhSach"><xs:complexContent><xs:restriction base="e:Array">
  <xs:attribute ref="e:arrayType" wsdl:arrayType="t:Muc[]"/>
</xs:restriction></xs:complexContent></xs:complexType>
"""


def body(request: Any) -> Any:
    return request["Body"]


def test_document_wrapped_in_either_form(tmp_path: Path) -> None:
    for form, tag in (("qualified", "{urn:t}ma"), ("unqualified", "ma")):
        wsdl = loaded(tmp_path, wsdl_text(CODES + RESPONSE, form=form))
        root = etree.fromstring(wsdl.envelope("Hoi", {"ten": "B", "ma": "A"}))
        [wrapper] = root[0]
        # In the order of the WSDL, whatever that of the spec.
        assert [wrapper.tag, *(each.tag for each in wrapper)] == ["{urn:t}Hoi", tag, tag.replace("ma", "ten")]


def test_an_empty_action_is_sent_as_one(tmp_path: Path) -> None:
    wsdl = loaded(tmp_path, wsdl_text(CODES + RESPONSE, action=""))
    assert wsdl.headers("Hoi")["SOAPAction"] == '""'


def test_document_bare(tmp_path: Path) -> None:
    simple = '<xs:element name="Hoi" type="xs:string"/>' + RESPONSE
    wsdl = loaded(tmp_path, wsdl_text(simple))
    assert body(sent(wsdl, {"Hoi": "a<b"})) == {"Hoi": "a<b"}
    assert [each.name for each in wsdl.input("Hoi").children] == ["Hoi"]
    with pytest.raises(ValueError, match="one parameter, Hoi"):
        wsdl.envelope("Hoi", {"ma": "A"})


def test_a_document_of_several_parts(tmp_path: Path) -> None:
    schema = '<xs:element name="Ma" type="xs:string"/>' + CODES + RESPONSE
    wsdl = loaded(tmp_path, wsdl_text(schema, '<part name="a" element="t:Ma"/><part name="b" element="t:Hoi"/>'))
    for first, second in (("a", "b"), ("Ma", "Hoi")):
        assert body(sent(wsdl, {first: "1", second: {"ma": "A"}})) == {"Ma": "1", "Hoi": {"ma": "A"}}
    assert [each.name for each in wsdl.input("Hoi").children] == ["Ma", "Hoi"]


def test_rpc_literal(tmp_path: Path) -> None:
    parts = '<part name="ma" type="xs:string"/><part name="so" type="xs:int"/>'
    wsdl = loaded(tmp_path, wsdl_text(RESPONSE, parts, style="rpc"))
    assert body(sent(wsdl, {"ma": "A", "so": 2})) == {"Hoi": {"ma": "A", "so": "2"}}
    # What has no value cannot be nil there.
    assert body(sent(wsdl, {"ma": None, "so": 2})) == {"Hoi": {"so": "2"}}


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_rpc_encoded_says_its_types(tmp_path: Path, version: Any) -> None:
    parts = '<part name="ma" type="xs:string"/><part name="so" type="xs:int"/><part name="muc" type="t:Muc"/>'
    schema = ARRAY.partition('<xs:complexType name="DanhSach">')[0]
    schema = schema.replace('<xs:import namespace="http://schemas.xmlsoap.org/soap/encoding/"/>', "")
    wsdl = loaded(tmp_path, wsdl_text(schema + RESPONSE, parts, style="rpc", use="encoded", version=version), version)
    values = {"ma": None, "so": 2, "muc": {"ma": "A", "so": None}}
    root = etree.fromstring(wsdl.envelope("Hoi", values))
    [wrapper] = root[0]
    encodings = {"1.1": "http://schemas.xmlsoap.org/soap/encoding/", "1.2": "http://www.w3.org/2003/05/soap-encoding"}
    assert wrapper.get(f"{{{etree.QName(root).namespace}}}encodingStyle") == encodings[version]
    types = {etree.QName(each).localname: _type(each) for each in wrapper.iter() if _type(each)}
    assert types == {
        "so": "{http://www.w3.org/2001/XMLSchema}int",
        "muc": "{urn:t}Muc",
        "ma": "{http://www.w3.org/2001/XMLSchema}string",
    }
    assert body(sent(wsdl, values)) == {
        "Hoi": {"@encodingStyle": encodings[version], "ma": None, "so": "2", "muc": {"ma": "A", "so": None}}
    }


def _type(node: Any) -> str | None:
    name = node.get("{http://www.w3.org/2001/XMLSchema-instance}type")
    if name is None:
        return None
    prefix, _, local = name.rpartition(":")
    return f"{{{node.nsmap[prefix]}}}{local}"


def test_a_soap_array_is_sent(tmp_path: Path) -> None:
    wsdl = loaded(
        tmp_path, wsdl_text(ARRAY + RESPONSE, '<part name="ds" type="t:DanhSach"/>', style="rpc", use="encoded")
    )
    request = wsdl.envelope("Hoi", {"ds": [{"ma": "A", "so": 1}, {"ma": "B", "so": None}]})
    root = etree.fromstring(request)
    array = root.find(".//ds")
    assert array is not None
    name, _, size = array.get("{http://schemas.xmlsoap.org/soap/encoding/}arrayType", "").partition("[")
    assert (array.nsmap[name.partition(":")[0]], name.partition(":")[2], size) == ("urn:t", "Muc", "2]")
    [items] = [items for items in xml.parse(request)[1]["Body"]["Hoi"]["ds"].values() if isinstance(items, list)]
    assert items == [{"ma": "A", "so": "1"}, {"ma": "B", "so": None}]


def test_nil_empty_and_missing_are_told_apart(tmp_path: Path) -> None:
    fields = (
        field("a"),
        field("b", more='minOccurs="0" nillable="true"'),
        field("c", more='nillable="true"'),
        field("d", more=""),
    )
    wsdl = loaded(tmp_path, wsdl_text(element("Hoi", *fields) + RESPONSE))
    assert body(sent(wsdl, {"a": "", "b": "", "c": "", "d": ""})) == {"Hoi": {"a": "", "b": "", "c": "", "d": ""}}
    assert body(sent(wsdl, {"a": None, "b": None, "c": None, "d": None})) == {"Hoi": {"b": None, "c": None}}
    assert body(sent(wsdl, {"c": "1", "d": "2"})) == {"Hoi": {"c": "1", "d": "2"}}
    with pytest.raises(ValueError, match="Missing element d"):
        wsdl.envelope("Hoi", {"c": "1"})


def test_what_is_inside_of_what_is_nil_or_missing_too(tmp_path: Path) -> None:
    row = (
        '<xs:complexType name="Row"><xs:sequence>{}</xs:sequence>'
        '<xs:attribute name="id" type="xs:string"/></xs:complexType>'
    )
    schema = (
        row.format(field("x") + field("y", more='minOccurs="0" nillable="true"'))
        + element("Hoi", field("rows", "t:Row", 'minOccurs="0" maxOccurs="unbounded" nillable="true"'))
        + RESPONSE
    )
    wsdl = loaded(tmp_path, wsdl_text(schema))
    assert body(sent(wsdl, {"rows": [{"id": 'a"<\n', "x": None, "y": None}, {"x": "", "y": "1"}, None]})) == {
        "Hoi": {"rows": [{"@id": 'a"<\n', "y": None}, {"x": "", "y": "1"}]}
    }


@pytest.mark.parametrize("more", ['minOccurs="0"', ""])
def test_base64_goes_out_as_it_was_given(tmp_path: Path, more: str) -> None:
    wsdl = loaded(tmp_path, wsdl_text(element("Hoi", field("tep", "xs:base64Binary", more)) + RESPONSE))
    content = b64encode(bytes(range(256)) * 1000).decode()
    assert body(sent(wsdl, {"tep": content})) == {"Hoi": {"tep": content}}


def test_types_that_look_into_their_value_are_written_by_zeep_each_time(tmp_path: Path) -> None:
    fields = (field("co", "xs:boolean"), field("lau", "xs:duration"), field("luc", "xs:dateTime"))
    wsdl = loaded(tmp_path, wsdl_text(element("Hoi", *fields) + RESPONSE))
    for said, written in ((True, "true"), (False, "false"), ("false", "false"), ("1", "true")):
        values = {"co": said, "lau": "P1D", "luc": "2026-11-24T00:00:00+07:00"}
        assert body(sent(wsdl, values)) == {"Hoi": {**values, "co": written}}


def test_header_elements(tmp_path: Path) -> None:
    text = wsdl_text(
        element("Xacthuc", field("user"), field("pass")) + CODES + RESPONSE,
        messages='<message name="H"><part name="dau" element="t:Xacthuc"/></message>',
        header='<s:header message="t:H" part="dau" use="literal"/>',
    )
    wsdl = loaded(tmp_path, text)
    # By the element's name, or the part's.
    for name in ("Xacthuc", "dau"):
        request = sent(wsdl, {"ma": "A"}, {name: {"user": "u&", "pass": None}})
        assert request["Header"] == {"Xacthuc": {"user": "u&"}}
        assert body(request) == {"Hoi": {"ma": "A"}}
    assert "Header" not in sent(wsdl, {"ma": "A"}, {"dau": None})
    with pytest.raises(ValueError, match="no header 'Khac'; there is Xacthuc, dau"):
        wsdl.envelope("Hoi", {"ma": "A"}, {"Khac": {}})


def test_headers_of_ws_addressing_are_not_made_up(tmp_path: Path) -> None:
    text = wsdl_text(CODES + RESPONSE).replace(
        '<input message="t:Asked"/>',
        '<input message="t:Asked" xmlns:a="http://www.w3.org/2007/05/addressing/metadata" a:Action="urn:hoi"/>',
    )
    assert "Header" not in sent(loaded(tmp_path, text), {"ma": "A"})


@pytest.mark.parametrize(
    "values", [{"khac": "A"}, {"ma": {"a": "b"}}, {"ma": ["a", "b"]}, {"ma": "\x00"}, {"ma": "\ud800"}]
)
def test_what_does_not_fit_is_refused(tmp_path: Path, values: dict[str, Any]) -> None:
    wsdl = loaded(tmp_path, wsdl_text(CODES + RESPONSE))
    for _ in range(2):
        with pytest.raises(ValueError, match=r"."):
            wsdl.envelope("Hoi", values)


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]))


@settings(max_examples=200, deadline=None)
@given(first=st.tuples(TEXTS, st.integers(), TEXTS), second=st.tuples(TEXTS, st.integers(), TEXTS))
def test_the_next_of_a_kind_is_what_zeep_would_have_written(
    tmp_path_factory: pytest.TempPathFactory, first: tuple[Any, ...], second: tuple[Any, ...]
) -> None:
    attribute = '<xs:attribute name="c" type="xs:string"/>'
    schema = element("Hoi", field("a"), field("b", "xs:int")).replace(
        "</xs:complexType>", attribute + "</xs:complexType>"
    )
    wsdl = loaded(tmp_path_factory.mktemp("wsdl"), wsdl_text(schema + RESPONSE))
    for a, b, c in (first, second):
        values = {"a": a, "b": b, "c": c}
        try:
            by_zeep = etree.tostring(wsdl._operations["Hoi"].create(**values).content)
        except ValueError:
            with pytest.raises(ValueError, match=r"."):
                wsdl.envelope("Hoi", values)
        else:
            assert etree.tostring(etree.fromstring(wsdl.envelope("Hoi", values)), method="c14n") == etree.tostring(
                etree.fromstring(by_zeep), method="c14n"
            )
