"""Agency specs: what hangs together is checked together, and each mistake is told at its place in words of use."""

from typing import Any

import pytest
from pydantic import ValidationError

from contracts.agency import AgencySpec
from contracts.status import DossierStatus

DATE = {"path": "luc", "convert": "date", "formats": ["iso"]}
MAPPING: dict[str, Any] = {"code": "ma", "occurred_at": DATE, "facts": {"status": "trang_thai"}}
REST: dict[str, Any] = {"kind": "rest", "address": "https://mot-cua.example"}
SOAP: dict[str, Any] = {"kind": "soap", "address": "https://mot-cua.example", "wsdl": "so-x.wsdl"}
LOOKUP = {"lookup": {"request": {"path": "/ho-so/{code}"}}}
CHANGES = {"changes": {"request": {"path": "/ho-so"}, "pages": {"kind": "single"}}}
BARE: dict[str, Any] = {
    "id": "so-x",
    "identifier": "H21.01",
    "name": {"vi": "Sở Thử", "en": "Test"},
    "kind": "department",
}
WHOLE = BARE | {"system": REST, "operations": LOOKUP | CHANGES, "mapping": MAPPING, "sync": {"every_seconds": 60}}


def test_an_agency_without_a_system_needs_no_more_than_its_name() -> None:
    spec = AgencySpec.model_validate(BARE)
    assert not spec.enabled
    assert spec.time_zone == "Asia/Ho_Chi_Minh"


def test_a_whole_spec_survives_being_written_and_read_again() -> None:
    spec = AgencySpec.model_validate(WHOLE | {"enabled": True})
    assert AgencySpec.model_validate_json(spec.model_dump_json()) == spec


def test_a_bare_string_is_short_for_a_path() -> None:
    short = AgencySpec.model_validate(WHOLE)
    long = AgencySpec.model_validate(
        WHOLE | {"mapping": MAPPING | {"code": {"path": "ma"}, "facts": {"status": {"path": "trang_thai"}}}}
    )
    assert short == long


def test_status_words_are_compared_without_marks_and_case() -> None:
    spec = AgencySpec.model_validate(BARE | {"statuses": {"Đã trả kết quả": "10", "01": "1"}})
    assert spec.status_of("  da TRA  ket qua") is DossierStatus.RETURNED
    assert spec.status_of("01") is DossierStatus.NEW
    assert spec.status_of("1") is None
    assert spec.status_of("") is None


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        ({"id": "Sở X"}, ("id",), "should match pattern"),
        ({"kind": "ministry"}, ("kind",), "'department', 'board', 'inspectorate', 'city', 'commune' or 'post'"),
        ({"name": {"vi": "Sở X"}}, ("name", "en"), "Field required"),
        ({"phon": "1"}, ("phon",), "Extra inputs are not permitted"),
        ({"time_zone": "Asia/Pleiku"}, ("time_zone",), "'Asia/Pleiku' is no time zone; here it is Asia/Ho_Chi_Minh"),
        ({"statuses": {"Xong": "11"}}, ("statuses", "Xong"), "'9' or '10'"),
        ({"statuses": {"Đã xong": "9", "da XONG": "4"}}, ("statuses",), "are the same word once folded; keep one"),
        ({"valid_to": "31/06/2025"}, ("valid_to",), "valid date"),
        ({"system": REST | {"kind": "ftp"}}, ("system",), "'rest', 'soap'"),
        ({"system": REST | {"limits": {"attempts": 0}}}, ("system", "rest", "limits", "attempts"), "greater than"),
        ({"system": None}, (), "operations need a `system` to call"),
        ({"mapping": None}, (), "operations need a `mapping` for their records"),
        ({"operations": LOOKUP}, (), "`sync` needs operations.changes"),
        ({"system": SOAP}, (), "a soap system takes a SoapRequest"),
        ({"sync": {"every_seconds": 0}}, ("sync", "every_seconds"), "greater than or equal to 1"),
        (
            {"operations": {"changes": CHANGES["changes"] | {"pages": {"kind": "revision", "size": 9}}}},
            (),
            "pages by revision need mapping.revision",
        ),
        ({"mapping": MAPPING | {"facts": {"trang_thai": "x"}}}, ("mapping", "facts"), "unknown fact 'trang_thai'"),
        ({"mapping": MAPPING | {"facts": {"due_at": "hen"}}}, ("mapping",), "due_at needs `convert: date`, not text"),
        ({"mapping": MAPPING | {"code": DATE}}, ("mapping",), "code needs `convert: text`, not date"),
        ({"mapping": MAPPING | {"revision": "so"}}, ("mapping",), "revision needs `convert: integer`, not text"),
        (
            {"mapping": MAPPING | {"occurred_at": {"path": "luc", "convert": "date"}}},
            ("mapping", "occurred_at"),
            "a date needs `formats`",
        ),
        ({"mapping": MAPPING | {"facts": ["status"]}}, ("mapping", "facts"), "valid dictionary"),
        ({"webhook": {"secrets": []}}, ("webhook",), "give at least one of `secrets`"),
        ({"webhook": {"secrets": ["whsec_abc="]}}, ("webhook", "secrets", 0), "should match pattern"),
    ],
)
def test_a_mistake_is_told_at_its_place(change: dict[str, Any], place: tuple[str | int, ...], words: str) -> None:
    with pytest.raises(ValidationError) as error:
        AgencySpec.model_validate(WHOLE | change)
    told = error.value.errors()
    assert [(entry["loc"], entry["msg"]) for entry in told if entry["loc"] == place and words in entry["msg"]], told


def test_an_agency_that_nobody_can_reach_cannot_be_enabled() -> None:
    with pytest.raises(ValidationError, match="an enabled agency needs a `system` or a `webhook`"):
        AgencySpec.model_validate(BARE | {"enabled": True})


def test_whoever_can_be_asked_for_one_dossier_is_watched() -> None:
    asked_only = AgencySpec.model_validate(BARE | {"system": REST, "operations": LOOKUP, "mapping": MAPPING})
    assert asked_only.plan("watch") is not None
    assert asked_only.plan("pull") is None
    assert asked_only.plan("reconcile") is None
    listed_only = AgencySpec.model_validate(WHOLE | {"operations": CHANGES})
    assert listed_only.plan("watch") is None
    assert listed_only.plan("pull") == listed_only.sync
    assert AgencySpec.model_validate(WHOLE | {"sync": {"every_seconds": 60, "watch": None}}).plan("watch") is None
