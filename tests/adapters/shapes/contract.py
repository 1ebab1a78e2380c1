"""A WSDL as a strict server holds it: requests are judged by its schema, and what the server answers too."""

from pathlib import Path
from typing import Any

from lxml import etree

from tests.adapters.servers import Told

DOCUMENTS = Path(__file__).parent / "documents"

_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_SCHEMA = "{http://www.w3.org/2001/XMLSchema}schema"


class Refused(Exception):
    """A request that is not as the contract says."""


class Contract:
    """Of SOAP 1.1, document/literal."""

    def __init__(self, wsdl: str) -> None:
        [schema] = etree.parse(DOCUMENTS / wsdl).iter(_SCHEMA)
        # By itself, with the namespaces that it has of what is around it.
        self._schema = etree.XMLSchema(etree.fromstring(etree.tostring(schema)))
        self._namespace = schema.get("targetNamespace", "")
        self._qualified = schema.get("elementFormDefault") == "qualified"

    def asked(self, body: bytes) -> tuple[str, Any]:
        """The operation that a request asks for, and its parameters. Raises Refused."""
        [content] = etree.fromstring(body).iterfind(f"{{{_SOAP}}}Body/*")
        try:
            self._schema.assertValid(content)
        except etree.DocumentInvalid as wrong:
            raise Refused(f"Unmarshalling Error: {wrong}") from None
        return etree.QName(content).localname, _value(content)

    def told(self, name: str, value: dict[str, Any]) -> Told:
        """An answer, whose element is called `name`."""
        content = etree.Element(f"{{{self._namespace}}}{name}", nsmap={"ns2": self._namespace})
        self._fill(content, value)
        self._schema.assertValid(content)
        return _told(content)

    def _fill(self, element: Any, value: Any) -> None:
        if not isinstance(value, dict):
            element.text = str(value)
            return
        for name, each in value.items():
            for item in each if isinstance(each, list) else [each]:
                inner = f"{{{self._namespace}}}{name}" if self._qualified else name
                self._fill(etree.SubElement(element, inner), item)


def fault(words: str) -> Told:
    content = etree.Element(f"{{{_SOAP}}}Fault")
    etree.SubElement(content, "faultcode").text = "soap:Client"
    etree.SubElement(content, "faultstring").text = words
    return _told(content, status=500)


def _told(content: Any, status: int = 200) -> Told:
    envelope = etree.Element(f"{{{_SOAP}}}Envelope", nsmap={"soap": _SOAP})
    etree.SubElement(envelope, f"{{{_SOAP}}}Body").append(content)
    return Told(etree.tostring(envelope, encoding="utf-8"), status, "text/xml;charset=UTF-8")


def _value(element: Any) -> Any:
    """An element with children is a dict of lists."""
    if not len(element):
        return element.text or ""
    value: dict[str, list[Any]] = {}
    for child in element:
        value.setdefault(etree.QName(child).localname, []).append(_value(child))
    return value
