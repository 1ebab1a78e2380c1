"""Dates as agencies write them: strict reading and writing by a format's letters.

A format is `yyyy MM dd HH mm ss` (or `M d H` where zeros may be missing) with whatever stands between, as in
.NET and Java; fractions are `fff`/`SSS`; 'quoted' text and a T stand for themselves. By name there are:

    iso        2026-11-20T08:00:00 or 2026-11-20 08:00, with an optional fraction and zone (Z, +07:00, +0700, +07)
    rfc3339    2026-11-20T08:00:00+07:00 or …Z, with an optional fraction: nothing is left to guess
    iso_date   2026-11-20, with an optional zone, as xs:date has it
    epoch      1777248998, in seconds
    epoch_ms   1777248998173
    dotnet     /Date(1777248998173)/, with an optional zone that changes nothing

Of hours by twelve there is `hh` or `h` with `tt`: AM and PM, or SA and CH. A year of two digits is `yy`: 00–68 are
2000–2068, 69–99 are 1969–1999, as in C and Python.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

Read: TypeAlias = Callable[[Any], datetime | None]
Write: TypeAlias = Callable[[datetime], str]


class DateError(ValueError):
    """A text that is not a date in any of the formats promised."""


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Outside of these a date of a dossier is a mistake, such as year 14 for 2014.
_YEARS = range(1900, 2200)

# How systems write "there is none": Oracle's last day, and the first one of .NET's DateTime.
_NONE_DAYS = {(9999, 12, 31), (1, 1, 1)}
# The last day begins here at 17:00 UTC of the one before.
_NONE_MOMENTS = _NONE_DAYS | {(9999, 12, 30)}
_NONE_TEXTS = {"9999-12-31", "0001-01-01", "99991231"}

_AFTERNOON = {"PM", "CH"}  # CH: chiều; the morning is AM, or SA: sáng
_PIVOT = 69

# letters → part of the date, and how many digits it has at least and at most
_LETTERS = {
    "yyyy": ("year", 4, 4),
    "yy": ("short_year", 2, 2),
    "MM": ("month", 2, 2),
    "M": ("month", 1, 2),
    "dd": ("day", 2, 2),
    "d": ("day", 1, 2),
    "HH": ("hour", 2, 2),
    "H": ("hour", 1, 2),
    "hh": ("half", 2, 2),
    "h": ("half", 1, 2),
    "tt": ("noon", 2, 2),
    "mm": ("minute", 2, 2),
    "ss": ("second", 2, 2),
    "fff": ("fraction", 3, 3),
    "SSS": ("fraction", 3, 3),
}
_BLANKS = re.compile(r"\s+")
_TOKENS = re.compile(r"'([^']*)'|([A-Za-z])\2*|[^A-Za-z']")

_ZONE = r"(?P<zone>Z|[+-][0-9]{2}(:?[0-5][0-9])?)?"
_ISO = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    r"[T ](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(:(?P<second>[0-9]{2})([.,](?P<fraction>[0-9]{1,12}))?)?"
    rf" ?{_ZONE}"
)
_RFC3339 = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    r"[Tt](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})(\.(?P<fraction>[0-9]+))?"
    r"(?P<zone>[Zz]|[+-][0-9]{2}:[0-5][0-9])"
)
_MOST_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.([0-9]{3}|[0-9]{6}))?(Z|[+-][0-9]{2}:[0-5][0-9])"
)
_ISO_DATE = re.compile(rf"(?P<year>[0-9]{{4}})-(?P<month>[0-9]{{2}})-(?P<day>[0-9]{{2}}) ?{_ZONE}")
_MILLISECONDS = re.compile(r"(?P<ms>-?[0-9]{1,15})")
_SECONDS = re.compile(r"(?P<s>-?[0-9]{1,12})")
# What follows the number is the zone it was written in; the number itself counts from the epoch in UTC.
_DOTNET = re.compile(r"\\?/Date\((?P<ms>-?[0-9]{1,15})([+-][0-9]{4})?\)\\?/")
_NAMED = {
    "iso": _ISO,
    "rfc3339": _RFC3339,
    "iso_date": _ISO_DATE,
    "epoch": _SECONDS,
    "epoch_ms": _MILLISECONDS,
    "dotnet": _DOTNET,
}

# What each can say of the time of day.
_SAID: dict[str, set[str]] = {
    "iso": {"hour", "minute", "second"},
    "rfc3339": {"hour", "minute", "second"},
    "iso_date": set(),
    "epoch": {"hour", "minute", "second"},
    "epoch_ms": {"hour", "minute", "second", "fraction"},
    "dotnet": {"hour", "minute", "second", "fraction"},
}

# Dates recur: thousands of dossiers are due on the same day.
_CACHED, _CACHED_LETTERS = 512, 60


def reader(formats: Sequence[str], zone: ZoneInfo) -> Read:
    """A function that reads a text, or a whole number, in the first of `formats` that fits.

    It gives UTC; a date without a zone is taken for one in `zone`. Blanks around are allowed, but by rfc3339 alone. It
    gives None for what stands for "none" (null, nothing, 31/12/9999) and raises DateError for all else that is no date.
    Raises ValueError for a format nobody knows.
    """
    patterns = [(pattern, _plain_parts(pattern)) for pattern in map(_pattern, formats)]
    promised = " or ".join(formats)
    by_iso = formats[0] in ("iso", "rfc3339")
    is_strict = list(formats) == ["rfc3339"]
    # Nothing is put out for what comes in: where every text is another, that would cost more than reading it.
    known: dict[str, datetime | None] = {}

    def moment_of(text: str) -> datetime | None:
        if by_iso and (moment := _as_most_write(text)):
            return moment
        bare = text.strip()
        if not bare:
            return None
        if not is_strict:
            text = _BLANKS.sub(" ", bare) if "  " in bare or not bare.isprintable() else bare
            if text in _NONE_TEXTS:
                return None
        elif (naive := _ISO.fullmatch(text)) and not naive["zone"]:
            raise DateError(f"{text[:60]!r} is not a date in {promised}: it names no time zone, such as +07:00")
        for pattern, plain in patterns:
            if match := pattern.fullmatch(text):
                try:
                    if plain and int(match["year"]) in _YEARS:
                        # Six numbers at most, which mypy cannot see.
                        return datetime(*map(int, match.group(*plain)), tzinfo=zone).astimezone(UTC)  # type: ignore[misc, arg-type]
                    return _moment(match.groupdict(), zone)
                except (ValueError, OverflowError) as error:
                    raise DateError(f"{text[:60]!r} is not a date in {promised}: {error}") from None
        raise DateError(f"{text[:60]!r} is not a date in {promised}")

    def read(value: Any) -> datetime | None:
        if isinstance(value, str):
            if value in known:
                return known[value]
            moment = moment_of(value)
            if len(value) <= _CACHED_LETTERS:
                if len(known) >= _CACHED:
                    known.clear()
                known[value] = moment
            return moment
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            raise DateError(f"{type(value).__name__} is not a date in {promised}")
        return moment_of(str(value))

    return read


def writer(format: str, zone: ZoneInfo) -> Write:
    """A function that writes a moment in `format`, as the clock in `zone` shows it. Never later than it is.

    Raises ValueError for a format nobody knows.
    """
    if format in ("iso", "rfc3339"):
        return lambda moment: moment.astimezone(zone).isoformat(timespec="seconds")
    if format == "iso_date":
        return lambda moment: moment.astimezone(zone).date().isoformat()
    if format == "epoch":
        return lambda moment: str((moment - _EPOCH) // timedelta(seconds=1))
    if format in ("epoch_ms", "dotnet"):
        before, after = ("", "") if format == "epoch_ms" else ("/Date(", ")/")
        return lambda moment: f"{before}{(moment - _EPOCH) // timedelta(milliseconds=1)}{after}"
    pieces = _split(format)

    def write(moment: datetime) -> str:
        local = moment.astimezone(zone)
        return "".join(_written(local, letters) if letters else text for letters, text in pieces)

    return write


def floor(formats: Iterable[str], zone: ZoneInfo) -> Callable[[datetime], datetime]:
    """A function that cuts from a moment what none of `formats` can say: its seconds, or its time of day."""
    said: set[str] = set()
    for format in formats:
        if format in _NAMED:
            said |= _SAID[format]
        else:
            said |= {_LETTERS[letters][0] for letters, _ in _split(format) if letters}
    if {"half", "noon"} <= said:
        said.add("hour")
    parts = ("hour", "minute", "second", "fraction")
    kept = next((index for index, part in enumerate(parts) if part not in said), len(parts))
    cut: dict[str, int] = dict.fromkeys(("hour", "minute", "second", "microsecond")[kept:], 0)

    def cut_off(moment: datetime) -> datetime:
        if not cut:
            return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        # The keys are parts of a time, which mypy cannot see in a dict.
        return moment.astimezone(zone).replace(**cut).astimezone(UTC)  # type: ignore[arg-type]

    return cut_off


def _split(format: str) -> list[tuple[str, str]]:
    """(letters, "") for each part of a date in `format`, ("", text) for what stands between."""
    found: list[tuple[str, str]] = []
    position = 0
    while position < len(format):
        match = _TOKENS.match(format, position)
        piece = match.group() if match else ""
        if piece in _LETTERS:
            found.append((piece, ""))
        elif match and (piece == "T" or match.group(2) is None):
            found.append(("", piece if match.group(1) is None else match.group(1)))
        else:
            raise ValueError(f"{format!r} is no date format: {piece or format[position]!r} is not known")
        position += len(piece)
    parts = [_LETTERS[letters][0] for letters, _ in found if letters]
    years = {"year", "short_year"} & set(parts)
    if not years or not {"month", "day"} <= set(parts) or len(parts) != len(set(parts)) or len(years) > 1:
        raise ValueError(f"{format!r} is no date format: it needs a year, a month and a day, each part once")
    if ("half" in parts) != ("noon" in parts) or ("half" in parts and "hour" in parts):
        raise ValueError(f"{format!r} is no date format: an hour by twelve (h) needs tt, and tt needs it")
    return found


def _pattern(format: str) -> re.Pattern[str]:
    if format in _NAMED:
        return _NAMED[format]
    return re.compile("".join(_digits(letters) if letters else re.escape(text) for letters, text in _split(format)))


def _plain_parts(pattern: re.Pattern[str]) -> tuple[str, ...]:
    """The parts of a date, as Python's datetime takes them, where there is nothing else in it; else none."""
    parts = ("year", "month", "day", "hour", "minute", "second")
    said = parts[: len(pattern.groupindex)]
    return said if set(said) == set(pattern.groupindex) else ()


