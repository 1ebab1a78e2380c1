"""A dossier's history as one piece of bytes: its lines as they stand in `observation`. What is sealed stays sealed.

Each line is an object with the names of its columns, so that what is packed today can be read when there are others.
"""

import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import asyncpg
import orjson

from hub.index.rows import LINE_COLUMNS
from hub.vault import Vault

#: Of a line, all but whose it is. `facts` as text.
PACKED_COLUMNS = (*LINE_COLUMNS, "recorded_at")

_BYTES = ("digest", "personal")
_TIMES = ("occurred_at", "observed_at", "recorded_at")


def pack(lines: Iterable[Mapping[str, Any] | asyncpg.Record]) -> bytes:
    """`lines` have PACKED_COLUMNS."""
    told = [{name: value for name in PACKED_COLUMNS if (value := line[name]) is not None} for line in lines]
    return zlib.compress(orjson.dumps(told, default=_text), level=9)


def unpack(packed: bytes) -> list[dict[str, Any]]:
    """The lines that were packed, with PACKED_COLUMNS."""
    lines = []
    for told in orjson.loads(zlib.decompress(packed)):
        line = dict.fromkeys(PACKED_COLUMNS) | told
        line |= {name: b64decode(told[name]) for name in _BYTES if name in told}
        line |= {name: datetime.fromisoformat(told[name]) for name in _TIMES if name in told}
        lines.append(line)
    return lines


def seal_packed_anew(packed: bytes, vault: Vault) -> bytes:
    """As it is, where all of it is sealed under the newest key. Raises VaultError."""
    lines = unpack(packed)
    anew = [line | {"personal": line["personal"] and vault.seal_anew(line["personal"])} for line in lines]
    return packed if anew == lines else pack(anew)


def _text(value: bytes) -> str:
    return b64encode(value).decode()
