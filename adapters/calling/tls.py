"""TLS to agencies: what their certificates are checked against, our own certificate, and why a check failed."""

import asyncio
import ssl
import tempfile
from functools import cache
from pathlib import Path

import certifi

from contracts.adapter import Secrets
from contracts.errors import AgencyFailure, Unauthorized, Unreachable
from contracts.system import Tls

# OpenSSL's verdicts on a certificate (X509_V_ERR_…), and what an admin can do about each.
_NOT_YET, _EXPIRED, _OTHER_NAME, _OTHER_ADDRESS = 9, 10, 62, 64
_UNKNOWN_ISSUER = {2, 18, 19, 20, 21}


class Trust:
    """An agency system's `tls`, made into a context once and when it is first needed."""

    def __init__(self, tls: Tls, secrets: Secrets, documents: Path) -> None:
        """`documents` is the folder with `tls.authority`. Raises ValueError where that is no certificate."""
        self._tls, self._secrets = tls, secrets
        self._authority = _read_authority(documents / tls.authority) if tls.authority else None
        self._context: ssl.SSLContext | None = None

    async def context(self) -> ssl.SSLContext:
        """Raises Unauthorized where our own certificate is missing or unusable."""
        if self._context is None:
            self._context = await asyncio.to_thread(self._make)
        return self._context

    def _make(self) -> ssl.SSLContext:
        context = _new_context(self._authority)
        tls = self._tls
        if tls.client_certificate and tls.client_key:
            try:
                pem = "\n".join(self._secrets.get(name) for name in (tls.client_key, tls.client_certificate))
            except KeyError as error:
                raise Unauthorized(str(error.args[0]), sent=False) from None
            try:
                _load_own(context, pem)
            except (ssl.SSLError, ValueError):
                names = f"{tls.client_certificate!r} and {tls.client_key!r}"
                raise Unauthorized(
                    f"The secrets {names} are not a certificate and its private key, without a passphrase, in PEM.",
                    sent=False,
                ) from None
        return context


@cache
def public_context() -> ssl.SSLContext:
    """For systems without `tls` of their own: the public authorities. Takes some 20 ms the first time."""
    return _new_context(None)


def tls_failure(error: BaseException | None, *, sent: bool) -> AgencyFailure | None:
    """What it means that TLS broke with `error`, or with what caused it; None where it was not TLS.

    `sent`: whether the request may have gone out before.
    """
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    if error is None:
        return None
    if isinstance(error, ssl.SSLCertVerificationError):
        return Unreachable(f"The agency's certificate is not accepted: {_verdict(error)}", sent=False, lasting=True)
    reason = (error.reason or "").upper()
    if "ALERT_CERTIFICATE_REQUIRED" in reason or "ALERT_HANDSHAKE_FAILURE" in reason:
        hint = "it may want a certificate of ours: see `tls.client_certificate` and `tls.client_key`."
        return Unauthorized(f"The agency's system broke off TLS; {hint}", sent=False)
    if "ALERT" in reason and ("CERTIFICATE" in reason or "UNKNOWN_CA" in reason):
        hint = "have the agency check it, and renew the secret of `tls.client_certificate`."
        return Unauthorized(f"The agency's system does not accept our certificate; {hint}", sent=False)
    if "WRONG_VERSION_NUMBER" in reason or "HTTP_REQUEST" in reason:
        return Unreachable("The agency's system does not speak TLS there; is it http, or another port?", sent=False)
    if "PROTOCOL" in reason:
        return Unreachable("The agency's system speaks no TLS of version 1.2 or later.", sent=False, lasting=True)
    return Unreachable(f"TLS with the agency's system broke ({error.reason or type(error).__name__}).", sent=sent)


def _verdict(error: ssl.SSLCertVerificationError) -> str:
    code = error.verify_code
    if code == _EXPIRED:
        return "it has expired; the agency must renew it."
    if code == _NOT_YET:
        return "it is not valid yet; check the clocks, here and there."
    if code in (_OTHER_NAME, _OTHER_ADDRESS):
        return "it is for another name; give `address` by a name that is in it, or have the agency renew it."
    if code in _UNKNOWN_ISSUER:
        return (
            "it is signed by an authority we do not know, or by itself; store that authority's certificate as a "
            "document and name it in `tls.authority`."
        )
    return f"{error.verify_message}."


def _new_context(authority: str | None) -> ssl.SSLContext:
    """The public authorities, or `authority` (PEM) in their place."""
    context = ssl.create_default_context(cadata=authority, cafile=None if authority else certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # So that an agency's own certificate, or one in between, can be what is trusted.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _load_own(context: ssl.SSLContext, pem: str) -> None:
    # OpenSSL reads keys from files only. This one is ours alone to read, and is gone at once.
    with tempfile.NamedTemporaryFile(prefix="hub-", suffix=".pem") as file:
        file.write(pem.encode())
        file.flush()
        # With a passphrase, lest OpenSSL ask for one at the terminal.
        context.load_cert_chain(file.name, password="")


def _read_authority(path: Path) -> str:
    try:
        pem = path.read_text("ascii")
        _new_context(pem)
    except OSError as error:
        raise ValueError(f"tls.authority: the document {path.name} cannot be read: {error.strerror}") from None
    except (ssl.SSLError, ValueError):
        raise ValueError(f"tls.authority: the document {path.name} holds no certificate in PEM") from None
    return pem
