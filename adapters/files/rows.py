"""What all kinds of files come down to: rows, each a record or what is wrong with it, and where it stands."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jmespath

from contracts.errors import Malformed
from contracts.mapping import FieldRule, RecordMapping


@dataclass(frozen=True, slots=True)
class Row:
    """A record, as the mapping will read it; or its raw cells and `wrong`, a half sentence that says why not."""

    #: "Line 17"; in XML "Record 17".
    place: str
    record: Any
    wrong: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a table, by its number in the file, from 1. None is an empty cell of which nothing is said."""

    number: int
    cells: Sequence[str | None]
    wrong: str | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """What a field of the mapping is read from: any one of `names` must be in a file."""

    field: str
    names: frozenset[str]


def columns_of(mapping: RecordMapping) -> list[Column]:
    """The columns that a mapping looks at; none for a field that is the same in every record."""
    rules = {"code": mapping.code, "occurred_at": mapping.occurred_at, **mapping.facts, "revision": mapping.revision}
    columns = [Column(field, _names(rule)) for field, rule in rules.items() if rule]
    return [column for column in columns if column.names]


def table(lines: Iterable[Line], header_row: int, wanted: Iterable[Column]) -> Iterator[Row]:
    """The rows below the header, as records from column to cell. Empty ones are left out.

    A column without a name takes the one above it, as in a header whose cells are merged, or is "column 7"; a
    name that stands twice is "name" and "name (2)". Raises Malformed where a column that is `wanted` is missing.
    """
    above: list[Line] = []
    names: list[str] | None = None
    for line in lines:
        if line.number < header_row:
            above.append(line)
        elif names is None:
            names = _header(line, above, header_row)
            _check(names, wanted, header_row)
        elif line.wrong or any(cell and cell.strip() for cell in line.cells):
            yield _row(line, names)
    if names is None:
        raise Malformed(f"It ends before line {header_row}, where the names of the columns should be.")


def _row(line: Line, names: list[str]) -> Row:
    place, cells, wrong = f"Line {line.number}", list(line.cells), line.wrong
    while len(cells) > len(names) and not cells[-1]:
        cells.pop()
    if not wrong and len(cells) != len(names):
        wrong = f"it has {len(cells)} cells, and the header {len(names)} columns"
    if wrong:
        return Row(place, cells, wrong)
    return Row(place, {name: cell for name, cell in zip(names, cells, strict=True) if cell is not None})


def _header(line: Line, above: list[Line], header_row: int) -> list[str]:
    cells = [_name(cell) for cell in line.cells]
    while cells and not cells[-1]:
        cells.pop()
    if line.number != header_row or line.wrong or not cells:
        raise Malformed(f"Line {header_row}, where the names of the columns should be, holds none.")
    names: list[str] = []
    for index, cell in enumerate(cells):
        over = (_name(each.cells[index]) for each in reversed(above) if index < len(each.cells))
        name = cell or next(filter(None, over), f"column {index + 1}")
        numbered, number = name, 1
        while numbered in names:
            number += 1
            numbered = f"{name} ({number})"
        names.append(numbered)
    return names


def _name(cell: str | None) -> str:
    return " ".join((cell or "").split())


def _check(names: list[str], wanted: Iterable[Column], header_row: int) -> None:
    for column in wanted:
        if column.names.isdisjoint(names):
            missing = " or ".join(repr(name) for name in sorted(column.names))
            # What the line holds instead is not told: where there is no header, it is a person's data.
            raise Malformed(
                f"Line {header_row} names no column {missing}, which the mapping of {column.field} needs: "
                "is it the line of the names, and does it write that one so?"
            )


def _names(rule: FieldRule) -> frozenset[str]:
    expressions = [rule.path] if rule.path else list(rule.paths)
    return frozenset(name for each in expressions for name in _fields(jmespath.compile(each).parsed))


def _fields(node: Any) -> Iterator[str]:
    """The fields of the record itself at which an expression looks; not those of what it makes of them."""
    if not isinstance(node, dict):
        return
    if node["type"] == "field":
        yield node["value"]
    first_only = node["type"] in ("subexpression", "pipe", "index_expression") or "projection" in node["type"]
    for child in node["children"][:1] if first_only else node["children"]:
        yield from _fields(child)
