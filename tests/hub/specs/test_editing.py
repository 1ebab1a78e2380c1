"""A value of a spec's text is changed, and nothing else in it."""

from pathlib import Path

import pytest

from config.yaml_text import read_yaml
from hub.specs.editing import edited
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
        (("statuses", "12"), "5", "  '12': \"5\""),
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
