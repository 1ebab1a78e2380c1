"""Takes the records out of an answer while it comes, so that a big list is never held whole."""

from typing import Any, Protocol


class RecordStream(Protocol):
    """An answer with a list of records, as it comes in. Made for one answer, and of no use after it."""

    def feed(self, chunk: bytes) -> list[Any]:
        """The records that `chunk` completes. Raises Malformed where it cannot be part of a right answer."""
        ...

    def feed_text(self, text: str) -> list[Any]:
        """The same, of an answer that was inside a string."""
        ...

    def close(self) -> Any:
        """The answer without its records: as it would have been read whole, with an empty list in their place.

        Raises Malformed where it is not whole.
        """
        ...
