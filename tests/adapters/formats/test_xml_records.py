"""Records are taken out of an XML answer as it comes, with the values that reading it whole would give."""

from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.formats import xml
from adapters.formats.json_records import JsonRecords
from adapters.formats.xml import MAX_RECORD, Row, XmlRecords
from contracts.errors import Malformed

XSI = "http://www.w3.org/2001/XMLSchema-instance"
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"))
NAMES = st.sampled_from(["MaHoSo", "TrangThai", "GhiChu", "HoSo", "Khác"])


@st.composite
def elements(draw: st.DrawFn, depth: int = 0) -> str:
    name, attributes = draw(NAMES), ""
    if draw(st.booleans()):
        attributes += f" so={quoteattr(draw(TEXTS))}"
    if draw(st.integers(0, 5)) == 0:
        return f'<{name} i:nil="true"{attributes}/>'
    children = draw(st.lists(elements(depth + 1), max_size=3)) if depth < 2 else []
    text = escape(draw(TEXTS))
    return f"<{name}{attributes}>{text}{''.join(children)}</{name}>"


def fed(stream: XmlRecords, text: bytes, size: int) -> tuple[list[Any], tuple[str, Any]]:
    records: list[Any] = []
    for start in range(0, len(text), size):
        records += stream.feed(text[start : start + size])
    return records, stream.close()


@settings(max_examples=200, deadline=None)
@given(
    fields=st.lists(st.lists(elements(), max_size=4), min_size=1, max_size=5),
    total=TEXTS,
    encoding=st.sampled_from(["utf-8", "utf-16"]),
    size=st.integers(1, 300),
)
def test_records_are_as_if_the_answer_were_read_whole(
    fields: list[list[str]], total: str, encoding: str, size: int
) -> None:
    rows = "\n ".join(f"<Row>{''.join(row)}</Row>" for row in fields)
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?><s:E xmlns:s="urn:s" xmlns:i="{XSI}"><s:Body>'
        f"<Answer xmlns='urn:a'><Total>{escape(total)}</Total><List>{rows}</List><Row>no record</Row></Answer>"
        "</s:Body></s:E>"
    ).encode(encoding)
    root, whole = xml.parse(text)
    expected = whole["Body"]["Answer"]["List"]["Row"]
    for wanted in (None, frozenset({"MaHoSo", "GhiChu"})):
        records, around = fed(XmlRecords(["E", "Body", None, "List", "Row"], wanted), text, size)
        assert records == [_only(row, wanted) for row in _list(expected)]
        left = {"Total": whole["Body"]["Answer"]["Total"], "List": {"Row": []}, "Row": "no record"}
        assert around == (root, {"Body": {"Answer": left}})
        picked = [row for row in records if isinstance(row, Row)]
        if wanted and encoding == "utf-8":
            wholes = iter(row for row in _list(expected) if _only(row, wanted))
            assert [row.whole() for row in picked] == [whole for whole in wholes if isinstance(whole, dict)]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _only(row: Any, wanted: frozenset[str] | None) -> Any:
    if wanted is None or not isinstance(row, dict):
        return row
    return {name: value for name, value in row.items() if name in wanted} or ""


INNER = (
    '<?xml version="1.0" encoding="utf-16"?>\n<DS tongSo="2">'
    "<HoSo><Ma>1</Ma></HoSo><HoSo><Ma>2 &amp; 3</Ma></HoSo></DS>"
)


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize("written", [escape(INNER), f"<![CDATA[{INNER}]]>", f"\n  \ufeff{escape(INNER)}"])
def test_a_document_inside_a_string_is_read_as_it_comes(written: str, size: int) -> None:
    inner = XmlRecords([None, "HoSo"])
    outer = XmlRecords(["E", "Body", None, "Result"], inner=inner)
    text = f"<E><Body><A><Result>{written}</Result><After>x</After></A></Body></E>".encode()
    records, around = fed(outer, text, size)
    assert records == [{"Ma": "1"}, {"Ma": "2 & 3"}]
    assert inner.close() == ("DS", {"@tongSo": "2", "HoSo": []})
    assert around == ("E", {"Body": {"A": {"Result": "", "After": "x"}}})


def test_json_inside_a_string_is_read_as_it_comes() -> None:
    inner = JsonRecords(["rows"])
    outer = XmlRecords(["E", "R"], inner=inner)
    records, _ = fed(outer, b'<E><R>{"rows": [{"a": "&lt;"}], "n": 1}</R></E>', 4)
    assert (records, inner.close()) == ([{"a": "<"}], {"rows": [], "n": 1})


def test_a_declaration_of_utf_16_that_is_not_true_is_not_believed() -> None:
    text = '<?xml version="1.0" encoding="utf-16"?><E><R>Đã</R></E>'.encode()
    assert fed(XmlRecords([None, "R"]), text, 9)[0] == ["Đã"]


@pytest.mark.parametrize(
    "text",
    [
        b"<E><R><a>1</a></R><R><a>",
        b"<E><R><a>1</a></R>",
        b"<E><R><a>1</b></R></E>",
        b"<E><R>&nbsp;</R></E>",
        b'<!DOCTYPE E [<!ENTITY a "b">]><E><R>&a;</R></E>',
        b'<?xml version="1.0" encoding="no-such"?><E><R/></E>',
        b'<?xml version="1.0" encoding="utf-7"?><E><R/></E>',
        b'<?xml version="1.0" encoding="gb18030"?><E><R>1</R></E>',
        b"<E><R>\xff</R></E>",
        b"<E><R>" + b"<a>" * 150 + b"</a>" * 150 + b"</R></E>",
        b"<E>" + b"<x>" * 150 + b"</x>" * 150 + b"</E>",
        b"<E><R>" + b"".join(b"<a%d/>" % number for number in range(20_000)) + b"</R></E>",
        b"<E><R><a>" + b"x" * (MAX_RECORD + 70_000),
        b"",
        b"  ",
    ],
)
def test_what_is_no_whole_harmless_xml_is_malformed(text: bytes) -> None:
    for wanted in (None, frozenset({"b"})):
        with pytest.raises(Malformed):
            fed(XmlRecords(["E", "R"], wanted), text, 65_536)


@settings(max_examples=200, deadline=None)
@given(text=st.binary(max_size=200), size=st.integers(1, 50))
def test_random_bytes_are_malformed_and_nothing_else(text: bytes, size: int) -> None:
    for start in (b"", b"<E><R>", b"<E><R><a>1</a></R>"):
        try:
            fed(XmlRecords(["E", "R"]), start + text, size)
        except Malformed:
            continue
