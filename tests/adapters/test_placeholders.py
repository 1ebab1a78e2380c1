"""Placeholders: strict when a spec is read, exact when a request is made."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.placeholders import SUBMISSION, Template
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


# --- of submissions -------------------------------------------------------------------------------

HANDED: dict[str, Any] = {
    "code": None,
    "note": "{applicant_name}",
    "applicant_name": "Siu {code}",
    "submitted_at": SINCE,
    "field:Loại đất|chính": "Đất ở",
    "each_file": [
        {"file_name": "{note}.pdf", "file_type": "application/pdf", "file_size": 3, "file_base64": "YWJj"},
        {"file_name": "b.png", "file_type": "image/png", "file_size": 0, "file_base64": ""},
    ],
}


def handed(source: Any, names: tuple[str, ...] = SUBMISSION, **values: Any) -> Any:
    return Template(source, names=names, zone=VIETNAM).fill(HANDED | values, Known())


def test_each_file_is_an_entry_of_a_list() -> None:
    source = {"hoSo": {"tep": {"each_file": {"ten": "{file_name}", "co": "{file_size}", "nop": "{applicant_name}"}}}}
    assert handed(source) == {
        "hoSo": {
            "tep": [
                {"ten": "{note}.pdf", "co": 3, "nop": "Siu {code}"},
                {"ten": "b.png", "co": 0, "nop": "Siu {code}"},
            ]
        }
    }
    assert handed({"each_file": "{file_base64}"}) == ["YWJj", ""]
    assert handed({"each_file": "{file_name}"}, each_file=[]) == []


def test_a_field_of_the_form_goes_by_its_whole_name() -> None:
    assert handed(["{field:Loại đất|chính}", "({field:Loại đất|chính})", "{field:none}", "x{field:none}"]) == [
        "Đất ở",
        "(Đất ở)",
        None,
        None,
    ]


def test_when_it_was_submitted() -> None:
    assert handed(["{submitted_at|dd/MM/yyyy}", "{submitted_at}"]) == ["20/11/2026", "2026-11-20T08:00:00+07:00"]


def test_codes_are_a_list_and_stand_alone() -> None:
    codes = Template({"ids": "{codes}"}, names=("codes",), zone=VIETNAM)
    assert codes.fill({"codes": ["1", "2"]}, Known()) == {"ids": ["1", "2"]}
    with pytest.raises(ValueError, match="is a list, and stands alone"):
        Template("ids={codes}", names=("codes",), zone=VIETNAM)
    with pytest.raises(ValueError, match="is a list, and stands alone"):
        Template("{codes}", names=("codes",), zone=VIETNAM, in_path=True)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{file_name}", "no meaning here"),
        ("{each_file}", "no meaning here"),
        ("{field}", "no meaning here"),
        ("{field:}", "no meaning here"),
        ({"each_file": {"each_file": "{file_name}"}}, "only what is submitted"),
        ({"each_file": "{file_name}", "ten": "x"}, "stands alone"),
    ],
)
def test_a_wrong_template_of_a_submission(source: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Template(source, names=SUBMISSION, zone=VIETNAM)


def test_other_requests_know_no_files_and_no_fields() -> None:
    for source in ("{field:x}", {"each_file": "x"}):
        with pytest.raises(ValueError, match="no meaning here"):
            Template(source, names=NAMES, zone=VIETNAM)


@given(st.dictionaries(st.sampled_from(["code", "note", "applicant_name", "field:x"]), st.text()))
def test_what_was_typed_is_put_in_as_it_is_and_once(typed: dict[str, str]) -> None:
    values: dict[str, Any] = dict.fromkeys(SUBMISSION) | typed
    source = ["<{code}>", "{note}{applicant_name}", "{field:x}"]
    path = Template("/a/{code}/b", names=("code",), zone=VIETNAM, in_path=True)
    code, note, name, field = (values.get(key) for key in ("code", "note", "applicant_name", "field:x"))
    assert handed(source, **{"field:x": None} | values) == [
        None if code is None else f"<{code}>",
        None if note is None or name is None else f"{note}{name}",
        field,
    ]
    if code is not None and code.isprintable():
        filled = path.fill({"code": code}, Known())
        assert filled.count("/") == 3 and unquote(filled) == f"/a/{code}/b"
