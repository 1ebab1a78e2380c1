"""Lists through the whole adapter, over real sockets: big ones in parts, every way to the next page, queues."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
import yaml

from adapters import Client, build_adapter
from benchmarks.dossiers import as_dataset, as_list, dossier
from contracts.adapter import AgencyAdapter, Page, Position, Window
from contracts.agency import AgencySpec
from contracts.errors import AgencyFailure, Malformed, Rejected
from tests.adapters.servers import Asked, Told, answering
from tests.parts import NamedSecrets
from tests.suite.servers import DOCUMENTS

WINDOW = Window(until=datetime(2026, 12, 31, tzinfo=UTC))
SOAP = "text/xml; charset=utf-8"

SPEC = """
id: so-thu
identifier: H21.09
name: {vi: Sở Thử nghiệm, en: Lists}
kind: department
enabled: true
mapping:
  code: maHoSo
  occurred_at: {path: ngayCapNhat, convert: date, formats: [iso]}
  facts:
    status: trangThai
    due_at: {path: ngayHenTra, convert: date, formats: [yyyy-MM-dd]}
statuses: {Đang xử lý: "4"}
"""


@asynccontextmanager
async def listing(
    told: Callable[[Asked], Told], request: dict[str, Any], system: dict[str, Any] | None = None, **operation: Any
) -> AsyncIterator[AgencyAdapter]:
    """An adapter whose list of changes is asked by `request`, and answered as `told`."""
    async with answering(told) as address, Client() as client:
        spec = yaml.safe_load(SPEC) | {
            "system": {"kind": "rest", "address": address, "private": True} | (system or {}),
            "operations": {"changes": {"request": request} | operation},
        }
        yield build_adapter(AgencySpec.model_validate(spec), client=client, secrets=NamedSecrets(), documents=DOCUMENTS)


async def parts_of(adapter: AgencyAdapter, position: Position | None = None) -> tuple[list[Page], AgencyFailure | None]:
    """Every part of one page, and what it broke off with."""
    parts: list[Page] = []
    try:
        async for part in adapter.changes(WINDOW, position):
            parts.append(part)
    except AgencyFailure as failure:
        return parts, failure
    return parts, None


def codes(parts: list[Page]) -> list[str]:
    return [said.code for part in parts for said in part.observations]


def soap_list(body: bytes, wsdl: str, records: str, content_type: str = SOAP) -> Any:
    parameters = {"khoa": "k"} | ({"trang": 1, "soDong": 9} if wsdl == "suite-document.wsdl" else {})
    return listing(
        lambda _asked: Told(body, content_type=content_type),
        {"operation": "DanhSachHoSo", "parameters": parameters},
        {"kind": "soap", "wsdl": wsdl},
        answer={"records": records},
        pages={"kind": "single"},
    )


@pytest.mark.parametrize(
    ("body", "wsdl", "records"),
    [
        (as_list(1200), "suite-document.wsdl", "hoSo"),
        (as_dataset(1200), "suite-dataset.wsdl", "[DanhSachHoSoResult.diffgram.NewDataSet.Table][]"),
    ],
)
async def test_a_big_soap_list_comes_in_parts(body: bytes, wsdl: str, records: str) -> None:
    async with soap_list(body, wsdl, records) as adapter:
        parts, failure = await parts_of(adapter)
    assert failure is None
    assert codes(parts) == [dossier(number)["maHoSo"] for number in range(1200)]
    assert [part.complete for part in parts] == [False] * (len(parts) - 1) + [True]
    assert len(parts) > 2


def json_list(body: bytes, records: str = "ds", **answer: Any) -> Any:
    return listing(
        lambda _asked: Told(body), {"path": "/"}, answer={"records": records} | answer, pages={"kind": "single"}
    )


def rows(count: int) -> list[dict[str, Any]]:
    return [dossier(number) for number in range(count)]


async def test_a_big_json_list_comes_in_parts() -> None:
    async with json_list(orjson.dumps({"a": 1, "ds": rows(1200), "b": 2})) as adapter:
        parts, failure = await parts_of(adapter)
    assert failure is None
    assert codes(parts) == [row["maHoSo"] for row in rows(1200)]
    assert len(parts) > 2


async def test_a_refused_record_is_kept_with_the_fields_that_nobody_maps() -> None:
    body = as_list(3).replace("Đang xử lý".encode(), "Chờ trời".encode(), 1)
    async with soap_list(body, "suite-document.wsdl", "hoSo") as adapter:
        [part], _ = await parts_of(adapter)
    [kept] = part.unusable
    assert kept.reason == "unknown_status"
    assert orjson.loads(kept.raw) == {name: str(value) for name, value in dossier(0).items()} | {
        "trangThai": "Chờ trời"
    }
    assert len(part.observations) == 3


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (orjson.dumps({"ds": rows(1200), "loi": "hết hạn mức"}), Rejected),
        (orjson.dumps({"ds": rows(1200)})[:-20], Malformed),
        (orjson.dumps({"ds": rows(1200)})[:-1] + b',"ds":[{"maHoSo":"x"}]}', Malformed),
    ],
)
async def test_what_is_wrong_after_a_big_list_is_found_out(body: bytes, why: type[AgencyFailure]) -> None:
    async with json_list(body, error_when="loi", error_message="loi") as adapter:
        parts, failure = await parts_of(adapter)
    assert isinstance(failure, why)
    # What came is so all the same; but the page has no end, and so is asked for again.
    assert parts and not any(part.complete for part in parts)


async def test_an_answer_that_is_no_list_says_what_it_is() -> None:
    async with json_list(b'{"loi": "sai khoa"}', error_when="loi", error_message="loi") as adapter:
        parts, failure = await parts_of(adapter)
    assert (parts, str(failure)) == ([], "The agency says: sai khoa")
    async with json_list(orjson.dumps({"ds": rows(1)[0]})) as adapter:
        parts, failure = await parts_of(adapter)
    assert (codes(parts), failure) == ([rows(1)[0]["maHoSo"]], None)
    async with json_list(orjson.dumps({"ds": None})) as adapter:
        parts, failure = await parts_of(adapter)
    assert isinstance(failure, Malformed)


async def test_what_cannot_be_read_as_it_comes_is_read_whole() -> None:
    related = 'multipart/related; boundary="b"; type="application/xop+xml"; start="<r>"'
    body = b"--b\r\nContent-Type: application/xop+xml\r\nContent-ID: <r>\r\n\r\n" + as_list(4) + b"\r\n--b--\r\n"
    async with soap_list(body, "suite-document.wsdl", "hoSo", related) as adapter:
        [part], failure = await parts_of(adapter)
    assert (len(part.observations), part.complete, failure) == (4, True, None)


# --- ways to the next page -----------------------------------------------------------------------------------


async def every_page(adapter: AgencyAdapter) -> list[str]:
    seen: list[str] = []
    position: Position | None = None
    for _ in range(20):
        parts, failure = await parts_of(adapter, position)
        assert failure is None
        seen += codes(parts)
        position = orjson.loads(orjson.dumps(parts[-1].next))
        if position is None:
            return seen
    raise AssertionError("it never ends")


def _sliced(asked: Asked, start: int) -> list[dict[str, Any]]:
    return rows(7)[start : start + 3]


@pytest.mark.parametrize("kind", ["next", "link", "cursor", "offset", "number"])
async def test_each_way_to_the_next_page(kind: str) -> None:
    def answer(asked: Asked) -> Told:
        start = int(asked.query.get("tu", 0)) + 3 * (int(asked.query.get("trang", 1)) - 1)
        more = start + 3 < 7
        body: dict[str, Any] = {"ds": _sliced(asked, start), "tong": 7}
        headers: tuple[tuple[str, str], ...] = ()
        if kind == "next" and more:
            body["@odata.nextLink"] = f"/ho-so?tu={start + 3}"
        if kind == "cursor" and more:
            body["tiep"] = str(start + 3)
        if kind == "link" and more:
            headers = (("Link", f'</ho-so?tu=0>; rel="first", </ho-so?tu={start + 3}>; rel="next"'),)
        return Told(orjson.dumps(body), headers=headers)

    queries = {"cursor": {"tu": "{cursor}"}, "offset": {"tu": "{offset}"}, "number": {"trang": "{page}"}}
    ways: dict[str, dict[str, Any]] = {
        "next": {"address": '"@odata.nextLink"'},
        "link": {},
        "cursor": {"cursor": "tiep"},
        "offset": {"total": "tong"},
        "number": {"size": 3},
    }
    async with listing(
        answer,
        {"path": "/ho-so", "query": queries.get(kind, {})},
        answer={"records": "ds"},
        pages={"kind": kind} | ways[kind],
    ) as adapter:
        assert await every_page(adapter) == [row["maHoSo"] for row in rows(7)]
        parts, _ = await parts_of(adapter)
        assert parts[-1].free


@pytest.mark.parametrize(
    "address", ["http://elsewhere.example/ho-so", "//elsewhere.example/ho-so", "http://127.0.0.1:1/x"]
)
async def test_a_next_page_elsewhere_is_not_followed(address: str) -> None:
    answer = lambda _asked: Told(orjson.dumps({"ds": rows(2), "sau": address}))  # noqa: E731
    async with listing(
        answer, {"path": "/"}, answer={"records": "ds"}, pages={"kind": "next", "address": "sau"}
    ) as adapter:
        parts, _ = await parts_of(adapter)
        _, failure = await parts_of(adapter, parts[-1].next)
    assert isinstance(failure, Malformed)
    assert "another server" in failure.message


async def test_a_queue_is_told_what_was_taken_at_the_next_call() -> None:
    waiting, told = rows(5), []

    def answer(asked: Asked) -> Told:
        if asked.path == "/da-nhan":
            told.append(orjson.loads(asked.body)["ma"])
            waiting[:] = [row for row in waiting if row["maHoSo"] not in told[-1]]
            return Told("{}")
        return Told(orjson.dumps({"ds": waiting[:2], "con": len(waiting) > 2}))

    queue = {
        "kind": "queue",
        "taken": "maHoSo",
        "last_when": "!con",
        "acknowledge": {"request": {"method": "POST", "path": "/da-nhan", "json_body": {"ma": "{codes}"}}},
    }
    async with listing(answer, {"path": "/"}, answer={"records": "ds"}, pages=queue) as adapter:
        first, _ = await parts_of(adapter)
        assert (codes(first), told) == ([row["maHoSo"] for row in rows(2)], [])
        assert not first[-1].free, "to ask for the next page says that this one is stored"
        # It was lost before it was stored: asked again, the same comes.
        again, _ = await parts_of(adapter)
        assert codes(again) == codes(first)
        seen = codes(first) + await _rest_of(adapter, first[-1].next)
    assert seen == [row["maHoSo"] for row in rows(5)]
    assert [code for codes in told for code in codes] == seen


class _Versions:
    """A queue of every version of each dossier, one a call, acknowledged by code, version and the call's session."""

    def __init__(self, versions: int) -> None:
        self.waiting = [row | {"so": number} for number in range(versions) for row in rows(2)]
        self.session, self.told = 0, list[Any]()

    def __call__(self, asked: Asked) -> Told:
        if asked.path != "/da-nhan":
            self.session += 1
            return Told(orjson.dumps({"phien": f"P{self.session}", "ds": self.waiting[:1]}))
        said = orjson.loads(asked.body)
        self.told.append(said)
        if said["phien"] != f"P{self.session}":
            return Told(orjson.dumps({"loi": "phiên đã hết"}))
        taken = [(each["ma"], each["phienBan"]) for each in said["ds"]]
        self.waiting = [row for row in self.waiting if (row["maHoSo"], row["so"]) not in taken]
        return Told("{}")

    @staticmethod
    def pages(**changes: Any) -> dict[str, Any]:
        body = {"phien": "{batch}", "ds": "{codes}"}
        request = {"method": "POST", "path": "/da-nhan", "json_body": body}
        taken = {"ma": "maHoSo", "phienBan": "so"}
        acknowledge = {"request": request, "answer": {"error_when": "loi", "error_message": "loi"}}
        return {"kind": "queue", "taken": taken, "batch": "phien", "acknowledge": acknowledge} | changes


