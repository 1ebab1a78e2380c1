"""What proves that a dossier is one's own: the end of one's own number, and nothing that everybody could type."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ownership.proof import proves, typed_digits


@pytest.mark.parametrize(
    ("typed", "digits"),
    [
        ("482913", "482913"),
        (" 482 913 ", "482913"),
        ("0905.482-913", "0905482913"),
        ("064085001234", "064085001234"),
        ("82913", None),
        ("1" * 16, None),
        ("", None),
        ("48291a", None),
        ("٤٨٢٩١٣", None),
        ("+84482913", None),
    ],
)
def test_typed(typed: str, digits: str | None) -> None:
    assert typed_digits(typed) == digits


@pytest.mark.parametrize(
    ("digits", "personal", "proved"),
    [
        ("482913", {"applicant_phone": "0905 482 913"}, True),
        ("0905482913", {"applicant_phone": "+84 905 482 913"}, False),
        ("905482913", {"applicant_phone": "+84 905 482 913"}, True),
        ("482913", {"applicant_phone": "0905482913; 0914000111"}, True),
        ("000112", {"applicant_phone": "0905482913 / 0914000112"}, True),
        ("482913", {"applicant_number": "064085482913"}, True),
        ("482913", {"applicant_number": "064085482914", "applicant_phone": "0905482912"}, False),
        ("482913", {"applicant_name": "482913", "note": "482913", "applicant_email": "482913"}, False),
        ("482913", {"applicant_phone": None}, False),
        ("482913", {}, False),
        ("000000", {"applicant_phone": "0000000000"}, False),
        ("456789", {"applicant_phone": "0123456789"}, False),
        ("890123", {"applicant_phone": "04567890123"}, False),
        ("654321", {"applicant_number": "987654321"}, False),
        ("482913", {"applicant_phone": "***482913"}, False),
        ("482913", {"applicant_phone": "482913"}, False),
    ],
)
def test_proves(digits: str, personal: dict[str, str], proved: bool) -> None:
    assert proves(digits, personal) is proved


@given(st.text("0123456789", min_size=9, max_size=12), st.text("0123456789", min_size=6, max_size=12))
def test_only_the_end_proves(number: str, digits: str) -> None:
    if proves(digits, {"applicant_number": number}):
        assert number.endswith(digits)
