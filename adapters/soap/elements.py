"""What a WSDL says an answer holds, as plain data; and an answer put into the shape that it says."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from zeep.xsd import AnySimpleType, ComplexType
from zeep.xsd.elements import Element as ZeepElement
from zeep.xsd.elements.indicators import Indicator
from zeep.xsd.types.builtins import BuiltinType
from zeep.xsd.types.collection import ListType, UnionType

from adapters.formats.misfit import WRITTEN, judged

#: The type of an element that is a soapenc array: its one child is what it is an array of.
ARRAY = "Array"

# Deeper than this nobody looks.
_MAX_DEPTH = 30


@dataclass(frozen=True, slots=True)
class Element:
    """An element that may occur in an answer, or an attribute, by the name it has in the plain value."""

    #: Without its namespace; "@name" for an attribute, "#text" for the text beside attributes.
    name: str
    namespace: str | None = None
    #: Whether it may occur more than once.
    many: bool = False
    #: The XSD type its text has ("string", "dateTime", "anyType" …), or ARRAY; None where it has children instead.
    type: str | None = None
    #: A type that holds itself is told once: inside of it the children are left out.
    children: tuple["Element", ...] = ()


class Elements:
    """Elements of zeep's, told as ours. Keeps what it has told of a type."""

    def __init__(self) -> None:
        self._children: dict[int, tuple[Element, ...]] = {}

    def of(self, element: Any, *, many: bool = False, depth: int = 0) -> Element:
        kind = element.type
        children: tuple[Element, ...] = ()
        if isinstance(kind, ComplexType) and depth < _MAX_DEPTH:
            children = self._of_type(kind, depth)
            of = ARRAY if kind._array_type else None
        else:
            of = _simple(kind)
        many = many or element.accepts_multiple
        return Element(element.qname.localname, element.qname.namespace, many, of, children)

    def _of_type(self, kind: Any, depth: int) -> tuple[Element, ...]:
        if id(kind) not in self._children:
            self._children[id(kind)] = ()
            # The branches of a choice may name the same element.
            told = {each.name: each for each in (*self._elements(kind, depth), *_attributes(kind))}
            self._children[id(kind)] = tuple(told.values())
        return self._children[id(kind)]

    def _elements(self, kind: Any, depth: int) -> Iterator[Element]:
        if kind._array_type:
            # Its items may be called anything.
            item = kind._array_type.array_type
            inner = self._of_type(item, depth + 1) if isinstance(item, ComplexType) else ()
            yield Element("item", None, True, None if inner else _simple(item), inner)
        elif isinstance(getattr(kind._element, "type", None), AnySimpleType):
            yield Element("#text", type=_simple(kind._element.type))
        elif isinstance(kind._element, Indicator):
            yield from self._in_group(kind._element, False, depth)

    def _in_group(self, group: Any, many: bool, depth: int) -> Iterator[Element]:
        many = many or group.accepts_multiple
        for part in group if isinstance(group, list) else [group.child]:
            if isinstance(part, Indicator):
                yield from self._in_group(part, many, depth)
            elif isinstance(part, ZeepElement):
                yield self.of(part, many=many, depth=depth + 1)


def _attributes(kind: Any) -> Iterator[Element]:
    for _, attribute in kind.attributes:
        if attribute.name:
            name = attribute.qname
            yield Element("@" + name.localname, name.namespace, type=_simple(attribute.type))


def _simple(kind: Any) -> str:
    """The built-in type that a simple type is made of."""
    if isinstance(kind, ListType | UnionType):
        return "anySimpleType"
    for each in type(kind).__mro__:
        if issubclass(each, BuiltinType) and "_default_qname" in vars(each):
            return str(each._default_qname.localname)
    return "anyType"


class Shape:
    """Puts a value into the shape that the WSDL promises: what may repeat is a list, so that one row looks like many,
    and none like an empty list; and a text that is not of its type is marked."""

    def __init__(self, element: Element) -> None:
        self._children = {
            child.name: (child.many, _inner(child), child.type)
            for child in element.children
            if child.many or child.children or child.type in WRITTEN
        }
        self._empty = any(many for many, _, _ in self._children.values())

    @classmethod
    def at(
        cls, element: Element, path: Sequence[str], wanted: Collection[str] | None, texts: Collection[str]
    ) -> Callable[[Any], Any] | None:
        """`put` of the records that `path` leads to, for the fields that are `wanted`; None where nothing is to be
        done. Only `texts` are judged: a date or a number is read by its format in any case."""
        for name in path:
            found = next((child for child in element.children if child.name == name), None)
            if found is None:
                return None
            element = found
        shape = cls(element)
        shape._children = {
            name: (many, inner, promised if name in texts else None)
            for name, (many, inner, promised) in shape._children.items()
            if (wanted is None or name in wanted) and (many or inner or name in texts)
        }
        return shape.put if shape._children else None

    def put(self, value: Any) -> Any:
        """`value`, changed in place. What is nil or absent stays that; but what may repeat and does not is []."""
        if value == "" and self._empty:
            value = {}
        if not isinstance(value, dict):
            return value
        for name, (many, inner, promised) in self._children.items():
            if name not in value:
                if many:
                    value[name] = []
                continue
            found = value[name]
            if isinstance(found, list):
                value[name] = [_put(each, inner, promised) for each in found]
            else:
                found = _put(found, inner, promised)
                value[name] = [found] if many else found
        return value


def _inner(element: Element) -> Shape | None:
    """The shape of what is in it; of a soapenc array, which the answer itself makes a list, that of its items."""
    if element.type == ARRAY:
        return _inner(element.children[0]) if element.children else None
    return Shape(element) if element.children else None


def _put(value: Any, inner: Shape | None, promised: str | None) -> Any:
    if inner:
        return inner.put(value)
    return judged(value, promised) if promised and type(value) is str else value
