"""WSDLs from the document store: what zeep may read, and nothing else, ever from a network."""

from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlsplit

import zeep
from lxml import etree
from zeep.exceptions import Error as ZeepError
from zeep.wsdl.bindings import Soap11Binding, Soap12Binding

from adapters import xml
from contracts.errors import Malformed

# Stored documents name each other by relative addresses; under this one zeep brings them back to us.
_STORE = "http://documents.invalid/"

# zeep carries no types.
_zeep_client: Any = zeep.Client


class _Documents:
    """zeep's transport over a folder. A document is found by its name; one that others know by an address is
    stored under that address, percent-escaped: http%3A%2F%2Fschemas.xmlsoap.org%2Fsoap%2Fencoding%2F."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, address: str) -> bytes:
        """Raises ValueError for all that is not a stored, harmless document."""
        parts = urlsplit(address)
        own = address.startswith(_STORE)
        name = parts.path.removeprefix("/") if own else quote(address, safe="")
        # Slashes and dots alone would lead out of the folder.
        file = self._folder / name
        if "/" in name or "\\" in name or name.startswith(".") or not file.is_file():
            raise ValueError(f"the document store has no {name!r}; store it there to use it")
        content = file.read_bytes()
        try:
            xml.parse(content)
        except Malformed as error:
            raise ValueError(f"the stored document {name!r} cannot be used: {error.message}") from None
        return content


class Wsdl:
    """What a stored WSDL offers in one version of SOAP: operations, and how their requests are written."""

    def __init__(self, name: str, version: Literal["1.1", "1.2"], folder: Path) -> None:
        """Takes up to a second: not for an event loop.

        Raises ValueError for a WSDL that is missing, cannot be read, or does not speak that version.
        """
        self._version = version
        try:
            self._client = _zeep_client(_STORE + quote(name, safe=""), transport=_Documents(folder))
        except ZeepError as error:
            raise ValueError(f"the WSDL {name!r} cannot be read: {error}") from None
        wanted = Soap12Binding if version == "1.2" else Soap11Binding
        ports = (
            (service, port)
            for service in self._client.wsdl.services.values()
            for port in service.ports.values()
            if isinstance(port.binding, wanted)
        )
        found = next(ports, None)
        if found is None:
            raise ValueError(f"the WSDL {name!r} offers no port that speaks SOAP {version}")
        service, port = found
        self._service = self._client.bind(service.name, port.name)
        self._actions = {name: operation.soapaction for name, operation in port.binding.all().items()}

    @property
    def operations(self) -> list[str]:
        return sorted(self._actions)

    def headers(self, operation: str) -> dict[str, str]:
        action = self._actions[operation]
        if self._version == "1.2":
            return {"Content-Type": f'application/soap+xml; charset=utf-8; action="{action}"'}
        return {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{action}"'}

    def envelope(self, operation: str, parameters: dict[str, Any]) -> bytes:
        """The request as it is sent. Raises ValueError for parameters that do not fit, which it may quote."""
        try:
            message = self._client.create_message(self._service, operation, **parameters)
        except (ZeepError, TypeError) as error:
            raise ValueError(str(error)) from None
        return etree.tostring(message, xml_declaration=True, encoding="utf-8")
