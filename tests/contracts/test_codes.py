"""Dossier codes: however people type one and systems print it, it is the same dossier."""

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codes import code_key, fold, tidy_code

SHAPES = [
    "000.00.53.H48-220921-0099",
    "H21.65-220914-0011",
    "H21.129-250812-0035",
    "H15.50.05.13-261008-0975",
    "G22.01.02-260101-0001",
    "03706/2026/07906",
]


@pytest.mark.parametrize("code", SHAPES)
@pytest.mark.parametrize(
    "typed",
    [
        str.lower,
        lambda code: f"  {code} ",
        lambda code: code.replace("-", " - "),
        lambda code: code.replace("-", "–"),
        lambda code: code.replace("-", ""),
        lambda code: code.replace("0", "O"),
        lambda code: code.replace("1", "l"),
        lambda code: " ".join(code),
    ],
)
def test_typed_otherwise_it_is_the_same_code(code: str, typed: Callable[[str], str]) -> None:
    assert code_key(typed(code)) == code_key(code)


def test_all_shapes_are_different_codes() -> None:
    assert len({code_key(code) for code in SHAPES}) == len(SHAPES)


def test_the_tidy_code_is_what_an_agency_would_print() -> None:
    assert tidy_code(" h21.65–220914-0011\n") == "H21.65-220914-0011"


@given(st.text())
def test_any_text_has_a_key_of_plain_letters_and_digits(text: str) -> None:
    key = code_key(text)
    assert key == "" or (key.isascii() and key.isalnum())
    assert code_key(key) == key
    assert code_key(tidy_code(text)) == key


@given(st.text(alphabet="aăâbcdđeêghiklmnoôơpqrstuưvxyàảãáạ ÂĐỞ"))
def test_folding_does_not_depend_on_how_marks_are_composed(text: str) -> None:
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text))


def test_folding_takes_all_vietnamese_marks_and_the_d_that_unicode_forgets() -> None:
    assert fold("  Đã   XỬ lý xong, Nguyễn Văn Đức ở Ứng Hoè") == "da xu ly xong, nguyen van duc o ung hoe"


@given(st.text(st.characters(max_codepoint=127)))
def test_a_code_of_plain_letters_is_read_as_any_other(text: str) -> None:
    """They have a way of their own, for speed. A mark that is not plain takes the whole text the long way."""
    assert code_key(text) == code_key(text + "–")
    assert tidy_code(text) + "É" == tidy_code(text + "É")
