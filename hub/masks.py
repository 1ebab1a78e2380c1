"""Personal data as it is shown to whoever may not see it. Pure.

What remains lets people recognise what is theirs and tells others as little as that allows: of a name the first letter
of each word, of a number where it begins. The end of a number is never shown, for it is what proves whose it is.
"""

import re
import unicodedata

#: In the place of a word stand two or three stars, so that they tell no short word's length and no long one's.
_FEWEST, _MOST = 2, 3

_BEGINNING = 3


def mask_name(name: str) -> str:
    """ "Nguyễn Văn Đức" → "N*** V** Đ**"; "Lê A" → "L** A**"; what begins with no letter is all stars."""
    return " ".join(map(_mask_word, unicodedata.normalize("NFC", name).split()))


def mask_number(number: str) -> str:
    """A phone's or an identity number's beginning: "0905 123 456" → "090*******", "+84 905…" likewise."""
    digits = re.sub(r"\D", "", number)
    if number.lstrip().startswith("+84"):
        digits = "0" + digits[2:]
    # Always so many stars: a number that lacks a digit, or is none, need not be told from others.
    return (digits[:_BEGINNING] if len(digits) >= 9 else "") + "*" * 7


def mask_email(address: str) -> str:
    """ "duc.nguyen@gmail.com" → "d***@gmail.com"."""
    local, at, domain = unicodedata.normalize("NFC", address).strip().rpartition("@")
    if not at or not local:
        return "***"
    return f"{local[0] if local[0].isalnum() else ''}***@{domain}"


def _mask_word(word: str) -> str:
    stars = "*" * min(max(len(word) - 1, _FEWEST), _MOST)
    return word[0] + stars if word[0].isalpha() else "*" * _MOST
