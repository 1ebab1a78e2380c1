"""Procedures, over all pages; and rows that are none."""

import json
from typing import Any

import pytest

from contracts.adapter import Capability
from contracts.errors import Malformed, Rejected
from contracts.submission import Procedure, Procedures
from tests.adapters.rest.agency import Secrets, calling
from tests.adapters.servers import Asked, Told, answering
from tests.adapters.submissions import spec_of

OPERATION: dict[str, Any] = {
    "request": {"path": "/thu-tuc", "query": {"trang": "{page}", "so": "{size}"}},
    "answer": {"records": "ds", "error_when": "loi", "error_message": "loi"},
    "pages": {"kind": "number", "size": 3},
    "code": "ma",
    "name": "ten",
}


class Catalogue:
    """Gives `rows` page by page."""

    def __init__(self, rows: list[Any], *, repeats: bool = False) -> None:
        self.rows, self.repeats = rows, repeats
        self.asked: list[dict[str, str]] = []

    def __call__(self, asked: Asked) -> Told:
        self.asked.append(asked.query)
        size = int(asked.query["so"])
        start = 0 if self.repeats else (int(asked.query["trang"]) - 1) * size
        return Told(json.dumps({"ds": self.rows[start : start + size]}))


async def listed(catalogue: Catalogue, **changes: Any) -> Procedures:
    async with (
        answering(catalogue) as address,
        calling(spec_of({"procedures": OPERATION | changes}, address), Secrets()) as adapter,
    ):
        assert adapter.capabilities == {Capability.PROCEDURES}
        return await adapter.procedures()


async def test_all_pages_in_order() -> None:
    catalogue = Catalogue([{"ma": f"1.00{number}", "ten": f"Thủ tục {number}"} for number in range(7)])
    found = await listed(catalogue)
    assert found.procedures == tuple(Procedure(code=f"1.00{number}", name=f"Thủ tục {number}") for number in range(7))
    assert found.unusable == ()
    assert [query["trang"] for query in catalogue.asked] == ["1", "2", "3"]


async def test_texts_are_composed_and_numbers_are_texts() -> None:
    found = await listed(Catalogue([{"ma": 1001612, "ten": " Ca\u0302\u0301p đo\u0302\u0309i "}]))
    assert found.procedures == (Procedure(code="1001612", name="Cấp đổi"),)


async def test_a_row_that_moved_while_we_read_comes_once() -> None:
    rows = [{"ma": "1", "ten": "a"}, {"ma": "2", "ten": "b"}, {"ma": "3", "ten": "c"}, {"ma": "3", "ten": "c"}]
    found = await listed(Catalogue([*rows, {"ma": "3", "ten": "khác"}]))
    assert [(each.code, each.name) for each in found.procedures] == [("1", "a"), ("2", "b"), ("3", "c"), ("3", "khác")]


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"ten": "không mã"}, "code"),
        ({"ma": " ", "ten": "x"}, "code"),
        ({"ma": "9", "ten": None}, "name"),
        ("chuỗi", "code"),
    ],
)
async def test_a_row_without_code_or_name_is_kept_apart_and_spoils_nothing(row: Any, field: str) -> None:
    found = await listed(Catalogue([{"ma": "1", "ten": "a"}, row]))
    assert found.procedures == (Procedure(code="1", name="a"),)
    [unusable] = found.unusable
    assert (unusable.reason, unusable.field, json.loads(unusable.raw)) == ("missing_field", field, row)


async def test_an_expression_that_does_not_fit_a_row() -> None:
    rows = [{"ma": ["1"], "ten": "a"}, {"ma": "2|x", "ten": "b"}]
    found = await listed(Catalogue(rows), code="split(ma, '|')[0]")
    assert found.procedures == (Procedure(code="2", name="b"),)
    assert [each.reason for each in found.unusable] == ["bad_value"]


async def test_pages_that_repeat_have_no_end() -> None:
    rows = [{"ma": str(number), "ten": "x"} for number in range(9)]
    with pytest.raises(Malformed, match="repeats"):
        await listed(Catalogue(rows, repeats=True))


async def test_pages_that_never_end() -> None:
    class Endless(Catalogue):
        def __call__(self, asked: Asked) -> Told:
            page = asked.query["trang"]
            return Told(json.dumps({"ds": [{"ma": f"{page}.{number}", "ten": "x"} for number in range(3)]}))

    with pytest.raises(Malformed, match="does not end"):
        await listed(Endless([]), pages=OPERATION["pages"] | {"max_pages": 5})


async def test_an_error_on_a_later_page_is_no_shorter_list() -> None:
    class Failing(Catalogue):
        def __call__(self, asked: Asked) -> Told:
            return Told('{"loi": "hết phiên"}') if asked.query["trang"] == "2" else super().__call__(asked)

    with pytest.raises(Rejected, match="hết phiên"):
        await listed(Failing([{"ma": str(number), "ten": "x"} for number in range(9)]))


def test_pages_that_go_by_time_are_not_for_procedures() -> None:
    with pytest.raises(ValueError, match="ascending"):
        spec_of({"procedures": OPERATION | {"pages": {"kind": "ascending", "size": 3}}})
