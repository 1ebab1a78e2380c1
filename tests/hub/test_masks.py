"""What is left of personal data when it is masked: enough to know one's own by, and nothing to prove it with."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.masks import mask_email, mask_name, mask_number


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("Nguyễn Văn Đức", "N*** V** Đ**"),
        (unicodedata.normalize("NFD", "Ấn Thị Ổn"), "Ấ** T** Ổ**"),
        ("  Lê   A ", "L** A**"),
        ("Rơ Châm H'Yéo", "R** C*** H***"),
        ("Y Nhé", "Y** N**"),
        ("CÔNG TY TNHH HOÀNG ANH", "C*** T** T*** H*** A**"),
        ("Trần B (0905123456)", "T*** B** ***"),
        ("0905123456", "***"),
        ("", ""),
    ],
)
def test_names(name: str, masked: str) -> None:
    assert mask_name(name) == masked


@given(st.text(max_size=60))
def test_of_each_word_one_letter_at_most_is_left(name: str) -> None:
    masked = mask_name(name)
    for word in masked.split():
        assert word.count("*") in (2, 3)
        assert len(word.replace("*", "")) <= 1
    assert not any(letter.isdecimal() for letter in masked)


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("0905 123 456", "090*******"),
        ("+84 905-123-456", "090*******"),
        ("052085001234", "052*******"),
        ("12345", "*******"),
        ("không có", "*******"),
        ("", "*******"),
    ],
)
def test_numbers(number: str, masked: str) -> None:
    assert mask_number(number) == masked


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("duc.nguyen@gmail.com", "d***@gmail.com"),
        ("đ@gialai.gov.vn", "đ***@gialai.gov.vn"),
        ("{id}@dichvucong.gov.vn", "***@dichvucong.gov.vn"),
        ("@x", "***"),
        ("0905123456", "***"),
    ],
)
def test_addresses(address: str, masked: str) -> None:
    assert mask_email(address) == masked