async def test_a_queue_is_acknowledged_by_several_values_of_each_record_and_one_of_them_all() -> None:
    queue = _Versions(4)
    async with listing(queue, {"path": "/"}, answer={"records": "ds"}, pages=queue.pages()) as adapter:
        seen = await every_page(adapter)
    # Of one dossier there may be many in a row, and each is another.
    first, second = (row["maHoSo"] for row in rows(2))
    assert seen == [first, second] * 4
    assert queue.waiting == []
    assert queue.told[0] == {"phien": "P1", "ds": [{"ma": first, "phienBan": 0}]}
    assert [said["ds"][0]["phienBan"] for said in queue.told] == [0, 0, 1, 1, 2, 2, 3, 3]


async def test_a_record_without_all_that_it_is_acknowledged_by_is_not_acknowledged() -> None:
    queue = _Versions(1)
    del queue.waiting[0]["so"]
    async with listing(queue, {"path": "/"}, answer={"records": "ds"}, pages=queue.pages()) as adapter:
        parts, failure = await parts_of(adapter)
    assert failure is None
    assert (len(parts[-1].observations), parts[-1].next and parts[-1].next["acknowledge"]) == (1, [])


async def test_a_batch_without_a_name_is_not_taken_for_acknowledged() -> None:
    queue = _Versions(1)
    pages = queue.pages(batch="phienKhac")
    async with listing(queue, {"path": "/"}, answer={"records": "ds"}, pages=pages) as adapter:
        _, failure = await parts_of(adapter)
    assert isinstance(failure, Malformed)
    assert "phienKhac" in failure.message


