"""SOAP encoding: what rpc/encoded requests must say of their types; arrays and references of such answers."""

from typing import Any, Literal

from lxml import etree
from zeep.xsd import ComplexType

from adapters.formats.xml import MAX_DEPTH, MAX_ELEMENTS
from contracts.errors import Malformed

_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_XSI_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_ENVELOPES = {
    "1.1": "http://schemas.xmlsoap.org/soap/envelope/",
    "1.2": "http://www.w3.org/2003/05/soap-envelope",
}
_ENCODINGS = {
    "1.1": "http://schemas.xmlsoap.org/soap/encoding/",
    "1.2": "http://www.w3.org/2003/05/soap-encoding",
}


def mark_encoded(envelope: Any, body: Any, version: Literal["1.1", "1.2"]) -> None:
    """Name the encoding and each value's type in a request that zeep has written without them.

    `body` is zeep's element of the message."""
    content = envelope.find(f"{{{_ENVELOPES[version]}}}Body")[0]
    content.set(f"{{{_ENVELOPES[version]}}}encodingStyle", _ENCODINGS[version])
    _mark_content(content, body.type, version)


def _mark_content(node: Any, kind: Any, version: Literal["1.1", "1.2"]) -> None:
    if not isinstance(kind, ComplexType):
        return
    if kind._array_type:
        item = kind._array_type.array_type
        _mark_array(node, item, version)
        types = dict.fromkeys(node, item)
    else:
        declared = {element.qname: element.type for _, element in kind.elements if element.name}
        types = {child: declared[etree.QName(child)] for child in node if etree.QName(child) in declared}
    for child, its in types.items():
        if child.get(_XSI_NIL):
            continue
        if its.qname is not None and child.get(_XSI_TYPE) is None:
            child.set(_XSI_TYPE, its.qname)
        _mark_content(child, its, version)


def _mark_array(node: Any, item: Any, version: Literal["1.1", "1.2"]) -> None:
    encoding = _ENCODINGS[version]
    if version == "1.2":
        node.set(f"{{{encoding}}}itemType", item.qname)
        node.set(f"{{{encoding}}}arraySize", str(len(node)))
        return
    # lxml finds the prefix for a name only where that is the whole value.
    node.set(f"{{{encoding}}}arrayType", item.qname)
    node.set(f"{{{encoding}}}arrayType", f"{node.get(f'{{{encoding}}}arrayType')}[{len(node)}]")


def decoded(content: Any, body: Any) -> Any:
    """The content of an encoded answer, as xml.parse gives it, with references followed and arrays as lists.

    `body` is where what is referred to may be. A value that is referred to more than once is one value in several
    places. Raises Malformed for a reference to nothing or to itself, and for references that multiply beyond measure.
    """
    return _Decoder(body).value(content)


class _Decoder:
    def __init__(self, body: Any) -> None:
        self._named: dict[str, Any] = {}
        self._name(body)
        #: What references lead to; how many elements that is with all it refers to in turn, and how deep.
        self._found: dict[str, tuple[Any, int, int]] = {}
        self._open: set[str] = set()
        self._elements = 0
        self._deepest = 0

    def _name(self, value: Any) -> None:
        if isinstance(value, list):
            for each in value:
                self._name(each)
        elif isinstance(value, dict):
            if isinstance(name := value.get("@id"), str):
                self._named.setdefault(name, value)
            for each in value.values():
                self._name(each)

    def value(self, value: Any, depth: int = 0) -> Any:
        self._count(1, depth)
        if isinstance(value, list):
            return [self.value(each, depth) for each in value]
        if not isinstance(value, dict):
            return value
        if (name := _reference(value)) is not None:
            return self._referred(name, depth)
        children = {name: self.value(each, depth + 1) for name, each in value.items() if name not in _MARKS}
        if not _ARRAY_MARKS.isdisjoint(value):
            return [item for name, each in children.items() if name[0] not in "@#" for item in _listed(each)]
        if not children:
            return ""
        return children["#text"] if set(children) == {"#text"} else children

    def _referred(self, name: str, depth: int) -> Any:
        if name in self._open:
            raise Malformed("One of its values refers to itself.")
        if name in self._found:
            found, elements, height = self._found[name]
            self._count(elements, depth + height)
            return found
        if name not in self._named:
            raise Malformed("It refers to a value that is not in it.")
        self._open.add(name)
        elements, deepest, self._deepest = self._elements, self._deepest, depth
        found = self.value(self._named[name], depth)
        self._found[name] = found, self._elements - elements, self._deepest - depth
        self._deepest = max(deepest, self._deepest)
        self._open.remove(name)
        return found

    def _count(self, elements: int, depth: int) -> None:
        self._elements += elements
        self._deepest = max(self._deepest, depth)
        if self._elements > MAX_ELEMENTS or depth > MAX_DEPTH:
            raise Malformed("Its references multiply to too many elements, or nest too deeply.")


# What SOAP encoding adds to elements for itself.
_ARRAY_MARKS = {"@arrayType", "@itemType", "@arraySize"}
_MARKS = _ARRAY_MARKS | {"@id", "@root", "@encodingStyle", "@offset"}


def _reference(value: dict[str, Any]) -> str | None:
    """Which value one stands for that has nothing of its own."""
    if value.keys() - _MARKS - {"@href", "@ref"}:
        return None
    href, ref = value.get("@href"), value.get("@ref")
    if isinstance(href, str) and href.startswith("#"):
        return href[1:]
    return ref.removeprefix("#") if isinstance(ref, str) else None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
