"""A value of a spec's text is changed, and nothing else in it."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.yaml_text import read_yaml
from hub.specs.editing import changed, edited
from tests.running import ROOT

TEXT = """\
# Sở Xây dựng.
id: so-xd  # for ever
statuses:
  MOI: "1"  # as they write it

  'ĐÃ NHẬN': "2"
mapping:
  facts:
    status: TrangThai
    due_at: {path: HanTra, convert: date, formats: [iso]}
"""


def test_a_word_is_added_and_all_else_stays() -> None:
    done = edited(TEXT, {("statuses", "Chờ bổ sung HS"): "5"})
    assert done == TEXT.replace('"2"\n', '"2"\n  Chờ bổ sung HS: "5"\n')


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        (("statuses", "MOI"), "2", '  MOI: "2"  # as they write it'),
        (("statuses", "12"), "5", '  "12": "5"'),
        (("mapping", "facts", "due_at", "formats"), ["iso", "dd/MM/yyyy"], "formats: [iso, dd/MM/yyyy]}"),
        (("mapping", "facts", "status", "table"), {"a: b": "4"}, "      path: TrangThai"),
        (("mapping", "facts", "note"), "GhiChu", "    note: GhiChu"),
        (("phone",), "02693823100", 'phone: "02693823100"'),
        (("sync", "every_seconds"), 300, "sync:\n  every_seconds: 300"),
    ],
)
def test_values_are_written_as_they_are_read(path: tuple[str, ...], value: object, line: str) -> None:
    done = edited(TEXT, {path: value})
    assert line in done
    found = read_yaml(done)
    for step in path:
        found = found[step]
    assert found == value


def test_what_is_taken_out_is_gone() -> None:
    assert "MOI" not in edited(TEXT, {("statuses", "MOI"): None})
    assert edited(TEXT, {("statuses", "XONG"): None}) == TEXT


@pytest.mark.parametrize("path", sorted((ROOT / "config").rglob("*.yaml")), ids=lambda path: path.stem)
def test_all_that_we_wrote_stays_as_it_is(path: Path) -> None:
    assert edited(path.read_text("utf-8"), {}) == path.read_text("utf-8")


COMMENTED = """\
# Sở Xây dựng.
id: so-xd

# What their words mean.
statuses:
  # From their list of 2024.
  MOI: "1"  # as they write it,
            # in all their systems
  DANG_XL: "4"
  # CU: "2" is said no more.

# How a record is read.
mapping:
  code: MaHS
  facts:
    status: TrangThai  # a word
    # The rest they do not tell.

  # Times are theirs.
sync:
  every_seconds: 60
  # Not on Sundays.

