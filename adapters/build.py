"""From a spec to its adapter."""

from pathlib import Path
from urllib.parse import urlsplit

from adapters.adapter import SpecAdapter
from adapters.calling.client import Client
from adapters.calling.line import Line
from adapters.calling.tls import Trust
from adapters.files.adapter import FilesAdapter
from adapters.files.local import LocalFolder
from adapters.files.sftp import SftpFolder
from adapters.rest.speaker import rest_speak
from adapters.soap.speaker import soap_speak
from adapters.speaker import Speak
from contracts.adapter import AgencyAdapter, Secrets
from contracts.agency import AgencySpec
from contracts.system import FileSystem, SoapSystem


def build_adapter(spec: AgencySpec, *, client: Client, secrets: Secrets, documents: Path) -> AgencyAdapter:
    """The adapter for `spec`, checked as far as it can be without calling the agency.

    `documents` is the folder of stored WSDLs and certificates. Reading a WSDL takes up to a second: call this
    off the event loop.
    Raises ValueError, naming the agency, where the spec cannot work.
    """
    try:
        if isinstance(spec.system, FileSystem):
            return _files_adapter(spec, spec.system, client, secrets)
        return SpecAdapter(spec, speak_of(spec, client=client, secrets=secrets, documents=documents))
    except ValueError as error:
        raise ValueError(f"agency {spec.id}: {error}") from error


def speak_of(spec: AgencySpec, *, client: Client, secrets: Secrets, documents: Path) -> Speak | None:
    """What makes the speakers of the agency's system; None for one that is not asked. Raises ValueError likewise."""
    if spec.system is None or isinstance(spec.system, FileSystem):
        return None
    _check_address(spec.system.address)
    trust = Trust(spec.system.tls, secrets, documents) if spec.system.tls else None
    line = Line(spec, spec.system, client, secrets, trust)
    if isinstance(spec.system, SoapSystem):
        return soap_speak(line, spec.system, documents)
    return rest_speak(line)


def _files_adapter(spec: AgencySpec, system: FileSystem, client: Client, secrets: Secrets) -> FilesAdapter:
    if system.sftp:
        return FilesAdapter(spec, system, client, SftpFolder(system.folder, system.sftp, system.limits, secrets))
    return FilesAdapter(spec, system, client, LocalFolder(system.folder))


def _check_address(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError(f"{address!r} is not an http or https address")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError(f"give {parts.hostname} by scheme, host and port alone; secrets have names")
