"""What a stored WSDL offers."""

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from lxml import etree

from adapters.soap.elements import ARRAY, Element
from adapters.soap.wsdl import Wsdl
from hub.studio.found import Field, Found, FoundOperation

_VERSIONS: tuple[Literal["1.1", "1.2"], ...] = ("1.1", "1.2")
_WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
_ADDRESS = f"{_WSDL}service/{_WSDL}port/*[@location]"


def from_wsdl(name: str, documents: Path) -> Found:
    """The WSDL called `name` in the store `documents`, by the first version of SOAP that it speaks.

    Raises ValueError where it cannot be used. Takes up to a second.
    """
    wsdl, version = _read(name, documents)
    root = etree.parse(documents / name, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
    published = next((str(each.get("location")) for each in root.iterfind(_ADDRESS)), "")
    address, path = split_address(published)
    return Found(
        kind="soap",
        title=next((str(each.get("name")) for each in root.iterfind(f"{_WSDL}service")), Path(name).stem),
        address=address,
        path=path,
        operations=tuple(
            FoundOperation(
                name=operation,
                inputs=tuple(map(_field, wsdl.input(operation).children)),
                output=_field(wsdl.output(operation)),
            )
            for operation in wsdl.operations
        ),
        lost=wsdl.lost,
        document=name,
        version=version,
    )


def split_address(address: str) -> tuple[str, str]:
    """The scheme, host and port of an address, and the path behind; both empty for what is none."""
    parts = urlsplit(address)
    try:
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # http://localhost%3A8080, as some publish
        whole = False
    return (f"{parts.scheme}://{parts.netloc}", parts.path) if whole else ("", "")


def _read(name: str, documents: Path) -> tuple[Wsdl, Literal["1.1", "1.2"]]:
    failure: ValueError | None = None
    for version in _VERSIONS:
        try:
            return Wsdl(name, version, documents), version
        except ValueError as error:
            failure = failure or error
    assert failure is not None
    raise failure


def _field(element: Element) -> Field:
    if element.type == ARRAY:
        # In an answer that is resolved, the array is the list of its items.
        item = _field(element.children[0])
        return Field(element.name, item.type, True, item.children)
    # What describes an element, rather than what is in it, begins with an @.
    children = tuple(_field(child) for child in element.children if not child.name.startswith("@"))
    return Field(element.name, None if children else element.type, element.many, children)