def _digits(letters: str) -> str:
    part, least, most = _LETTERS[letters]
    return "(?P<noon>[AaPpSs][MmAa]|[Cc][Hh])" if part == "noon" else f"(?P<{part}>[0-9]{{{least},{most}}})"


def _written(local: datetime, letters: str) -> str:
    part, least, _ = _LETTERS[letters]
    match part:
        case "noon":
            return "AM" if local.hour < 12 else "PM"
        case "fraction":
            number = local.microsecond // 1000
        case "half":
            number = local.hour % 12 or 12
        case "short_year":
            number = local.year % 100
        case _:
            number = getattr(local, part)
    return str(number).zfill(least)


def _as_most_write(text: str) -> datetime | None:
    """The moment in a text of the form that most systems write, 2026-11-20T08:00:00+07:00 or with milliseconds; None
    for any other."""
    if not _MOST_ISO.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.year in _YEARS else None


def _moment(parts: dict[str, str | None], zone: ZoneInfo) -> datetime | None:
    if ms := parts.get("ms") or (f"{parts['s']}000" if parts.get("s") else None):
        moment = _EPOCH + timedelta(milliseconds=int(ms))
        if (moment.year, moment.month, moment.day) in _NONE_MOMENTS:
            return None
        _check_year(moment.year)
        return moment
    day = _year(parts), int(parts["month"] or 0), int(parts["day"] or 0)
    if day in (_NONE_MOMENTS if parts.get("zone") else _NONE_DAYS):
        return None
    _check_year(day[0])
    return datetime(*day, *_time(parts), tzinfo=_offset(parts.get("zone")) or zone).astimezone(UTC)


def _check_year(year: int) -> None:
    if year not in _YEARS:
        raise ValueError(f"year {year} is out of range")


def _year(parts: dict[str, str | None]) -> int:
    if short := parts.get("short_year"):
        return int(short) + (2000 if int(short) < _PIVOT else 1900)
    return int(parts["year"] or 0)


def _time(parts: dict[str, str | None]) -> tuple[int, int, int, int]:
    # .NET writes seven digits of a second, Python keeps six.
    microsecond = (parts.get("fraction") or "0")[:6].ljust(6, "0")
    hour, minute, second = int(parts.get("hour") or 0), parts.get("minute"), parts.get("second")
    if half := parts.get("half"):
        if not 1 <= int(half) <= 12:
            raise ValueError(f"there is no hour {half} by twelve")
        hour = int(half) % 12 + (12 if (parts["noon"] or "").upper() in _AFTERNOON else 0)
    return hour, int(minute or 0), int(second or 0), int(microsecond)


@lru_cache(maxsize=256)
def _offset(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text in "Zz":
        return UTC
    sign = -1 if text[0] == "-" else 1
    hours, minutes = int(text[1:3]), int(text[3:].lstrip(":") or 0)
    return timezone(sign * timedelta(hours=hours, minutes=minutes))
