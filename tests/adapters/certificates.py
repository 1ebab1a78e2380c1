"""Certificates to test with, made anew, and servers that show them."""

import socket
import socketserver
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.adapters.servers import Told


@dataclass(frozen=True)
class Certified:
    """A certificate and its key."""

    certificate: x509.Certificate
    private_key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def key_pem(self) -> str:
        return self.private_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()


def certified(name: str, by: Certified | None = None, *, authority: bool = False, days: int = 30) -> Certified:
    """A certificate for the host `name`, signed `by` another or by itself; expired where `days` is negative."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    return Certified(builder.sign(by.private_key if by else key, hashes.SHA256()), key)


@contextmanager
def secure(
    shown: Certified, folder: Path, *, wanted: Certified | None = None, newest: ssl.TLSVersion | None = None
) -> Iterator[str]:
    """A server that shows that certificate, and wants its callers' to be signed by `wanted`; yields its address.

    In a thread: asyncio's own servers do not tell the other side why a handshake failed.
    """
    pem = folder / "server.pem"
    pem.write_text(shown.key_pem + shown.pem)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=wanted.pem if wanted else None)
    context.load_cert_chain(pem)
    if wanted:
        context.verify_mode = ssl.CERT_REQUIRED
    if newest:
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = newest
        context.set_ciphers("ALL:@SECLEVEL=0")
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), partial(_Secured, context)) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"https://localhost:{server.server_address[1]}"
        server.shutdown()


class _Secured(socketserver.BaseRequestHandler):
    def __init__(self, context: ssl.SSLContext, *given: Any) -> None:
        self._context = context
        super().__init__(*given)

    def handle(self) -> None:
        with self._context.wrap_socket(self.request, server_side=True, do_handshake_on_connect=False) as connection:
            try:
                connection.do_handshake()
            except OSError:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_WR)
                    # What is left unread would make the kernel take back what was told.
                    while connection.recv(65536):
                        pass
                return
            with suppress(OSError):
                while connection.recv(65536):
                    connection.sendall(Told("secure").encoded())
