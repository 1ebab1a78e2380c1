"""Seals personal data before it is stored, and makes the keyed digests that tell contents apart."""

import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class VaultError(Exception):
    """Something sealed cannot be opened with the keys at hand. The message names no data."""


class Vault:
    """Fernet sealing under rotating keys, and HMAC-SHA256 digests under one key that never changes.

    Digests are keyed because what they cover holds names and phone numbers: a plain hash of those could be
    guessed from a copy of the database.
    """

    def __init__(self, *, seal_keys: str, digest_key: str) -> None:
        """`seal_keys`: Fernet keys, newest first, comma between. Raises VaultError when one is not a key."""
        try:
            self._fernet = MultiFernet([Fernet(key.strip()) for key in seal_keys.split(",")])
        except ValueError as error:
            raise VaultError("a seal key must be 32 bytes in URL-safe base64") from error
        self._digest_key = digest_key.encode()

    def seal(self, plain: bytes) -> bytes:
        return self._fernet.encrypt(plain)

    def open(self, sealed: bytes) -> bytes:
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken as error:
            raise VaultError("sealed under a key this hub does not have") from error

    def digest(self, content: bytes) -> bytes:
        """32 bytes that are equal exactly where `content` is."""
        return hmac.digest(self._digest_key, content, hashlib.sha256)
