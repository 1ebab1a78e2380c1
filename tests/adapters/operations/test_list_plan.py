"""A list is read as it comes only where nothing but its mapping looks at its records."""

from typing import Any

import pytest

from adapters.operations.list_plan import path_to_records
from contracts.operations import ListOperation


def operation(pages: dict[str, Any] | None = None, **answer: str) -> ListOperation:
    return ListOperation.model_validate(
        {"request": {"path": "/"}, "answer": answer, "pages": pages or {"kind": "single"}}
    )


@pytest.mark.parametrize(
    ("records", "path"),
    [
        ("@", ()),
        ("d", ("d",)),
        ("duLieu.noiDung", ("duLieu", "noiDung")),
        ("[HoSo][]", ("HoSo",)),
        ("[a.b][]", ("a", "b")),
        ("d[?ma]", None),
        ('"Hồ sơ"', None),
        ("d || []", None),
    ],
)
def test_records_at_a_path_are_read_as_they_come(records: str, path: tuple[str, ...] | None) -> None:
    assert path_to_records(operation(records=records)) == path


@pytest.mark.parametrize(
    ("pages", "answer", "whole"),
    [
        ({"kind": "number", "last_when": "d.cuoi"}, {"error_when": "ma != `0`", "error_message": "loi"}, False),
        ({"kind": "number", "last_when": "length(d.ds) < `10`"}, {}, True),
        ({"kind": "number", "total": "length(@)"}, {}, True),
        ({"kind": "cursor", "cursor": "d.tiep"}, {}, False),
        ({"kind": "cursor", "cursor": "d.ds[-1].ma"}, {}, True),
        ({"kind": "next", "address": "d.ds[0].sau"}, {}, True),
        ({"kind": "single"}, {"absent_when": "!d.ds"}, True),
        ({"kind": "single"}, {"busy_when": "contains(keys(@), 'ban')"}, True),
        ({"kind": "single"}, {"error_when": "d.*.loi"}, True),
    ],
)
def test_an_expression_that_looks_at_the_records_wants_the_answer_whole(
    pages: dict[str, Any], answer: dict[str, str], whole: bool
) -> None:
    assert path_to_records(operation(pages, records="d.ds", **answer)) == (None if whole else ("d", "ds"))


def test_where_the_answer_is_the_list_itself_every_expression_looks_at_it() -> None:
    assert path_to_records(operation(error_when="ma")) is None
