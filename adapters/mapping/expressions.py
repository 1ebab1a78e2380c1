"""JMESPath expressions of a spec, compiled once, with a few functions that agencies' records call for.

fold(text)              its letters without case, marks and doubled spaces: fold('Đã TIẾP  nhận') = 'da tiep nhan'
split(text, separator)  its parts, without blanks around them: split('1|2', '|') = ['1', '2']
from_json(text)         the value that a text holds as JSON
from_xml(text)          what the root of the XML document holds that a text is, as adapters.formats.xml reads it
"""

import re
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from math import inf, prod
from typing import Any, TypeAlias

import jmespath
from jmespath import functions
from jmespath.exceptions import JMESPathError

from adapters.formats import json, xml
from adapters.formats.letters import composed
from contracts.codes import fold
from contracts.errors import Malformed

Find: TypeAlias = Callable[[Any], Any]

# Most mappings are plain paths, and for those the interpreter costs ten times the look-up itself.
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")


# How many times as much as it was given an expression may make of it: [@, @] is twice.
_MOST_GROWTH = 100


class ExpressionError(ValueError):
    """An expression that cannot be applied to what the agency sent."""


class _Functions(functions.Functions):  # type: ignore[misc]
    """A text that is not there, null, stays null."""

    @functions.signature({"types": ["string", "null"]})  # type: ignore[untyped-decorator]
    def _func_fold(self, text: str | None) -> str | None:
        return None if text is None else fold(composed(text))

    @functions.signature({"types": ["string", "null"]}, {"types": ["string"]})  # type: ignore[untyped-decorator]
    def _func_split(self, text: str | None, separator: str) -> list[str] | None:
        return None if text is None else [part.strip() for part in text.split(separator)]

    @functions.signature({"types": ["string", "null"]})  # type: ignore[untyped-decorator]
    def _func_from_json(self, text: str | None) -> Any:
        return None if text is None or not text.strip() else json.load(text.encode())

    @functions.signature({"types": ["string", "null"]})  # type: ignore[untyped-decorator]
    def _func_from_xml(self, text: str | None) -> Any:
        return None if text is None or not text.strip() else xml.parse(text)[1]


_OPTIONS = jmespath.Options(custom_functions=_Functions())


def compiled(expression: str) -> Find:
    """The function that finds `expression` in a document; None where there is nothing.

    Raises ValueError where `expression` is not JMESPath, or makes too much of what it is given. The function
    raises ExpressionError.
    """
    parsed = _parsed(expression)
    if _PLAIN.fullmatch(expression):
        return _path(expression.split("."))

    def find(document: Any) -> Any:
        try:
            return parsed.search(document, options=_OPTIONS)
        except (JMESPathError, Malformed, TypeError, ValueError, ArithmeticError, RecursionError) as error:
            # Its own words may hold the value at hand, which may be a person's.
            raise ExpressionError(f"{expression!r} cannot be applied ({type(error).__name__})") from None

    return find


def plain_path(expression: str) -> tuple[str, ...] | None:
    """The names in an expression that is a path and nothing more."""
    return tuple(expression.split(".")) if _PLAIN.fullmatch(expression) else None


def truth(value: Any) -> bool:
    """What JMESPath takes for true: anything but null, false and what is empty. The number 0 is true."""
    return not (value is None or value is False or value in ("", [], {}))


def names_in(expression: str) -> frozenset[str] | None:
    """The names that `expression` looks up in the document itself; None where it may look at all of it.

    Raises ValueError where it is not JMESPath.
    """
    found: set[str] = set()
    return frozenset(found) if _gather(_parsed(expression).parsed, found) else None


# Of these, what follows the first part is applied to what that part gives, and no longer to the document.
_ONWARDS = {
    "subexpression",
    "pipe",
    "projection",
    "value_projection",
    "filter_projection",
    "index_expression",
    "flatten",
}


def _gather(node: Any, found: set[str]) -> bool:
    """Add the names in `node` to `found`. False where they cannot be told."""
    kind = node["type"]
    if kind == "field":
        found.add(node["value"])
        return True
    if kind in ("current", "identity"):
        return False
    if kind in ("literal", "index", "slice", "expref"):
        return True
    children = node["children"]
    return all(_gather(child, found) for child in (children[:1] if kind in _ONWARDS else children))


def _parsed(expression: str) -> Any:
    try:
        parsed = jmespath.compile(expression)
    except JMESPathError as error:
        raise ValueError(f"{expression!r} is not a JMESPath expression: {error}") from error
    for name in _called(parsed.parsed):
        if name not in _Functions.FUNCTION_TABLE:
            near = get_close_matches(name, _Functions.FUNCTION_TABLE, 1)
            hint = f"is {near[0]} meant?" if near else f"there is {', '.join(sorted(_Functions.FUNCTION_TABLE))}"
            raise ValueError(f"{expression!r} calls {name}, which is no function; {hint}")
    if _negates_early(parsed.parsed):
        raise ValueError(
            f"{expression!r} looks into what `!` makes of a name, which is true or false and holds nothing: "
            "JMESPath reads !a.b as (!a).b; write !(a.b)"
        )
    if _growth(parsed.parsed) > _MOST_GROWTH:
        raise ValueError(f"{expression!r} repeats what it is given too many times over")
    return parsed


def _called(node: Any) -> Iterator[str]:
    """The functions that are called in `node`; JMESPath itself looks only when it comes to one."""
    if node["type"] == "function_expression":
        yield node["value"]
    for child in _parts(node):
        yield from _called(child)


def _negates_early(node: Any) -> bool:
    """Whether anything in `node` looks into a negation: it would find nothing, whatever is there."""
    parts = _parts(node)
    if node["type"] in _ONWARDS and node["type"] != "pipe" and parts[0]["type"] == "not_expression":
        return True
    return any(map(_negates_early, parts))


def _parts(node: Any) -> list[Any]:
    # A slice has its three numbers for children.
    return [] if node["type"] == "slice" else node["children"]


def _growth(node: Any) -> float:
    """How many times the size of what `node` is applied to its value can be.

    No expression has a loop, but what doubles in each of its steps (`[@, @] | [@, @] | …`) might as well have one.
    """
    kind, growths = node["type"], [_growth(part) for part in _parts(node)]
    if kind in ("multi_select_list", "multi_select_dict"):
        return sum(growths)
    if kind in ("or_expression", "and_expression", "comparator"):
        return max(growths)
    if kind == "function_expression":
        return _function_growth(node["value"], node["children"])
    # What follows is applied to what comes before.
    return prod(growths)


def _function_growth(name: str, arguments: list[Any]) -> float:
    variable = [argument for argument in arguments if argument["type"] != "literal"]
    if name == "join" and arguments:
        # Between any two texts of the list, of which each may be empty.
        separator = arguments[0]["value"] if arguments[0] not in variable else None
        return (1 + len(separator) if isinstance(separator, str) else inf) * prod(map(_growth, variable))
    if any(argument["type"] == "expref" for argument in arguments):
        return prod(map(_growth, variable))
    return max(1, sum(map(_growth, variable)))


def _path(names: list[str]) -> Find:
    first, *rest = names
    if not rest:
        return lambda document: document.get(first) if isinstance(document, dict) else None

    def find(document: Any) -> Any:
        found = document.get(first) if isinstance(document, dict) else None
        for name in rest:
            found = found.get(name) if isinstance(found, dict) else None
        return found

    return find
