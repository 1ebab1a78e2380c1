"""Hostile XML to plain values: no DOCTYPE, no entities, bounded depth and size, nothing fetched."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

from lxml import etree

from contracts.errors import Malformed

#: Deeper than any real answer; far below where Python's own recursion ends.
MAX_DEPTH = 100
#: Elements cost far more memory than the bytes they come in.
MAX_ELEMENTS = 2_000_000

_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_NIL = _XSI + "nil"
_DECLARATION = re.compile(r"\A\s*<\?xml\s[^>]*\?>")


def parse(source: bytes | str) -> tuple[str, Any]:
    """The root's local name, and its content as a plain value.

    An element without attributes and children is its text ("" where it is empty), xsi:nil is None. Any other
    is a dict: attributes as "@name", children by local name (several of a name as a list), text as "#text".
    Raises Malformed for what is not whole, well-formed XML, and for what exceeds the limits.
    """
    if isinstance(source, str):
        # .NET declares the utf-16 of its strings, which is no longer true of the bytes that came.
        source = _DECLARATION.sub("", source.removeprefix("\ufeff")).encode()
    builder = _Builder()
    parser = etree.XMLParser(
        # The stubs promise that text may come as bytes, which it does not.
        target=cast(Any, builder),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        # Lifts lxml's own limit of 10 MB per text, which files exceed. What it protects from needs a DOCTYPE.
        huge_tree=True,
    )
    try:
        etree.fromstring(source.lstrip(), parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        raise Malformed(f"It is not whole, well-formed XML: line {line}, column {column}.") from None
    if builder.root is None:
        raise Malformed("It is not whole, well-formed XML.")
    return builder.root


class _Builder:
    """lxml's parser target: builds plain values as the parser goes, so that no tree is ever held."""

    def __init__(self) -> None:
        self.root: tuple[str, Any] | None = None
        # Per open element its attributes and children, None until it has one, and the pieces of its text.
        self._values: list[dict[str, Any] | None] = []
        self._texts: list[list[str]] = []
        self._elements = 0

    def doctype(self, _name: str, _public_id: str | None, _system: str | None) -> None:
        raise Malformed("It has a DOCTYPE, which an agency's answer never needs.")

    def start(self, _tag: str, attributes: Mapping[str, str]) -> None:
        self._elements += 1
        if len(self._values) >= MAX_DEPTH or self._elements > MAX_ELEMENTS:
            raise Malformed("It is nested too deeply, or has too many elements.")
        self._values.append(_attributes(attributes) if attributes else None)
        self._texts.append([])

    def data(self, text: str) -> None:
        self._texts[-1].append(text)

    def end(self, tag: str) -> None:
        value: Any = self._values.pop()
        text = "".join(self._texts.pop())
        if value is None:
            value = text
        elif _NIL in value:
            value = None
        elif text and not text.isspace():
            value["#text"] = text
        name = _local(tag)
        if self._values:
            self._put(name, value)
        else:
            self.root = (name, value)

    def close(self) -> None:
        """Called at the end, of what is whole and what is not; lxml then raises what was wrong."""

    def _put(self, name: str, value: Any) -> None:
        parent = self._values[-1]
        if parent is None:
            self._values[-1] = {name: value}
        elif name not in parent:
            parent[name] = value
        elif isinstance(parent[name], list):
            parent[name].append(value)
        else:
            parent[name] = [parent[name], value]


def _attributes(attributes: Mapping[str, str]) -> dict[str, Any] | None:
    kept: dict[str, Any] = {"@" + _local(name): text for name, text in attributes.items() if not name.startswith(_XSI)}
    if attributes.get(_NIL, "").strip() in ("true", "1"):
        kept[_NIL] = True
    return kept or None


@lru_cache(maxsize=4096)
def _local(name: str) -> str:
    return name.rpartition("}")[2]
