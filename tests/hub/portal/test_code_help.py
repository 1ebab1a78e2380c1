"""What the look-up says about codes that cannot be right, and that it says nothing about those that can."""

from datetime import date

import pytest

from hub.portal.code_help import what_is_wrong

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    "typed",
    [
        "H21.20-261123-0007",
        "h21.65-220914-0011",
        "H21.129-250812-0035",
        "H15.50.05.13-261008-0975",
        "000.00.53.H48-220921-0099",
        "G22.01.02-261123-0007",
        "G09.12-261123-0912345",
        "H21.20–261123—0007",
        "H21.20 261123 0007",
        " H21.20 - 261123 - 0007 ",
        "H21.20-26 11 23-0007",
        "H2120-261123-0007",
        "H21202611230007",
        "H2l.2O-26ll23-OOO7",
        "03706/2026/07906",
    ],
)
def test_every_known_shape_however_it_is_typed_is_left_alone(typed: str) -> None:
    assert what_is_wrong(typed, TODAY, "vi") is None


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "Hãy nhập mã hồ sơ"),
        (" -. ", "Hãy nhập mã hồ sơ"),
        ("H21.20-261123-0007 của ông Rơ Châm Hyơ ở Pleiku", "dài quá"),
        ("H21.20-261123-0007#", "“#”"),
        ("H21.20@261123_0007", "“@”"),
        ("H21.20-261123-0007\x00", "không có trong mã hồ sơ"),
        ("0905123456", "số điện thoại"),
        ("+84905123456", "“+”"),
        ("064185001234", "số căn cước"),
        ("1.001612", "mã thủ tục"),
        ("1.001612.000.00.00.H48", "mã thủ tục"),
        ("H21.20", "ba phần"),
        ("hoso", "ba phần"),
        ("261123-0007", "Thiếu phần đầu"),
        ("H21.20-261123", "Thiếu phần cuối"),
        ("H21.20-0007", "Thiếu phần giữa"),
        ("H21.20-261123-0007-1", "4 phần"),
        ("X21.20-261123-0007", "“X21.20”"),
        ("H21-261123-0007", "“H21”"),
        ("H21.20-26112-0007", "đúng sáu chữ số"),
        ("H21.20-26AB23-0007", "đúng sáu chữ số"),
        ("H21.20-23112026-0007", "“261123”"),
        ("H21.20-20261123-0007", "“261123”"),
        ("H21.20-261323-0007", "không có tháng 13"),
        ("H21.20-261132-0007", "tháng 11 không có ngày 32"),
        ("H21.20-260230-0007", "tháng 02 không có ngày 30"),
        ("H21.20-261100-0007", "tháng 11 không có ngày 00"),
        ("H21.20-261124-0007", "24/11/2026, ngày này chưa tới"),
        ("H21.20-261123-007", "bốn chữ số"),
        ("H21.20-261123-00A7", "bốn chữ số"),
    ],
)
def test_the_first_thing_wrong_is_named(typed: str, says: str) -> None:
    sentence = what_is_wrong(typed, TODAY, "vi")
    assert sentence is not None
    assert says in sentence
    assert what_is_wrong(typed, TODAY, "en") not in (None, sentence)


def test_the_day_itself_may_be_today_or_a_leap_day() -> None:
    assert what_is_wrong("H21.20-261123-0007", TODAY, "vi") is None
    assert what_is_wrong("H21.20-240229-0007", TODAY, "vi") is None
    assert "tháng 02 không có ngày 29" in (what_is_wrong("H21.20-250229-0007", TODAY, "vi") or "")
