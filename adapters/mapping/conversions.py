"""Named conversions: from a value as it stands in a record to a text, a whole number or a date."""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from adapters.formats import dates
from adapters.formats.letters import composed
from adapters.formats.misfit import Misfit
from contracts.codes import fold
from contracts.mapping import FieldRule

#: Gives None where nothing is said. Raises ValueError, which says why, for a value that does not fit.
Convert: TypeAlias = Callable[[Any], Any]

# Numbers as people write them: 75.000 and 75,000 are 75000 in Vietnam and elsewhere; 12.0 is 12.
_INTEGER = re.compile(r"(?P<digits>[+-]?[0-9]{1,30})(?:[.,]0{1,2})?")
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:\.[0-9]{3})+|[+-]?[0-9]{1,3}(?:,[0-9]{3})+")


def conversion(rule: FieldRule, zone: ZoneInfo) -> Convert:
    """`zone` is of dates that name none, unless the rule has one. Raises ValueError for a date format that is none."""
    match rule.convert:
        case "text":
            return _text if rule.table is None else _looked_up(rule.table)
        case "integer":
            return _integer
        case "date":
            return dates.reader(rule.formats, ZoneInfo(rule.zone) if rule.zone else zone)


def _text(value: Any) -> str | None:
    kind = type(value)
    if kind is not str:
        if kind is int:
            return str(value)
        if kind is Misfit:
            raise ValueError(f"the agency's contract promises {value.promised}, and it is none")
        raise ValueError(f"{kind.__name__} is not text")
    if "\0" in value:
        # No database column takes it, and one such record would hold up its whole page.
        raise ValueError("a text must not hold a NUL character")
    return (value if value.isascii() else composed(value)).strip() or None


def _looked_up(table: Mapping[str, str]) -> Convert:
    folded = {fold(word): _text(meaning) for word, meaning in table.items()}

    def look_up(value: Any) -> str | None:
        word = _text(value)
        if word is None:
            return None
        try:
            return folded[fold(word)]
        except KeyError:
            raise ValueError(f"the code table has no such word; it has {', '.join(table)}") from None

    return look_up


def _integer(value: Any) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, str):
        raise ValueError(f"{type(value).__name__} is not a whole number")
    text = value.strip()
    if not text:
        return None
    if _GROUPED.fullmatch(text):
        return int(text.replace(".", "").replace(",", ""))
    if not (number := _INTEGER.fullmatch(text)):
        raise ValueError("that is not a whole number")
    return int(number["digits"])
