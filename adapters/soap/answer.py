"""Reads an answer of one operation: from bytes to the plain value that a spec's expressions look at."""

from collections.abc import Mapping
from typing import Any

from adapters.answers import AnswerReader, unexplained
from adapters.calling.client import RawAnswer
from adapters.formats import xml
from adapters.formats.json_records import JsonRecords
from adapters.formats.records import RecordStream
from adapters.mapping.expressions import Find, plain_path
from adapters.soap.elements import Shape
from adapters.soap.encoding import decoded
from adapters.soap.faults import fault_failure
from adapters.soap.mtom import Parts
from adapters.soap.wsdl import Wsdl
from contracts.errors import Malformed

# Where an answer's content is in it: in the first element of the envelope's body.
_CONTENT = ("Envelope", "Body", None)


class SoapAnswer:
    """Answers of one operation. What they become is told in adapters/soap/__init__.py."""

    def __init__(self, wsdl: Wsdl, operation: str, absent_fault: Find | None = None) -> None:
        self._absent_fault = absent_fault
        self._encoded = wsdl.encoded(operation)
        self._output = wsdl.output(operation)
        self._shape = Shape(self._output)

    def records(
        self,
        path: tuple[str, ...],
        wanted: frozenset[str] | None,
        texts: frozenset[str],
        reader: AnswerReader,
        headers: Mapping[str, str],
    ) -> RecordStream | None:
        """What takes the records at `path` out of an answer's content as it comes; None for one to be read whole:
        whose parts refer to each other, or come beside the envelope."""
        if self._encoded or headers.get("content-type", "").lower().startswith("multipart/"):
            return None
        if reader.inside is None:
            return _Records([*_CONTENT, *path], wanted, finish=Shape.at(self._output, path, wanted, texts))
        inside = plain_path(reader.inside)
        if inside is None:
            return None
        in_xml = reader.inside_holds == "xml"
        inner: RecordStream = xml.XmlRecords([None, *path], wanted) if in_xml else JsonRecords(path)
        records = _Records([*_CONTENT, *inside], inner=inner)
        records.inside = inner
        return records

    def read(self, raw: RawAnswer) -> Any:
        """The content of the first element in the answer's body. It may be {} where there is none.

        Raises NotFound, Rejected or Unauthorized for a fault, Malformed for what is no SOAP answer.
        """
        if not raw.body.strip():
            raise Malformed(f"The agency's system answered {raw.status} with nothing.")
        content_type = raw.headers.get("content-type", "")
        parts = Parts(content_type, raw.body) if content_type.lower().startswith("multipart/") else None
        body = _parsed(raw.status, parts.root if parts else raw.body)
        content = _first(raw.status, body, self._absent_fault)
        if parts:
            content = parts.included(content)
        if self._encoded:
            content = decoded(content, body)
        return _or_nothing(self._shape.put(content))


class _Records(xml.XmlRecords):
    """Records of a SOAP answer; closed, it gives the answer's content, or that of the document inside of it."""

    inside: RecordStream | None = None

    def close(self) -> Any:
        content = _or_nothing(_first(200, _body(200, *super().close())))
        if self.inside is None:
            return content
        document = self.inside.close()
        return document[1] if isinstance(self.inside, xml.XmlRecords) else document


def _parsed(status: int, text: bytes) -> dict[str, Any]:
    try:
        root, envelope = xml.parse(text)
    except Malformed as error:
        what = "a web page" if b"<html" in text[:2000].lower() else "no SOAP answer"
        raise Malformed(f"The agency's system answered {status} with {what}. {error.message}") from None
    return _body(status, root, envelope)


def _body(status: int, root: str, envelope: Any) -> dict[str, Any]:
    body = envelope.get("Body") if isinstance(envelope, dict) else None
    if root != "Envelope" or not isinstance(body, dict):
        raise Malformed(f"The agency's system answered {status} with <{root}>, which is no SOAP answer.")
    return body


def _first(status: int, body: dict[str, Any], absent_fault: Find | None = None) -> Any:
    """The first element of a body. Raises what a fault amounts to."""
    if "Fault" in body:
        raise fault_failure(body["Fault"], absent_fault)
    if status >= 300:
        raise unexplained(status)
    return next((value for name, value in body.items() if not name.startswith(("@", "#"))), None)


def _or_nothing(content: Any) -> Any:
    """An answer that is empty, or nil, is {}."""
    if content is None or (isinstance(content, str) and not content.strip()):
        return {}
    return _without_schemas(content)


def _without_schemas(content: Any) -> Any:
    """`content` without the schemas that .NET's DataSets carry beside their rows."""
    for value in content.values() if isinstance(content, dict) else ():
        if isinstance(value, dict) and "diffgram" in value:
            value.pop("schema", None)
    return content
