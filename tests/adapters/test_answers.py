"""Answers as real systems write them: in whatever charset, saying things twice, or not saying them at all."""

import json
import random
import unicodedata
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.answers import AnswerReader
from adapters.formats.documents import parse_json, parse_xml
from contracts.errors import AgencyFailure, Malformed, NotFound, Rejected, Throttled
from contracts.operations import Answer

NAME = "Nguyễn Thị Đắc Ước"
ROW = {"hoTen": NAME, "trangThai": "Đã xử lý"}


def windows_1258(text: str) -> bytes:
    """As Windows writes it: letters with their hats and hooks in one byte, tones as marks of their own."""
    marks = "\u0300\u0301\u0303\u0309\u0323"
    letters = (unicodedata.normalize("NFD", letter) for letter in text)
    return "".join(
        unicodedata.normalize("NFC", "".join(c for c in parts if c not in marks))
        + "".join(c for c in parts if c in marks)
        for parts in letters
    ).encode("windows-1258")


WRITTEN = orjson.dumps(ROW)
WRITTEN_1258 = windows_1258(WRITTEN.decode())


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (WRITTEN, "application/json"),
        (WRITTEN, "text/html; charset=windows-1258"),
        (WRITTEN, "text/html; charset=iso-8859-1"),
        (WRITTEN, "application/json; charset=no-such-charset"),
        (b"\xef\xbb\xbf" + WRITTEN, "application/json; charset=utf-8"),
        (b"\r\n\r\n" + WRITTEN + b"\r\n", "text/plain"),
        (WRITTEN.decode().encode("utf-16"), "application/json"),
        (WRITTEN.decode().encode("utf-16-le"), "application/json; charset=utf-16"),
        (WRITTEN.decode().encode("utf-16-be"), "application/json; charset=utf-8"),
        (WRITTEN_1258, "application/json; charset=utf-8"),
        (WRITTEN_1258, "text/html"),
        (WRITTEN_1258, 'text/html; charset="Windows-1258"'),
        (json.dumps(ROW).encode(), "application/json"),
    ],
)
def test_json_is_read_whatever_charset_it_is_in(body: bytes, content_type: str) -> None:
    assert parse_json(body, content_type) == ROW


def test_a_charset_of_single_bytes_is_believed_where_it_is_no_utf_8() -> None:
    assert parse_json('{"a": "Café ÿ"}'.encode("latin-1"), "text/html; charset=ISO-8859-1") == {"a": "Café ÿ"}