async def test_what_was_taken_by_another_spec_is_not_acknowledged_wrongly() -> None:
    queue = _Versions(1)
    async with listing(queue, {"path": "/"}, answer={"records": "ds"}, pages=queue.pages()) as adapter:
        _, failure = await parts_of(adapter, {"acknowledge": ["H21.09-1"], "seen": []})
    assert isinstance(failure, Malformed)
    assert queue.told == []


@pytest.mark.parametrize(
    ("changes", "body", "says"),
    [
        ({}, {"ma": "tất cả"}, "names neither {codes} nor {batch}"),
        ({"batch": None}, {"lo": "{batch}", "ma": "{codes}"}, "`batch` does not say where that is"),
    ],
)
async def test_an_acknowledgement_that_says_too_little_is_refused(
    changes: dict[str, Any], body: Any, says: str
) -> None:
    pages = _Versions(1).pages(**changes)
    pages["acknowledge"]["request"]["json_body"] = body
    with pytest.raises(ValueError, match=says):
        async with listing(_Versions(1), {"path": "/"}, answer={"records": "ds"}, pages=pages):
            pass


async def _rest_of(adapter: AgencyAdapter, position: Position | None) -> list[str]:
    seen: list[str] = []
    while position is not None:
        parts, failure = await parts_of(adapter, position)
        assert failure is None
        seen += codes(parts)
        position = parts[-1].next
    return seen
