"""Text as everything here stores it: letters composed (NFC), in a time that grows as its length does."""

import re
import unicodedata

#: More marks than this on one letter are no writing: Vietnamese has two, Unicode advises 30 at most.
_MOST_MARKS = 60
# What is neither letter, digit, blank nor ASCII; marks are among it.
_STRANGE = re.compile(rf"[^\w\s!-~]{{{_MOST_MARKS + 1},}}")


def composed(text: str) -> str:
    """`text` in NFC. Raises ValueError for letters under heaps of marks.

    Composing takes the square of the marks in a row: minutes for a megabyte of them.
    """
    if text.isascii():
        return text
    if len(text) > _MOST_MARKS and any(_is_heap(found.group()) for found in _STRANGE.finditer(text)):
        raise ValueError(f"a letter must not have over {_MOST_MARKS} marks")
    return unicodedata.normalize("NFC", text)


def _is_heap(strange: str) -> bool:
    in_a_row = 0
    for letter in strange:
        in_a_row = in_a_row + 1 if unicodedata.combining(letter) else 0
        if in_a_row > _MOST_MARKS:
            return True
    return False
