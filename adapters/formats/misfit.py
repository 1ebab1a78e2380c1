"""A text that is not what the agency's own contract promises of it."""

import re
from typing import Self

_INTEGER = re.compile(r"\s*[+-]?[0-9]+\s*")
_DECIMAL = re.compile(r"\s*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)\s*")
_DOUBLE = re.compile(r"\s*([+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?|-?INF|NaN)\s*")
_BOOLEAN = re.compile(r"\s*(true|false|0|1)\s*")
_ZONE = r"(Z|[+-][0-9]{2}:[0-9]{2})?\s*"
_DATE = re.compile(r"\s*-?[0-9]{4,}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])" + _ZONE)
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?|24:00:00(\.0+)?"
_DATE_TIME = re.compile(rf"\s*-?[0-9]{{4,}}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T({_TIME}){_ZONE}")

_INTEGERS = ("integer", "int", "long", "short", "byte", "nonNegativeInteger", "positiveInteger", "nonPositiveInteger")
_UNSIGNED = ("negativeInteger", "unsignedInt", "unsignedLong", "unsignedShort", "unsignedByte")

#: How texts of these XSD types are written; of any other type, any text will do.
WRITTEN: dict[str, re.Pattern[str]] = {
    **dict.fromkeys((*_INTEGERS, *_UNSIGNED), _INTEGER),
    "decimal": _DECIMAL,
    "double": _DOUBLE,
    "float": _DOUBLE,
    "boolean": _BOOLEAN,
    "date": _DATE,
    "dateTime": _DATE_TIME,
}


class Misfit(str):
    """The text as it came. zeep would make nothing of it, silently; here whoever reads it decides.

    A spec may say in which format a date really comes, whatever the WSDL promises; but a text that is taken as it
    is must be what it was promised to be.
    """

    __slots__ = ("promised",)
    #: The XSD type, such as int.
    promised: str

    def __new__(cls, text: str, promised: str) -> Self:
        misfit = super().__new__(cls, text)
        misfit.promised = promised
        return misfit


def judged(text: str, promised: str) -> str:
    """`text`, as a Misfit where it is not written as its type promises. Empty is none, and fits."""
    pattern = WRITTEN.get(promised)
    return text if pattern is None or not text or pattern.fullmatch(text) else Misfit(text, promised)
