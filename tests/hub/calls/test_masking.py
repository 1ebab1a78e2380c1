"""What is shown of a call's bodies: nothing that is not known to be harmless; and never a secret."""

import json
from typing import Any

import pytest

from contracts.agency import AgencySpec
from hub.calls.masking import masked, of_answer, of_request
from hub.calls.opened import opened
from tests.parts import pushing_spec

PERSONS = ("Nguyễn Văn Đức", "0905123456", "duc@example.vn", "052088001234", "Gọi ông Đức", "12 Hùng Vương", "1988")

MAPPING = {
    "code": "ma",
    "occurred_at": {"path": "sua", "convert": "date", "formats": ["epoch_ms"]},
    "facts": {
        "status": "tinhTrang.ten",
        "applicant_name": "nguoiNop.ten",
        "applicant_phone": {"paths": ["nguoiNop.dt", "dt"]},
        "note": "ghiChu",
        "procedure_code": "thuTuc",
    },
}


def spec(mapping: dict[str, Any] | None = None, **lookup: Any) -> AgencySpec:
    operation = {"request": {"path": "/hoso", "query": {"ma": "{code}", "khoa": "{secret:khoa}"}}} | lookup
    return pushing_spec(
        webhook=None,
        system={"kind": "rest", "address": "http://127.0.0.1:1"},
        operations={"lookup": operation},
        mapping=mapping or MAPPING,
    )


RECORD = {
    "ma": "H21.09-261126-0001",
    "sua": 1795000000000,
    "tinhTrang": {"ten": "Đang xử lý", "nguoi": "Nguyễn Văn Đức"},
    "thuTuc": "1.001612",
    "nguoiNop": {"ten": "Nguyễn Văn Đức", "dt": "0905123456", "ma": "052088001234", "email": "duc@example.vn"},
    "dt": None,
    "ghiChu": "Gọi ông Đức",
    "diaChi": "12 Hùng Vương",
    "namSinh": 1988,
    "nam": True,
    "giayTo": ["052088001234"],
}


def shown(body: str | bytes | dict[str, Any], of: AgencySpec | None = None, operation: str = "lookup") -> str:
    raw = json.dumps(body).encode() if isinstance(body, dict) else body.encode() if isinstance(body, str) else body
    return masked(raw, of_answer(of or spec(), operation))


def nobody_is_in(text: str) -> None:
    for each in PERSONS:
        assert each not in text


def test_a_record_shows_what_the_mapping_knows_to_be_nobodys() -> None:
    text = shown({"loi": 0, "duLieu": [RECORD]})
    nobody_is_in(text)
    told = json.loads(text)["duLieu"][0]
    assert told["ma"] == "H21.09-261126-0001"
    assert told["sua"] == 1795000000000
    assert told["tinhTrang"] == {"ten": "Đang xử lý", "nguoi": "***"}
    assert told["thuTuc"] == "1.001612"
    assert told["nguoiNop"] == dict.fromkeys(("ten", "dt", "ma", "email"), "***")
    assert told["dt"] is None
    assert (told["nam"], told["giayTo"]) == ("***", ["***"])


@pytest.mark.parametrize("operation", ["lookup", "changes", "submit.create", "result", "nothing"])
def test_without_a_spec_or_of_an_operation_it_has_not_all_is_masked(operation: str) -> None:
    for of in (None, pushing_spec()):
        text = masked(json.dumps(RECORD).encode(), of_answer(of, operation))
        nobody_is_in(text)
        assert "H21" not in text
        nobody_is_in(masked(json.dumps(RECORD).encode(), of_request(of, operation)))


def test_a_field_of_a_records_name_elsewhere_shows_nothing() -> None:
    """`ma` is the dossier's code in a record, and a person's number elsewhere."""
    nobody_is_in(shown({"nguoi": {"ma": "052088001234", "ten": "Nguyễn Văn Đức"}}))
    nobody_is_in(shown({"ma": "0905123456", "thuTuc": "052088001234", "tinhTrang": {"ten": "duc@example.vn"}}))


def test_xml_is_masked_likewise_within_texts_too() -> None:
    inner = (
        "<DS><HoSo><ma>H21.09-261126-0001</ma><thuTuc>1.001612</thuTuc><nguoiNop><ten>Nguyễn Văn Đức</ten></nguoiNop>"
        "<ghiChu nguoi='Nguyễn Văn Đức'>Gọi ông Đức</ghiChu></HoSo></DS>"
    )
    escaped = inner.replace("&", "&amp;").replace("<", "&lt;")
    for body in (inner, f"<s:Envelope xmlns:s='x'><s:Body><KetQua>{escaped}</KetQua></s:Body></s:Envelope>"):
        text = shown(body)
        nobody_is_in(text)
        assert "1.001612" in text


@pytest.mark.parametrize(
    "body",
    [
        "Hồ sơ của Nguyễn Văn Đức, 0905123456",
        "<html><body>Nguyễn Văn Đức<br></body></html>",
        "<!DOCTYPE a [<!ENTITY b 'Nguyễn Văn Đức'>]><a>&b;</a>",
        "ten=Nguyễn Văn Đức&dt=0905123456",
        '"Nguyễn Văn Đức"',
        '["Nguyễn Văn Đức", 1988]',
        '{"Nguyễn Văn Đức": 1, "0905123456": 2, "d52088001234": 1}',
        '{"a": "{\\"ten\\": \\"Nguyễn Văn Đức\\"}"}',
        '{"ten": "\\ud800 Nguyễn Văn Đức"}',
        "\ufeff[{}",
        "{" * 3000,
        "[" * 100_000,
        b"\xff\xfe\x00",
        b"%PDF-1.7 \x80\x81\x82\x90 0905123456",
    ],
)
def test_whatever_it_is_nobody_is_shown(body: str | bytes) -> None:
    nobody_is_in(shown(body))


