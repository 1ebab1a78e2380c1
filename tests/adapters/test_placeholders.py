"""Placeholders: strict when a spec is read, exact when a request is made."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from adapters.placeholders import Template
from contracts.errors import Unauthorized

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
NAMES = ("code", "since", "until", "revision", "page", "size")
SINCE = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)


class Known:
    def get(self, name: str) -> str:
        return {"so-x-khoa": "k{page}"}[name]


def fill(source: Any, **values: Any) -> Any:
    return Template(source, names=NAMES, zone=VIETNAM).fill(values, Known())


def test_values_take_their_places_however_deep() -> None:
    source = {"a": ["{code}", {"b": "<{code}>"}], "c": 7, "d": None, "e": "", "f": True}
    assert fill(source, code="H21") == {"a": ["H21", {"b": "<H21>"}], "c": 7, "d": None, "e": "", "f": True}


def test_a_number_alone_stays_a_number() -> None:
    assert fill(["{page}", "{page}/{size}"], page=2, size=50) == [2, "2/50"]


def test_what_has_no_value_leaves_nothing_behind() -> None:
    assert fill(["{revision}", "from {revision}", "{since|yyyyMMdd}"], revision=None, since=None) == [None] * 3


def test_dates_are_written_in_the_agencys_zone() -> None:
    assert fill(["{since|dd/MM/yyyy HH:mm:ss}", "{since}"], since=SINCE) == [
        "20/11/2026 08:00:00",
        "2026-11-20T08:00:00+07:00",
    ]


def test_what_a_value_holds_is_not_a_placeholder() -> None:
    assert fill("{secret:so-x-khoa}{code}", code="{size}") == "k{page}{size}"


def test_values_in_a_path_are_escaped() -> None:
    path = Template("/ho-so/{code}", names=("code",), zone=VIETNAM, in_path=True)
    assert path.fill({"code": "../a b?c#d/đ"}, Known()) == "/ho-so/..%2Fa%20b%3Fc%23d%2F%C4%91"
    lone = Template("{code}", names=("code",), zone=VIETNAM, in_path=True)
    assert lone.fill({"code": "a/b"}, Known()) == "a%2Fb"


def test_a_missing_secret_is_named_and_refused() -> None:
    template = Template("{secret:no-such}", names=(), zone=VIETNAM)
    with pytest.raises(Unauthorized, match="no-such"):
        template.fill({}, Known())


@pytest.mark.parametrize(
    "source",
    [
        "{cod}",
        "{}",
        "{ code }",
        "{code.__class__}",
        "{code!r}",
        "{code|yyyy}",
        "{since|yyyy}",
        "{since|hh}",
        "{code",
        "code}",
        "{{code}}",
        "{secret:}",
        "{secret:../etc/passwd}",
        {"a": ["{nothing}"]},
    ],
)
def test_a_wrong_template_is_an_error_when_it_is_made(source: Any) -> None:
    with pytest.raises(ValueError, match=r"has a brace|has no meaning|is no date format|which only dates take"):
        Template(source, names=NAMES, zone=VIETNAM)
