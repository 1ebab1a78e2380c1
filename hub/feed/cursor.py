"""A place in the feed, and the opaque text that stands for it outside."""

import base64
import binascii
from typing import NamedTuple

import orjson

from hub.vault import Vault

_MARK_BYTES = 8


class BadCursor(ValueError):
    """Not a cursor of this hub's feed."""


class Position(NamedTuple):
    """After the change `seq` of the transaction `xid`.

    With `seq` 0 it is before all changes of that transaction: so ends a reading that found no more, because every
    transaction below `xid` had ended.
    """

    xid: int
    seq: int

    @property
    def is_at_the_end(self) -> bool:
        return self.seq == 0


class Cursors:
    """Signed, so that none has to be trusted."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def write(self, generation: int, position: Position) -> str:
        place = orjson.dumps([generation, *position])
        return base64.urlsafe_b64encode(self._mark(place) + place).decode().rstrip("=")

    def read(self, cursor: str) -> tuple[int, Position]:
        """The feed's generation, and the place in it. Raises BadCursor."""
        try:
            raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        except (binascii.Error, ValueError):
            raise BadCursor from None
        mark, place = raw[:_MARK_BYTES], raw[_MARK_BYTES:]
        if mark != self._mark(place):
            raise BadCursor
        generation, xid, seq = orjson.loads(place)
        return generation, Position(xid, seq)

    def _mark(self, place: bytes) -> bytes:
        # Named, so that no other cursor of the hub passes for one of these.
        return self._vault.digest(b"feed:" + place)[:_MARK_BYTES]
