"""The people of a made country: who applies, with names as often as in life, and under what that is filed."""

from bisect import bisect
from collections.abc import Iterator
from itertools import accumulate
from random import Random
from typing import NamedTuple

import orjson

from hub.index.marks import filed_under
from hub.vault import Vault

#: How many dossiers a person has, on average over the five years.
DOSSIERS_EACH = 8

# Of a hundred families so many have the name; the rest share those of the highlands.
_FAMILIES = {
    "Nguyễn": 38, "Trần": 11, "Lê": 10, "Phạm": 7, "Hoàng": 5, "Huỳnh": 5, "Phan": 5, "Vũ": 4, "Võ": 4, "Đặng": 2,
    "Bùi": 2, "Đỗ": 1, "Hồ": 1, "Rơ Châm": 1, "Siu": 1, "Ksor": 1, "Rmah": 1, "Kpă": 1,
}  # fmt: skip
_MIDDLE = ["Văn", "Văn", "Hữu", "Đức", "Minh", "Quốc", "Thị", "Thị", "Thị", "Thị Ngọc", "Thị Thanh", "Thị Ánh"]
_GIVEN = [
    *("An", "Anh", "Bình", "Chi", "Cường", "Dung", "Dũng", "Duy", "Đạt", "Đức", "Giang", "Hà", "Hải", "Hạnh", "Hằng"),
    *("Hiền", "Hiếu", "Hoa", "Hòa", "Hồng", "Huệ", "Hùng", "Hương", "Huy", "Khánh", "Khoa", "Kiên", "Lan", "Linh"),
    *("Loan", "Long", "Mai", "Minh", "Nam", "Nga", "Ngân", "Ngọc", "Nhung", "Oanh", "Phong", "Phúc", "Phương", "Quang"),
    *("Quân", "Quỳnh", "Sơn", "Tâm", "Thảo", "Thắng", "Thành", "Thơm", "Thu", "Thủy", "Tiến", "Toàn", "Trang", "Trung"),
    *("Tuấn", "Tuyết", "Vân", "Việt", "Vinh", "Yến"),
]


class Person(NamedTuple):
    number: int
    #: Sealed.
    personal: bytes
    #: What each dossier of theirs is filed under, beside its code.
    marks: list[int]


def facts(number: int) -> dict[str, str]:
    """The personal facts of a dossier of the person of that number."""
    chance = Random(number)
    weights = list(accumulate(_FAMILIES.values()))
    family = list(_FAMILIES)[bisect(weights, chance.randrange(weights[-1]))]
    return {
        "applicant_name": f"{family} {chance.choice(_MIDDLE)} {chance.choice(_GIVEN)}",
        "applicant_phone": f"09{number:08}",
        "applicant_number": f"0640{number:08}",
    }


def persons(count: int, vault: Vault) -> Iterator[Person]:
    for number in range(count):
        told = facts(number)
        yield Person(number, vault.seal(orjson.dumps(told)), sorted(filed_under("", told, vault)))
