"""Dates: every shape that systems in Vietnam write, and nothing that merely resembles one."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.formats import dates

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
EVENING = datetime(2025, 8, 12, 17, 30, 5, tzinfo=UTC)
MIDNIGHT = datetime(2025, 8, 11, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    ("format", "text", "moment"),
    [
        ("dd/MM/yyyy", "12/08/2025", MIDNIGHT),
        ("dd/MM/yyyy", " 12/08/2025 ", MIDNIGHT),
        ("dd/MM/yyyy HH:mm:ss", "13/08/2025 00:30:05", EVENING),
        ("d/M/yyyy H:mm:ss", "13/8/2025 0:30:05", EVENING),
        ("yyyyMMddHHmmss", "20250813003005", EVENING),
        ("yyyyMMdd", 20250812, MIDNIGHT),
        ("yyyy-MM-dd", "2025-08-12", MIDNIGHT),
        ("yyyy-MM-dd'T'HH:mm:ss.SSS", "2025-08-13T00:30:05.250", EVENING.replace(microsecond=250_000)),
        ("yyyy-MM-ddTHH:mm:ss.fff", "2025-08-13T00:30:05.250", EVENING.replace(microsecond=250_000)),
        # The next day in Vietnam: what is written as UTC must not lose its date.
        ("iso", "2025-08-12T17:30:05.000+0000", EVENING),
        ("iso", "2025-08-12T17:30:05Z", EVENING),
        ("iso", "2025-08-13T00:30:05+07:00", EVENING),
        ("iso", "2025-08-13T00:30:05", EVENING),
        ("iso", "2025-08-13 00:30:05.1234567", EVENING.replace(microsecond=123_456)),
        # As PostgreSQL and Ruby write it.
        ("iso", "2025-08-13 00:30:05+07", EVENING),
        ("iso", "2025-08-13 00:30:05 +0700", EVENING),
        ("iso", "2025-08-13\t00:30:05\u00a0", EVENING),
        ("rfc3339", "2025-08-12T17:30:05Z", EVENING),
        ("rfc3339", "2025-08-12t17:30:05.000z", EVENING),
        ("rfc3339", "2025-08-13T00:30:05.1234567+07:00", EVENING.replace(microsecond=123_456)),
        ("iso_date", "2025-08-12+07", MIDNIGHT),
        ("epoch_ms", 1755019805000, EVENING),
        ("epoch_ms", "1755019805000", EVENING),
        ("dotnet", "/Date(1755019805000)/", EVENING),
        ("dotnet", "/Date(1755019805000+0700)/", EVENING),
        ("epoch", 1755019805, EVENING),
        ("iso_date", "2025-08-12", MIDNIGHT),
        ("iso_date", "2025-08-12+07:00", MIDNIGHT),
        ("dd/MM/yyyy hh:mm:ss tt", "13/08/2025 12:30:05 AM", EVENING),
        ("dd/MM/yyyy h:mm:ss tt", "13/08/2025 12:30:05 SA", EVENING),
        ("dd/MM/yyyy hh:mm tt", "12/08/2025 11:30 CH", EVENING.replace(hour=16, second=0)),
        ("dd/MM/yy", "12/08/25", MIDNIGHT),
        ("dd/MM/yyyy HH:mm:ss", "13/08/2025   00:30:05", EVENING),
    ],
)
def test_reads_what_systems_write(format: str, text: object, moment: datetime) -> None:
    assert dates.reader([format], VIETNAM)(text) == moment


@pytest.mark.parametrize(
    ("format", "text"),
    [
        ("yyyyMMdd", "99991231"),
        ("yyyyMMdd", 99991231),
        ("dd/MM/yyyy", "31/12/9999"),
        ("iso", "0001-01-01T00:00:00"),
        ("iso", "99991231"),
        # The last day begins here while it is the day before in UTC.
        ("iso", "9999-12-30T17:00:00.000+0000"),
        ("epoch_ms", 253402189200000),
        ("dotnet", "/Date(253402275600000)/"),
        ("dotnet", "/Date(-62135596800000)/"),
        ("yyyyMMddHHmmss", "99991231000000"),
        ("dd/MM/yyyy", "99991231"),
        ("dd/MM/yyyy", "9999-12-31"),
        ("rfc3339", "0001-01-01T00:00:00Z"),
        ("rfc3339", "  "),
        ("dd/MM/yyyy", "  "),
        ("dd/MM/yyyy", ""),
        ("dd/MM/yyyy", None),
    ],
)
def test_reads_none_for_what_means_none(format: str, text: object) -> None:
    assert dates.reader([format], VIETNAM)(text) is None


@pytest.mark.parametrize(
    ("format", "text"),
    [
        ("dd/MM/yyyy", "12/08/2025abc"),
        ("dd/MM/yyyy", "12/08/2025 10:00"),
        ("dd/MM/yyyy", "12/08/14"),
        ("dd/MM/yyyy", "12/08/0014"),
        ("dd/MM/yyyy", "31/02/2025"),
        ("dd/MM/yyyy", "08/13/2025"),
        ("dd/MM/yyyy", "1/8/2025"),
        ("dd/MM/yyyy", "١٢/٠٨/٢٠٢٥"),
        ("dd/MM/yyyy", True),
        ("dd/MM/yyyy", 12.5),
        ("dd/MM/yyyy HH:mm:ss", "12/08/2025 24:00:00"),
        ("yyyyMMdd", "2025081"),
        ("iso", "2025-08-12"),
        ("iso", "2025-08-12T24:00:00"),
        ("iso", "2025-02-29T10:00:00"),
        ("iso", "0014-03-03T00:00:00"),
        ("iso", "2025-08-12T10:00:00Zabc"),
        ("rfc3339", "2025-08-12T10:00:00"),
        ("rfc3339", "2025-08-12 10:00:00+07:00"),
        ("rfc3339", "2025-08-12T10:00+07:00"),
        ("rfc3339", "2025-08-12T10:00:00+0700"),
        ("rfc3339", " 2025-08-12T10:00:00+07:00"),
        ("rfc3339", "9999-12-31"),
        ("yyyy-MM-dd", "9999-12-30"),
        ("dd/MM/yyyy", "00/00/0000"),
        ("iso", "2025-08-12T10:00:00+25:00"),
        ("iso", "2025-08-12T10:00:00+07:99"),
        ("dd/MM/yyyy hh:mm tt", "12/08/2025 13:30 PM"),
        ("dd/MM/yyyy hh:mm tt", "12/08/2025 00:30 AM"),
        ("iso_date", "2025-08-12T10:00:00"),
        ("epoch", "1755019805.5"),
        ("epoch_ms", "1755019805000.5"),
        ("epoch_ms", "99999999999999"),
        ("dotnet", "Date(1755019805000)"),
    ],
)
def test_refuses_what_only_resembles_a_date(format: str, text: object) -> None:
    with pytest.raises(dates.DateError, match="is not a date in"):
        dates.reader([format], VIETNAM)(text)


def test_a_refusal_names_the_formats_and_the_value() -> None:
    with pytest.raises(dates.DateError) as refusal:
        dates.reader(["dd/MM/yyyy", "iso"], VIETNAM)("tomorrow")
    assert str(refusal.value) == "'tomorrow' is not a date in dd/MM/yyyy or iso"


def test_formats_are_tried_in_turn() -> None:
    read = dates.reader(["dd/MM/yyyy HH:mm:ss", "dd/MM/yyyy"], VIETNAM)
    assert read("12/08/2025") == MIDNIGHT
    assert read("13/08/2025 00:30:05") == EVENING


@pytest.mark.parametrize(
    "format",
    [
        "",
        "dd/MM",
        "dd/MM/y",
        "dd/MM/yyyy hh:mm",
        "dd/MM/yyyy HH:mm tt",
        "dd/MM/yy yyyy",
        "dd/dd/MM/yyyy",
        "yyyy-MM-dd 'x",
    ],
)
def test_an_unknown_format_is_an_error_of_the_spec(format: str) -> None:
    with pytest.raises(ValueError, match="is no date format"):
        dates.reader([format], VIETNAM)
    with pytest.raises(ValueError, match="is no date format"):
        dates.writer(format, VIETNAM)


@settings(deadline=None)
@given(st.text(alphabet="0123456789/:-+TZ. aDte()", max_size=30) | st.text() | st.integers() | st.booleans())
def test_any_text_is_a_moment_none_or_a_refusal(text: object) -> None:
    read = dates.reader(["dd/MM/yyyy HH:mm:ss", "dd/MM/yyyy", "yyyyMMdd", "iso", "epoch_ms", "dotnet"], VIETNAM)
    try:
        moment = read(text)
    except dates.DateError:
        return
    assert moment is None or (moment.tzinfo is UTC and 1900 <= moment.year <= 2200)


FORMATS = [
    "dd/MM/yyyy HH:mm",
    "d/M/yyyy h:mm tt",
    "yyyy-MM-dd'T'HH:mm:ss.SSS",
    "HH:mm:ss 'ngày' dd/MM/yyyy",
    "dd/MM/yyyy hh:mm:ss tt",
    "epoch",
    "iso_date",
    "dd/MM/yyyy HH:mm:ss",
    "yyyyMMddHHmmss",
    "yyyy-MM-dd",
    "iso",
    "epoch_ms",
    "dotnet",
    "d/M/yyyy",
]


@settings(deadline=None)
@given(
    st.sampled_from(FORMATS),
    st.datetimes(min_value=datetime(1950, 1, 1), max_value=datetime(2150, 1, 1), timezones=st.just(UTC)),
)
def test_what_is_written_reads_as_the_moment_cut_to_the_format(format: str, moment: datetime) -> None:
    read, write = dates.reader([format], VIETNAM), dates.writer(format, VIETNAM)
    assert read(write(moment)) == dates.floor([format], VIETNAM)(moment) <= moment


def test_writes_by_the_agencys_clock() -> None:
    assert dates.writer("dd/MM/yyyy HH:mm:ss", VIETNAM)(EVENING) == "13/08/2025 00:30:05"
    assert dates.writer("iso", VIETNAM)(EVENING) == "2025-08-13T00:30:05+07:00"


@settings(deadline=None)
@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2068, 1, 1), timezones=st.just(UTC)))
def test_two_digits_are_the_year_of_which_they_are_the_last(moment: datetime) -> None:
    format = "dd/MM/yy HH:mm:ss"
    read, write = dates.reader([format], VIETNAM), dates.writer(format, VIETNAM)
    assert read(write(moment)) == moment.replace(microsecond=0)
