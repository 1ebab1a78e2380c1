"""A WSDL and what it imports are fetched once, from where they may be, and work from the store."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from adapters import Client
from adapters.calling.client import Request
from adapters.soap import fetch
from adapters.soap.fetch import Fetched, fetch_documents
from adapters.soap.wsdl import Wsdl
from contracts.adapter import Priority
from contracts.errors import Malformed, NotFound
from tests.adapters.calls import peer
from tests.adapters.servers import Asked, Told, answering
from tests.adapters.soap.wsdls import element, field, wsdl_text

SCHEMA = (
    '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{}" elementFormDefault="qualified">'
    "{}</xs:schema>"
)
RESPONSE = element("HoiResponse", field("dap"))


def calling(client: Client) -> Callable[[str], Awaitable[bytes]]:
    async def call(address: str) -> bytes:
        return await client.call(
            peer(),
            Request("GET", address),
            operation="fetch",
            understand=lambda raw: raw.body,
            priority=Priority.PERSON,
            repeatable=True,
        )

    return call


@asynccontextmanager
async def serving(documents: dict[str, str]) -> AsyncIterator[tuple[str, Callable[..., Awaitable[Fetched]], list[str]]]:
    """A server of documents by path and query; how to fetch from it; and what it was asked."""
    asked: list[str] = []

    def answer(request: Asked) -> Told:
        target = request.path + "".join(
            f"?{name}={value}" if value else f"?{name}" for name, value in request.query.items()
        )
        asked.append(target)
        if target not in documents:
            return Told("", status=404)
        return Told(documents[target].replace("HOST", f"127.0.0.1:{port}"), content_type="text/xml")

    async with answering(answer) as address, Client() as client:
        port = urlsplit(address).port

        async def fetched(path: str, *allowed: str) -> Fetched:
            return await fetch_documents(address + path, call=calling(client), allowed=allowed)

        yield address, fetched, asked


def split() -> dict[str, str]:
    """A WSDL over two WSDLs and three schemas, by relative and absolute addresses, in a circle."""
    types = wsdl_text("", imports="").replace(
        '<xs:schema targetNamespace="urn:t" elementFormDefault="qualified"></xs:schema>',
        '<xs:schema targetNamespace="urn:t"><xs:include schemaLocation="x/a.xsd"/></xs:schema>',
    )
    service = types[: types.index("<types>")].replace('targetNamespace="urn:t"', 'targetNamespace="urn:s"')
    service += '<import namespace="urn:t" location="types.wsdl"/>' + types[types.index("<service") :]
    ask = element("Hoi", field("ma", "b:Ma")).replace("<xs:element", '<xs:element xmlns:b="urn:b"', 1)
    return {
        "/s/hoso.asmx?wsdl": service,
        "/s/types.wsdl": types[: types.index("<service")] + "</definitions>",
        "/s/x/a.xsd": SCHEMA.format(
            "urn:t",
            '<xs:include schemaLocation="a.xsd"/><xs:import namespace="urn:b" schemaLocation="http://HOST/b.xsd?v=1"/>'
            '<xs:import namespace="http://www.w3.org/2005/05/xmlmime" schemaLocation="http://www.w3.org/2005/05/xmlmime"/>'
            + ask
            + RESPONSE,
        ),
        "/b.xsd?v=1": SCHEMA.format(
            "urn:b",
            '<xs:include schemaLocation="/c.xsd"/>'
            '<xs:simpleType name="Ma"><xs:restriction base="xs:string"/></xs:simpleType>',
        ),
        "/c.xsd": SCHEMA.format("urn:b", ""),
    }


async def test_all_that_a_wsdl_is_split_over_is_fetched_once_and_works(tmp_path: Path) -> None:
    documents = split()
    async with serving(documents) as (_, fetched, asked):
        found = await fetched("/s/hoso.asmx?wsdl")
    assert sorted(asked) == sorted(documents)
    assert found.refused == ()
    assert found.name == next(iter(found.documents))
    for name, content in found.documents.items():
        (tmp_path / name).write_bytes(content)
    wsdl = Wsdl(found.name, "1.1", tmp_path)
    assert wsdl.lost == ()
    assert b">A<" in wsdl.envelope("Hoi", {"ma": "A"})


def importing(location: str) -> str:
    more = f'<xs:import namespace="urn:x" schemaLocation="{location}"/>'
    return wsdl_text(more + element("Hoi", field("ma")) + RESPONSE)


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("http://elsewhere.example/x.xsd", "not one of those allowed"),
        ("http://127.0.0.1:1/x.xsd", "not one of those allowed"),
        ("http://169.254.169.254/latest", "not one of those allowed"),
        ("http://u:p@HOST/x.xsd", "not one of those allowed"),
        ("http://HOST.evil.example/x.xsd", "not one of those allowed"),
        ("file:///etc/passwd", "not one of those allowed"),
        ("http://[/", "an address that is none|not one of those"),
        ("missing.xsd", "answered 404"),
        ("doctype.xsd", "DOCTYPE"),
        ("page.html", "neither a WSDL nor a schema"),
        ("broken.xsd", "well-formed"),
        ("a" * 300 + ".xsd", "too long"),
    ],
)
async def test_what_may_not_or_cannot_be_had_is_told(location: str, why: str) -> None:
    documents = {
        "/a?wsdl": importing("b.xsd"),
        "/b.xsd": SCHEMA.format("urn:x", f'<xs:include schemaLocation="{location}"/>'),
        "/doctype.xsd": "<!DOCTYPE a [<!ENTITY b 'c'>]>" + SCHEMA.format("urn:x", ""),
        "/page.html": "<html/>",
        "/broken.xsd": "<a>",
    }
    async with serving(documents) as (_, fetched, _):
        found = await fetched("/a?wsdl")
    [refused] = found.refused
    assert re.search(why, refused)


async def test_another_host_may_be_allowed() -> None:
    other_documents = {"/x.xsd": SCHEMA.format("urn:x", "")}
    async with serving(other_documents) as (other, _, _), serving({"/a?wsdl": importing(f"{other}/x.xsd")}) as own:
        _, fetched, _ = own
        assert len((await fetched("/a?wsdl")).documents) == 1
        assert len((await fetched("/a?wsdl", urlsplit(other).netloc)).documents) == 2


async def test_depth_number_and_size_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    documents = {"/a?wsdl": importing("0.xsd")} | {
        f"/{i}.xsd": SCHEMA.format("urn:x", f'<xs:include schemaLocation="{i + 1}.xsd"/>') for i in range(20)
    }
    async with serving(documents) as (_, fetched, _):
        assert "over more than 8" in (await fetched("/a?wsdl")).refused[0]
        monkeypatch.setattr(fetch, "MAX_DOCUMENTS", 3)
        assert "more than 3 documents" in (await fetched("/a?wsdl")).refused[0]
        monkeypatch.setattr(fetch, "MAX_BYTES", len(documents["/a?wsdl"]) + 300)
        assert "larger than" in (await fetched("/a?wsdl")).refused[0]


@pytest.mark.parametrize(
    ("path", "failure"), [("/none", NotFound), ("/page", Malformed), ("/x.xsd", Malformed), ("/doctype", Malformed)]
)
async def test_a_wsdl_that_is_none_is_a_failure(path: str, failure: type[Exception]) -> None:
    documents = {"/page": "<html><br></html>", "/x.xsd": SCHEMA.format("urn:x", ""), "/doctype": "<!DOCTYPE a><a/>"}
    async with serving(documents) as (_, fetched, _):
        with pytest.raises(failure):
            await fetched(path)


@pytest.mark.parametrize("address", ["file:///etc/passwd", "hoso.wsdl", "http://", "http://u:p@a.example/?wsdl"])
async def test_only_an_address_is_one(address: str) -> None:
    async with Client() as client:
        with pytest.raises(ValueError, match="http or https address"):
            await fetch_documents(address, call=calling(client), allowed=())
