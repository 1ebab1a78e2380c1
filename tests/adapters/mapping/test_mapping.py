"""Mapping: what is understood is used, what is not is kept with its reason, nothing personal leaks."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.formats.misfit import Misfit
from adapters.mapping.record_reader import MappedRecord, RecordReader, event_mapping
from contracts.agency import AgencySpec
from contracts.mapping import RecordMapping
from contracts.observation import Channel, Observation
from contracts.status import DossierStatus
from tests.adapters.specs import spec_of

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)

SPEC = AgencySpec.model_validate(
    {
        "id": "so-x",
        "identifier": "H21.99",
        "name": {"vi": "Sở X", "en": "X"},
        "kind": "department",
        "statuses": {"Đang xử lý": "4", "15": "4", "Đã trả": "10"},
    }
)
DATE = {"convert": "date", "formats": ["dd/MM/yyyy HH:mm:ss", "dd/MM/yyyy"]}
MAPPING: dict[str, Any] = {
    "code": "Ma",
    "occurred_at": {"path": "CapNhat", **DATE},
    "facts": {
        "status": "TrangThai",
        "procedure_name": "ThuTuc.Ten",
        "due_at": {"path": "HenTra", **DATE},
        "applicant_name": "NguoiNop",
        "applicant_phone": "DienThoai[0]",
        "note": "GhiChu",
    },
}
RECORD = {"Ma": "H21.99-261120-0001", "CapNhat": "20/11/2026 08:00:00", "TrangThai": "Đang xử lý"}


def read(record: Any, mapping: dict[str, Any] = MAPPING) -> MappedRecord:
    return RecordReader(RecordMapping.model_validate(mapping), SPEC).read(record, Channel.PULL, NOW)


def test_a_record_becomes_an_observation() -> None:
    result = read(
        RECORD
        | {
            "TrangThai": "  đang  XỬ LÝ ",
            "ThuTuc": {"Ten": "Cấp giấy phe\u0301p"},
            "HenTra": "30/11/2026",
            "DienThoai": ["0901", "0902"],
            "NguoiNop": "Rơ Châm H'Lan",
        }
    )
    assert result.unusable == ()
    assert result.observation is not None
    assert result.observation.model_dump(exclude_unset=True) == {
        "agency": "so-x",
        "code": "H21.99-261120-0001",
        "occurred_at": datetime(2026, 11, 20, 1, 0, tzinfo=UTC),
        "revision": None,
        "facts": {
            "status": DossierStatus.PROCESSING,
            "status_raw": "đang  XỬ LÝ",
            "procedure_name": "Cấp giấy phép",
            "due_at": datetime(2026, 11, 29, 17, 0, tzinfo=UTC),
            "applicant_name": "Rơ Châm H'Lan",
            "applicant_phone": "0901",
        },
        "observed_at": NOW,
        "channel": Channel.PULL,
    }


@pytest.mark.parametrize("nothing", [None, "", "  ", "\u00a0\n"])
def test_what_is_empty_is_not_mentioned(nothing: Any) -> None:
    fields = {
        "TrangThai": nothing,
        "HenTra": nothing,
        "NguoiNop": nothing,
        "ThuTuc": nothing,
        "GhiChu": nothing,
    }
    result = read(RECORD | fields)
    assert result.unusable == ()
    assert result.observation is not None
    assert result.observation.facts.model_fields_set == set()


def test_a_due_date_that_means_none_is_not_mentioned() -> None:
    result = read(RECORD | {"HenTra": "31/12/9999 00:00:00"})
    assert result.unusable == ()
    assert result.observation is not None
    assert "due_at" not in result.observation.facts.model_fields_set


def test_an_unknown_status_is_kept_aside_and_the_rest_applied() -> None:
    record = RECORD | {"TrangThai": "Chờ trời", "HenTra": "30/11/2026"}
    result = read(record)
    assert result.observation is not None
    assert result.observation.facts.model_fields_set == {"due_at"}
    [kept] = result.unusable
    assert (kept.reason, kept.field, kept.expression, kept.value) == (
        "unknown_status",
        "status",
        "TrangThai",
        "Chờ trời",
    )
    assert kept.code == "H21.99-261120-0001"
    assert kept.code in kept.message
    assert "Chờ trời" in kept.message
    assert orjson.loads(kept.raw) == record


def test_a_text_that_is_no_word_is_no_status() -> None:
    [kept] = read(RECORD | {"TrangThai": "Đang xử lý " * 100}).unusable
    assert (kept.reason, len(kept.value or "")) == ("unknown_status", 200)


def test_a_numeric_status_is_the_word_it_is_written_as() -> None:
    assert read(RECORD | {"TrangThai": 15}).observation.facts.status is DossierStatus.PROCESSING  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("field", "fact", "value"),
    [
        ("HenTra", "due_at", "31/02/2026"),
        ("HenTra", "due_at", "12/08/2025abc"),
        ("HenTra", "due_at", {"day": 1}),
        ("ThuTuc", "procedure_name", {"Ten": "x" * 501}),
        ("ThuTuc", "procedure_name", {"Ten": ["a", "b"]}),
        ("ThuTuc", "procedure_name", {"Ten": "a\0b"}),
        ("ThuTuc", "procedure_name", {"Ten": "a" + "\u0301\u0316" * 100_000}),
        ("TrangThai", "status", True),
    ],
)
def test_a_fact_that_does_not_fit_is_kept_aside_and_the_rest_applied(field: str, fact: str, value: Any) -> None:
    result = read(RECORD | {"NguoiNop": "A"} | {field: value})
    assert result.observation is not None
    assert result.observation.facts.applicant_name == "A"
    assert fact not in result.observation.facts.model_fields_set
    [kept] = result.unusable
    assert (kept.reason, kept.field, kept.code) == ("bad_value", fact, RECORD["Ma"])
    assert "\0" not in kept.message + (kept.value or "")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("NguoiNop", "Nguyễn Văn A" * 50),
        ("NguoiNop", {"ten": "Nguyễn Văn A"}),
        ("GhiChu", "Nguyễn Văn A" * 400),
        ("DienThoai", ["Nguyễn Văn A" * 5]),
    ],
)
def test_a_personal_value_is_not_repeated(field: str, value: Any) -> None:
    [kept] = read(RECORD | {field: value}).unusable
    assert kept.reason == "bad_value"
    assert kept.value == "(personal)"
    assert "Nguyễn" not in kept.message


@pytest.mark.parametrize(
    ("change", "reason", "field"),
    [
        ({"Ma": None}, "missing_field", "code"),
        ({"Ma": " "}, "missing_field", "code"),
        ({"Ma": "x" * 81}, "bad_value", "code"),
        ({"Ma": ["x"]}, "bad_value", "code"),
        ({"Ma": "a\0"}, "bad_value", "code"),
        ({"CapNhat": ""}, "missing_field", "occurred_at"),
        ({"CapNhat": "31/12/9999"}, "missing_field", "occurred_at"),
        ({"CapNhat": "hôm qua"}, "bad_value", "occurred_at"),
        ({"So": None}, "missing_field", "revision"),
        ({"So": "1.5"}, "bad_value", "revision"),
        ({"So": -1}, "bad_value", "revision"),
        ({"So": 2**63}, "bad_value", "revision"),
        ({"So": True}, "bad_value", "revision"),
    ],
)
def test_without_identity_or_order_nothing_is_used(change: dict[str, Any], reason: str, field: str) -> None:
    mapping = MAPPING | {"revision": {"path": "So", "convert": "integer"}}
    result = read(RECORD | {"So": "7"} | change, mapping)
    assert result.observation is None
    assert [(kept.reason, kept.field) for kept in result.unusable] == [(reason, field)]
    assert result.unusable[0].code == (None if field == "code" else RECORD["Ma"])


@pytest.mark.parametrize("record", [None, "", "text", 7, [], [RECORD], True])
def test_what_is_no_record_is_kept_aside(record: Any) -> None:
    result = read(record)
    assert result.observation is None
    assert [kept.reason for kept in result.unusable] == ["not_a_record"]
    assert orjson.loads(result.unusable[0].raw) == record


def test_an_expression_that_cannot_be_applied_is_a_bad_value() -> None:
    mapping = MAPPING | {"facts": {"procedure_name": "join('-', ThuTuc)"}}
    [kept] = read(RECORD | {"ThuTuc": 7}, mapping).unusable
    assert (kept.reason, kept.field, kept.expression) == ("bad_value", "procedure_name", "join('-', ThuTuc)")
    assert kept.message == (
        "Dossier H21.99-261120-0001 has a procedure_name that cannot be read: \"join('-', ThuTuc)\" cannot be applied "
        "(JMESPathTypeError)."
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys([*RECORD, "ThuTuc", "HenTra", "NguoiNop", "DienThoai"], JSON)))
def test_no_record_whatever_it_holds_stops_the_others(record: dict[str, Any]) -> None:
    result = read(record)
    assert result.observation is not None or result.unusable


TEXTS = (
    st.text(max_size=12) | st.integers(0, 90).map("x".__mul__) | st.sampled_from(["x" * 500, "x" * 501, "\ud800", "ế"])
)
DAYS = st.sampled_from(["20/11/2026", "20/11/2026 08:00:00", " 20/11/2026  08:00:00", "31/12/9999", "31/02/2026", ""])
NEARLY_GOOD = st.fixed_dictionaries(
    {"Ma": TEXTS, "CapNhat": DAYS, "So": st.integers(-2, 2**64) | st.integers(0, 9).map(str)},
    optional={
        "TrangThai": st.sampled_from(["Đang xử lý", "ĐÃ TRẢ", "15", "?", ""]) | TEXTS,
        "ThuTuc": st.fixed_dictionaries({"Ten": TEXTS}),
        "HenTra": DAYS,
        "NguoiNop": TEXTS,
        "DienThoai": st.lists(TEXTS, max_size=2),
    },
)


@settings(deadline=None, max_examples=500)
@given(NEARLY_GOOD)
def test_the_quick_way_reads_what_the_models_take_and_nothing_else(record: dict[str, Any]) -> None:
    mapping = RecordMapping.model_validate(MAPPING | {"revision": {"path": "So", "convert": "integer"}})
    reader = RecordReader(mapping, SPEC)
    result = reader.read(record, Channel.PULL, NOW)
    assert result == reader._read_any(record, Channel.PULL, NOW)
    if (said := result.observation) is not None:
        checked = Observation.model_validate(said.model_dump(exclude_unset=True))
        assert (checked, repr(checked), checked.facts.model_fields_set) == (
            said,
            repr(said),
            said.facts.model_fields_set,
        )
        assert checked.model_fields_set == said.model_fields_set


# --- events in the hub's own shape -----------------------------------------------------------------------

EVENT = {
    "code": "H21.20-261123-0007",
    "occurred_at": "2026-11-23T08:15:00+07:00",
    "status": "DANG_XU_LY",
    "applicant": {"name": "A", "phone": "0901", "email": "a@example.vn"},
    "due_at": "2026-11-30T17:00:00+07:00",
}


def test_an_event_is_read_by_the_published_shape() -> None:
    reader = RecordReader(event_mapping(), spec_of("ubnd-pleiku"), revision_required=True)
    said = reader.read(EVENT | {"revision": 12}, Channel.WEBHOOK, NOW).observation
    assert said is not None
    assert (said.code, said.revision, said.channel) == (EVENT["code"], 12, Channel.WEBHOOK)
    assert said.facts.model_fields_set == {
        *("status", "status_raw", "due_at", "applicant_name", "applicant_phone", "applicant_email"),
    }
    assert said.facts.status is DossierStatus.PROCESSING


def test_an_event_needs_its_revision_only_where_the_agency_numbers_its_changes() -> None:
    needed = RecordReader(event_mapping(), SPEC, revision_required=True).read(EVENT, Channel.WEBHOOK, NOW)
    assert [kept.field for kept in needed.unusable] == ["revision"]
    free = RecordReader(event_mapping(), SPEC, revision_required=False).read(EVENT, Channel.WEBHOOK, NOW)
    assert free.observation is not None
    assert free.observation.revision is None


def test_a_rule_that_cannot_make_its_fact_is_an_error_of_the_spec() -> None:
    for wrong in ({"code": {"path": "a", "convert": "integer"}}, {"facts": {"due_at": "HenTra"}}):
        with pytest.raises(ValidationError, match="needs `convert"):
            RecordMapping.model_validate(MAPPING | wrong)


TABLE = {"path": "Kenh", "table": {"Trực tuyến": "1.001612", "Trực tiếp": "2.000123"}}


@pytest.mark.parametrize(("word", "code"), [("TRỰC  tuyến", "1.001612"), ("truc tiep", "2.000123"), ("", None)])
def test_a_code_table_turns_the_agencys_words_into_ours(word: str, code: str | None) -> None:
    result = read(RECORD | {"Kenh": word}, MAPPING | {"facts": {"procedure_code": TABLE}})
    assert result.observation is not None and not result.unusable
    assert result.observation.facts.procedure_code == code


def test_what_a_code_table_gives_is_composed() -> None:
    rule = {"path": "Loai", "table": {"1": "Cấp giấy phe\u0301p"}}
    result = read(RECORD | {"Loai": 1}, MAPPING | {"facts": {"procedure_name": rule}})
    assert result.observation is not None
    assert result.observation.facts.procedure_name == "Cấp giấy phép"


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"due_at": {"path": "HenTra", **DATE, "table": {"a": "b"}}}, "only a text takes a `table`"),
        ({"note": {"path": "GhiChu", "table": {"Đã có": "a", "da co": "b"}}}, "the same word once folded"),
    ],
)
def test_a_code_table_that_cannot_be_right_is_an_error_of_the_spec(facts: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        RecordMapping.model_validate(MAPPING | {"facts": facts})


def test_a_due_date_in_utc_is_the_day_it_is_here() -> None:
    rule = {"path": "appointmentDate", "convert": "date", "formats": ["iso"]}
    result = read(RECORD | {"appointmentDate": "2026-11-29T17:00:00.000+0000"}, MAPPING | {"facts": {"due_at": rule}})
    assert result.observation is not None and result.observation.facts.due_at is not None
    assert result.observation.facts.due_at.astimezone(ZoneInfo("Asia/Ho_Chi_Minh")).date() == date(2026, 11, 30)


def test_a_word_that_a_code_table_lacks_is_kept_aside() -> None:
    [kept] = read(RECORD | {"Kenh": "Bưu điện"}, MAPPING | {"facts": {"procedure_code": TABLE}}).unusable
    assert (kept.reason, kept.field, kept.expression, kept.value) == ("bad_value", "procedure_code", "Kenh", "Bưu điện")
    assert "it has Trực tuyến, Trực tiếp" in kept.message


def test_of_several_candidates_the_first_that_says_something_counts() -> None:
    mapping = MAPPING | {"facts": {"note": {"paths": ["GhiChu", "NoiDung.YKien", "LyDo"]}}}
    for said in (
        {"GhiChu": "a", "LyDo": "b"},
        {"GhiChu": " ", "NoiDung": {"YKien": "a"}},
        {"GhiChu": None, "LyDo": "a"},
    ):
        result = read(RECORD | said, mapping)
        assert result.observation is not None
        assert result.observation.facts.note == "a"


def test_a_constant_is_the_same_for_every_record() -> None:
    result = read(RECORD, MAPPING | {"facts": {"procedure_code": {"constant": "1.001612"}}})
    assert result.observation is not None
    assert result.observation.facts.procedure_code == "1.001612"


@pytest.mark.parametrize(
    ("written", "number"),
    [("75.000", 75000), ("1,234,567", 1234567), ("12.0", 12), (12.0, 12), (" 7 ", 7), ("1.234.567", 1234567)],
)
def test_numbers_are_read_as_people_write_them(written: Any, number: int) -> None:
    mapping = MAPPING | {"revision": {"path": "So", "convert": "integer"}}
    assert read(RECORD | {"So": written}, mapping).revision == number


@pytest.mark.parametrize("written", ["12.5", "1.23", "1.2345", "một", "1,23,456", 12.5, True, ["1"]])
def test_what_is_no_whole_number_is_refused(written: Any) -> None:
    mapping = MAPPING | {"revision": {"path": "So", "convert": "integer"}}
    [kept] = read(RECORD | {"So": written}, mapping).unusable
    assert (kept.reason, kept.field) == ("bad_value", "revision")


def test_a_text_that_the_contract_promised_to_be_something_else_is_refused() -> None:
    record = RECORD | {"Ma2": Misfit("abc", "int"), "HenTra": Misfit("30/11/2026", "dateTime")}
    result = read(record, MAPPING | {"facts": {"national_code": "Ma2", "due_at": {"path": "HenTra", **DATE}}})
    assert result.observation is not None
    # The spec says in which format the date really comes, whatever the contract promises.
    assert result.observation.facts.model_fields_set == {"due_at"}
    [kept] = result.unusable
    assert "promises int" in kept.message


@pytest.mark.parametrize(
    ("facts", "names"),
    [
        ({"note": "a.b"}, {"Ma", "CapNhat", "a"}),
        ({"note": {"paths": ["a", "b || c"]}}, {"Ma", "CapNhat", "a", "b", "c"}),
        ({"note": {"constant": "x"}}, {"Ma", "CapNhat"}),
        ({"note": "*.ghiChu"}, None),
    ],
)
def test_the_names_that_a_mapping_looks_up(facts: dict[str, Any], names: set[str] | None) -> None:
    mapping = RecordMapping.model_validate(MAPPING | {"facts": facts})
    assert RecordReader(mapping, SPEC).names == names


@pytest.mark.parametrize("rule", [{"path": "a", "constant": "b"}, {}, {"paths": []}, {"path": "a", "paths": ["b"]}])
def test_a_rule_finds_its_value_in_one_way(rule: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="give one of"):
        RecordMapping.model_validate(MAPPING | {"facts": {"note": rule}})
