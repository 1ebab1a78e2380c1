"""Whether a list can be read as it comes: only where it is known, before the answer is whole, where its records are,
and where nothing else in the spec has to look at them."""

import re
from typing import Any

import jmespath

from contracts.operations import Answer, CursorPages, ListOperation, NextPages, Paged

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
# A path, or the usual way to have one record, many and none alike as a list: [path][]
_PATH = re.compile(rf"(?P<path>{_NAME}(\.{_NAME})*)|\[(?P<listed>{_NAME}(\.{_NAME})*)\]\[\]")


def path_to_records(operation: ListOperation) -> tuple[str, ...] | None:
    """The names that lead to the list in an answer's content; None where the answer must be read whole.

    Raises ValueError for an expression that is not JMESPath.
    """
    answer = operation.answer
    others = [expression for expression in _others(answer, operation) if expression]
    if answer.records == "@":
        return None if others else ()
    found = _PATH.fullmatch(answer.records)
    if found is None:
        return None
    path = tuple((found["path"] or found["listed"]).split("."))
    return None if any(_looks_at(path[-1], expression) for expression in others) else path


def _others(answer: Answer, operation: ListOperation) -> list[str | None]:
    said = [answer.error_when, answer.error_message, answer.busy_when, answer.absent_when]
    pages = operation.pages
    if isinstance(pages, Paged):
        said += [pages.last_when, pages.total]
    if isinstance(pages, CursorPages):
        said.append(pages.cursor)
    if isinstance(pages, NextPages):
        said.append(pages.address)
    return said


def _looks_at(name: str, expression: str) -> bool:
    """Whether `expression` may look at what is called `name`. The whole, or all values of it, may hold it too."""
    return _node_looks_at(name, jmespath.compile(expression).parsed)


def _node_looks_at(name: str, node: Any) -> bool:
    if not isinstance(node, dict):
        return False
    if node["type"] in ("current", "value_projection") or (node["type"], node.get("value")) == ("field", name):
        return True
    return any(_node_looks_at(name, child) for child in node["children"])
