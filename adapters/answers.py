"""Finds the records in an agency's answer, or what it says instead: an error, or that there is none."""

from typing import Any

from adapters.formats import xml
from adapters.formats.documents import parse_json
from adapters.mapping.expressions import ExpressionError, Find, compiled, truth
from contracts.errors import Malformed, NotFound, Rejected, Throttled
from contracts.operations import Answer

#: How much of an agency's own words goes into a message.
_WORDS = 300


def unexplained(status: int) -> Rejected | Malformed:
    """What an error answer amounts to whose body tells no more than its status."""
    kind = Rejected if status < 500 else Malformed
    return kind(f"The agency's system answered {status}, and nothing that says why.")


class AnswerReader:
    """An Answer of a spec, ready to be applied to what came back."""

    def __init__(self, answer: Answer, *, papers: bool = False) -> None:
        """`papers`: whether an answer of success holds people's papers. Raises ValueError for what is no expression."""
        self.papers = papers
        #: Where in an answer there is a string that holds the document meant, and what it is: json or xml.
        self.inside, self.inside_holds = answer.inside, answer.inside_holds
        self._inside = maybe(answer.inside)
        #: What a REST answer is: json or xml.
        self.holds = answer.holds
        self._records_expression = answer.records
        self._records = compiled(answer.records)
        self._absent_when = maybe(answer.absent_when)
        #: Applied to a SOAP fault; None where the spec says nothing of faults.
        self.absent_fault = maybe(answer.absent_fault)
        self._busy_when = maybe(answer.busy_when)
        self._error_when = maybe(answer.error_when)
        self._error_message = maybe(answer.error_message)

    def content(self, document: Any) -> Any:
        """The document, or the one that a string inside of it holds: what the other expressions look at.

        Raises what `judge` does.
        """
        content = self._open(document) if self._inside else document
        self.judge(content)
        return content

    def judge(self, content: Any) -> None:
        """Raise NotFound, Throttled or Rejected where `content` says that there is no such dossier, that we shall
        come back later, or that something is wrong."""
        if truth(said(self._absent_when, content)):
            raise NotFound("The agency says it has no such dossier.")
        if truth(said(self._busy_when, content)):
            raise Throttled(f"The agency says: {self.words(content) or 'later'}")
        if truth(said(self._error_when, content)):
            raise Rejected(f"The agency says: {self.words(content) or 'no, without saying why'}")

    def words(self, content: Any) -> str | None:
        """What the agency says about an error, if the spec tells where."""
        words = said(self._error_message, content)
        text = str(words) if truth(words) else ""
        # Not cut within a word: what would be left of a secret nobody could mask.
        return (text if len(text) <= _WORDS else text[:_WORDS].rpartition(" ")[0]) or None

    def records(self, content: Any) -> list[Any]:
        """The records in `content`, which may be none. A single one is a list of it. Raises Malformed."""
        found = said(self._records, content)
        if isinstance(found, list):
            return found
        if isinstance(found, dict):
            return [found]
        kind = "nothing" if found is None else type(found).__name__
        raise Malformed(f"Where the records should be ({self._records_expression}) there is {kind}.")

    def _open(self, document: Any) -> Any:
        text = said(self._inside, document)
        if text is None:
            return None
        if not isinstance(text, str):
            raise Malformed(f"Where a string with {self.inside_holds} should be there is {type(text).__name__}.")
        if not text.strip():
            return None
        if self.inside_holds == "json":
            return parse_json(text.encode())
        return xml.parse(text)[1]


def says_last(last_when: Find | None, content: Any) -> bool | None:
    """Whether a page's answer says that it is the last; None where no expression tells. Raises Malformed."""
    return truth(said(last_when, content)) if last_when else None


def maybe(expression: str | None) -> Find | None:
    return compiled(expression) if expression else None


def said(find: Find | None, content: Any) -> Any:
    """What the expression finds, if there is one. Raises Malformed where it cannot be applied."""
    try:
        return find(content) if find else None
    except ExpressionError as error:
        raise Malformed(f"The answer is not as the spec says: {error}.") from None
