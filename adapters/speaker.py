"""The protocol behind which the languages of agencies' systems are alike: one operation, asked in its own."""

from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

from adapters.answers import AnswerReader
from adapters.calling.client import RawAnswer, Stream
from adapters.formats.records import RecordStream
from adapters.placeholders import Values
from contracts.adapter import Priority
from contracts.operations import RestRequest, SoapRequest

T = TypeVar("T")


class Speaker(Protocol):
    """One operation of an agency's system, in the language it speaks."""

    #: The placeholders its request uses, and the formats in which it writes `since`.
    names: set[str]
    since_formats: set[str]

    async def ask(
        self, values: Values, read: Callable[[RawAnswer], T], *, priority: Priority, repeatable: bool = True
    ) -> T:
        """Send the request with `values` filled in, and return what `read` makes of the answer.

        What `read` raises is part of the call's record. `values` may hold an "address" that takes the place of
        the request's own path and query: that of a next page.
        """
        ...

    def stream(self, values: Values, *, priority: Priority) -> AbstractAsyncContextManager[Stream]:
        """Send the request likewise, and give an answer of success whose body is yet to be read.

        It is not asked again once it has come. Raises AgencyFailure.
        """
        ...

    def records(
        self, path: tuple[str, ...], wanted: frozenset[str] | None, texts: frozenset[str], answer: Stream
    ) -> RecordStream | None:
        """What takes the records at `path` out of such an answer's content; closed, it gives that content.

        `wanted`: the names of a record that are looked at, all where it is None; `texts`: those of them that are
        taken for the texts they are. None where the answer must be read whole.
        """
        ...

    def document(self, raw: RawAnswer) -> Any:
        """The answer as a plain value. Raises AgencyFailure for an answer that is none, or an error."""
        ...


#: Makes the speaker for a request, given the operation's name, its answer's reader, and the placeholders that
#: have a value there. Raises ValueError where the request cannot work.
Speak = Callable[[str, RestRequest | SoapRequest, AnswerReader, Collection[str]], Speaker]
