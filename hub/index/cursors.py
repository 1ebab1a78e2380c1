"""Cursors: where a list goes on. Signed, bound to the question they are of, and telling whoever holds one nothing."""

import base64
import binascii
import hashlib
import hmac
import struct

from hub.vault import Vault

_QUESTION_BYTES = 8
_SIGNATURE_BYTES = 12
_PLACE = struct.Struct(">qq")
_LENGTH = _QUESTION_BYTES + _SIGNATURE_BYTES + _PLACE.size

#: (value of what the list is ordered by, id of the dossier): of a time, microseconds since 1970.
Place = tuple[int, int]


class BadCursor(ValueError):
    """A cursor that does not go on with this list; the message says why."""


class Cursors:
    def __init__(self, vault: Vault) -> None:
        self._key = vault.key_for("cursors")

    def give(self, question: bytes, place: Place) -> str:
        """`question`: all that decides which dossiers the list holds, and in which order."""
        told = self._digest(b"question", question, _QUESTION_BYTES) + _PLACE.pack(*place)
        return base64.urlsafe_b64encode(told + self._digest(b"cursor", told, _SIGNATURE_BYTES)).decode()

    def read(self, question: bytes, cursor: str) -> Place:
        """Raises BadCursor for one that this hub did not give, or gave for another question."""
        try:
            raw = base64.b64decode(cursor, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise BadCursor("not a cursor of this hub") from None
        told, signature = raw[:-_SIGNATURE_BYTES], raw[-_SIGNATURE_BYTES:]
        if len(raw) != _LENGTH or not hmac.compare_digest(signature, self._digest(b"cursor", told, _SIGNATURE_BYTES)):
            raise BadCursor("not a cursor of this hub")
        if told[:_QUESTION_BYTES] != self._digest(b"question", question, _QUESTION_BYTES):
            raise BadCursor("of a list that was asked for otherwise, or on another day")
        value, dossier_id = _PLACE.unpack(told[_QUESTION_BYTES:])
        return value, dossier_id

    def _digest(self, person: bytes, content: bytes, size: int) -> bytes:
        return hashlib.blake2b(content, key=self._key, digest_size=size, person=person).digest()
