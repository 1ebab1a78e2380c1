"""Finds the records in an agency's answer, or what it says instead: an error, or that there is none."""

from typing import Any

import orjson

from adapters import xml
from adapters.expressions import ExpressionError, Find, compiled, truth
from contracts.errors import Malformed, NotFound, Rejected
from contracts.operations import Answer

_BOM = b"\xef\xbb\xbf"

#: How much of an agency's own words goes into a message.
_WORDS = 300


def parse_json(body: bytes) -> Any:
    """The JSON value in `body`; a byte order mark is tolerated. Raises Malformed, which names the place."""
    text = body.removeprefix(_BOM).strip()
    if not text:
        raise Malformed("The answer is empty.")
    if text.startswith(b"<"):
        raise Malformed("The answer is a page of HTML or XML, not JSON.")
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"The answer is not whole, valid JSON: line {error.lineno}, column {error.colno}.") from None


def unexplained(status: int) -> Rejected | Malformed:
    """What an error answer amounts to whose body tells no more than its status."""
    kind = Rejected if status < 500 else Malformed
    return kind(f"The agency's system answered {status}, and nothing that says why.")


class AnswerReader:
    """An Answer of a spec, ready to be applied to what came back."""

    def __init__(self, answer: Answer) -> None:
        """Raises ValueError for an expression that is none."""
        self._inside = _maybe(answer.inside)
        self._inside_holds = answer.inside_holds
        self._records_expression = answer.records
        self._records = compiled(answer.records)
        self._absent_when = _maybe(answer.absent_when)
        self._error_when = _maybe(answer.error_when)
        self._error_message = _maybe(answer.error_message)

    def content(self, document: Any) -> Any:
        """The document, or the one that a string inside of it holds: what the other expressions look at.

        Raises NotFound or Rejected where it says that there is no such dossier, or that something is wrong.
        """
        content = self._open(document) if self._inside else document
        if self._absent_when and truth(_found(self._absent_when, content)):
            raise NotFound("The agency says it has no such dossier.")
        if self._error_when and truth(_found(self._error_when, content)):
            raise Rejected(f"The agency says: {self.words(content) or 'no, without saying why'}")
        return content

    def words(self, content: Any) -> str | None:
        """What the agency says about an error, if the spec tells where."""
        said = _found(self._error_message, content) if self._error_message else None
        return str(said)[:_WORDS] if truth(said) else None

    def records(self, content: Any) -> list[Any]:
        """The records in `content`, which may be none. A single one is a list of it. Raises Malformed."""
        found = _found(self._records, content)
        if isinstance(found, list):
            return found
        if isinstance(found, dict):
            return [found]
        kind = "nothing" if found is None else type(found).__name__
        raise Malformed(f"Where the records should be ({self._records_expression}) there is {kind}.")

    def _open(self, document: Any) -> Any:
        text = _found(self._inside, document) if self._inside else None
        if text is None:
            return None
        if not isinstance(text, str):
            raise Malformed(f"Where a string with {self._inside_holds} should be there is {type(text).__name__}.")
        if not text.strip():
            return None
        if self._inside_holds == "json":
            return parse_json(text.encode())
        return xml.parse(text)[1]


def says_last(last_when: Find | None, content: Any) -> bool | None:
    """Whether a page's answer says that it is the last; None where no expression tells. Raises Malformed."""
    return truth(_found(last_when, content)) if last_when else None


def _maybe(expression: str | None) -> Find | None:
    return compiled(expression) if expression else None


def _found(find: Find, content: Any) -> Any:
    try:
        return find(content)
    except ExpressionError as error:
        raise Malformed(f"The answer is not as the spec says: {error}.") from None
