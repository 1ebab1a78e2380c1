"""Writes an operation's requests. zeep writes the first of a kind; the next are its text with other values."""

import re
import secrets
from collections.abc import Hashable, Mapping
from typing import Any, Literal

from lxml import etree
from zeep.exceptions import Error as ZeepError
from zeep.xsd import ComplexType, Nil, SkipValue

from adapters.soap.encoding import mark_encoded

# Kinds of requests that are remembered, by which values they have. More only comes of lists of any length.
_MAX_FRAMES = 64

# What XML 1.0 cannot hold, and what is written otherwise in it.
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"})
_ESCAPED_IN_ATTRIBUTE = _ESCAPED | str.maketrans({"\n": "&#10;", "\t": "&#9;"})


class RequestWriter:
    """Requests of one operation."""

    def __init__(self, operation: Any, version: Literal["1.1", "1.2"], *, encoded: bool) -> None:
        self._message, self._version, self._encoded = operation.input, version, encoded
        #: By shape; None for a shape whose values cannot simply be put in.
        self._frames: dict[Hashable, _Frame | None] = {}

    def write(self, parameters: Mapping[str, Any], headers: Mapping[str, Any]) -> bytes:
        """The envelope. Raises ValueError for what does not fit the WSDL; its words may quote a value."""
        values: list[str | int] = []
        shape = _shape((parameters, headers), values)
        if shape not in self._frames:
            if len(self._frames) >= _MAX_FRAMES:
                self._frames.clear()
            self._frames[shape] = self._frame(parameters, headers, len(values))
        frame = self._frames[shape]
        return frame.filled(values) if frame else self._rendered(parameters, headers)

    def _frame(self, parameters: Any, headers: Any, count: int) -> "_Frame | None":
        marks = _Marks()
        try:
            text = self._rendered(*marks.instead_of((parameters, headers)))
        except ValueError:
            # A type that looks into its value, such as a duration.
            return None
        return marks.frame(text, count)

    def _rendered(self, parameters: Mapping[str, Any], headers: Mapping[str, Any]) -> bytes:
        try:
            args, values = self._body_values(parameters)
            if headers:
                values["_soapheaders"] = self._header_elements(headers)
            envelope = self._message.serialize(*args, **values).content
            if self._encoded:
                mark_encoded(envelope, self._message.body, self._version)
        except (ZeepError, TypeError, ValueError, AttributeError, KeyError) as error:
            # zeep has no one kind of error for values it cannot write.
            raise ValueError(str(error) or type(error).__name__) from None
        return etree.tostring(envelope, xml_declaration=True, encoding="utf-8")

    def _body_values(self, parameters: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        body = self._message.body
        if body is None:
            if parameters:
                raise ValueError("it takes no parameters")
            return [], {}
        if isinstance(body.type, ComplexType):
            return [], self._given(parameters, body.type)
        # A bare message of one simple type: its element is the parameter.
        if set(parameters) != {body.name}:
            raise ValueError(f"it takes one parameter, {body.name}")
        return [parameters[body.name]], {}

    def _header_elements(self, headers: Mapping[str, Any]) -> list[Any]:
        declared = dict(self._message.header.type.elements) if self._message.header is not None else {}
        # A header goes by its element's name, though zeep knows it by that of its message's part.
        elements = declared | {element.name: element for element in declared.values()}
        # zeep copies the values of headers, and no longer knows its own word for nil then: so they are written here.
        written = etree.Element("headers")
        for name, value in headers.items():
            if name not in elements:
                known = ", ".join(sorted(elements)) or "none"
                raise ValueError(f"it declares no header {name!r}; there is {known}")
            given = self._one(value, elements[name])
            if given is not SkipValue:
                elements[name].render(written, elements[name](**given) if isinstance(given, dict) else given)
        return list(written)

    def _given(self, values: Mapping[str, Any], kind: Any) -> dict[str, Any]:
        """`values` as zeep wants them: it has a word for nil, and one for what is not to be sent."""
        elements = dict(kind.elements)
        # Of a message of several parts, zeep knows each by the part's name; so may the spec, or by the element's.
        parts = {element.name: part for part, element in elements.items()}
        named = {name if name in elements else parts.get(name, name): value for name, value in values.items()}
        return {name: self._one(value, elements.get(name)) for name, value in named.items()}

    def _one(self, value: Any, element: Any) -> Any:
        if element is None:
            return value
        if value is None:
            return Nil if getattr(element, "nillable", False) or self._encoded else SkipValue
        return self._value(value, element.type)

    def _value(self, value: Any, kind: Any) -> Any:
        if isinstance(value, list | tuple):
            array = kind._array_type if isinstance(kind, ComplexType) else None
            return [self._value(each, array.array_type if array else kind) for each in value if each is not None]
        if isinstance(value, Mapping) and isinstance(kind, ComplexType):
            return self._given(value, kind)
        return value


class _Frame:
    """A request's text between its values."""

    def __init__(self, pieces: list[bytes], order: list[int]) -> None:
        self._pieces = pieces
        #: Which value comes after each piece, and how it is written there.
        self._order = [
            (index, _ESCAPED_IN_ATTRIBUTE if piece.endswith(b'="') else _ESCAPED)
            for index, piece in zip(order, pieces, strict=False)
        ]

    def filled(self, values: list[str | int]) -> bytes:
        parts = [self._pieces[0]]
        for (index, escaped), piece in zip(self._order, self._pieces[1:], strict=True):
            text = str(values[index])
            if _ILLEGAL.search(text):
                raise ValueError("it holds a character that XML cannot hold")
            parts += (text.translate(escaped).encode(), piece)
        return b"".join(parts)


class _Marks:
    """Values that stand for others, and can be found again in what is written of them."""

    def __init__(self) -> None:
        self._texts: list[bytes] = []
        self._prefix = secrets.token_hex(8).upper()
        self._number = secrets.randbelow(10**15) + 10**15

    def instead_of(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: self.instead_of(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.instead_of(each) for each in value]
        if not _varies(value):
            return value
        index = len(self._texts)
        mark: str | int = f"{self._prefix}{index:06d}" if isinstance(value, str) else self._number * 1000 + index
        self._texts.append(str(mark).encode())
        return mark

    def frame(self, text: bytes, count: int) -> _Frame | None:
        """None where a value does not stand in the text, once, as it was given."""
        if any(text.count(mark) != 1 for mark in self._texts):
            return None
        places = sorted((text.index(mark), index) for index, mark in enumerate(self._texts))
        pieces, start = [], 0
        for place, index in places:
            pieces.append(text[start:place])
            start = place + len(self._texts[index])
        assert len(places) == count
        return _Frame([*pieces, text[start:]], [index for _, index in places])


def _varies(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _shape(value: Any, values: list[str | int]) -> Hashable:
    """`value` without its texts and whole numbers, which go to `values`."""
    if isinstance(value, Mapping):
        return tuple((name, _shape(each, values)) for name, each in value.items())
    if isinstance(value, list | tuple):
        return (list, *(_shape(each, values) for each in value))
    if _varies(value):
        values.append(value)
        return str if isinstance(value, str) else int
    return (type(value), value)