# The end.
"""


@pytest.mark.parametrize(
    ("changes", "before", "after"),
    [
        pytest.param(
            {("statuses", "Chờ bổ sung HS"): "5"},
            '  DANG_XL: "4"\n',
            '  DANG_XL: "4"\n  Chờ bổ sung HS: "5"\n',
            id="added above what ends its section",
        ),
        pytest.param({("statuses", "DANG_XL"): None}, '  DANG_XL: "4"\n', "", id="the last of a section taken out"),
        pytest.param(
            {("statuses", "MOI"): None},
            '  # From their list of 2024.\n  MOI: "1"  # as they write it,\n            # in all their systems\n',
            "",
            id="with what is said of it",
        ),
        pytest.param(
            {("mapping", "facts", "note"): "GhiChu"},
            "# a word\n",
            "# a word\n    note: GhiChu\n",
            id="added deeper in",
        ),
        pytest.param(
            {("mapping", "occurred_at"): "Ngay"},
            "    # The rest they do not tell.\n",
            "    # The rest they do not tell.\n  occurred_at: Ngay\n",
            id="added below what ends a section in it",
        ),
        pytest.param(
            {("mapping", "facts", "status", "table"): {"a": "4"}},
            "    status: TrangThai  # a word\n",
            '    status:  # a word\n      path: TrangThai\n      table:\n        a: "4"\n',
            id="the short form written out",
        ),
        pytest.param(
            {("mapping", "facts", "status"): None},
            "  facts:\n    status: TrangThai  # a word\n",
            "  facts: {}\n",
            id="the only one taken out",
        ),
        pytest.param(
            {("sync",): None},
            "sync:\n  every_seconds: 60\n  # Not on Sundays.\n\n",
            "\n",
            id="a section taken out",
        ),
        pytest.param(
            {("sync", "every_seconds"): None, ("sync", "cron"): "0 5 * * *"},
            "  every_seconds: 60\n",
            '  cron: "0 5 * * *"\n',
            id="one instead of another",
        ),
        pytest.param(
            {("enabled",): True},
            "  # Not on Sundays.\n",
            "  # Not on Sundays.\nenabled: true\n",
            id="a section added above the end",
        ),
        pytest.param(
            {("mapping", "facts"): {"status": "TT", "note": "GhiChu"}},
            "status: TrangThai  # a word\n",
            "status: TT  # a word\n    note: GhiChu\n",
            id="a section that is given whole",
        ),
    ],
)
def test_each_comment_stays_where_it_is(changes: dict[tuple[str, ...], object], before: str, after: str) -> None:
    assert COMMENTED.count(before) == 1
    assert edited(COMMENTED, changes) == COMMENTED.replace(before, after)


@pytest.mark.parametrize("indent", ["", "  "])
def test_an_item_of_a_list_goes_and_another_comes(indent: str) -> None:
    lines = ["# The best.", "- one  # 1", "- two  # 2", "- three  # 3", "", "# No more."]
    text = f"a:\n{indent}" + f"\n{indent}".join(lines) + "\nb: 1\n"
    done = edited(text, {("a",): ["one", "three", "four"]})
    assert done == text.replace(f"{indent}- two  # 2\n", "").replace("# 3\n", f"# 3\n{indent}- four\n")


def test_within_brackets_too() -> None:
    text = "a: {b: [one,  # 1\n        two],  # 2\n    c: x}  # of a\n# The end."
    done = edited(text, {("a", "b"): ["one", "two", "3"], ("a", "c"): None, ("a", "d, e"): "f, g"})
    assert read_yaml(done) == {"a": {"b": ["one", "two", "3"], "d, e": "f, g"}}
    assert [line.partition("#")[2] for line in done.splitlines()] == [" 1", " 2", " of a", " The end."]


def test_what_a_text_says_in_two_places_at_once_is_changed_in_one() -> None:
    text = "a: &it {x: 1}\nb: *it\n"
    assert read_yaml(edited(text, {("a", "x"): 2})) == {"a": {"x": 2}, "b": {"x": 1}}
    assert read_yaml(edited(text, {("a",): None})) == {"b": {"x": 1}}


@pytest.mark.parametrize(
    "text", ["a:\n  b: |\n    x\n    # y\n\n# z\nc:\n", "a:\n- - 1\n  - 2\n- b: 3\nc: 'd'", "{a: 1}"]
)
def test_however_a_text_is_written(text: str) -> None:
    for path in (("a",), ("c",), ("a", "b"), ("new",)):
        for value in (None, "", "x: y", "two\nlines", ["1", "2"], {"b": ["no"]}, {}, []):
            done = edited(text, {path: value})
            assert read_yaml(done) == changed(read_yaml(text), {path: value})
            assert ("# z" in done) == ("# z" in text and "c" in read_yaml(done))


class _Drawn:
    """A text with comments, and of each of them the path that it goes with."""

    def __init__(self, data: st.DataObject) -> None:
        self._draw = data.draw
        self.lines = ["id: x"]
        self.owners: list[tuple[str, ...]] = []
        self.paths: list[tuple[str, ...]] = []
        self.mapping((), "")

    def often(self) -> bool:
        return self._draw(st.booleans())

    def comment(self, owner: tuple[str, ...]) -> str:
        self.owners.append(owner)
        return f"# c{len(self.owners) - 1}."

    def said(self, owner: tuple[str, ...]) -> str:
        return f"  {self.comment(owner)}" if self.often() else ""

    def mapping(self, path: tuple[str, ...], indent: str) -> None:
        for key in self._draw(st.lists(st.sampled_from("abcđ"), min_size=1, unique=True)):
            inner = (*path, key)
            self.paths.append(inner)
            if self.often():
                if self.often():
                    self.lines.append("")
                self.lines.append(indent + self.comment(inner))
            kind = self._draw(st.sampled_from(["scalar", "list", "mapping"] if len(path) < 3 else ["scalar"]))
            value = self._draw(st.sampled_from([" 1", " 'two'", " [x, y]", " {x: 1}"])) if kind == "scalar" else ""
            self.lines.append(f"{indent}{key}:{value}{self.said(inner)}")
            if kind == "list":
                for item in self._draw(st.lists(st.sampled_from("uvw"), min_size=1, unique=True)):
                    self.lines.append(f"{indent}  - {item}{self.said((*inner, item))}")
            elif kind == "mapping":
                self.mapping(inner, indent + "  ")
        if self.often():
            if self.often():
                self.lines.append("")
            # Not to be taken for one that is about the next key.
            self.lines += [indent + self.comment(path), ""]


_VALUES = st.sampled_from([None, "1", 2, True, ["v", "new"], [], {"a": "new"}, {"new": {"b": 1}}, {}])


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_every_comment_whose_place_is_left_is_left_in_order(data: st.DataObject) -> None:
    drawn = _Drawn(data)
    text = "\n".join(drawn.lines) + data.draw(st.sampled_from(["", "\n"]))
    ways = st.one_of(st.sampled_from(drawn.paths), st.sampled_from(drawn.paths).map(lambda path: (*path, "new")))
    changes = data.draw(st.dictionaries(ways, _VALUES, min_size=1, max_size=3))
    done = edited(text, changes)
    before, after = read_yaml(text), changed(read_yaml(text), changes)
    assert read_yaml(done) == after
    left = [f"c{n}" for n, owner in enumerate(drawn.owners) if _same_kind(_at(before, owner), _at(after, owner))]
    assert [each for each in re.findall(r"# (c\d+)\.", done) if each in left] == left
    gone = {f"c{n}" for n, owner in enumerate(drawn.owners) if _at(after, owner) is None}
    assert not gone & set(re.findall(r"# (c\d+)\.", done))


def _at(document: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        if isinstance(document, list):
            document = step if step in document else None
        else:
            document = document.get(step) if isinstance(document, dict) else None
    return document


def _same_kind(before: Any, after: Any) -> bool:
    return (
        after is not None
        and isinstance(before, dict) == isinstance(after, dict)
        and (isinstance(before, list) == isinstance(after, list))
    )
