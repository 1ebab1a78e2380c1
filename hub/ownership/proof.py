"""Whether the digits somebody types are the last of the applicant's number or phone. Pure.

Six at least: a million possibilities, and people know their own number by heart or have it on a card.
"""

import hmac
import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

FEWEST, MOST = 6, 15

#: The facts whose end proves.
_PROVING = ("applicant_number", "applicant_phone")

#: Agencies write two phone numbers into one field.
_BETWEEN_NUMBERS = re.compile(r"[,;/]")

#: A phone's and a person's own number are nine digits long at least; fewer are what an agency has left of a masked one.
_SHORTEST_NUMBER = 9


def typed_digits(text: str) -> str | None:
    """The digits, without what people write between them; None where that leaves too few, too many, or no digits."""
    digits = re.sub(r"[\s.–-]", "", text)
    return digits if digits.isascii() and digits.isdigit() and FEWEST <= len(digits) <= MOST else None


def proves(digits: str, personal: Mapping[str, Any]) -> bool:
    """Whether one of the applicant's numbers ends with `digits`, which are as `typed_digits` gives them. Each is
    compared to its end, whatever comes of it."""
    found = False
    for fact in _PROVING:
        for text in _BETWEEN_NUMBERS.split(personal.get(fact) or ""):
            number = "".join(letter for letter in text if letter.isascii() and letter.isdigit())
            ends_so = hmac.compare_digest(number[-len(digits) :].encode(), digits.encode())
            found |= ends_so and _can_prove(number)
    return found


def _can_prove(number: str) -> bool:
    """Not what is written where somebody has none, such as 0000000000 or 0123456789: everybody can type that."""
    last = [int(digit) for digit in number[-FEWEST:]]
    steps = {(after - before) % 10 for before, after in pairwise(last)}
    return len(number) >= _SHORTEST_NUMBER and steps not in ({0}, {1}, {9})
