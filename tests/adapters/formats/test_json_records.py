"""Records are cut out of a JSON answer as it comes, wherever the chunks happen to be cut."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.formats.json_records import JsonRecords
from contracts.errors import Malformed

SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
RECORDS = st.lists(st.dictionaries(st.sampled_from(["ma", "ten", "con", '},{"ma"', "]"]), VALUES) | VALUES, max_size=12)


def fed(path: list[str], text: bytes, size: int) -> tuple[list[Any], Any]:
    stream = JsonRecords(path)
    records: list[Any] = []
    for start in range(0, len(text), size):
        records += stream.feed(text[start : start + size])
    return records, stream.close()


@settings(max_examples=300, deadline=None)
@given(
    records=RECORDS,
    before=st.dictionaries(st.sampled_from(["a", "b", "noi"]), VALUES),
    after=st.dictionaries(st.sampled_from(["c", "d"]), VALUES),
    indent=st.sampled_from([None, 2]),
    size=st.integers(1, 400),
)
def test_what_comes_out_is_what_went_in(
    records: list[Any], before: dict[str, Any], after: dict[str, Any], indent: int | None, size: int
) -> None:
    inner = before | {"noiDung": records} | after
    text = json.dumps({"ma": 0, "duLieu": inner, "con": False}, ensure_ascii=False, indent=indent)
    found, around = fed(["duLieu", "noiDung"], text.encode("utf-8", "replace"), size)
    assert found == orjson.loads(text.encode("utf-8", "replace"))["duLieu"]["noiDung"]
    assert around == {"ma": 0, "duLieu": inner | {"noiDung": []}, "con": False}


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_a_list_at_the_top_and_a_byte_order_mark(size: int) -> None:
    assert fed([], b'\xef\xbb\xbf [ {"a": 1} , {"a": [2]} ] ', size) == ([{"a": 1}, {"a": [2]}], [])
    assert fed([], b"[]", size) == ([], [])


@pytest.mark.parametrize("size", range(1, 20))
def test_a_name_may_be_cut_off_from_its_colon(size: int) -> None:
    text = b'{"a": [null, "x"]\n  ,  "d"   :  [ {"b" : 1} ] }'
    assert fed(["d"], text, size) == ([{"b": 1}], {"a": [None, "x"], "d": []})


def test_an_answer_without_the_list_is_read_whole() -> None:
    refusal = {"ma": 401, "thongBao": "Hết phiên", "duLieu": None}
    assert fed(["duLieu", "noiDung"], json.dumps(refusal).encode(), 5) == ([], refusal)


@pytest.mark.parametrize(
    "text",
    [
        b'{"d": [{"a": 1}, {"a"',
        b'{"d": [{"a": 1}, ',
        b'{"d": [{"a": 1}]',
        b'{"d": [{"a": 1},]}',
        b'{"d": [,{"a": 1}]}',
        b'{"d": [{"a": 1}}]}',
        b'{"d": [{"a": 1}] "e": 2}',
        b'{"d": [{"a": 1}], "d": [{"a": 2}]}',
        b'{"d": [{"a": tru}]}',
        b'{"d": [{"a": "\xff"}]}',
        b"<html>",
        b"",
    ],
)
@pytest.mark.parametrize("size", [1, 10_000])
def test_an_answer_that_is_not_whole_and_right_is_malformed(text: bytes, size: int) -> None:
    with pytest.raises(Malformed):
        fed(["d"], text, size)


@settings(max_examples=200, deadline=None)
@given(text=st.binary(max_size=200), size=st.integers(1, 50))
def test_random_bytes_are_malformed_and_nothing_else(text: bytes, size: int) -> None:
    for start in (b"", b'{"d":[', b'{"d":[{"a":1},'):
        try:
            fed(["d"], start + text, size)
        except Malformed:
            continue
