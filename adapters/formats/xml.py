"""Hostile XML to plain values: no DOCTYPE, no entities, bounded depth and size, nothing fetched.

An element without attributes and children is its text ("" where it is empty), xsi:nil is None. Any other is a
dict: attributes as "@name", children by local name (several of a name as a list), text as "#text".

Names go by what follows their prefix. Whose prefixes are right is not looked at: real servers write xsi:nil without
saying what xsi is.

expat tells what opens and closes, and no tree is ever built: a list of records can be taken out of an answer while
it comes, and of each record only the fields that are wanted.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias
from xml.parsers import expat

from adapters.formats.records import RecordStream
from contracts.errors import Malformed

#: Deeper than any real answer; far below where Python's own recursion ends.
MAX_DEPTH = 100
#: Elements cost far more memory than the bytes they come in. Of a record, and of what stands around them all.
MAX_ELEMENTS = 2_000_000
#: Where records are taken out, one of them is smaller than this.
MAX_RECORD = 16_000_000
_MAX_NAMES = 10_000

_Start: TypeAlias = Callable[[str, Mapping[str, str]], None]
_Tell: TypeAlias = Callable[[str], None]

_XSI = "http://www.w3.org/2001/XMLSchema-instance"
# Marks a value as nil until its element ends. No attribute is called so.
_NIL = ""
# Says it is in double bytes, in single ones: .NET's strings, written out as they are.
_UNTRUE = re.compile(rb"""<\?xml\s[^>]*encoding=["']utf-16""", re.IGNORECASE)
# A declaration has ended after so many bytes, if there is one.
_HEAD_BYTES = 1000
# Text comes in pieces of this size at most.
_TEXT_BYTES = 256 * 1024


def parse(source: bytes | str) -> tuple[str, Any]:
    """The root's local name, and its content. Raises Malformed for what is not whole, well-formed XML, and for
    what exceeds the limits."""
    whole = XmlRecords(())
    if isinstance(source, str):
        whole.feed_text(source)
    else:
        whole.feed(source)
    return whole.close()


class Row(dict[str, Any]):
    """The wanted fields of a record, and what it was written as."""

    __slots__ = ("finish", "source", "xsi")
    source: bytes
    finish: Callable[[Any], Any] | None
    #: The prefixes that mean XMLSchema-instance there.
    xsi: set[str]

    def whole(self) -> Any:
        """The record with all its fields, for whoever has to look at it."""
        reader = XmlRecords(())
        reader.xsi = self.xsi
        try:
            reader.feed(self.source)
            whole = reader.close()[1]
        except Malformed:
            # Its document was in another encoding than utf-8.
            return dict(self)
        return self.finish(whole) if self.finish else whole


