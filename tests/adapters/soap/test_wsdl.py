"""WSDLs come from the document store, and from nowhere else."""

import socket
from pathlib import Path
from typing import Any

import pytest

from adapters import Client, build_adapter
from adapters.soap.documents import stored_name
from adapters.soap.elements import Element
from adapters.soap.wsdl import Wsdl
from tests.adapters.soap.wsdls import element, field, loaded, wsdl_text
from tests.adapters.specs import DOCUMENTS, Known, spec_of

STORED = (DOCUMENTS / "so-tnmt.wsdl").read_text()

OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-"
HOI = element("Hoi", field("ma"))
RESPONSE = element("HoiResponse", field("dap"))
ENCODING = "http://schemas.xmlsoap.org/soap/encoding/"
SCHEMA = '<s:schema xmlns:s="http://www.w3.org/2001/XMLSchema" targetNamespace="{}"/>'


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a WSDL must not make anybody connect")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


def importing(location: str, namespace: str = "urn:other") -> str:
    """The stored WSDL with one more schema, which imports another."""
    schema = f'<s:schema targetNamespace="urn:more"><s:import namespace="{namespace}" {location}/></s:schema>'
    return STORED.replace("</wsdl:types>", schema + "</wsdl:types>")


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_stored_wsdl_offers_its_operations(version: Any) -> None:
    assert Wsdl("so-tnmt.wsdl", version, DOCUMENTS).operations == ["DanhSachHoSo", "TraCuuHoSo"]


def test_a_stored_document_may_import_another(tmp_path: Path) -> None:
    (tmp_path / "a.wsdl").write_text(importing('schemaLocation="b.xsd"'))
    (tmp_path / "b.xsd").write_text(SCHEMA.format("urn:other"))
    Wsdl("a.wsdl", "1.1", tmp_path)


def test_a_schema_that_everybody_knows_need_not_be_stored(tmp_path: Path) -> None:
    # As WSDLs that Mono writes: a type of that namespace, and zeep looks for its schema on the web.
    typed = STORED.replace('name="khoa" type="s:string"', f'name="khoa" xmlns:e="{ENCODING}" type="e:string"')
    (tmp_path / "a.wsdl").write_text(typed)
    wsdl = Wsdl("a.wsdl", "1.1", tmp_path)
    assert wsdl.lost == ()
    assert b">k<" in wsdl.envelope("TraCuuHoSo", {"khoa": "k"})
    # One that is stored comes first.
    (tmp_path / stored_name(ENCODING)).write_text(SCHEMA.format(ENCODING))
    with pytest.raises(ValueError, match="string"):
        Wsdl("a.wsdl", "1.1", tmp_path)


@pytest.mark.parametrize("location", ["", 'schemaLocation="xml-well-known.xsd"', 'schemaLocation="NAMESPACE"'])
@pytest.mark.parametrize(
    ("namespace", "kind"),
    [
        ("http://schemas.xmlsoap.org/soap/encoding/", "type:string"),
        ("http://www.w3.org/2003/05/soap-encoding", "type:int"),
        ("http://schemas.xmlsoap.org/soap/envelope/", "attribute:mustUnderstand"),
        ("http://www.w3.org/2003/05/soap-envelope", "attribute:mustUnderstand"),
        ("http://www.w3.org/2005/05/xmlmime", "type:base64Binary"),
        ("http://www.w3.org/2004/11/xmlmime", "attribute:contentType"),
        ("http://www.w3.org/2000/09/xmldsig#", "element:Signature"),
        ("http://www.w3.org/2004/08/xop/include", "element:Include"),
        ("http://www.w3.org/2005/08/addressing", "element:ReplyTo"),
        ("http://schemas.xmlsoap.org/ws/2004/08/addressing", "type:EndpointReferenceType"),
        (f"{OASIS}secext-1.0.xsd", "element:Security"),
        (f"{OASIS}utility-1.0.xsd", "element:Timestamp"),
        ("http://schemas.microsoft.com/2003/10/Serialization/", "element:guid"),
        ("http://www.w3.org/XML/1998/namespace", "attribute:lang"),
    ],
)
def test_the_well_known_namespaces(tmp_path: Path, namespace: str, kind: str, location: str) -> None:
    """Wherever a WSDL says that their schema is, and where it does not say."""
    what, name = kind.split(":")
    used = f'<xs:element name="u" type="k:{name}"/>' if what == "type" else f'<xs:{what} ref="k:{name}"/>'
    used = used if what == "attribute" else f"<xs:sequence>{used}</xs:sequence>"
    prefix = "xml" if namespace.endswith("/XML/1998/namespace") else "k"
    schema = (
        f'<xs:import namespace="{namespace}" {location.replace("NAMESPACE", namespace)}/>'
        f'<xs:element name="Hoi" xmlns:{prefix}="{namespace}"><xs:complexType>{used}</xs:complexType></xs:element>'
    ).replace("k:", f"{prefix}:")
    wsdl = loaded(tmp_path, wsdl_text(schema + RESPONSE))
    assert (wsdl.operations, wsdl.lost) == (["Hoi"], ())


