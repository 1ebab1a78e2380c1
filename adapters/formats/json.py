"""JSON to plain values by orjson, with nothing in it lost unsaid.

orjson keeps the last of two values of one name, refuses a whole answer for half of a surrogate pair, and reads
deeper values than it can write. So what was read is written again: it must be possible, for that is how a record
is quarantined, and no name may be missing from it.
"""

import json
import re
from typing import Any

import orjson

from adapters.formats.charsets import LOST
from contracts.errors import Malformed

# Halves of pairs, in which a system ended up that cuts texts to a length. What is whole stands before them, to be
# passed over.
_HALF = re.compile(
    rb"\\\\|\\u[dD][89aAbB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
_LOST = LOST.encode()


def load(text: bytes) -> Any:
    """The value in `text`, which is in UTF-8. Raises orjson.JSONDecodeError, or Malformed for what it says twice.

    A name that is said twice with different values holds the list of them, which no conversion of a mapping
    takes: the field is quarantined, and the record says why.
    """
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        whole = _HALF.sub(lambda found: _LOST if found.group(1) else found.group(), text)
        if whole == text:
            raise
        return load(whole)
    try:
        written = orjson.dumps(value)
    except orjson.JSONEncodeError:
        raise Malformed("The answer is nested too deeply.") from None
    # Systems that write no blanks write what orjson does, of the same length. In any other text colons are counted.
    if len(text) != len(written) and text.count(b":") > written.count(b":"):
        return json.loads(text, object_pairs_hook=_object, parse_int=orjson.loads, parse_float=orjson.loads)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    said: dict[str, Any] = {}
    doubled: dict[str, list[Any]] = {}
    for name, value in pairs:
        first = said.setdefault(name, value)
        if first == value and type(first) is type(value):
            continue
        if isinstance(first, dict | list) or isinstance(value, dict | list):
            # A path into a list of them would find nothing, and nobody would know.
            raise Malformed(f"The answer holds {name[:60]!r} twice, and nobody can say which is meant.")
        doubled.setdefault(name, [first]).append(value)
    return said | doubled
