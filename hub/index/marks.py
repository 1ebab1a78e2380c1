"""The marks under which a dossier is filed, so that it is found by what is sealed, and by a part of its code.

A mark is a keyed number (`Vault.mark`). What was found by one is opened and compared before it is shown.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import Any

from contracts.codes import code_key, fold
from hub.vault import Vault

#: Facts that decide under which marks a dossier is filed, beside its code.
FILED_FACTS = ("national_code", "applicant_name", "applicant_phone", "applicant_email", "applicant_number")

#: Of longer names, such as companies', the first so many words are filed.
_MOST_WORDS = 16

_WORDS = re.compile(r"[^\W_]+")
_APOSTROPHES = re.compile(r"['’ʼ`]")
_BETWEEN_PARTS = re.compile(r"[-/]")
_BETWEEN_NUMBERS = re.compile(r"[,;/]")


class Contact(StrEnum):
    """By what a person can be told from others, and the fact that holds it."""

    NUMBER = "number"
    PHONE = "phone"
    EMAIL = "email"

    @property
    def fact(self) -> str:
        return f"applicant_{self}"


_CONTACT_FACTS = [(contact, contact.fact) for contact in Contact]


def filed_under(code: str, facts: Mapping[str, Any], vault: Vault) -> set[int]:
    """All the marks of a dossier with this code and these facts, the personal ones among them."""
    marks: set[int] = set()
    if name := facts.get("applicant_name"):
        words = name_words(name)
        marks.update(_shared_mark(vault, "name", key) for key in _name_keys(words))
        if (whole := whole_name_mark(words, vault)) is not None:
            marks.add(whole)
    for contact, fact in _CONTACT_FACTS:
        if text := facts.get(fact):
            marks.update(vault.mark(contact, value) for value in contact_values(contact, text))
    for each in (code, facts.get("national_code")):
        if each:
            marks.update(vault.mark("code", key) for key in _code_keys(each))
    return marks


def is_of(contact: Contact, personal: Mapping[str, str], is_theirs: Callable[[str], bool]) -> bool:
    """Whether one of the values of this contact, of a dossier with these facts, is somebody's."""
    return any(map(is_theirs, contact_values(contact, personal.get(contact.fact, ""))))


#: Two words side by side are of many names: most marks of names have been made before.
@lru_cache(maxsize=2**14)
def _shared_mark(vault: Vault, kind: str, key: str) -> int:
    return vault.mark(kind, key)


# --- names ----------------------------------------------------------------------------------------


def name_words(text: str) -> list[str]:
    """The words of a name as they are compared: "Rơ Châm H'Yéo" → ro, cham, hyeo."""
    return [word for piece in text.split() for word in _words_of(piece)]


@lru_cache(maxsize=2**13)
def _words_of(piece: str) -> tuple[str, ...]:
    """Of what stands between two blanks. Vietnamese has some thousand syllables, and a few are of most names."""
    return tuple(_WORDS.findall(_APOSTROPHES.sub("", fold(piece))))


def name_marks(words: list[str], vault: Vault) -> list[int]:
    """The marks that a dossier has whose applicant's name holds these words side by side, those that tell most first.

    Two words are also found where they are the first and the last; one word, where the name has no other.
    """
    *others, last = _pairs(words) if len(words) > 1 else words
    # Family names are few and given names many: the last words tell most. What they leave open the first tell best, for
    # the words between go with both.
    return [vault.mark("name", key) for key in (last, *others)]


def whole_name_mark(words: list[str], vault: Vault) -> int | None:
    """The mark that a dossier has whose applicant is called just so. None for two words or one, whose own mark that is.

    Who was filed by a version before has none, until `hub index check --repair` has been there.
    """
    return vault.mark("name", " ".join(words[:_MOST_WORDS])) if len(words) > 2 else None


def holds_words(name: str, words: list[str]) -> bool:
    """Whether `name` has all these words, in this order."""
    rest = iter(name_words(name))
    return all(word in rest for word in words)


def _name_keys(words: list[str]) -> Iterator[str]:
    words = words[:_MOST_WORDS]
    if len(words) == 1:
        yield words[0]
    yield from _pairs(words)
    if len(words) > 2:
        yield f"{words[0]} {words[-1]}"


def _pairs(words: list[str]) -> Iterator[str]:
    return (f"{first} {second}" for first, second in pairwise(words))


# --- numbers, phones, addresses -------------------------------------------------------------------


def contact_values(contact: Contact, text: str) -> set[str]:
    """What `text` holds, as it is compared; agencies write two phone numbers into one field."""
    if contact is Contact.EMAIL:
        return {text.strip().casefold()} - {""}
    if contact is Contact.NUMBER:
        return {"".join(letter for letter in text.upper() if letter.isalnum())} - {""}
    return {_phone(each) for each in _BETWEEN_NUMBERS.split(text)} - {""}


def _phone(text: str) -> str:
    """Digits, as they are dialled within the country: "+84 905 123 456" → "0905123456"."""
    digits = text if text.isascii() and text.isdigit() else _digits(text)
    digits = digits.removeprefix("00")
    return "0" + digits[2:] if digits.startswith("84") and len(digits) > 10 else digits


def _digits(text: str) -> str:
    return "".join(digit for digit in text if digit.isascii() and digit.isdigit())


# --- codes ----------------------------------------------------------------------------------------


def code_mark(fragment: str, vault: Vault) -> int | None:
    """The mark of dossiers of whose code this is the end (0099 or 99, 220921-0099) or the beginning (H21.65-220921);
    None where it has neither letter nor digit."""
    key = _part_key(fragment)
    return vault.mark("code", key) if key else None


def holds_fragment(code: str, fragment: str) -> bool:
    return _part_key(fragment) in _code_keys(code)


def _code_keys(code: str) -> set[str]:
    parts = [part for part in _BETWEEN_PARTS.split(code) if part]
    if len(parts) < 2:
        return set()
    return {_part_key(parts[-1]), _part_key("-".join(parts[-2:])), _part_key("-".join(parts[:-1]))} - {""}


def _part_key(text: str) -> str:
    """As it is compared; the zeros in front of a number of the day are not typed by everybody."""
    key = code_key(text)
    return key.lstrip("0") or key[:1]