@pytest.mark.parametrize(
    "location",
    [
        "http://elsewhere.example/b.xsd",
        "http://documents.invalid/../secret.xsd",
        "http://documents.invalid/folder/b.xsd",
        "http://documents.invalid/.hidden",
        "http://documents.invalid/%2e%2e/secret.xsd",
        "file:///etc/passwd",
        "/etc/passwd",
        "../secret.xsd",
        "missing.xsd",
    ],
)
def test_what_else_is_missing_is_told_and_looked_for_nowhere(tmp_path: Path, location: str) -> None:
    kind = '<s:simpleType name="Ma"><s:restriction base="s:string"/></s:simpleType></s:schema>'
    (tmp_path / "secret.xsd").write_text(SCHEMA.format("urn:other").replace("/>", ">" + kind))
    store = tmp_path / "store"
    store.mkdir()
    (store / ".hidden").write_text((tmp_path / "secret.xsd").read_text())
    (store / "a.wsdl").write_text(importing(f'schemaLocation="{location}"'))
    wsdl = Wsdl("a.wsdl", "1.1", store)
    assert wsdl.operations == ["DanhSachHoSo", "TraCuuHoSo"]
    strictly, missing = wsdl.lost
    assert "read leniently: the document store has no" in strictly
    assert "what that declares is unknown" in missing
    # Nothing that it declares can be used then.
    used = importing(f'schemaLocation="{location}"').replace(
        'name="khoa" type="s:string"', 'name="khoa" xmlns:o="urn:other" type="o:Ma"'
    )
    (store / "a.wsdl").write_text(used)
    with pytest.raises(ValueError, match="cannot be read"):
        Wsdl("a.wsdl", "1.1", store)


def test_what_is_not_strictly_right_is_read_and_told(tmp_path: Path) -> None:
    # A prefix that nobody declared, which only a lenient parser passes over.
    wsdl = loaded(tmp_path, wsdl_text(HOI + RESPONSE).replace('name="S"', 'name="S" x:y="z"'))
    assert wsdl.operations == ["Hoi"]
    [lost] = wsdl.lost
    assert "Namespace prefix x" in lost


def test_operations_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    text = wsdl_text(HOI + RESPONSE)
    operation = text[text.index('<operation name="Hoi"><s:') : text.index("</binding>")]
    text = text.replace(operation, operation.replace('"Hoi"', '"Xoa"') + operation + operation)
    with pytest.warns(UserWarning, match="Xoa"):
        wsdl = loaded(tmp_path, text)
    assert wsdl.operations == ["Hoi"]
    assert [why.partition(":")[0] for why in wsdl.lost] == [
        "The operation 'Hoi' is declared 2 times",
        "The operation 'Xoa' cannot be used",
    ]


def test_a_port_is_chosen_by_name(tmp_path: Path) -> None:
    text = wsdl_text(HOI + RESPONSE)
    binding = text[text.index("<binding") : text.index("<service")]
    other = binding.replace('name="B"', 'name="B2"').replace("urn:hoi", "urn:other")
    port = '<port name="Port2" binding="t:B2"><s:address location="http://localhost/"/></port></service>'
    text = text.replace(binding, binding + other).replace("</service>", port)
    assert loaded(tmp_path, text).headers("Hoi")["SOAPAction"] == '"urn:hoi"'
    assert loaded(tmp_path, text, port="Port2").headers("Hoi")["SOAPAction"] == '"urn:other"'
    with pytest.raises(ValueError, match=r"no port 'Port3' of SOAP 1.1; there is Port, Port2"):
        loaded(tmp_path, text, port="Port3")


