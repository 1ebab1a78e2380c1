"""What a stored WSDL offers in one version of SOAP, as zeep understands it: operations, requests, types."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import zeep
from zeep.wsdl.bindings import Soap11Binding, Soap12Binding

from adapters.soap.documents import Documents
from adapters.soap.elements import Element, Elements
from adapters.soap.requests import RequestWriter

# zeep's types are only here and there.
_Document: Any = zeep.wsdl.Document

_WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
_BINDINGS = {"1.1": Soap11Binding, "1.2": Soap12Binding}
_SOAP = {"1.1": "{http://schemas.xmlsoap.org/wsdl/soap/}", "1.2": "{http://schemas.xmlsoap.org/wsdl/soap12/}"}


class Wsdl:
    """Made once for a version of a spec, and never changed: zeep's settings leak between tasks."""

    def __init__(self, name: str, version: Literal["1.1", "1.2"], folder: Path, port: str | None = None) -> None:
        """Takes up to a second: not for an event loop.

        Raises ValueError for a WSDL that is missing, cannot be read, or does not speak that version.
        """
        self._version = version
        #: What the WSDL has and cannot be used, and why: sentences for an admin.
        self.lost: tuple[str, ...] = ()
        documents, wsdl = self._load(name, folder)
        binding = self._binding(wsdl, name, port)
        declared = list(_declared(documents, binding.name, version))
        self._operations: dict[str, Any] = binding.all()
        self._lose(*_lost_operations(declared, self._operations))
        uses = dict(declared)
        self._encoded = {each for each in self._operations if uses.get(each, ("", ""))[1] == "encoded"}
        self._writers = {
            each: RequestWriter(operation, version, encoded=uses.get(each, ("", ""))[0] == "encoded")
            for each, operation in self._operations.items()
        }
        self._elements = Elements()

    @property
    def operations(self) -> list[str]:
        return sorted(self._operations)

    def headers(self, operation: str) -> dict[str, str]:
        """HTTP headers of its requests."""
        action = self._operations[operation].soapaction or ""
        if self._version == "1.2":
            return {"Content-Type": f'application/soap+xml; charset=utf-8; action="{action}"'}
        return {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{action}"'}

    def envelope(
        self, operation: str, parameters: Mapping[str, Any], headers: Mapping[str, Any] | None = None
    ) -> bytes:
        """The request as it is sent. Raises ValueError for what does not fit the WSDL, which it may quote."""
        return self._writers[operation].write(parameters, headers or {})

    def encoded(self, operation: str) -> bool:
        """Whether its answers are SOAP-encoded: with arrays, and with references to be resolved."""
        return operation in self._encoded

    def input(self, operation: str) -> Element:
        """What the request's body holds; its children are the parameters."""
        message = self._operations[operation].input
        if message is None or message.body is None:
            return Element(operation)
        told = self._elements.of(message.body)
        # The one parameter of a bare message of a simple type is the message itself.
        return Element(operation, children=(told,)) if told.type else told

    def output(self, operation: str) -> Element:
        """The first element of an answer's body. It has no children where the WSDL does not tell."""
        message = self._operations[operation].output
        if message is None or message.body is None:
            return Element(f"{operation}Response")
        told = self._elements.of(message.body)
        if told.name == "Body":
            # A message of several parts, which zeep wraps.
            return told.children[0]
        if self._operations[operation].style == "rpc":
            return Element(f"{operation}Response", told.namespace, children=told.children)
        return told

    def _load(self, name: str, folder: Path) -> tuple[Documents, Any]:
        documents = Documents(folder)
        try:
            return documents, _read(documents, name, strict=True)
        except Exception as strictly:
            documents = Documents(folder, lax=True)
            try:
                wsdl = _read(documents, name, strict=False)
            except Exception as error:
                raise ValueError(f"the WSDL {name!r} cannot be read: {_words(error)}") from None
            self._lose(f"It is not as a WSDL must be, and was read leniently: {_words(strictly)}.")
        self._lose(
            *(f"The document store has no {each!r}: what that declares is unknown." for each in documents.missing)
        )
        return documents, wsdl

    def _binding(self, wsdl: Any, name: str, wanted: str | None) -> Any:
        kind = _BINDINGS[self._version]
        ports = {
            port.name: port.binding
            for service in wsdl.services.values()
            for port in service.ports.values()
            if isinstance(port.binding, kind)
        }
        if wanted:
            if wanted not in ports:
                known = ", ".join(ports) or "none"
                raise ValueError(f"the WSDL {name!r} has no port {wanted!r} of SOAP {self._version}; there is {known}")
            return ports[wanted]
        # Where calls go is the spec's: a WSDL without a service, which is for others to fill in, will do.
        bindings = [*ports.values(), *(each for each in wsdl.bindings.values() if isinstance(each, kind))]
        if not bindings:
            raise ValueError(f"the WSDL {name!r} offers no port that speaks SOAP {self._version}")
        return bindings[0]

    def _lose(self, *why: str) -> None:
        self.lost = (*self.lost, *why)


def _read(documents: Documents, name: str, *, strict: bool) -> Any:
    settings = zeep.Settings(strict=strict, force_https=False)
    return _Document(Documents.address(name), documents, settings=settings)


def _words(error: Exception) -> str:
    return str(error).strip().rstrip(".") or type(error).__name__


def _declared(documents: Documents, binding: Any, version: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """The operations that the documents themselves declare for a binding, and the `use` of request and answer."""
    for root in documents.read.values():
        if root.get("targetNamespace") != binding.namespace:
            continue
        for each in root.iter(f"{_WSDL}binding"):
            if each.get("name") == binding.localname:
                for operation in each.iterfind(f"{_WSDL}operation"):
                    uses = _use(operation, "input", version), _use(operation, "output", version)
                    yield operation.get("name", ""), uses


def _use(operation: Any, direction: str, version: str) -> str:
    body = operation.find(f"{_WSDL}{direction}//{_SOAP[version]}body")
    return "literal" if body is None else str(body.get("use", "literal"))


def _lost_operations(declared: list[tuple[str, Any]], usable: Mapping[str, Any]) -> Iterator[str]:
    names = [name for name, _ in declared]
    for name in sorted(set(names)):
        if name not in usable:
            yield f"The operation {name!r} cannot be used: its messages or its port type are not declared."
        elif names.count(name) > 1:
            yield f"The operation {name!r} is declared {names.count(name)} times: only the last can be used."
