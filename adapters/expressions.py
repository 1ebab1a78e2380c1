"""JMESPath expressions of a spec, compiled once."""

import re
from collections.abc import Callable
from typing import Any, TypeAlias

import jmespath
from jmespath.exceptions import JMESPathError

Find: TypeAlias = Callable[[Any], Any]

# Most mappings are plain paths, and for those the interpreter costs ten times the look-up itself.
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")


class ExpressionError(ValueError):
    """An expression that cannot be applied to what the agency sent."""


def compiled(expression: str) -> Find:
    """The function that finds `expression` in a document; None where there is nothing.

    Raises ValueError where `expression` is not JMESPath. The function raises ExpressionError.
    """
    try:
        parsed = jmespath.compile(expression)
    except JMESPathError as error:
        raise ValueError(f"{expression!r} is not a JMESPath expression: {error}") from error
    if _PLAIN.fullmatch(expression):
        return _path(expression.split("."))

    def find(document: Any) -> Any:
        try:
            return parsed.search(document)
        except (JMESPathError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
            # Its own words may hold the value at hand, which may be a person's.
            raise ExpressionError(f"{expression!r} cannot be applied ({type(error).__name__})") from None

    return find


def truth(value: Any) -> bool:
    """What JMESPath takes for true: anything but null, false and what is empty. The number 0 is true."""
    return not (value is None or value is False or value in ("", [], {}))


def _path(names: list[str]) -> Find:
    first, *rest = names

    def find(document: Any) -> Any:
        found = document.get(first) if isinstance(document, dict) else None
        for name in rest:
            found = found.get(name) if isinstance(found, dict) else None
        return found

    return find
