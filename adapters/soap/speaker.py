"""SOAP: zeep writes the requests from the stored WSDL, our own reader reads the answers."""

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from adapters.answers import AnswerReader
from adapters.auth.authority import Authority, authority
from adapters.auth.credentials import Credentials
from adapters.calling.client import RawAnswer, Request, Stream
from adapters.calling.line import Line
from adapters.formats.records import RecordStream
from adapters.placeholders import FILE, Template, Values, about
from adapters.soap.answer import SoapAnswer
from adapters.soap.security import Seal, seal_of
from adapters.soap.wsdl import Wsdl
from adapters.speaker import Speak, Speaker
from contracts.adapter import Priority
from contracts.errors import Rejected
from contracts.operations import RestRequest, SoapRequest
from contracts.system import BasicAuth, KeyAuth, SoapSystem

T = TypeVar("T")


def soap_speak(line: Line, system: SoapSystem, documents: Path) -> Speak:
    """Makes the speakers of a SOAP system. Raises ValueError where the spec or its WSDL cannot work."""
    wsdl = Wsdl(system.wsdl, system.version, documents, system.port)
    seal = seal_of(line, system.auth)
    who = authority(line, system.auth if isinstance(system.auth, KeyAuth | BasicAuth) else None)
    if who.in_body:
        raise ValueError("a SOAP system takes no key in `body`: name it among each operation's `parameters`")

    def speak(name: str, request: RestRequest | SoapRequest, answer: AnswerReader, names: Collection[str]) -> Speaker:
        assert isinstance(request, SoapRequest), "AgencySpec sees to it"
        return _SoapSpeaker(line, system, wsdl, who, seal, name, request, answer, names)

    return speak


class _SoapSpeaker:
    """One operation of a SOAP system."""

    def __init__(
        self,
        line: Line,
        system: SoapSystem,
        wsdl: Wsdl,
        who: Authority,
        seal: Seal,
        name: str,
        request: SoapRequest,
        reader: AnswerReader,
        names: Collection[str],
    ) -> None:
        if request.operation not in wsdl.operations:
            known = ", ".join(wsdl.operations)
            raise ValueError(f"the WSDL has no operation {request.operation!r}; there is {known}")
        self._line, self._wsdl, self._who, self._seal = line, wsdl, who, seal
        self._name, self._operation = name, request.operation
        self._address = line.address(system.path)
        self._headers = wsdl.headers(request.operation)
        self._parts = Template([request.parameters, request.headers], names=names, zone=line.zone)
        self._answer, self._reader = SoapAnswer(wsdl, request.operation, reader.absent_fault), reader
        self.names = self._parts.names
        self.since_formats = self._parts.since_formats
        self._try_out()

    async def ask(
        self, values: Values, read: Callable[[RawAnswer], T], *, priority: Priority, repeatable: bool = True
    ) -> T:
        request = self._request(values, await self._who.credentials())
        return await self._line.call(self._name, request, read, priority, repeatable)

    @asynccontextmanager
    async def stream(self, values: Values, *, priority: Priority) -> AsyncIterator[Stream]:
        request = self._request(values, await self._who.credentials())
        async with self._line.stream(self._name, request, priority) as answer:
            if answer.status >= 300:
                self.document(await answer.whole())
            yield answer

    def records(
        self, path: tuple[str, ...], wanted: frozenset[str] | None, texts: frozenset[str], answer: Stream
    ) -> RecordStream | None:
        return self._answer.records(path, wanted, texts, self._reader, answer.headers)

    def document(self, raw: RawAnswer) -> Any:
        return self._answer.read(raw)

    def _request(self, values: Values, who: Credentials) -> Request:
        secrets = self._line.secrets
        try:
            body = self._wsdl.envelope(self._operation, *self._parts.fill(values, secrets))
        except ValueError:
            # Such as a character that XML cannot hold. Its own words may quote a secret.
            raise Rejected("The request cannot be written as the WSDL wants it.", sent=False) from None
        sealed = self._seal(body)
        return Request(
            method="POST",
            address=self._address,
            query=who.query,
            headers={**self._headers, **who.headers},
            body=sealed.body,
            secrets=(*self._parts.secret_values(secrets), *who.secrets, *sealed.secrets),
            papers="file_base64" in self.names,
            papers_answer=self._reader.papers,
            about=about(values),
        )

    def _try_out(self) -> None:
        """Write a request once, so that a parameter the WSDL does not know is found before the first call."""
        sample = {name: _SAMPLES.get(name, "x") for name in self.names}
        try:
            self._wsdl.envelope(self._operation, *self._parts.fill(sample, _AnySecret()))
        except ValueError as error:
            raise ValueError(f"{self._operation} cannot be called with these parameters: {error}") from None


_NOW = datetime.now(UTC)
#: What placeholders stand for when a request is tried out, where it is no text.
_SAMPLES: dict[str, Any] = dict.fromkeys(("since", "until", "submitted_at"), _NOW) | dict.fromkeys(
    ("revision", "page", "offset", "size", "file_size"), 1
)
_SAMPLES["each_file"] = [dict.fromkeys(FILE, "x") | {"file_size": 1}]


class _AnySecret:
    def get(self, name: str) -> str:
        return name