class XmlRecords:
    """adapters.formats.records.RecordStream for the elements at `path`: local names from the root on, None for any.

    With `inner`, what is at `path` is text that holds a document of its own, and `inner` takes records out of that.
    """

    def __init__(
        self,
        path: Sequence[str | None],
        wanted: frozenset[str] | None = None,
        *,
        finish: Callable[[Any], Any] | None = None,
        inner: RecordStream | None = None,
    ) -> None:
        """`wanted`: the fields of a record that are read, which then is a Row; None for all. `finish` is applied to
        each record."""
        self._path, self._wanted, self._finish, self._inner = list(path), wanted, finish, inner
        self._parser: expat.XMLParserType | None = None
        self._head = b""
        self._records: list[Any] = []
        self._root: tuple[str, Any] | None = None
        # Per open element: its attributes and children, None until it has one; and its text.
        self._values: list[dict[str, Any] | None] = []
        self._texts: list[str] = []
        #: How many of the open elements are those of the path, and at which depth a record is open, if any.
        self._on_path = 0
        self._record = 0
        self._elements = 0
        self._since = 0
        # What was fed from the record at hand on; where in all that was fed that begins, and where the record does.
        self._source, self._source_at, self._record_at = b"", 0, 0
        self._local: dict[str, str] = {}
        self.xsi = {"xsi"}
        self._wants_attributes = wanted is None or any(name.startswith("@") for name in wanted)
        self._general = (self._start, self._end, self._text)
        self._flat = self._flat_handlers()

    def feed(self, chunk: bytes) -> list[Any]:
        if self._parser is None:
            self._head = (self._head + chunk).lstrip()
            if b">" not in self._head and len(self._head) < _HEAD_BYTES:
                return []
            self._begin("utf-8" if _UNTRUE.match(self._head) else None)
            chunk = self._head
        return self._fed(chunk)

    def feed_text(self, text: str) -> list[Any]:
        """Like `feed`. Whatever encoding the document declares is no longer true of it."""
        if self._parser is None:
            text = text.lstrip("\ufeff \t\r\n")
            if not text:
                return []
            self._begin("utf-8")
        return self._fed(text.encode("utf-8", "surrogatepass"))

    def close(self) -> tuple[str, Any]:
        """The root's local name and content, with an empty list where the records were."""
        if self._parser is None:
            raise Malformed("It is empty, or no well-formed XML.")
        self._parse(b"", True)
        assert self._root is not None, "expat has seen its end"
        return self._root

    def _begin(self, encoding: str | None) -> None:
        self._parser = expat.ParserCreate(encoding)
        self._parser.buffer_text = True
        self._parser.buffer_size = _TEXT_BYTES
        self._parser.StartDoctypeDeclHandler = _refuse_doctype
        self._listen(*self._general)

    def _fed(self, chunk: bytes) -> list[Any]:
        self._since += len(chunk)
        self._source += chunk
        self._parse(chunk, False)
        done = (self._record_at if self._record else self._place()) - self._source_at
        self._source, self._source_at = self._source[done:], self._source_at + done
        if self._path and self._since > MAX_RECORD:
            raise Malformed(f"Over {MAX_RECORD} bytes came without the end of a record.")
        records, self._records = self._records, []
        return records

    def _parse(self, chunk: bytes, last: bool) -> None:
        assert self._parser is not None
        try:
            self._parser.Parse(chunk, last)
        except expat.ExpatError as error:
            raise Malformed(f"It is not whole, well-formed XML: line {error.lineno}, column {error.offset}.") from None
        except (LookupError, ValueError):
            raise Malformed("It is in an encoding that nobody knows.") from None

    def _listen(self, start: _Start, end: _Tell, text: _Tell) -> None:
        assert self._parser is not None
        self._parser.StartElementHandler, self._parser.EndElementHandler = start, end
        self._parser.CharacterDataHandler = text

    def _start(self, tag: str, attributes: Mapping[str, str]) -> None:
        depth = len(self._values)
        self._elements += 1
        if depth >= MAX_DEPTH or self._elements > MAX_ELEMENTS:
            raise Malformed("It is nested too deeply, or has too many elements.")
        name = self._local.get(tag) or self._learned(tag)
        arrived = False
        if not self._record and depth == self._on_path < len(self._path) and self._path[depth] in (None, name):
            self._on_path += 1
            arrived = self._on_path == len(self._path)
        if attributes and arrived and not self._wants_attributes and "nil" not in "".join(attributes):
            # Such as the number that .NET gives each row of a DataSet.
            attributes = {}
        self._values.append(self._kept(attributes) if attributes else None)
        self._texts.append("")
        if arrived:
            self._arrive()

    def _text(self, text: str) -> None:
        self._texts[-1] += text

    def _end(self, tag: str) -> None:
        value: Any = self._values.pop()
        text = self._texts.pop()
        if value is None:
            value = text
        elif _NIL in value:
            value = None
        elif text and not text.isspace():
            value["#text"] = text
        depth = len(self._values)
        name = self._local[tag]
        if depth == 0:
            self._root = (name, value)
        elif depth == self._record:
            self._put_field(name, value)
            self._listen(*self._flat)
        elif self._record > depth:
            self._leave(name, value)
        else:
            self._put(name, value)
        if depth < self._on_path:
            self._on_path = depth
            self._listen(*self._general)

    def _place(self) -> int:
        assert self._parser is not None
        return self._parser.CurrentByteIndex

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

    def _put_field(self, name: str, value: Any) -> None:
        if self._wanted is None or name in self._wanted:
            self._put(name, value)

    def _arrive(self) -> None:
        """At a record, or at the text that holds the inner document."""
        if self._inner is None:
            self._record, self._elements = len(self._values), 0
            self._record_at = self._place()
            self._listen(*self._flat)
        else:
            self._listen(self._start, self._end, self._to_inner)

    def _leave(self, name: str, value: Any) -> None:
        """A record is whole. Around it an empty list stands in its place."""
        self._record, self._elements, self._since = 0, 0, 0
        if self._finish:
            value = self._finish(value)
        if self._wanted is not None and isinstance(value, dict):
            value = Row(value)
            value.finish = self._finish
            begin, end = self._record_at - self._source_at, self._place() - self._source_at
            value.source = self._source[begin : self._source.index(b">", end) + 1]
            value.xsi = self.xsi
        self._records.append(value)
        parent = self._values[-1]
        if parent is None:
            self._values[-1] = {name: []}
        else:
            parent[name] = []

    def _to_inner(self, text: str) -> None:
        assert self._inner is not None
        if len(self._values) == len(self._path):
            self._since = 0
            self._records += self._inner.feed_text(text)

    def _flat_handlers(self) -> tuple[_Start, _Tell, _Tell]:
        """For what most records are: fields that hold text and nothing else. At any other they hand over.

        Closures without a look at `self`, because they run three times for each field of each record.
        """
        values, texts, wanted = self._values, self._texts, self._wanted
        # By tag: the name of a field that is wanted, "" for one that is not.
        fields: dict[str, str] = {}
        opened, held = "", ""

        def start(tag: str, attributes: Mapping[str, str]) -> None:
            nonlocal opened, held
            if not (opened or attributes):
                if held:
                    texts[-1] += held
                    held = ""
                opened = tag
                return
            if opened:
                values.append(None)
                texts.append(held)
                if opened not in self._local:
                    self._learned(opened)
                opened, held = "", ""
            self._listen(*self._general)
            self._start(tag, attributes)

        def text(piece: str) -> None:
            nonlocal held
            held += piece

        def end(tag: str) -> None:
            nonlocal opened, held
            if not opened:
                texts[-1] += held
                held = ""
                self._end(tag)
                return
            name = fields.get(tag)
            if name is None:
                name = self._local.get(tag) or self._learned(tag)
                name = fields[tag] = name if wanted is None or name in wanted else ""
            if name:
                record = values[-1]
                if record is None:
                    values[-1] = {name: held}
                elif name not in record:
                    record[name] = held
                else:
                    self._put(name, held)
            opened, held = "", ""

        return start, end, text

    def _kept(self, attributes: Mapping[str, str]) -> dict[str, Any] | None:
        self.xsi.update(full[6:] for full, text in attributes.items() if text == _XSI and full.startswith("xmlns:"))
        kept: dict[str, Any] = {}
        for full, text in attributes.items():
            prefix, _, name = full.rpartition(":")
            if prefix in self.xsi:
                if name == "nil" and text.strip() in ("true", "1"):
                    kept[_NIL] = True
            elif full != "xmlns" and prefix != "xmlns":
                kept["@" + name] = text
        return kept or None

    def _learned(self, tag: str) -> str:
        if len(self._local) >= _MAX_NAMES:
            raise Malformed(f"It has over {_MAX_NAMES} different names of elements.")
        name = self._local[tag] = tag.rpartition(":")[2]
        return name


def _refuse_doctype(*_: object) -> None:
    raise Malformed("It has a DOCTYPE, which an agency's answer never needs.")
