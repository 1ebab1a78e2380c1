"""CSV and XLSX: what becomes of each cell, which rows are bad and say so, which files cannot be read at all."""

import io
import struct
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime, time
from typing import Any

import openpyxl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.files import xlsx_lines as workbooks
from adapters.files.csv_lines import csv_lines
from adapters.files.rows import Column, Row, columns_of, table
from adapters.files.xlsx_lines import xlsx_lines
from contracts.errors import Malformed
from contracts.mapping import RecordMapping
from contracts.system import Csv, Xlsx
from tests.adapters.files.drops import MAPPING, as_xlsx, with_part

SHEET = "xl/worksheets/sheet1.xml"


def read_csv(content: bytes | str, wanted: Sequence[Column] = (), **format: Any) -> list[Row]:
    how = Csv(kind="csv", **format)
    encoded = content.encode(how.encoding) if isinstance(content, str) else content
    return list(table(csv_lines(encoded, how), how.header_row, wanted))


def read_xlsx(content: bytes, wanted: Sequence[Column] = (), **format: Any) -> list[Row]:
    how = Xlsx(kind="xlsx", **format)
    return list(table(xlsx_lines(content, how), how.header_row, wanted))


# --- CSV --------------------------------------------------------------------------------------------


def test_cells_go_by_the_names_of_their_columns() -> None:
    assert read_csv("Mã hồ sơ;Ghi chú\nA-1; gấp \nA-2;\n", delimiter=";") == [
        Row("Line 2", {"Mã hồ sơ": "A-1", "Ghi chú": " gấp "}),
        Row("Line 3", {"Mã hồ sơ": "A-2", "Ghi chú": ""}),
    ]


def test_quoted_cells_may_hold_anything() -> None:
    rows = read_csv('a,b\n"1, ""hai""","dòng 1\r\ndòng 2"\n3,4\n')
    assert rows == [
        Row("Line 2", {"a": '1, "hai"', "b": "dòng 1\r\ndòng 2"}),
        Row("Line 4", {"a": "3", "b": "4"}),
    ]


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("\ufeffMã,b\nRơ Châm,ế\n".encode(), "utf-8"),
        ("Mã,b\nRơ Châm,ế\n".encode("utf-16"), "utf-16"),
        (b"\xfe\xff" + "Mã,b\nRơ Châm,ế\n".encode("utf-16-be"), "utf-16"),
        ("Ma\u0303,b\nRơ Châm,ê\u0301\n".encode("windows-1258"), "windows-1258"),
        ("Ma\u0303,b\nRo\u031b Châm,e\u0302\u0301\n".encode(), "utf-8"),
    ],
)
def test_text_is_composed_whatever_it_was_written_in(content: bytes, encoding: Any) -> None:
    assert read_csv(content, encoding=encoding) == [Row("Line 2", {"Mã": "Rơ Châm", "b": "ế"})]


@pytest.mark.parametrize(
    ("content", "encoding", "message"),
    [
        ("a,b\n1,2\nê\u0301,2\n".encode("windows-1258"), "utf-8", "Line 3: byte 9 of the file cannot be utf-8"),
        ("Mã,b\n".encode(), "windows-1258", "It is in utf-8, not windows-1258"),
        ("Mã,b\n".encode("utf-16"), "utf-8", "Line 1: byte 1 of the file cannot be utf-8"),
        ("a,b\n1,2\n".encode("utf-16")[:-1], "utf-16", "cannot be utf-16"),
        (b"a,b\n\x8d,2\n", "windows-1258", "Line 2: byte 5 of the file cannot be windows-1258"),
    ],
)
def test_another_encoding_is_told(content: bytes, encoding: Any, message: str) -> None:
    with pytest.raises(Malformed, match=message):
        read_csv(content, encoding=encoding)


def test_bad_lines_are_told_and_kept_and_spoil_no_other() -> None:
    rows = read_csv('a,b\n1\n1,2,3\n"x"y,2\n3,4\n')
    assert rows == [
        Row("Line 2", ["1"], "it has 1 cells, and the header 2 columns"),
        Row("Line 3", ["1", "2", "3"], "it has 3 cells, and the header 2 columns"),
        Row("Line 4", ['"x"y,2\n'], "it cannot be read (',' expected after '\"')"),
        Row("Line 5", {"a": "3", "b": "4"}),
    ]


