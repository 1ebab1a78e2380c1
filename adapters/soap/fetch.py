"""Fetches a WSDL and what it imports, once, for the document store: an admin's action, never part of a call."""

from collections.abc import Awaitable, Callable, Collection, Iterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from lxml import etree

from adapters.formats import xml
from adapters.soap.documents import XSD, known_namespace, known_schema, stored_name
from contracts.errors import AgencyFailure, Malformed

MAX_DOCUMENTS = 60
MAX_BYTES = 20_000_000
#: Imports of imports of imports.
MAX_DEPTH = 8
# What a file may be called on most systems, in bytes.
_MAX_NAME = 255

_WSDL = "http://schemas.xmlsoap.org/wsdl/"
_LOCATIONS = {
    f"{{{_WSDL}}}import": "location",
    f"{{{XSD}}}import": "schemaLocation",
    f"{{{XSD}}}include": "schemaLocation",
}


@dataclass(frozen=True, slots=True)
class Fetched:
    #: The WSDL's own name among the documents: the spec's `wsdl`.
    name: str
    #: Contents by the names the document store keeps them under, the WSDL's first.
    documents: dict[str, bytes]
    #: What was not fetched, and why: sentences for an admin.
    refused: tuple[str, ...]


async def fetch_documents(
    address: str, *, call: Callable[[str], Awaitable[bytes]], allowed: Collection[str]
) -> Fetched:
    """Get the WSDL at `address`, and what it imports and includes, from its own host and those `allowed`.

    `call` gets one address through the client, which sees to private addresses and to the size of one answer.
    `allowed` are host names, with a port where it is not the usual one. What everybody knows is not fetched.
    Raises AgencyFailure where the WSDL itself cannot be had; ValueError where `address` is none.
    """
    own = urlsplit(address)
    if own.scheme not in ("http", "https") or not own.hostname or own.username or own.password:
        raise ValueError("give the WSDL's http or https address, without a password")
    hosts = {host.lower() for host in (*allowed, own.netloc)}
    documents: dict[str, bytes] = {}
    refused: list[str] = []
    waiting = [(address, 0)]
    seen = {address}
    while waiting:
        place, depth = waiting.pop(0)
        try:
            content = await _fetched(place, depth, hosts, documents, call)
            found = list(_imports(place, content, root=not documents))
        except AgencyFailure as failure:
            if not documents:
                raise
            refused.append(f"{place}: {failure.message}")
            continue
        documents[stored_name(place)] = content
        for each in found:
            if each not in seen:
                seen.add(each)
                waiting.append((each, depth + 1))
    return Fetched(stored_name(address), documents, tuple(refused))


async def _fetched(
    address: str,
    depth: int,
    hosts: Collection[str],
    documents: dict[str, bytes],
    call: Callable[[str], Awaitable[bytes]],
) -> bytes:
    """One document. Raises AgencyFailure also for what we do not want to have."""
    if not _may_go(address, hosts):
        raise Malformed("This host is not one of those allowed.")
    if depth > MAX_DEPTH:
        raise Malformed(f"It is imported over more than {MAX_DEPTH} other documents.")
    if len(documents) >= MAX_DOCUMENTS:
        raise Malformed(f"There are more than {MAX_DOCUMENTS} documents.")
    if len(stored_name(address)) > _MAX_NAME:
        raise Malformed("Its address is too long for a name in the document store.")
    content = await call(address)
    if sum(map(len, documents.values())) + len(content) > MAX_BYTES:
        raise Malformed(f"The documents together are larger than {MAX_BYTES} bytes.")
    return content


def _may_go(address: str, hosts: Collection[str]) -> bool:
    try:
        parts = urlsplit(address)
        usual = parts.port in (None, 80, 443)
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        return False
    return parts.netloc.lower() in hosts or (usual and parts.hostname in hosts)


def _imports(address: str, content: bytes, *, root: bool) -> Iterator[str]:
    """Where the documents are that one needs. Raises Malformed for what is no harmless WSDL or schema."""
    xml.parse(content)
    try:
        document = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, recover=True))
    except etree.XMLSyntaxError:
        raise Malformed("It is not whole, well-formed XML.") from None
    if document.tag not in ((f"{{{_WSDL}}}definitions",) if root else (f"{{{_WSDL}}}definitions", f"{{{XSD}}}schema")):
        raise Malformed("It is no WSDL." if root else "It is neither a WSDL nor a schema.")
    for each in document.iter(*_LOCATIONS):
        location = each.get(_LOCATIONS[each.tag])
        if location and not known_namespace(each.get("namespace")):
            try:
                target = urljoin(address, location)
            except ValueError:
                raise Malformed("It imports something from an address that is none.") from None
            if known_schema(target) is None:
                yield target
