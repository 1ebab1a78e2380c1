"""Reads text that is not in the charset it claims: UTF-8, UTF-16, and the single bytes of older Windows systems."""

import re
import unicodedata

from adapters.formats.letters import composed
from contracts.errors import Malformed

#: Stands for a character that was lost on its way, as half of a pair or a name cut within a letter.
LOST = "\ufffd"

_DECLARED = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
# Python knows more, some of which take hostile text far too long.
_SINGLE_BYTES = re.compile(r"(windows-|cp)125\d|iso-8859-\d+|latin-?1", re.IGNORECASE)
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_LETTER = re.compile(r"[^\W\d_]")
# What stands over, under and beside the letters of Vietnamese.
_MARKS = frozenset("\u0300\u0301\u0302\u0303\u0306\u0309\u031b\u0323")


def declared_charset(content_type: str) -> str | None:
    """The charset that a Content-Type header names."""
    found = _DECLARED.search(content_type)
    return found.group(1) if found else None


def is_single_bytes(charset: str | None) -> bool:
    return bool(charset and _SINGLE_BYTES.fullmatch(charset))


def is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def decoded(body: bytes, declared: str | None = None) -> str:
    """`body` as text; LOST stands where it is damaged. Raises Malformed where it is in no charset we know.

    UTF-8 goes before what is declared, since no text in single bytes passes for it by chance. Text that
    neither explains is of a Vietnamese Windows (windows-1258), if all its letters are Vietnamese.
    """
    if charset := _double_bytes(body):
        return body.decode(charset, "replace")
    text = body.decode("utf-8", "replace")
    special = len(_NOT_ASCII.findall(text))
    if special - text.count(LOST) >= text.count(LOST):
        return text
    if is_single_bytes(declared):
        return _of_single_bytes(body, declared or "")
    text = _of_single_bytes(body, "windows-1258")
    if not all(map(_is_vietnamese, set(_LETTER.findall(text)))):
        raise Malformed("The answer is neither in UTF-8 nor in any charset it might be in.")
    return text


def _double_bytes(body: bytes) -> str | None:
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    # Whatever is read here begins with a letter of ASCII.
    return {b"\0": "utf-16-be"}.get(body[:1]) or {b"\0": "utf-16-le"}.get(body[1:2])


def _of_single_bytes(body: bytes, charset: str) -> str:
    try:
        # windows-1258 writes most tones as marks of their own.
        text = body.decode(charset)
    except (LookupError, UnicodeDecodeError):
        raise Malformed(f"The answer is neither in UTF-8 nor in {charset}.") from None
    try:
        return composed(text)
    except ValueError as error:
        raise Malformed(f"The answer cannot be read: {error}.") from None


def _is_vietnamese(letter: str) -> bool:
    parts = unicodedata.normalize("NFD", letter)
    return (parts[0].isascii() or parts[0] in "đĐ") and _MARKS.issuperset(parts[1:])
