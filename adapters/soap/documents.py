"""The document store as zeep sees it: stored documents, the schemas everybody knows, and nothing from a network."""

from importlib.resources import files
from pathlib import Path
from urllib.parse import quote, unquote, urljoin, urlsplit

from lxml import etree

from adapters.formats import xml
from contracts.errors import Malformed

XSD = "http://www.w3.org/2001/XMLSchema"

# Documents with plain names know each other by relative addresses; under this one zeep brings them back to us.
_STORE = "http://documents.invalid/"

_OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-"
_DSIG = "xmldsig-core-schema.xsd"

#: Files of adapters/soap/schemas, by the namespaces they declare.
_KNOWN = {
    "http://schemas.xmlsoap.org/soap/encoding/": "soap-encoding-1.1.xsd",
    "http://schemas.xmlsoap.org/soap/envelope/": "soap-envelope-1.1.xsd",
    "http://www.w3.org/2003/05/soap-encoding": "soap-encoding-1.2.xsd",
    "http://www.w3.org/2003/05/soap-envelope": "soap-envelope-1.2.xsd",
    "http://www.w3.org/2005/05/xmlmime": "xmlmime.xsd",
    "http://www.w3.org/2004/11/xmlmime": "xmlmime-2004.xsd",
    "http://www.w3.org/2000/09/xmldsig#": "xmldsig.xsd",
    "http://www.w3.org/2004/08/xop/include": "xop-include.xsd",
    "http://www.w3.org/2005/08/addressing": "addressing.xsd",
    "http://schemas.xmlsoap.org/ws/2004/08/addressing": "addressing-2004.xsd",
    f"{_OASIS}secext-1.0.xsd": "wsse.xsd",
    f"{_OASIS}utility-1.0.xsd": "wsu.xsd",
    "http://schemas.microsoft.com/2003/10/Serialization/": "ms-serialization.xsd",
    "http://www.w3.org/XML/1998/namespace": "xml.xsd",
}
#: Where else those schemas are said to be.
_ELSEWHERE = {
    "http://www.w3.org/2001/xml.xsd": "xml.xsd",
    "https://www.w3.org/2001/xml.xsd": "xml.xsd",
    "http://www.w3.org/2001/03/xml.xsd": "xml.xsd",
    f"http://www.w3.org/TR/xmldsig-core/{_DSIG}": "xmldsig.xsd",
    f"http://www.w3.org/TR/2002/REC-xmldsig-core-20020212/{_DSIG}": "xmldsig.xsd",
    "http://www.w3.org/2006/03/addressing/ws-addr.xsd": "addressing.xsd",
    "http://www.w3.org/2005/08/addressing/ws-addr.xsd": "addressing.xsd",
}


def stored_name(address: str) -> str:
    """The name under which the store has the document of a web address."""
    return quote(address, safe="")


def known_namespace(namespace: str | None) -> bool:
    return namespace in _KNOWN


def known_schema(address: str) -> bytes | None:
    """The schema of a well-known namespace, by that namespace or by an address where it is published."""
    name = _KNOWN.get(address) or _ELSEWHERE.get(address)
    return (files("adapters.soap") / "schemas" / name).read_bytes() if name else None


class Documents:
    """zeep's transport over a folder. A document that others know by a web address has that address for a name,
    percent-escaped: http%3A%2F%2Fexample.vn%2Fhoso%3Fwsdl. Any other has its plain name."""

    def __init__(self, folder: Path, *, lax: bool = False) -> None:
        """`lax`: a missing document is taken for an empty schema, and a namespace nobody declared is forgiven."""
        self._folder, self._lax = folder, lax
        #: What was read, and the addresses of what is missing.
        self.read: dict[str, etree._Element] = {}
        self.missing: list[str] = []

    @staticmethod
    def address(name: str) -> str:
        """Where zeep believes the document of that name to be."""
        if name.startswith(("http%3A", "https%3A")):
            return unquote(name)
        return _STORE + quote(name, safe="")

    def load(self, address: str) -> bytes:
        """Raises ValueError for all that is not a stored, harmless document."""
        content = self._stored(address)
        if content is None:
            content = known_schema(address)
        if content is None and self._lax and self.read:
            self.missing.append(address.removeprefix(_STORE))
            content = f'<schema xmlns="{XSD}"/>'.encode()
        if content is None:
            raise ValueError(f"the document store has no {_name(address)!r}; store it there to use it")
        try:
            xml.parse(content)
            root = etree.fromstring(content, _parser(self._lax))
        except Malformed as error:
            raise ValueError(f"the stored document {_name(address)!r} cannot be used: {error.message}") from None
        except etree.XMLSyntaxError as error:
            raise ValueError(f"the stored document {_name(address)!r} cannot be used: {error.msg}") from None
        self.read[address] = root
        self._locate_known_schemas(root, address)
        return etree.tostring(root, encoding="utf-8")

    def _stored(self, address: str) -> bytes | None:
        name = _name(address)
        # Slashes and dots alone would lead out of the folder.
        if not name or "/" in name or "\\" in name or "\0" in name or name.startswith("."):
            return None
        file = self._folder / name
        return file.read_bytes() if file.is_file() else None

    def _locate_known_schemas(self, root: etree._Element, address: str) -> None:
        """Imports of well-known namespaces often say nothing, or something untrue, of where their schema is."""
        inline = {schema.get("targetNamespace") for schema in root.iter(f"{{{XSD}}}schema")}
        for each in root.iter(f"{{{XSD}}}import"):
            namespace, location = each.get("namespace"), each.get("schemaLocation")
            if namespace is None or namespace not in _KNOWN or (namespace in inline and not location):
                continue
            if not location or self._stored(urljoin(address, location)) is None:
                each.set("schemaLocation", namespace)


def _name(address: str) -> str:
    if address.startswith(_STORE):
        return urlsplit(address).path.removeprefix("/")
    return stored_name(address)


def _parser(lax: bool) -> etree.XMLParser:
    # What comes in has been found harmless: this only keeps it so.
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True, recover=lax)
