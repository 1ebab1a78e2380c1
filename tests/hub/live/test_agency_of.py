"""Which agency a code tells: by its first part, or without dashes where only one can be meant."""

import pytest

from hub.live.agency_of import agency_of
from tests.parts import pushing_spec

SPECS = [
    pushing_spec("mot", identifier="H21.12"),
    pushing_spec("hai", identifier="H21.129"),
    pushing_spec("ba", identifier="000.00.53.H21"),
    pushing_spec("bon", identifier="H21.30"),
    pushing_spec("nam", identifier="H21.30"),
    pushing_spec("nghi", identifier="H21.40", enabled=False),
]


@pytest.mark.parametrize(
    ("code", "agency"),
    [
        ("H21.12-250812-0035", "mot"),
        ("h2112 – 250812 – 0035", "mot"),
        ("H21.129-250812-0035", "hai"),
        ("H21.1292508120035", "hai"),
        ("H21.122508120035", "mot"),
        ("000.00.53.H21-220921-0099", "ba"),
        ("0000053H212209210099", "ba"),
        ("H21.30-250812-0035", None),
        ("H21.40-250812-0035", None),
        ("H21.99-250812-0035", None),
        ("H21.12250832.0035", None),
        ("03706/2026/07906", None),
        ("", None),
    ],
)
def test_agency_of(code: str, agency: str | None) -> None:
    found = agency_of(code, SPECS)
    assert (found.id if found else None) == agency


def test_a_code_without_dashes_that_fits_two_agencies_tells_none() -> None:
    # H21.12 with the day 911112, or H21.129 with the day 111125.
    assert agency_of("H211291111250035", SPECS) is None
    assert agency_of("H211291111250035", SPECS[1:]) is SPECS[1]