def test_a_letter_that_was_cut_in_two_spoils_only_its_own_text() -> None:
    cut = WRITTEN.replace("ý".encode(), "ý".encode()[:1])
    assert parse_json(cut, "application/json; charset=utf-8") == ROW | {"trangThai": "Đã xử l\ufffd"}
    assert parse_json(rb'{"a": "\ud83d", "b": "\ud83d\ude00 \\ud83d", "c": "\ude00"}') == {
        "a": "\ufffd",
        "b": "😀 \\ud83d",
        "c": "\ufffd",
    }


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf \n", "is empty"),
        (b"<!doctype html>", "HTML"),
        (b'{"a": 1', "line 1, column"),
        (b'{"a": NaN}', "line 1, column"),
        (b'{"a": Infinity}', "line 1, column"),
        (b'{"a": 1e999}', "line 1, column"),
        (b'{"a": "\x00\xff\xfe\xf8\x8a"}', "neither in UTF-8"),
        (b"[" * 300 + b"]" * 300, "nested too deeply"),
        (b"[" * 3000 + b"]" * 3000, "line 1, column"),
        (b'{"a": 1, "a": [1]}', "'a' twice"),
        (b'{"a": {"b": 1}, "a": {"b": 2}}', "'a' twice"),
    ],
)
def test_what_is_no_json(body: bytes, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        parse_json(body)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ('{"a": 1, "a": 1}', {"a": 1}),
        ('{"a": {"b": 1}, "a": {"b": 1}}', {"a": {"b": 1}}),
        ('{"a": "1", "b": 2, "a": "3", "a": "1"}', {"a": ["1", "3"], "b": 2}),
        ('{"a": 1, "a": true}', {"a": [1, True]}),
        ('[{"a": null, "a" : "x:y"}, {"a": "x"}]', [{"a": [None, "x:y"]}, {"a": "x"}]),
        (
            '{"b": 123456789012345678901, "c": 1.50, "a": 1, "a": 2}',
            {"b": 123456789012345678901.0, "c": 1.5, "a": [1, 2]},
        ),
    ],
)
def test_a_name_that_is_said_twice_is_not_lost(body: str, value: Any) -> None:
    assert parse_json(body.encode()) == value


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (f"<a>{NAME}</a>".encode(), "text/xml"),
        (f"<a>{NAME}</a>".encode(), "text/xml; charset=iso-8859-1"),
        (f'\ufeff<?xml version="1.0" encoding="windows-1258"?><a>{NAME}</a>'.encode(), "text/xml"),
        (f'<?xml version="1.0" encoding="utf-16"?><a>{NAME}</a>'.encode(), "text/xml"),
        (f'<?xml version="1.0" encoding="utf-16"?><a>{NAME}</a>'.encode("utf-16"), "text/xml"),
        (b"<a>" + windows_1258(NAME) + b"</a>", "text/xml"),
        (b"<a>" + windows_1258(NAME) + b"</a>", "text/xml; charset=windows-1258"),
        (b'<?xml version="1.0" encoding="utf-8"?><a>' + windows_1258(NAME) + b"</a>", "text/xml"),
        (b"<?xml version='1.0' encoding='windows-1258'?><a>" + windows_1258(NAME) + b"</a>", "text/xml"),
    ],
)
def test_xml_is_read_whatever_charset_it_is_in(body: bytes, content_type: str) -> None:
    assert parse_xml(body, content_type) == NAME


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b" ", "is empty"),
        (b"<html><body>B\xe1o tr\xec</body></html>", "web page"),
        (b"<!DOCTYPE html><html></html>", "DOCTYPE"),
        (b"<a><b></a>", "well-formed"),
        (b'{"a": 1}', "well-formed"),
    ],
)
def test_what_is_no_xml(body: bytes, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        parse_xml(body)


# --- where the records are ----------------------------------------------------------------------------------

READ = Answer(
    records="d.results || d",
    error_when="error_code && error_code != '0'",
    error_message="message",
    busy_when="error_code == '99'",
    absent_when="error_code == '2'",
)


@pytest.mark.parametrize(
    ("content", "records"),
    [
        ({"d": {"results": [{"a": 1}]}}, [{"a": 1}]),
        ({"d": [{"a": 1}, {"a": 2}]}, [{"a": 1}, {"a": 2}]),
        ({"d": {"a": 1}}, [{"a": 1}]),
        ({"error_code": "0", "d": []}, []),
    ],
)
def test_records_are_found_in_their_envelope(content: Any, records: list[Any]) -> None:
    reader = AnswerReader(READ)
    assert reader.records(reader.content(content)) == records


@pytest.mark.parametrize(
    ("code", "failure"),
    [("1", Rejected), ("2", NotFound), ("99", Throttled), (["0", "1"], Rejected)],
)
def test_an_error_in_an_answer_of_success(code: Any, failure: type[AgencyFailure]) -> None:
    with pytest.raises(failure) as caught:
        AnswerReader(READ).content({"error_code": code, "message": "Hệ thống bận"})
    assert failure is NotFound or "Hệ thống bận" in caught.value.message


@pytest.mark.parametrize("list_of", ["[ketQua.ds][]", "ketQua.ds || `[]`"])
@pytest.mark.parametrize("content", [{}, {"ketQua": None}, {"ketQua": {"ds": None}}, {"ketQua": {"ds": []}}])
def test_nothing_is_no_list_unless_the_spec_says_so(list_of: str, content: Any) -> None:
    assert AnswerReader(Answer(records=list_of)).records(content) == []
    if content != {"ketQua": {"ds": []}}:
        with pytest.raises(Malformed, match="there is nothing"):
            AnswerReader(Answer(records="ketQua.ds")).records(content)


def test_an_empty_text_may_be_an_empty_list() -> None:
    assert AnswerReader(Answer(records="ds || `[]`")).records({"ds": ""}) == []


@pytest.mark.parametrize(
    ("answer", "document"),
    [
        (Answer(inside="d", inside_holds="json", records="ds"), {"d": '{"ds": {"a": "1"}}'}),
        (Answer(inside="@", inside_holds="json", records="ds"), '{"ds": [{"a": "1"}]}'),
        (
            Answer(inside="data", records="ho"),
            {"data": '<?xml version="1.0" encoding="utf-16"?><x><ho><a>1</a></ho></x>'},
        ),
        (Answer(holds="xml", inside="@", inside_holds="json"), parse_xml(b'<string xmlns="urn:x">{"a":"1"}</string>')),
    ],
)
def test_documents_within_documents(answer: Answer, document: Any) -> None:
    reader = AnswerReader(answer)
    assert reader.records(reader.content(document)) == [{"a": "1"}]


# --- whatever comes -----------------------------------------------------------------------------------------

READERS = [
    AnswerReader(answer)
    for answer in (
        READ,
        Answer(inside="d", inside_holds="json"),
        Answer(inside="d", records="length(@)"),
        Answer(records="sort_by(d.results, &hoTen)", error_when="contains(message, 'x')", error_message="d"),
    )
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["d", "results", "error_code", "message", "hoTen"]), inner, max_size=4)
    ),
    max_leaves=12,
)
REAL = [
    orjson.dumps({"d": {"results": [ROW, ROW]}, "error_code": "0", "message": "ổn"}),
    b'{"d": "{\\"results\\": [{\\"hoTen\\": \\"\\ud83d\\"}]}", "d": 1}',
    WRITTEN_1258,
    f'<?xml version="1.0" encoding="utf-8"?><d><results>{NAME}</results></d>'.encode(),
]


