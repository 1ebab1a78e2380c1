"""Which agency a dossier code tells of itself. Pure."""

import re
from collections.abc import Iterable
from datetime import datetime

from contracts.agency import AgencySpec
from contracts.codes import code_key, tidy_code

#: After the agency's identifier: the day, and its number within the day.
_DAY_AND_NUMBER = re.compile(r"(\d{6})\d{4,7}")


def agency_of(code: str, specs: Iterable[AgencySpec]) -> AgencySpec | None:
    """The one enabled agency whose identifier begins the code; None where there is none, or more than one could be
    meant: "H2112-9250812-0035" typed without dashes may be of H21.12 or of H21.129."""
    enabled = [spec for spec in specs if spec.enabled]
    first, dash, _ = tidy_code(code).partition("-")
    if dash and (named := [spec for spec in enabled if code_key(spec.identifier) == code_key(first)]):
        return named[0] if len(named) == 1 else None
    key = code_key(code)
    possible = [
        spec
        for spec in enabled
        if (identifier := code_key(spec.identifier)) and key.startswith(identifier) and _follows(key[len(identifier) :])
    ]
    return possible[0] if len(possible) == 1 else None


def _follows(rest: str) -> bool:
    match = _DAY_AND_NUMBER.fullmatch(rest)
    if match is None:
        return False
    try:
        datetime.strptime(match[1], "%y%m%d")
    except ValueError:
        return False
    return True
