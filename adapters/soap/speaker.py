"""SOAP: zeep writes the requests from the stored WSDL, our own reader reads the answers."""

import re
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from adapters import xml
from adapters.answers import AnswerReader, unexplained
from adapters.client import RawAnswer, Request
from adapters.line import Line
from adapters.placeholders import Template, Values
from adapters.soap.wsdl import Wsdl
from adapters.speaker import Speak, Speaker
from contracts.adapter import Priority
from contracts.errors import Malformed, Rejected
from contracts.operations import RestRequest, SoapRequest
from contracts.system import SoapSystem

T = TypeVar("T")

#: How much of a fault's text goes into a message.
_WORDS = 300


def soap_speak(line: Line, system: SoapSystem, documents: Path) -> Speak:
    """Makes the speakers of a SOAP system. Raises ValueError where the spec or its WSDL cannot work."""
    wsdl = Wsdl(system.wsdl, system.version, documents)

    def speak(name: str, request: RestRequest | SoapRequest, _answer: AnswerReader, names: Collection[str]) -> Speaker:
        assert isinstance(request, SoapRequest), "AgencySpec sees to it"
        return _SoapSpeaker(line, system, wsdl, name, request, names)

    return speak


class _SoapSpeaker:
    """One operation of a SOAP system."""

    def __init__(
        self,
        line: Line,
        system: SoapSystem,
        wsdl: Wsdl,
        name: str,
        request: SoapRequest,
        names: Collection[str],
    ) -> None:
        if request.operation not in wsdl.operations:
            known = ", ".join(wsdl.operations)
            raise ValueError(f"the WSDL has no operation {request.operation!r}; there is {known}")
        self._line, self._wsdl, self._name, self._operation = line, wsdl, name, request.operation
        self._address = line.address(system.path)
        self._headers = wsdl.headers(request.operation)
        self._parameters = Template(request.parameters, names=names, zone=line.zone)
        self.names = self._parameters.names
        self.since_formats = self._parameters.since_formats
        self._try_out()

    async def ask(
        self, values: Values, read: Callable[[RawAnswer], T], *, priority: Priority, repeatable: bool = True
    ) -> T:
        secrets = self._line.secrets
        try:
            body = self._wsdl.envelope(self._operation, self._parameters.fill(values, secrets))
        except ValueError:
            # Such as a character that XML cannot hold. Its own words may quote a secret.
            raise Rejected("The request cannot be written as the WSDL wants it.") from None
        request = Request(
            method="POST",
            address=self._address,
            headers=self._headers,
            body=body,
            secrets=self._parameters.secret_values(secrets),
        )
        return await self._line.call(self._name, request, read, priority, repeatable)

    def document(self, raw: RawAnswer) -> Any:
        return _content(raw)

    def _try_out(self) -> None:
        """Write a request once, so that a parameter the WSDL does not know is found before the first call."""
        now = datetime.now(UTC)
        sample: Values = {"code": "x", "since": now, "until": now, "revision": 1, "page": 1, "size": 1}
        try:
            self._wsdl.envelope(self._operation, self._parameters.fill(sample, _AnySecret()))
        except ValueError as error:
            raise ValueError(f"{self._operation} cannot be called with these parameters: {error}") from None


class _AnySecret:
    def get(self, name: str) -> str:
        return name


def _content(raw: RawAnswer) -> Any:
    """What stands in the first element of the answer's body, as a plain value.

    Raises Rejected for a fault, Malformed for what is no SOAP answer.
    """
    if not raw.body.strip():
        raise Malformed(f"The agency's system answered {raw.status} with nothing.")
    try:
        root, envelope = xml.parse(raw.body)
    except Malformed as error:
        what = "a web page" if b"<html" in raw.body[:2000].lower() else "no SOAP answer"
        raise Malformed(f"The agency's system answered {raw.status} with {what}. {error.message}") from None
    body = envelope.get("Body") if isinstance(envelope, dict) else None
    if root != "Envelope" or not isinstance(body, dict):
        raise Malformed(f"The agency's system answered {raw.status} with <{root}>, which is no SOAP answer.")
    if "Fault" in body:
        raise Rejected(f"The agency says: {_fault_words(body['Fault'])}")
    if raw.status >= 300:
        raise unexplained(raw.status)
    content = next((value for name, value in body.items() if not name.startswith(("@", "#"))), None)
    return content if isinstance(content, dict) else {}


def _fault_words(fault: Any) -> str:
    """A fault's own words, of SOAP 1.1 or 1.2, without the .NET classes and stack traces around them."""
    said: Any = fault if isinstance(fault, dict) else {}
    for step in ("faultstring",) if "faultstring" in said else ("Reason", "Text"):
        said = said.get(step) if isinstance(said, dict) else None
        said = said[0] if isinstance(said, list) else said
    text = said.get("#text") if isinstance(said, dict) else said
    before_trace = re.split(r"\n\s*at ", text or "", maxsplit=1)[0]
    innermost = before_trace.rpartition("--->")[2]
    return re.sub(r"^\s*([\w.]+Exception:\s*)+", "", innermost).strip()[:_WORDS] or "no, without saying why"
