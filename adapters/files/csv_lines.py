"""CSV to lines: strictly, in the encoding that the spec names, with the text of a line that is not right."""

import csv
import io
from collections.abc import Iterator

from adapters.files.rows import Line
from adapters.formats.charsets import is_utf8
from adapters.formats.letters import composed
from contracts.errors import Malformed
from contracts.system import Csv

_CODECS = {"utf-8": "utf-8-sig", "windows-1258": "windows-1258", "utf-16": "utf-16"}

# How much of a bad line is kept.
_KEPT = 64 * 1024


def csv_lines(content: bytes, format: Csv) -> Iterator[Line]:
    """The lines, by the number of the first where a cell holds several. Raises Malformed for a file that is not
    whole, or in another encoding."""
    source = _Source(_decoded(content, format.encoding))
    reader = csv.reader(source, delimiter=format.delimiter, strict=True)
    while True:
        number = reader.line_num + 1
        source.taken.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if source.ended:
                raise Malformed(
                    f"Line {number}: a cell begins with a quotation mark and never ends; is the file cut off?"
                ) from None
            yield Line(number, ["".join(source.taken)[:_KEPT]], f"it cannot be read ({error})")
        else:
            yield Line(number, cells)


class _Source:
    """The lines of a text, and those that were taken since `taken` was last cleared."""

    def __init__(self, text: str) -> None:
        self._lines = io.StringIO(text, newline="")
        self.taken: list[str] = []
        self.ended = False

    def __iter__(self) -> "_Source":
        return self

    def __next__(self) -> str:
        line = self._lines.readline()
        if not line:
            self.ended = True
            raise StopIteration
        self.taken.append(line)
        return line


def _decoded(content: bytes, encoding: str) -> str:
    # No text of a Vietnamese Windows passes for UTF-8 by chance; the other way round nearly all does.
    if encoding == "windows-1258" and is_utf8(content) and not content.isascii():
        raise Malformed("It is in utf-8, not windows-1258: save it so, or let `encoding` say what it is.")
    try:
        text = content.decode(_CODECS[encoding])
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Malformed(
            f"Line {line}: byte {error.start + 1} of the file cannot be {encoding}. Save it so, or let `encoding` say "
            "what it is."
        ) from None
    # windows-1258 writes most tones as marks of their own.
    try:
        return composed(text)
    except ValueError as error:
        raise Malformed(f"The file cannot be read: {error}.") from None