def only_agency_failures(body: bytes, content_type: str) -> None:
    for parse in (parse_json, parse_xml):
        for reader in READERS:
            try:
                records = reader.records(reader.content(parse(body, content_type)))
            except AgencyFailure as failure:
                failure.message.encode()
            else:
                orjson.dumps(records)


CONTENT_TYPES = (
    st.sampled_from(["", "text/html; charset=utf-8", "x; charset=windows-1258", "x; charset=idna"]) | st.text()
)


@given(st.binary(max_size=200), CONTENT_TYPES)
def test_random_bytes(body: bytes, content_type: str) -> None:
    only_agency_failures(body, content_type)


@given(JSON, CONTENT_TYPES)
def test_random_json(value: Any, content_type: str) -> None:
    only_agency_failures(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"), content_type)
    only_agency_failures(json.dumps(value).encode(), content_type)


@given(st.sampled_from(REAL), st.integers(0, 2**32), CONTENT_TYPES)
@settings(max_examples=300)
def test_mutated_real_answers(body: bytes, seed: int, content_type: str) -> None:
    chance = random.Random(seed)
    mutated = bytearray(body)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(mutated))
        match chance.randrange(4):
            case 0:
                mutated[at] = chance.randrange(256)
            case 1:
                del mutated[at : at + chance.randint(1, 9)]
                mutated = mutated or bytearray(b" ")
            case 2:
                mutated[at:at] = chance.choice([b'"', b"\\ud800", b"\\u0000", b"{", b"<", b"\xe1\xbb", b"1e400", b"\0"])
            case _:
                mutated[at:at] = mutated[chance.randrange(len(mutated)) :]
    only_agency_failures(bytes(mutated), content_type)
