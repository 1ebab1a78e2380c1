"""From a spec to its adapter."""

from pathlib import Path
from urllib.parse import urlsplit

from adapters.adapter import SpecAdapter
from adapters.client import Client
from adapters.line import Line
from adapters.rest.speaker import rest_speak
from adapters.soap.speaker import soap_speak
from contracts.adapter import AgencyAdapter, Secrets
from contracts.agency import AgencySpec
from contracts.system import FileSystem, SoapSystem


def build_adapter(spec: AgencySpec, *, client: Client, secrets: Secrets, documents: Path) -> AgencyAdapter:
    """The adapter for `spec`, checked as far as it can be without calling the agency.

    `documents` is the folder of stored WSDLs; reading one takes up to a second: call this off the event loop.
    Raises ValueError, naming the agency, where the spec cannot work.
    """
    try:
        if spec.system is None or isinstance(spec.system, FileSystem):
            return SpecAdapter(spec, None)
        _check_address(spec.system.address)
        line = Line(spec, spec.system, client, secrets)
        if isinstance(spec.system, SoapSystem):
            return SpecAdapter(spec, soap_speak(line, spec.system, documents))
        return SpecAdapter(spec, rest_speak(line))
    except ValueError as error:
        raise ValueError(f"agency {spec.id}: {error}") from error


def _check_address(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError(f"{address!r} is not an http or https address")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError(f"give {parts.hostname} by scheme, host and port alone; secrets have names")
