"""Named conversions: from a value as it stands in a record to a text, a whole number or a date."""

import re
from collections.abc import Callable, Mapping
from sys import maxsize
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


def conversion(rule: FieldRule, zone: ZoneInfo, longest: int = maxsize) -> Convert:
    """`zone` is of dates that name none, unless the rule has one; `longest` is how many letters a text may have.

    Raises ValueError for a date format that is none, and for what a code table has that does not fit.
    """
    match rule.convert:
        case "text":
            text = _text_reader(longest)
            return text if rule.table is None else _looked_up(rule.table, text)
        case "integer":
            # The only whole number that a mapping has.
            return _revision
        case "date":
            return dates.reader(rule.formats, ZoneInfo(rule.zone) if rule.zone else zone)


def _text_reader(longest: int) -> Convert:
    def read(value: Any) -> str | None:
        if type(value) is not str:
            value = _as_text(value)
        text: str = value.strip()
        if not text.isascii():
            text = composed(text)
            _check_whole(text)
        # No database column takes it, and one such record would hold up its whole page.
        if "\0" in text:
            raise ValueError("a text must not hold a NUL character")
        if len(text) > longest:
            raise ValueError(f"a text of {len(text)} letters is too long; {longest} fit")
        return text or None

    return read


def _check_whole(text: str) -> None:
    """Raises ValueError for half of a surrogate pair, which no database takes either."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("a text must not hold half of a character") from None


def _as_text(value: Any) -> str:
    if type(value) is int:
        return str(value)
    if isinstance(value, Misfit):
        raise ValueError(f"the agency's contract promises {value.promised}, and it is none")
    raise ValueError(f"{type(value).__name__} is not text")


def _looked_up(table: Mapping[str, str], text: Convert) -> Convert:
    folded: dict[str, str | None] = {fold(word): text(meaning) for word, meaning in table.items()}
    of_any_length = _text_reader(maxsize)

    def look_up(value: Any) -> str | None:
        word = of_any_length(value)
        if word is None:
            return None
        try:
            return folded[fold(word)]
        except KeyError:
            raise ValueError(f"the code table has no such word; it has {', '.join(table)}") from None

    return look_up


def _revision(value: Any) -> int | None:
    number = _integer(value)
    if number is not None and not 0 <= number < 2**63:
        raise ValueError("a revision is a whole number from 0 to 2**63 - 1")
    return number


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
