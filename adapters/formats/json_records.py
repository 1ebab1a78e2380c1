"""Records out of a JSON answer while it comes: cut apart here, read by adapters.formats.json."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from adapters.formats import json
from adapters.formats.documents import parse_json
from contracts.errors import Malformed

#: What comes before the list, and any one record, is smaller than this; else it is no list to be cut.
MAX_PIECE = 16_000_000

_BOM = b"\xef\xbb\xbf"
_SPACE = b" \t\r\n"
# A string that has not ended yet is found as its quotation mark alone. Possessive: nothing is tried twice.
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|["{}\[\]:,]', re.DOTALL)
# A record up to its first value: where the records after it begin is known by it.
_OPENING = re.compile(rb'\{[ \t\r\n]*"[^"\\]*"')


class JsonRecords:
    """adapters.formats.records.RecordStream for the list at `path`, names of objects within objects."""

    def __init__(self, path: Sequence[str]) -> None:
        self._path = list(path)
        # What is not yet taken, how far it has been looked at, and what is open there.
        self._rest = b""
        self._looked = 0
        self._before = b""
        self._keys: list[str | None] = []
        self._depth = 0
        self._around: bytearray | None = None
        self._ended = False
        self._count = 0
        self._opening = b""

    def feed(self, chunk: bytes) -> list[Any]:
        if self._ended:
            self._around_list().extend(chunk)
            return []
        self._rest += chunk
        if self._around is None and not self._find_list():
            records = []
        else:
            records = self._take()
        if len(self._rest) > MAX_PIECE:
            raise Malformed(f"Over {MAX_PIECE} bytes came without the end of a record.")
        return records

    def feed_text(self, text: str) -> list[Any]:
        return self.feed(text.encode("utf-8", "surrogatepass"))

    def close(self) -> Any:
        if self._around is None:
            return parse_json(self._rest)
        if not self._ended:
            raise Malformed("The answer is not whole: it ends within its list.")
        document = found = parse_json(bytes(self._around))
        for name in self._path:
            found = found[name]
        if found != []:
            raise Malformed(f"The answer holds {'.'.join(self._path)} twice, and nobody can say which is meant.")
        return document

    def _drop(self, length: int) -> None:
        self._rest, self._looked = self._rest[length:], 0

    def _around_list(self) -> bytearray:
        assert self._around is not None
        return self._around

    def _tokens(self) -> Iterator[bytes]:
        """What structures the text that has not been looked at; afterwards `_looked` is behind the last token."""
        for match in _TOKEN.finditer(self._rest, self._looked):
            token = match.group()
            if token == b'"':
                self._looked = match.start()
                return
            self._looked = match.end()
            yield token
        self._looked = len(self._rest)

    def _find_list(self) -> bool:
        """Whether the list has begun. What stands before it is then put aside."""
        if self._looked == 0 and self._rest.startswith(_BOM):
            self._rest = self._rest[len(_BOM) :]
        for token in self._tokens():
            if token == b":" and self._keys:
                self._keys[-1] = _name(self._before)
            elif token == b"[" and self._keys == self._path:
                self._around = bytearray(self._rest[: self._looked])
                self._drop(self._looked)
                return True
            elif token in b"{[":
                self._keys.append(None)
            elif token in b"}]":
                self._keys = self._keys[:-1]
            self._before = token
        return False

    def _take(self) -> list[Any]:
        """The records that are whole."""
        records: list[Any] = []
        at_once = True
        while not self._ended and (end := self._end_of_record()) is not None:
            text, mark = self._rest[:end].strip(_SPACE), self._rest[end : end + 1]
            self._drop(end + 1)
            if text:
                records += _loaded(text)
                self._opening = self._opening or _opening(text)
            elif mark == b"," or self._count or records:
                raise Malformed("The answer's list has a comma with no record beside it.")
            if mark == b"]":
                self._ended = True
                self._around_list().extend(mark + self._rest)
                self._rest = b""
            elif at_once:
                many = self._take_many()
                at_once = bool(many)
                records += many
        self._count += len(records)
        return records

    def _take_many(self) -> list[Any]:
        """All records but the last that has begun, at once.

        Text that begins with a record and is valid JSON between brackets ends with one, too: a cut within a
        string or an object would leave that open. So orjson says whether the cut was right.
        """
        if not self._opening:
            return []
        text = self._rest[: max(0, self._rest.rfind(self._opening))].rstrip(_SPACE)
        if not text.endswith(b","):
            return []
        try:
            records: list[Any] = json.load(b"[" + text[:-1] + b"]")
        except orjson.JSONDecodeError:
            return []
        self._drop(len(text))
        return records

    def _end_of_record(self) -> int | None:
        """Where the first record in the rest ends: at a comma or a closing bracket; None if that is yet to come."""
        for token in self._tokens():
            if self._depth == 0 and token in b",]":
                return self._looked - 1
            if token in b"{[":
                self._depth += 1
            elif token in b"}]":
                self._depth -= 1
        return None


def _name(text: bytes) -> str | None:
    try:
        name = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return name if isinstance(name, str) else None


def _opening(text: bytes) -> bytes:
    found = _OPENING.match(text)
    return found.group() if found else b""


def _loaded(text: bytes) -> list[Any]:
    try:
        return [json.load(text)]
    except orjson.JSONDecodeError as error:
        raise Malformed(f"A record of the answer's list is not valid JSON: {error.msg}.") from None
