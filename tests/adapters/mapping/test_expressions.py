"""Expressions: the functions that agencies' records call for, and which names an expression looks up."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.mapping.expressions import ExpressionError, _Functions, compiled, names_in, truth


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
        ("join('.', split(maTTHC, '.')[:2])", {"maTTHC": "1.001612.000.00.00.H48"}, "1.001612"),
        ("join('.', split(maTTHC, '.')[:2])", {"maTTHC": "1.001612"}, "1.001612"),
        # Said twice, it is nobody's guess which is meant.
        ("from_json(data).ma", {"data": '{"ma": "1", "ma": "2"}'}, ["1", "2"]),
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
        ("from_json(data)", {"data": "[" * 2000 + "]" * 2000}),
        ("from_json(data)", {"data": "\ud800"}),
        ("from_xml(data)", {"data": "<a>" * 200 + "</a>" * 200}),
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


@pytest.mark.parametrize("expression", ["!a.b", "!a.b.c", "x && !a.b", "a[?!b.c]", "!a[].b", "(!a).b", "length(!a.b)"])
def test_a_negation_that_is_looked_into_is_an_error_of_the_spec(expression: str) -> None:
    with pytest.raises(ValueError, match=r"write !\(a\.b\)"):
        compiled(expression)


@pytest.mark.parametrize(
    ("expression", "found"),
    [("!(a.b)", False), ("!a", False), ("!a && x.y", False), ("!x || a.b", True), ("!a[0]", True)],
)
def test_a_negation_of_a_whole_path(expression: str, found: bool) -> None:
    assert truth(compiled(expression)({"a": {"b": 1}})) is found


@pytest.mark.parametrize(
    "expression",
    [
        "@" + " | [@, @]" * 50 + " | to_string(@)",
        "@" + " | [@, @][]" * 40,
        "@" + " | {a: @, b: @}" * 30,
        "join(a, split(b, ','))",
        "split(" * 5 + "a" + ", 'x')|join('xxxxxxxxxxxx',@)" * 5,
        "map(&[@, @, @, @], @)" + " | map(&[@, @, @, @], @)" * 5,
    ],
)
def test_what_would_run_for_ever_is_an_error_of_the_spec(expression: str) -> None:
    assert len(expression) <= 500
    with pytest.raises(ValueError, match="too many times over"):
        compiled(expression)


ALARMS = " && ".join(f"contains(fold(errors), 'loi {number}')" for number in range(12))


@pytest.mark.parametrize(
    "expression",
    [
        "{ma: a, ten: b.c, giay: ds[].[ten, so], khac: {x: x, y: y}}",
        "join('; ', ds[].join(', ', [ten, so, ngay]))",
        "ds[?loai == 'a' && so > `5`].{ma: ma, ten: ten} | [0]",
        "[a, b, c, d][] | sort_by(@, &ngay)[-1].ma",
        ALARMS,
    ],
)
def test_what_specs_need_is_allowed(expression: str) -> None:
    compiled(expression)


_NAMES = sorted(_Functions.FUNCTION_TABLE)
_ATOMS = ["a", "b", "@", "`5`", "'x'", "`null`", '`[1, "a"]`', "*", "[]", "[*]", "[0]", "[::2]", "[:1]", "`{}`"]
EXPRESSIONS = st.recursive(
    st.sampled_from(_ATOMS),
    lambda part: st.one_of(
        st.tuples(part, st.sampled_from([".", " | ", " || ", " && ", " == ", " < "]), part).map("".join),
        st.tuples(part, part).map(lambda two: f"{two[0]}[?{two[1]}]"),
        st.tuples(part, part).map(lambda two: f"[{two[0]}, {two[1]}]"),
        st.tuples(st.sampled_from(_NAMES), part).map(lambda two: f"{two[0]}({two[1]})"),
        st.tuples(st.sampled_from(_NAMES), part, part).map(lambda three: "{}({}, {})".format(*three)),
        st.tuples(st.sampled_from(_NAMES), part, part).map(lambda three: "{}({}, &{})".format(*three)),
    ),
    max_leaves=5,
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=4)
    | st.sampled_from(['{"a":1}', "<a/>"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=5,
)


@settings(deadline=None, max_examples=500)
@given(EXPRESSIONS, VALUES)
def test_nothing_but_an_expression_error_escapes(expression: str, document: Any) -> None:
    try:
        find = compiled(expression)
    except ValueError:
        return
    with suppress(ExpressionError):
        find(document)


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
        ("join('.', split(ma, '.')[:2])", {"ma"}),
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