def test_a_wsdl_may_leave_the_service_to_others(tmp_path: Path) -> None:
    text = wsdl_text(HOI + RESPONSE)
    wsdl = loaded(tmp_path, text[: text.index("<service")] + "</definitions>")
    assert wsdl.operations == ["Hoi"]


def test_what_an_answer_holds_is_told(tmp_path: Path) -> None:
    row = (
        '<xs:simpleType name="Ma"><xs:restriction base="xs:token"><xs:maxLength value="9"/></xs:restriction>'
        "</xs:simpleType>"
        '<xs:complexType name="Row"><xs:sequence><xs:element name="ma" type="t:Ma"/><xs:choice maxOccurs="9">'
        '<xs:element name="so" type="xs:int"/><xs:any/></xs:choice><xs:element name="con" type="t:Row" minOccurs="0"/>'
        '</xs:sequence><xs:attribute name="id" type="xs:ID"/></xs:complexType>'
        '<xs:complexType name="Tien"><xs:simpleContent><xs:extension base="xs:decimal">'
        '<xs:attribute name="loai" type="xs:string"/></xs:extension></xs:simpleContent></xs:complexType>'
    )
    rows = field("row", "t:Row", 'minOccurs="0" maxOccurs="unbounded"')
    told = element("HoiResponse", rows, field("phi", "t:Tien"), '<xs:element name="gi"/>')
    wsdl = loaded(tmp_path, wsdl_text(row + HOI + told))
    assert wsdl.output("Hoi") == Element(
        "HoiResponse",
        "urn:t",
        children=(
            Element(
                "row",
                "urn:t",
                many=True,
                children=(
                    Element("ma", "urn:t", type="token"),
                    Element("so", "urn:t", many=True, type="int"),
                    Element("con", "urn:t"),
                    Element("@id", type="ID"),
                ),
            ),
            Element("phi", "urn:t", children=(Element("#text", type="decimal"), Element("@loai", type="string"))),
            Element("gi", "urn:t", type="anyType"),
        ),
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>" + STORED.partition("?>")[2], "DOCTYPE"),
        (STORED[:-30], "well-formed"),
        ("", "well-formed"),
        ("<html/>", "no port|cannot be read"),
        (STORED.replace("soap12:binding", "soap12:nothing"), "no port that speaks SOAP 1.2"),
    ],
)
def test_a_wsdl_that_cannot_be_used(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "a.wsdl").write_text(text)
    with pytest.raises(ValueError, match=why):
        Wsdl("a.wsdl", "1.2", tmp_path)


@pytest.mark.parametrize("name", ["missing.wsdl", "../so-tnmt.wsdl", "/etc/passwd", "", ".", "http://a.example/b.wsdl"])
def test_a_wsdl_that_is_not_in_the_store(name: str) -> None:
    with pytest.raises(ValueError, match="the document store has no"):
        Wsdl(name, "1.1", DOCUMENTS)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"operation": "XoaHoSo"}, "no operation 'XoaHoSo'; there is DanhSachHoSo, TraCuuHoSo"),
        ({"parameters": {"maHoSo": "{code}", "nham": "x"}}, "cannot be called with these parameters"),
    ],
)
async def test_a_spec_that_does_not_fit_its_wsdl_is_refused_when_built(change: dict[str, Any], why: str) -> None:
    data = spec_of("so-tnmt").model_dump(mode="json")
    data["operations"]["lookup"]["request"] |= change
    async with Client() as client:
        with pytest.raises(ValueError, match="agency so-tnmt: ") as refusal:
            build_adapter(
                type(spec_of("so-tnmt")).model_validate(data),
                client=client,
                secrets=Known(),
                documents=DOCUMENTS,
            )
    assert why in str(refusal.value)
