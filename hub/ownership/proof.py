"""Whether the digits somebody types are the last of the applicant's number or phone. Pure.

Six at least: a million possibilities, and people know their own number by heart or have it on the receipt slip.
"""

import hmac
from collections.abc import Mapping
from typing import Any

from hub.index.marks import Contact, contact_values

FEWEST, MOST = 6, 15

#: The numbers that digits may be the end of: a phone's and a person's own are nine digits long at least.
_SHORTEST_NUMBER = 9

_PROVING = (Contact.NUMBER, Contact.PHONE)


def typed_digits(text: str) -> str | None:
    """The digits, without what people write between them; None where that leaves too few, too many, or no digits."""
    digits = "".join(text.split()).translate(str.maketrans("", "", ".-–"))
    return digits if digits.isascii() and digits.isdigit() and FEWEST <= len(digits) <= MOST else None


def proves(digits: str, personal: Mapping[str, Any]) -> bool:
    """Whether one of the applicant's numbers ends with `digits` (as `typed_digits` gives them). Each is compared to
    the end, whatever comes of it."""
    numbers = [
        number for contact in _PROVING for number in sorted(contact_values(contact, personal.get(contact.fact) or ""))
    ]
    found = False
    for number in numbers:
        end = number[-len(digits) :]
        found |= hmac.compare_digest(end.encode(), digits.encode()) and _can_prove(number)
    return found


def _can_prove(number: str) -> bool:
    """Not what is written where somebody has none, such as 0000000000 or 0123456789: everybody can type that. Nor what
    the agency itself has masked."""
    last = number[-FEWEST:]
    steps = {(int(after) - int(before)) % 10 for before, after in zip(last, last[1:], strict=False) if last.isdigit()}
    return number.isdigit() and len(number) >= _SHORTEST_NUMBER and steps not in ({0}, {1}, {9})
