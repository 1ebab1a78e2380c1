"""Compressed answers: whole, in any pieces, and never more than a step at once."""

import gzip
import os
import zlib

import pytest

from adapters.calling.inflate import unpacker
from contracts.errors import Malformed

BODY = os.urandom(1000) + b"x" * 1_000_000


def bare(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


def unpacked(encoding: str, packed: bytes, size: int) -> bytes:
    unpack = unpacker(encoding)
    body = b"".join(chunk for at in range(0, len(packed), size) for chunk in unpack.feed(packed[at : at + size]))
    unpack.finish()
    return body


@pytest.mark.parametrize("size", [1, 7, 65536])
@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(BODY)),
        ("x-gzip", gzip.compress(BODY[:500]) + gzip.compress(BODY[500:])),
        ("GZIP ", gzip.compress(BODY) + b"\0\0"),
        ("deflate", zlib.compress(BODY)),
        ("deflate", bare(BODY)),
        ("identity", BODY),
    ],
)
def test_what_was_packed_is_unpacked(encoding: str, packed: bytes, size: int) -> None:
    if encoding == "identity" and size < 65536:
        packed = packed[:1000]
        assert unpacked(encoding, packed, size) == packed
    else:
        assert unpacked(encoding, packed, size) == BODY


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_nothing_is_nothing(encoding: str) -> None:
    assert unpacked(encoding, b"", 1) == b""


def test_a_bomb_goes_off_in_small_steps() -> None:
    steps = unpacker("gzip").feed(gzip.compress(b"x" * 50_000_000))
    assert len(next(steps)) <= 256 * 1024


@pytest.mark.parametrize(
    ("encoding", "packed", "why"),
    [
        ("gzip", b"this is no gzip", "not compressed the way it says"),
        ("gzip", gzip.compress(BODY)[:-20], "its end is missing"),
        ("gzip", gzip.compress(BODY) + b"and more", "not compressed the way it says"),
        ("deflate", b"\xff\xff\xff", "not compressed the way it says"),
        ("gzip, gzip", b"", "more than once"),
        ("br", b"", "did not ask for"),
    ],
)
def test_what_is_packed_wrongly_is_malformed(encoding: str, packed: bytes, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        unpacked(encoding, packed, 65536)
