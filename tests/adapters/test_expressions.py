"""Expressions: the functions that agencies' records call for, and which names an expression looks up."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.expressions import ExpressionError, compiled, names_in


@pytest.mark.parametrize(
    ("expression", "record", "found"),
    [
        ("fold(tt)", {"tt": "Đã TIẾP  nhận"}, "da tiep nhan"),
        ("contains(fold(tt), 'da ton tai')", {"tt": "Hồ sơ đã tồn tại."}, True),
        ("fold(tt)", {}, None),
        ("split(files, '##')[1]", {"files": "a.pdf ## b.pdf"}, "b.pdf"),
        ("split(hang, '|')[0]", {"hang": "A1|B2"}, "A1"),
        ("split(hang, '|')", {}, None),
        ("from_json(data).ma", {"data": '{"ma": "H21"}'}, "H21"),
        ("from_json(data).ma", {"data": " "}, None),
        ('from_xml(data).hoso."@ma"', {"data": "<h><hoso ma='H21'>x</hoso></h>"}, "H21"),
        (
            "ten[?languageId==`228`].name | [0]",
            {"ten": [{"languageId": 46, "name": "a"}, {"languageId": 228, "name": "b"}]},
            "b",
        ),
    ],
)
def test_functions(expression: str, record: dict[str, Any], found: Any) -> None:
    assert compiled(expression)(record) == found


@pytest.mark.parametrize(
    ("expression", "record"),
    [
        ("fold(tt)", {"tt": 5}),
        ("from_json(data)", {"data": "{"}),
        ("from_xml(data)", {"data": "<!DOCTYPE a><a/>"}),
        ("from_xml(data)", {"data": "<a>"}),
        ("split(tt, '')", {"tt": "Nguyễn"}),
        ("to_number(tt) > abs(tt)", {"tt": "Nguyễn"}),
    ],
)
def test_what_cannot_be_applied_says_so_without_the_value(expression: str, record: dict[str, Any]) -> None:
    with pytest.raises(ExpressionError) as failed:
        compiled(expression)(record)
    assert not any(str(value) in str(failed.value).replace(expression, "") for value in record.values())


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("MaHoSo", {"MaHoSo"}),
        ("nguoiNop.hoTen", {"nguoiNop"}),
        ('"Mã hồ sơ"', {"Mã hồ sơ"}),
        ('"@id" || ma', {"@id", "ma"}),
        ("[HoSo][]", {"HoSo"}),
        ("ten[?languageId==`228`].name | [0]", {"ten"}),
        ("to_number(tong) <= length(ds)", {"tong", "ds"}),
        ("{a: b, c: d.e}", {"b", "d"}),
        ("sort_by(ds, &ngay)[0].ma", {"ds"}),
        ("`5`", set()),
        ("@", None),
        ("*.ten", None),
        ("keys(@)", None),
        ("length(@.ds)", None),
    ],
)
def test_the_names_an_expression_looks_up(expression: str, names: set[str] | None) -> None:
    assert names_in(expression) == names


@given(
    st.sampled_from(["a.b[0].c", "a[?b=='1'].c", "[a][]", "{x: a, y: b.c}", "a || b", "length(a)", "from_json(a).b"]),
    st.dictionaries(
        st.sampled_from(["a", "b", "c", "d"]),
        st.recursive(
            st.none() | st.text(max_size=3),
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
            max_leaves=4,
        ),
    ),
)
def test_an_expression_sees_only_the_names_it_looks_up(expression: str, record: dict[str, Any]) -> None:
    names = names_in(expression)
    assert names is not None
    find = compiled(expression)

    def outcome(of: dict[str, Any]) -> Any:
        try:
            return find(of)
        except ExpressionError:
            return "no"

    assert outcome(record) == outcome({name: value for name, value in record.items() if name in names})