def test_a_cell_without_end_is_a_bad_line() -> None:
    bad, good = read_csv(f"a,b\n{'x' * 200_000},2\n3,4\n")
    assert (bad.place, bad.wrong) == ("Line 2", "it cannot be read (field larger than field limit (131072))")
    assert len(bad.record[0]) == 64 * 1024
    assert good == Row("Line 3", {"a": "3", "b": "4"})


def test_empty_rows_and_cells_behind_the_last_column_are_nothing() -> None:
    assert read_csv("a,b,,\n1,2,,\n\n,,,\n , \n3,4\n\n\n") == [
        Row("Line 2", {"a": "1", "b": "2"}),
        Row("Line 6", {"a": "3", "b": "4"}),
    ]


def test_a_file_that_was_cut_off_in_a_cell_is_not_read() -> None:
    with pytest.raises(Malformed, match="Line 3: a cell begins with a quotation mark and never ends"):
        read_csv('a,b\n1,2\n3,"4\n5,6\n')


def test_a_nul_is_left_to_the_mapping() -> None:
    assert read_csv("a,b\n1\0,2\n") == [Row("Line 2", {"a": "1\0", "b": "2"})]


@pytest.mark.parametrize("content", ["", "\n", ",,\n1,2,3\n"])
def test_without_names_of_columns_it_is_no_table(content: str) -> None:
    with pytest.raises(Malformed, match=r"Line 1, where the names of the columns should be|It ends before line 1"):
        read_csv(content)


# --- headers ----------------------------------------------------------------------------------------


def test_the_header_may_be_further_down() -> None:
    assert read_csv("DANH SÁCH\nNgày 20/11\na,b\n1,2\n", header_row=3) == [Row("Line 4", {"a": "1", "b": "2"})]


def test_a_header_row_inside_of_a_cell_is_none() -> None:
    with pytest.raises(Malformed, match="Line 2, where"):
        read_csv('"a\nb",c\n1,2\n', header_row=2)


def test_names_that_stand_twice_are_numbered_and_missing_ones_too() -> None:
    (row,) = read_csv('Ghi chú,,Ghi  chú ,"Ghi\nchú",a\n1,2,3,4,5\n')
    assert row.record == {"Ghi chú": "1", "column 2": "2", "Ghi chú (2)": "3", "Ghi chú (3)": "4", "a": "5"}


def test_a_merged_header_names_the_column_below_it() -> None:
    content = as_xlsx(
        [("Mã hồ sơ", "Người nộp", None), (None, "Họ tên", "Điện thoại"), ("A-1", "H'Lan", "0901")],
        merged=("A1:A2", "B1:C1"),
    )
    assert [row.record for row in read_xlsx(content, header_row=2)] == [
        {"Mã hồ sơ": "A-1", "Họ tên": "H'Lan", "Điện thoại": "0901"}
    ]


def test_the_columns_of_a_mapping() -> None:
    mapping = MAPPING | {
        "code": {"paths": ['"Mã hồ sơ"', "Ma"]},
        "facts": {
            "status": {"constant": "4"},
            "note": "join('-', [a, b])",
            "procedure_code": "c || d",
            "procedure_name": "{x: e}.x",
            "applicant_name": "not_null(f.g, `1`) | h",
        },
    }
    assert columns_of(RecordMapping.model_validate(mapping)) == [
        Column("code", frozenset({"Mã hồ sơ", "Ma"})),
        Column("occurred_at", frozenset({"Ngày cập nhật"})),
        Column("note", frozenset({"a", "b"})),
        Column("procedure_code", frozenset({"c", "d"})),
        Column("procedure_name", frozenset({"e"})),
        Column("applicant_name", frozenset({"f"})),
    ]


def test_one_of_the_columns_is_enough_and_none_is_not() -> None:
    column = Column("code", frozenset({"a", "x"}))
    assert len(read_csv("a,b\n1,2\n", [column])) == 1
    with pytest.raises(Malformed, match="Line 1 names no column 'a' or 'x', which the mapping of code needs"):
        read_csv("b,c\n1,2\n", [column])


