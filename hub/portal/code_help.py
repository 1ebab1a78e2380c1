"""Says what is wrong with a code that nobody knows, as helpfully as the typed text allows.

Only asked once the look-up has found nothing: odd codes exist, so no shape is refused beforehand.
"""

import re
from calendar import monthrange
from datetime import date

from contracts.codes import fold, tidy_code
from hub.portal.texts import EXAMPLE_CODE, MISTYPED, Lang

_LONGEST = 30
# As contracts.codes compares: digits misread as letters count as digits.
_LOOK_ALIKES = str.maketrans({"O": "0", "I": "1", "L": "1"})

# H21.65, H21.129, G22.01.02, H15.50.05.13 and the older 000.00.53.H48; with their dots left out too.
_AGENCY = re.compile(r"[HG]\d{4,10}|\d{5,10}[HG]\d{2}")
_WITHOUT_DASHES = re.compile(rf"(?:{_AGENCY.pattern})\d{{10}}")
_PROCEDURE = re.compile(r"\d\.\d{6}(\.\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2})?")
# Four digits in the province; the ministries' own portals count to six or seven.
_NUMBER = re.compile(r"\d{4,7}")


def what_is_wrong(typed: str, today: date, lang: Lang) -> str | None:
    """A sentence about the first thing wrong with `typed`; None when it has the shape of a code.

    `today` is the date in Vietnam: no dossier was filed after it.
    """
    key, values = _fault(typed, today) or (None, {})
    return MISTYPED[key].say(lang, example=EXAMPLE_CODE, **values) if key else None


Fault = tuple[str, dict[str, object]]


def _fault(typed: str, today: date) -> Fault | None:
    code = tidy_code(typed)
    if not any(c.isalnum() for c in code):
        return "empty", {}
    if len(code) > _LONGEST:
        return "too_long", {"count": len(code)}
    if strange := [c for c in dict.fromkeys(code) if not re.fullmatch(r"[A-Z0-9./-]", fold(c).upper())]:
        return "characters", {"characters": " ".join(strange)}
    if "/" in code:
        return None  # Other ministries' codes, such as 03706/2026/07906: nothing to say about those.
    if _PROCEDURE.fullmatch(code):
        return "procedure", {"part": code}
    # Blanks typed between the parts stand for the dashes; tidy_code takes both alike out of account.
    spaced = tidy_code(re.sub(r"(?<=\w)\s+(?=\w)", "-", typed.strip()))
    parts = [part for part in spaced.split("-") if part]
    match parts:
        case [only]:
            return _one_part(only)
        case [first, second]:
            return _two_parts(first, second)
        case [agency, day, number]:
            return _agency(agency) or _day(day, today) or _number(number)
        case _:
            # Blanks inside a part make too many: believe the dashes alone, if that gives three.
            dashed = [part for part in code.split("-") if part]
            if len(dashed) == 3 and len(parts) > 3:
                return _agency(dashed[0]) or _day(dashed[1], today) or _number(dashed[2])
            return "too_many_parts", {"count": len(parts)}


def _plain(part: str) -> str:
    return fold(part).upper().translate(_LOOK_ALIKES).replace(".", "")


def _one_part(part: str) -> Fault | None:
    plain = _plain(part)
    if _WITHOUT_DASHES.fullmatch(plain):
        return None
    if re.fullmatch(r"(0|\+?84)\d{9}", plain):
        return "phone", {}
    if re.fullmatch(r"\d{12}|\d{9}", plain):
        return "identity", {}
    return "one_part", {}


def _two_parts(first: str, second: str) -> Fault:
    if re.fullmatch(r"\d{6}", _plain(first)):
        return "no_agency", {"part": first}
    if re.fullmatch(r"\d{6,}", _plain(second)):
        return "no_number", {"part": second}
    return "no_day", {}


def _agency(part: str) -> Fault | None:
    return None if _AGENCY.fullmatch(_plain(part)) else ("agency", {"part": part})


def _day(part: str, today: date) -> Fault | None:
    plain = _plain(part)
    if not re.fullmatch(r"\d{6}", plain):
        better = _six_digits(plain)
        return ("day_order", {"part": part, "better": better}) if better else ("day_length", {"part": part})
    year, month, day = 2000 + int(plain[:2]), int(plain[2:4]), int(plain[4:])
    if not 1 <= month <= 12:
        return "month", {"part": part, "month": plain[2:4]}
    if not 1 <= day <= monthrange(year, month)[1]:
        return "day", {"part": part, "month": plain[2:4], "day": plain[4:]}
    if (filed := date(year, month, day)) > today:
        return "future", {"part": part, "date": f"{filed:%d/%m/%Y}"}
    return None


def _six_digits(plain: str) -> str | None:
    """yymmdd for an eight-digit day written ddmmyyyy or yyyymmdd; None for anything else."""
    if re.fullmatch(r"(0[1-9]|[12]\d|3[01])(0[1-9]|1[0-2])20\d\d", plain):
        return plain[6:] + plain[2:4] + plain[:2]
    if re.fullmatch(r"20\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])", plain):
        return plain[2:]
    return None


def _number(part: str) -> Fault | None:
    return None if _NUMBER.fullmatch(_plain(part)) else ("number", {"part": part})
