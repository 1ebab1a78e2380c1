"""Seals personal data before it is stored, and makes the keyed digests that tell contents apart."""

import base64
import binascii
import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

# What is sealed: the form, the name of the key, the nonce, and then what the cipher made of it, its tag included.
_FORM = b"\x01"
_NAME_BYTES = 4
_NONCE_BYTES = 12
_NONCE_AT = len(_FORM) + _NAME_BYTES
_CONTENT_AT = _NONCE_AT + _NONCE_BYTES

_KEY_BYTES = 32
_BLOCK_BYTES = 64
_MARK_BYTES = 8


class VaultError(Exception):
    """Something sealed cannot be opened with the keys at hand. The message names no data."""


class Vault:
    """AES-256-GCM-SIV sealing under rotating keys, and HMAC-SHA256 digests under one key that never changes.

    Digests are keyed because what they cover holds names and phone numbers: a plain hash of those could be
    guessed from a copy of the database.
    """

    def __init__(self, *, seal_keys: str, digest_key: str) -> None:
        """`seal_keys`: 32 bytes each in URL-safe base64, newest first, comma between. Raises VaultError when one is
        not such a key."""
        try:
            keys = [base64.urlsafe_b64decode(key.strip()) for key in seal_keys.split(",")]
        except binascii.Error:
            keys = []
        if not keys or any(len(key) != _KEY_BYTES for key in keys):
            raise VaultError("a seal key must be 32 bytes in URL-safe base64")
        named = [_derived(key) for key in keys]
        #: How all begins that is sealed under the newest key, in the newest form.
        self.newest = _FORM + named[0][0]
        self._cipher = named[0][1]
        self._ciphers = dict(named)
        # What was sealed before there was this form.
        self._fernet = MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])
        # HMAC (RFC 2104) begins with the key in either hash; to begin once and copy is twice as fast as hmac.digest.
        secret = digest_key.encode()
        if len(secret) > _BLOCK_BYTES:
            secret = hashlib.sha256(secret).digest()
        block = secret.ljust(_BLOCK_BYTES, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))
        self._mark_key = self.key_for("marks")

    def seal(self, plain: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return self.newest + nonce + self._cipher.encrypt(nonce, plain, None)

    def open(self, sealed: bytes) -> bytes:
        """Raises VaultError where it was sealed under another key, or is not what was sealed."""
        try:
            if not sealed.startswith(_FORM):
                return self._fernet.decrypt(sealed)
            cipher = self._ciphers[sealed[len(_FORM) : _NONCE_AT]]
            return cipher.decrypt(sealed[_NONCE_AT:_CONTENT_AT], sealed[_CONTENT_AT:], None)
        except (InvalidToken, InvalidTag, KeyError, ValueError) as error:
            raise VaultError("sealed under a key this hub does not have, or altered since") from error

    def seal_anew(self, sealed: bytes) -> bytes:
        """As it is, where it is sealed under the newest key; else sealed under that. Raises VaultError as `open`."""
        return sealed if sealed.startswith(self.newest) else self.seal(self.open(sealed))

    def digest(self, content: bytes) -> bytes:
        """32 bytes that are equal exactly where `content` is."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(content)
        outer.update(inner.digest())
        return outer.digest()

    def key_for(self, purpose: str) -> bytes:
        """32 bytes for one purpose alone: what is made with them tells nothing of what is made for another."""
        return self.digest(b"key for " + purpose.encode())

    def mark(self, kind: str, text: str) -> int:
        """A signed 64-bit number by which sealed `text` is found again. Two texts may share one, seldom."""
        marked = hashlib.blake2b(f"{kind}:{text}".encode(), key=self._mark_key, digest_size=_MARK_BYTES).digest()
        return int.from_bytes(marked, "big", signed=True)


def _derived(key: bytes) -> tuple[bytes, AESGCMSIV]:
    """The name by which what is sealed says which key it needs, and the cipher. Derived, so that what Fernet does
    with the same key has nothing to do with what we do."""
    material = HKDF(SHA256(), _NAME_BYTES + _KEY_BYTES, salt=None, info=b"hub.vault AES-256-GCM-SIV").derive(key)
    return material[:_NAME_BYTES], AESGCMSIV(material[_NAME_BYTES:])