# --- XLSX -------------------------------------------------------------------------------------------


def test_every_kind_of_cell_is_text() -> None:
    cells = {
        "text": "ê\u0301",
        "whole": 12,
        "whole_float": 12.0,
        "fraction": 0.1 + 0.2,
        "long": 123456789012345,
        "yes": True,
        "moment": datetime(2026, 11, 20, 8, 0, 1),
        "day": date(2026, 11, 20),
        "hour": time(8, 30),
        "empty": None,
        "last": "x",
    }
    (row,) = read_xlsx(as_xlsx([list(cells), list(cells.values())]))
    assert row.record == {
        "text": "ế",
        "whole": "12",
        "whole_float": "12",
        "fraction": "0.3",
        "long": "123456789012345",
        "yes": "true",
        "moment": "2026-11-20 08:00:01",
        "day": "2026-11-20 00:00:00",
        "hour": "08:30:00",
        "last": "x",
    }


def test_rows_are_as_long_as_the_header() -> None:
    rows = read_xlsx(as_xlsx([("a", "b", "c"), ("1",), (), (None, None, None), ("1", "2", "3", None), "1234"]))
    assert rows == [
        Row("Line 2", {"a": "1"}),
        Row("Line 5", {"a": "1", "b": "2", "c": "3"}),
        Row("Line 6", ["1", "2", "3", "4"], "it has 4 cells, and the header 3 columns"),
    ]


def test_formulas_give_their_value_and_errors_are_bad_rows() -> None:
    content = as_xlsx([("a", "b"), ("1", "2"), ("3", "4"), ("5", "6"), ("7", "8")])
    sheet = b"""<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>
      <row r="1"><c r="A1" t="str"><v>a</v></c><c r="B1" t="str"><v>b</v></c></row>
      <row r="2"><c r="A2"><f>1+1</f><v>2</v></c><c r="B2" t="str"><f>"x"</f><v>x</v></c></row>
      <row r="3"><c r="A3" t="e"><f>1/0</f><v>#DIV/0!</v></c><c r="B3"><v>1</v></c></row>
      <row r="4"><c r="A4"><f>HYPERLINK("a")</f></c><c r="B4"><v>1</v></c></row>
      <row r="6"><c r="A6"><v>1</v></c></row>
    </sheetData></worksheet>"""
    assert read_xlsx(with_part(content, SHEET, sheet)) == [
        Row("Line 2", {"a": "2", "b": "x"}),
        Row("Line 3", ["#DIV/0!", "1"], "its cell A3 holds the error #DIV/0!"),
        Row("Line 4", [None, "1"], "its cell A4 holds a formula that was never calculated"),
        Row("Line 6", {"a": "1"}),
    ]


@pytest.mark.filterwarnings("ignore:Cell A3")  # pytest sets aside the filter of ours
def test_a_date_that_cannot_be_is_a_bad_row() -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["a"])
    sheet.append([datetime(2026, 11, 20)])
    sheet.append([99_999_999])
    sheet["A3"].number_format = "dd/mm/yyyy"
    file = io.BytesIO()
    book.save(file)
    good, bad = read_xlsx(file.getvalue())
    assert good.record == {"a": "2026-11-20 00:00:00"}
    assert bad == Row("Line 3", ["#VALUE!"], "its cell A3 holds the error #VALUE!")


def test_the_sheet_goes_by_its_name() -> None:
    content = as_xlsx([("a",), ("1",)], title="Hồ sơ")
    assert len(read_xlsx(content, sheet="Hồ sơ")) == 1
    with pytest.raises(Malformed, match="It has no sheet 'Khác', only 'Hồ sơ'"):
        read_xlsx(content, sheet="Khác")


def bomb() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(11):
            archive.writestr(f"xl/{number}.xml", bytes(10_000_000))
    return file.getvalue()


def lying(workbook: bytes) -> bytes:
    """A part that says it is smaller than what it unpacks to."""
    file = bytearray(with_part(workbook, SHEET, bytes(1_000_000)))
    at = file.rindex(b"PK\x01\x02", 0, file.rindex(SHEET.encode()))
    file[at + 24 : at + 28] = struct.pack("<I", 10)
    return bytes(file)


