"""WSDLs come from the document store, and from nowhere else."""

import socket
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from adapters import Client, build_adapter
from adapters.soap.wsdl import Wsdl
from tests.adapters.specs import DOCUMENTS, Known, spec_of

STORED = (DOCUMENTS / "so-tnmt.wsdl").read_text()

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


def test_a_known_address_is_served_from_the_store(tmp_path: Path) -> None:
    # As WSDLs that Mono writes: a type of that namespace, and zeep looks for its schema on the web.
    typed = STORED.replace('name="khoa" type="s:string"', f'name="khoa" xmlns:e="{ENCODING}" type="e:string"')
    (tmp_path / "a.wsdl").write_text(typed)
    with pytest.raises(ValueError, match="the document store has no"):
        Wsdl("a.wsdl", "1.1", tmp_path)
    strings = '<s:simpleType name="string"><s:restriction base="s:string"/></s:simpleType></s:schema>'
    schema = SCHEMA.format(ENCODING).replace("/>", ">" + strings)
    (tmp_path / quote(ENCODING, safe="")).write_text(schema)
    Wsdl("a.wsdl", "1.1", tmp_path)


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
def test_all_else_is_refused(tmp_path: Path, location: str) -> None:
    (tmp_path / "secret.xsd").write_text(SCHEMA.format("urn:other"))
    store = tmp_path / "store"
    store.mkdir()
    (store / ".hidden").write_text(SCHEMA.format("urn:other"))
    (store / "a.wsdl").write_text(importing(f'schemaLocation="{location}"'))
    with pytest.raises(ValueError, match="the document store has no"):
        Wsdl("a.wsdl", "1.1", store)


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
