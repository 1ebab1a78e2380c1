"""WS-Security: a token with a user's name and password, or a signature, in the header of a request."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import xmlsec
import zeep.wsse.signature
import zeep.wsse.username
import zeep.wsse.utils
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from lxml import etree
from zeep import ns

from adapters.calling.line import Line
from adapters.placeholders import Template
from contracts.adapter import Secrets
from contracts.errors import Unauthorized
from contracts.system import SoapAuth, UsernameToken, X509Signature

# zeep's types are only here and there.
_Token: Any = zeep.wsse.username.UsernameToken
_sign: Any = zeep.wsse.signature._sign_envelope_with_key_binary
_utils: Any = zeep.wsse.utils


@dataclass(frozen=True, slots=True)
class Sealed:
    """A request that shows who we are, and what must be masked of it besides the secrets it names itself."""

    body: bytes
    secrets: tuple[str, ...] = ()


class Seal(Protocol):
    def __call__(self, body: bytes) -> Sealed:
        """Raises Unauthorized where a secret is missing, or is not what it is said to be."""
        ...


def seal_of(line: Line, auth: SoapAuth | None) -> Seal:
    """What requests need of WS-Security. Raises ValueError where the spec's `auth` cannot work."""
    match auth:
        case UsernameToken():
            return _NamedUser(line, auth)
        case X509Signature():
            return _Signature(line.secrets, auth)
        case _:
            return Sealed


class _NamedUser:
    """A UsernameToken, written anew for each request: no nonce is taken twice."""

    def __init__(self, line: Line, auth: UsernameToken) -> None:
        self._secrets, self._auth = line.secrets, auth
        self._named = Template([auth.username, auth.password], names=(), zone=line.zone)

    def __call__(self, body: bytes) -> Sealed:
        username, password = self._named.fill({}, self._secrets)
        envelope = etree.fromstring(body)
        _add_timestamp(envelope, self._auth.timestamp_seconds)
        try:
            _Token(username, password, use_digest=self._auth.digest, zulu_timestamp=True).apply(envelope, {})
        except ValueError:
            # lxml's words may quote the character that XML cannot hold, and all around it.
            raise Unauthorized("The user name or password holds a character that XML cannot hold.") from None
        written = _find(envelope, "Password").text or ""
        return Sealed(_text(envelope), (password, written, *self._named.secret_values(self._secrets)))


class _Signature:
    """A signature of the body, and of the timestamp, with its certificate in a token of its own."""

    def __init__(self, secrets: Secrets, auth: X509Signature) -> None:
        self._secrets, self._auth = secrets, auth

    def __call__(self, body: bytes) -> Sealed:
        envelope = etree.fromstring(body)
        _add_timestamp(envelope, self._auth.timestamp_seconds)
        constants = xmlsec.constants
        try:
            pem = self._secrets.get(self._auth.key)
            key = xmlsec.Key.from_memory(pem, constants.KeyDataFormatPem)
            key.load_cert_from_memory(self._secrets.get(self._auth.certificate), constants.KeyDataFormatPem)
            _sign(envelope, key, _method(pem), constants.TransformSha256)
        except KeyError as error:
            raise Unauthorized(str(error.args[0])) from None
        except (xmlsec.Error, TypeError, ValueError):
            raise Unauthorized("The request cannot be signed: the key and its certificate must be PEM.") from None
        token = _find(envelope, "BinarySecurityToken")
        # Whoever checks a signature as it comes must have seen its certificate.
        token.getparent().insert(0, token)
        return Sealed(_text(envelope), (token.text.strip(),))


def _method(pem: str) -> Any:
    """How a private key signs: by RSA, or over an elliptic curve."""
    curve = isinstance(load_pem_private_key(pem.encode(), None), EllipticCurvePrivateKey)
    return xmlsec.constants.TransformEcdsaSha256 if curve else xmlsec.constants.TransformRsaSha256


def _add_timestamp(envelope: Any, seconds: int | None) -> None:
    if seconds is None:
        return
    now = datetime.now(UTC)
    created, expires = (
        _utils.get_timestamp(moment, zulu_timestamp=True) for moment in (now, now + timedelta(seconds=seconds))
    )
    wsu = _utils.WSU
    _utils.get_security_header(envelope).append(wsu.Timestamp(wsu.Created(created), wsu.Expires(expires)))


def _find(envelope: Any, name: str) -> Any:
    return envelope.find(f".//{{{ns.WSSE}}}{name}")


def _text(envelope: Any) -> bytes:
    return etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