MAIN = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
STRINGS = b"<sst %s><si><t>a</t></si><si><r><t>Ro</t></r><r><t>\xcc\x9b</t></r></si></sst>" % MAIN
#: It would be a right sheet, and right strings, were it not for the entity.
LAUGHS = b"""<!DOCTYPE x [<!ENTITY a "<si><t>a</t></si><si><t>b</t></si>">]><worksheet %s>&a;</worksheet>""" % MAIN


def with_strings(strings: bytes) -> bytes:
    """A workbook as Excel writes it, its texts in a part of their own: the first is a column, the second a cell."""
    cells = b'<row r="%d"><c r="A%d" t="s"><v>%d</v></c></row>'
    rows = cells % (1, 1, 0) + cells % (2, 2, 1)
    book = with_part(as_xlsx([("a",)]), SHEET, b"<worksheet %s><sheetData>%s</sheetData></worksheet>" % (MAIN, rows))
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        types = archive.read("[Content_Types].xml")
    declared = b"""<Override PartName="/xl/sharedStrings.xml" ContentType=
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>"""
    book = with_part(book, "[Content_Types].xml", types.replace(b"</Types>", declared))
    return with_part(book, "xl/sharedStrings.xml", strings)


def test_texts_may_be_in_a_part_of_their_own() -> None:
    assert read_xlsx(with_strings(STRINGS)) == [Row("Line 2", {"a": "Rơ"})]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no whole ZIP"),
        (b"Ma,b\n1,2\n", "no whole ZIP"),
        (as_xlsx([("a",)])[:-100], "no whole ZIP"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "encrypted, or of before 2007"),
        (bomb(), "unpacks to more than 100000000 bytes"),
        (lying(as_xlsx([("a",)])), "no whole"),
        (with_part(as_xlsx([("a",)]), SHEET, b"<worksheet><sheetData>"), "no whole and unharmed"),
        (with_part(as_xlsx([("a",)]), SHEET, LAUGHS), "EntitiesForbidden"),
        (with_strings(LAUGHS), "EntitiesForbidden"),
        (with_part(as_xlsx([("a",)]), "xl/workbook.xml", b"<workbook/>"), "no sheet|no whole"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_workbook_or_a_bomb(content: bytes, message: str) -> None:
    with pytest.raises(Malformed, match=message):
        read_xlsx(content)


def test_a_sheet_with_a_cell_far_out_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    sheet = b"""<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">
      <dimension ref="A1:XFD1048576"/><sheetData>
      <row r="1"><c r="A1" t="str"><v>a</v></c><c r="XFD1" t="str"><v>z</v></c></row>
      <row r="%d"><c r="A9"><v>1</v></c></row></sheetData></worksheet>"""
    content = as_xlsx([("a",)])
    (row,) = read_xlsx(with_part(content, SHEET, sheet % 3))
    assert row == Row("Line 3", {"a": "1"})
    monkeypatch.setattr(workbooks, "_LAST_ROW", 1000)
    with pytest.raises(Malformed, match="goes on after line 1000"):
        read_xlsx(with_part(content, SHEET, sheet % 10_000_000_000))


# --- anything ---------------------------------------------------------------------------------------


@given(st.binary(), st.sampled_from(["utf-8", "windows-1258", "utf-16"]))
@example(b'a\n"', "utf-8")
def test_any_bytes_are_rows_or_malformed(content: bytes, encoding: Any) -> None:
    with suppress(Malformed):
        assert all(isinstance(row, Row) for row in read_csv(content, encoding=encoding))
    with suppress(Malformed):
        assert all(isinstance(row, Row) for row in read_xlsx(content))


WHOLE = as_xlsx([("a", "b"), (1, datetime(2026, 11, 20)), ("x", None)])


@given(st.data())
def test_a_damaged_workbook_is_rows_or_malformed(data: st.DataObject) -> None:
    content = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with suppress(Malformed):
        assert all(isinstance(row, Row) for row in read_xlsx(bytes(content)))