def test_what_was_cut_is_shown_as_far_as_it_goes() -> None:
    whole = json.dumps({"duLieu": [RECORD] * 3}, ensure_ascii=False)
    for end in range(0, len(whole), 7):
        nobody_is_in(shown(whole[:end]))
    assert shown(whole[:-20]).count("H21.09-261126-0001") == 3
    document = "<?xml version='1.0'?><DS>" + 3 * (
        "<HoSo><ma>H21.09-261126-0001</ma><thuTuc>1.001612</thuTuc>"
        "<nguoiNop><ten>Nguyễn Văn Đức</ten></nguoiNop></HoSo>"
    )
    for end in range(0, len(document), 7):
        nobody_is_in(shown(document[:end]))
    assert shown(document).count("1.001612") == 3


def test_what_a_persons_data_is_taken_out_of_is_theirs() -> None:
    mixed = MAPPING | {
        "facts": {"status": "tinhTrang.ten", "procedure_code": "tomTat", "applicant_name": "split(tomTat, '|')[1]"}
    }
    text = shown(
        {"ma": "H21.09-261126-0001", "tomTat": "1.001612|Nguyễn Văn Đức", "tinhTrang": {"ten": "x"}}, spec(mixed)
    )
    nobody_is_in(text)
    anywhere = MAPPING | {"facts": {"status": "tinhTrang.ten", "applicant_name": "join(' ', values(@))"}}
    assert "H21" not in shown(RECORD, spec(anywhere))


def test_of_a_request_what_the_spec_fills_with_somebodys_data_is_masked() -> None:
    create = {
        "path": "/nop",
        "json_body": {
            "ma": "{code}",
            "loai": "HS",
            "chu": {"ten": "{applicant_name}", "dt": "{applicant_phone}"},
            "them": "{field:diaChi}",
            "khoa": "{secret:khoa}",
        },
    }
    of = pushing_spec(
        webhook=None,
        system={"kind": "rest", "address": "http://127.0.0.1:1"},
        operations={"submit": {"create": {"request": create}}, "lookup": {"request": {"path": "/x/{code}"}}},
        mapping=MAPPING,
    )
    sent = {
        "ma": "H21.09-261126-0001",
        "loai": "HS",
        "chu": {"ten": "Nguyễn Văn Đức", "dt": "0905123456"},
        "them": "12 Hùng Vương",
        "khoa": "rất bí mật",
        "khac": "Gọi ông Đức",
    }
    text = masked(json.dumps(sent).encode(), of_request(of, "submit.create"))
    nobody_is_in(text)
    assert "bí mật" not in text
    assert json.loads(text) | {"chu": 0} == sent | {"chu": 0, "them": "***", "khoa": "***", "khac": "***"}
    query = masked("?ma=H21.09-261126-0001&khoa=bí mật&ten=Nguyễn Văn Đức\n".encode(), of_request(spec(), "lookup"))
    assert query == "?ma=H21.09-261126-0001&khoa=***&ten=***"


def test_of_a_soap_request_parameters_are_told_apart() -> None:
    of = pushing_spec(
        webhook=None,
        system={"kind": "soap", "address": "http://127.0.0.1:1", "path": "/a", "wsdl": "a.wsdl"},
        operations={
            "lookup": {"request": {"operation": "TraCuu", "parameters": {"maHoSo": "{code}", "khoa": "{secret:khoa}"}}}
        },
        mapping=MAPPING,
    )
    body = (
        b"<s:Envelope xmlns:s='x'><s:Header><ten>An</ten></s:Header><s:Body><TraCuu><maHoSo>H21.09-261126-0001</maHoSo>"
        b"<khoa>***</khoa><ten>An</ten></TraCuu></s:Body></s:Envelope>"
    )
    told = json.loads(masked(body, of_request(of, "lookup")))["Envelope"]
    assert told["Body"]["TraCuu"] == {"maHoSo": "H21.09-261126-0001", "khoa": "***", "ten": "***"}
    assert told["Header"] == {"ten": "***"}


def test_how_an_answer_went_is_shown() -> None:
    of = spec(answer={"error_when": "errCode != '0'", "records": "duLieu"})
    assert json.loads(shown({"errCode": "-302", "thongBao": "Gọi ông Đức"}, of)) == {
        "errCode": "-302",
        "thongBao": "***",
    }
    nobody_is_in(shown({"errCode": "1988"}, of))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('{"access_token": "bimat", "ten": "An"}', '{"access_token": ***, "ten": "An"}'),
        ('{"matKhau" : "bi\\"mat", "a": 1}', '{"matKhau" : ***, "a": 1}'),
        ('{"a": "{\\"password\\": \\"bimat\\"}"}', '{"a": "{\\"password\\": ***}"}'),
        ('{"session": 778899, "b": 2}', '{"session": ***, "b": 2}'),
        ("<a:Password xmlns:a='x'>bimat</a:Password>", "<a:Password xmlns:a='x'>***</a:Password>"),
        ("&lt;token&gt;bimat&lt;/token&gt;", "&lt;token&gt;***&lt;/token&gt;"),
        ("?api_key=bimat&ten=An\n", "?api_key=***&ten=An\n"),
        ("mat_khau=bimat", "mat_khau=***"),
        ('<x token="bimat" ten="An"/>', '<x token=*** ten="An"/>'),
        ('{"apiKey": "bimat', '{"apiKey": ***'),
    ],
)
def test_a_secret_is_shown_for_no_reason(body: str, told: str) -> None:
    assert opened(body.encode(), "lookup") == told


def test_a_login_is_shown_for_no_reason() -> None:
    assert opened(b'{"user": "hub"}', "login") == "***"
    assert opened(b"", "login") == ""
