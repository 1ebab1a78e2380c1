"""Unpacks compressed answers in small steps, so that a few bytes never become more than a step at once."""

import zlib
from collections.abc import Iterator
from typing import Protocol

from contracts.errors import Malformed

#: The most that one step gives, in bytes.
_STEP = 256 * 1024

_GZIP, _ZLIB, _BARE = zlib.MAX_WBITS | 16, zlib.MAX_WBITS, -zlib.MAX_WBITS


class Unpacker(Protocol):
    def feed(self, data: bytes) -> Iterator[bytes]:
        """What `data` unpacks to. Raises Malformed where it is not packed as promised."""
        ...

    def finish(self) -> None:
        """Raises Malformed where the end is missing."""
        ...


def unpacker(encoding: str) -> Unpacker:
    """For the value of a Content-Encoding header. Raises Malformed for one that we did not ask for."""
    match encoding.strip().lower():
        case "" | "identity":
            return _Plain()
        case "gzip" | "x-gzip":
            return _Inflater(_GZIP)
        case "deflate":
            return _Inflater(_ZLIB)
    if "," in encoding:
        # Each layer multiplies what the one before it gives.
        raise Malformed("The answer is compressed more than once.")
    raise Malformed("The answer is compressed in a way that the hub did not ask for.")


class _Plain:
    def feed(self, data: bytes) -> Iterator[bytes]:
        yield data

    def finish(self) -> None:
        pass


class _Inflater:
    def __init__(self, form: int) -> None:
        self._form = form
        self._begun = False
        self._inflate = zlib.decompressobj(form)

    def feed(self, data: bytes) -> Iterator[bytes]:
        if not self._begun and self._form == _ZLIB and data and data[0] & 0x0F != 8:
            # Some servers leave the two bytes of the header out.
            self._form = _BARE
            self._inflate = zlib.decompressobj(_BARE)
        while data:
            if self._inflate.eof:
                if self._form != _GZIP or not data.strip(b"\0"):
                    return  # padding
                self._inflate = zlib.decompressobj(_GZIP)  # gzip may come in members
            self._begun = True
            try:
                unpacked = self._inflate.decompress(data, _STEP)
            except zlib.error as error:
                raise Malformed("The answer is not compressed the way it says.") from error
            if unpacked:
                yield unpacked
            data = self._inflate.unconsumed_tail or self._inflate.unused_data

    def finish(self) -> None:
        if self._begun and not self._inflate.eof:
            raise Malformed("The answer is compressed, and its end is missing.")
