"""Dossier codes as people type them and as systems print them, brought to one comparable form."""

import re
import unicodedata

# Whoever copies a code from paper mixes these up; no known code scheme tells them apart.
_LOOK_ALIKES = str.maketrans({"O": "0", "I": "1", "L": "1"})
_DASHES = re.compile(r"[‐-―−﹘﹣－_]")


# H21.65-220914-0011, H21.129-250812-0035, G22.01.02-261123-0007, 000.00.53.H48-220921-0099
_NAMES_UNIT = re.compile(r"(\d{3}\.\d{2}\.\d{2}\.)?[A-Z]\d{2}(\.\d{2,3}){0,3}-\d{6}-\d{3,8}")


def names_its_unit(code: str) -> bool:
    """Whether the code says which unit gave it, so that no other unit gives the same: not so 03706/2026/07906."""
    return _NAMES_UNIT.fullmatch(tidy_code(code)) is not None


def fold(text: str) -> str:
    """Lower-case `text` without Vietnamese marks and with single spaces: "Đã  Xử lý" → "da xu ly"."""
    decomposed = unicodedata.normalize("NFD", text)
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    return " ".join(bare.replace("đ", "d").replace("Đ", "D").casefold().split())


def tidy_code(text: str) -> str:
    """The code as it is shown: NFC, upper case, plain dashes, no blanks: " h21.65–0011" → "H21.65-0011"."""
    return text.translate(_TIDY) if text.isascii() else _tidied(text)


def _tidied(text: str) -> str:
    plain = _DASHES.sub("-", unicodedata.normalize("NFC", text))
    return re.sub(r"\s+", "", plain).upper()


def code_key(text: str) -> str:
    """The code as it is compared: letters and digits only, accents and look-alikes folded.

    Empty when `text` holds no letter or digit. Two real codes may share a key (a dash in another
    place), so a look-up by key can find more than one dossier.
    """
    return text.translate(_KEY) if text.isascii() else _compared(text)


def _compared(text: str) -> str:
    letters = "".join(c for c in fold(text).upper() if c.isascii() and c.isalnum())
    return letters.translate(_LOOK_ALIKES)


# What becomes of each letter by itself. Most codes are of these alone, and each is read at every poll.
_TIDY = {letter: _tidied(chr(letter)) or None for letter in range(128)}
_KEY = {letter: _compared(chr(letter)) or None for letter in range(128)}
