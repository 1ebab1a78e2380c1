"""XML files to rows, by the same rules as the XML of a system that answers."""

from collections.abc import Iterator

from adapters.answers import AnswerReader
from adapters.files.rows import Row
from adapters.formats import xml


def xml_records(content: bytes, reader: AnswerReader) -> Iterator[Row]:
    """Raises Malformed for what is not whole, well-formed, harmless XML, or has no records where they should be."""
    _, root = xml.parse(content)
    for number, record in enumerate(reader.records(root), 1):
        yield Row(f"Record {number}", record)
