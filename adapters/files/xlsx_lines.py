"""XLSX to lines, each cell as text. What a workbook unpacks to is checked before any of it is read."""

import io
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import date, datetime
from itertools import repeat
from typing import Any

import openpyxl

from adapters.files.rows import Line
from adapters.formats.letters import composed
from contracts.errors import Malformed
from contracts.system import Xlsx

#: All parts of a workbook together, unpacked.
MAX_UNPACKED = 100_000_000
MAX_COLUMNS = 500
_MAX_PARTS = 1000
_LAST_ROW = 1_048_576

# An encrypted workbook, or one of before 2007.
_OLE = b"\xd0\xcf\x11\xe0"
_FORMULA = re.compile(rb"<(\w+:)?f[\s/>]")

# They quote cells, which may hold personal data.
warnings.filterwarnings("ignore", module="openpyxl")


def xlsx_lines(content: bytes, format: Xlsx) -> Iterator[Line]:
    """The lines of the sheet. Formulas give the value they had when the workbook was saved.

    Raises Malformed for what is no workbook, or too large a one.
    """
    formulas = _check(content)
    try:
        # Once more where there are formulas: one that was never calculated has no value that tells of it.
        with closing(_open(content, values=True)) as book, closing(_open(content, values=not formulas)) as written:
            lines = _cells(book, format)
            as_written = _cells(written, format) if formulas else repeat(())
            widest = 0
            for number, (cells, formulas_of) in enumerate(zip(lines, as_written, strict=False), 1):
                if number > _LAST_ROW:
                    raise Malformed(f"It goes on after line {_LAST_ROW}, which no sheet does.")
                # A row ends with its last cell that was ever touched.
                widest = min(max(widest, len(cells)), MAX_COLUMNS)
                yield _line(number, cells[:widest], formulas_of, widest)
    except Malformed:
        raise
    except Exception as error:
        # openpyxl promises nothing about what it raises for a workbook that is none.
        kind = type(error.__cause__ or error).__name__
        raise Malformed(f"It is no whole and unharmed XLSX workbook ({kind}).") from None


def _check(content: bytes) -> bool:
    """Whether there are formulas. Raises Malformed for what must not be unpacked."""
    if content.startswith(_OLE):
        raise Malformed("It is encrypted, or of before 2007 (.xls): save it as .xlsx, without a password.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            # A part that holds more than it says is refused when it is read.
            if len(parts) > _MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
                raise Malformed(f"It unpacks to more than {MAX_UNPACKED} bytes, or {_MAX_PARTS} parts: split it.")
            sheets = [part for part in parts if "worksheets/" in part.filename]
            return any(_FORMULA.search(archive.read(part)) for part in sheets)
    except Malformed:
        raise
    except Exception as error:
        raise Malformed(f"It is no whole ZIP archive, as XLSX is ({type(error).__name__}).") from None


def _open(content: bytes, *, values: bool) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=values, keep_links=False)


def _cells(book: openpyxl.Workbook, format: Xlsx) -> Iterable[Sequence[Any]]:
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    name = format.sheet or next(iter(sheets), None)
    if name not in sheets:
        raise Malformed(f"It has no sheet {name!r}, only {', '.join(map(repr, sheets)) or 'none'}.")
    sheet = sheets[name]
    # What a workbook says of its own size need not be true.
    sheet.reset_dimensions()
    return sheet.iter_rows()


def _line(number: int, cells: Sequence[Any], as_written: Sequence[Any], width: int) -> Line:
    wrong = None
    for cell, formula in zip(cells, as_written or repeat(None), strict=False):
        if cell.data_type == "e":
            wrong = f"its cell {cell.coordinate} holds the error {cell.value}"
        elif cell.value is None and formula is not None and formula.data_type == "f":
            wrong = f"its cell {formula.coordinate} holds a formula that was never calculated"
    texts = [_text(cell.value) for cell in cells]
    return Line(number, texts + [None] * (width - len(texts)), wrong)


def _text(value: Any) -> str | None:
    """Numbers as one writes them, with the 15 digits that Excel keeps; dates by the agency's own clock."""
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else format(value, ".15g")
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    if isinstance(value, date):
        return f"{value.isoformat()} 00:00:00"
    try:
        return composed(str(value))
    except ValueError as error:
        raise Malformed(f"A cell cannot be read: {error}.") from None
