"""Whatever comes back, nothing but an AgencyFailure escapes an adapter: random bytes, and right answers gone wrong."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import orjson
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters import build_adapter
from adapters.calling.client import RawAnswer
from benchmarks.dossiers import as_dataset, as_json, as_list, as_one
from contracts.adapter import AgencyAdapter, Window
from contracts.agency import AgencySpec
from contracts.errors import AgencyFailure
from contracts.observation import Observation, Unusable
from tests.corpus.test_corpus import _REST, _SOAP, _SPEC, Secrets
from tests.observations import T0
from tests.suite.servers import DOCUMENTS, DOSSIERS

T = TypeVar("T")


class Answering:
    """A client that calls nobody: everything is answered with `body`, in chunks where it is streamed."""

    def __init__(self) -> None:
        self.body, self.status, self.type, self.chunk = b"", 200, "", 65_536
        self.agency_time = None

    async def call(self, _peer: Any, _request: Any, *, understand: Callable[[RawAnswer], T], **_: Any) -> T:
        return understand(await self.whole())

    @asynccontextmanager
    async def stream(self, *_: Any, **__: Any) -> AsyncIterator["Answering"]:
        yield self

    @property
    def headers(self) -> dict[str, str]:
        return {"content-type": self.type}

    async def chunks(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self.body), self.chunk):
            yield self.body[start : start + self.chunk]

    async def whole(self) -> RawAnswer:
        return RawAnswer(self.status, self.headers, self.body, None)


def _adapter(client: Answering, text: str, **changes: Any) -> AgencyAdapter:
    data = yaml.safe_load(_SPEC) | yaml.safe_load(text.replace("ADDRESS", "http://127.0.0.1:1"))
    data["operations"]["changes"] |= changes
    spec = AgencySpec.model_validate(data)
    return build_adapter(spec, client=client, secrets=Secrets(), documents=DOCUMENTS)  # type: ignore[arg-type]


CLIENT = Answering()
BIG = {"pages": {"kind": "number"}}
ADAPTERS = {
    "rest": _adapter(CLIENT, _REST),
    "rest-stream": _adapter(CLIENT, _REST, answer={"records": "duLieu.noiDung"}, **BIG),
    "rest-xml": _adapter(CLIENT, _REST, answer={"holds": "xml", "records": "Body.DanhSachHoSoResponse.hoSo"}, **BIG),
    "soap": _adapter(CLIENT, _SOAP, answer={"records": "[hoSo][] | @"}),
    "soap-stream": _adapter(CLIENT, _SOAP),
    "soap-encoded": _adapter(CLIENT, _SOAP.replace("suite-document", "suite-rpc-encoded"), answer={"records": "x"}),
}
WORD = """asked_as: ma
    answer: {holds: text, records: "{trangThai: @}", absent_when: "contains(fold(@), 'khong')"}"""
QUEUE = {
    "kind": "queue",
    "taken": {"ma": "ma || maHoSo", "luc": "luc || ngayCapNhat"},
    "batch": "length(ds || duLieu.noiDung || `[]`)",
    "acknowledge": {"request": {"method": "POST", "path": "/", "json_body": {"lo": "{batch}", "ds": "{codes}"}}},
}
ADAPTERS["rest-word-and-queue"] = _adapter(
    CLIENT,
    _REST.replace("answer: {error_when: loi, error_message: loi}", WORD, 1).replace("  occurred_at: ", "  #"),
    request={"path": "/ho-so"},
    answer={"records": "ds || duLieu.noiDung"},
    pages=QUEUE,
)
STRING = as_list(2).decode().replace("<tongSo>2</tongSo>", "<tongSo>&lt;DS&gt;&lt;HoSo/&gt;&lt;/DS&gt;</tongSo>")
ADAPTERS["soap-inside"] = _adapter(CLIENT, _SOAP, answer={"inside": "tongSo", "records": "[HoSo][]"})
ANSWERS = [
    as_one(),
    as_list(3),
    as_dataset(3),
    as_json(3),
    STRING.encode(),
    orjson.dumps({"ds": DOSSIERS}),
    orjson.dumps(DOSSIERS[0]),
    "Đang xử lý".encode(),
]
PIECES = [b"<", b">", b"&", b"&#0;", b"]]>", b"{", b"}", b"[", b"]", b",", b'"', b"null", b"\xff", b"\0", b"1e999"]
PIECES += [
    b"\\ud800",
    b"<!DOCTYPE a>",
    b"xsi:nil='true'",
    b"href='#a'",
    b"id='a'",
    b"\xef\xbb\xbf",
    b"<?xml version='1.0'?>",
]
TYPES = ["application/json", "text/xml; charset=utf-8", "text/html", "multipart/related; boundary=x", ""]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A right answer with a few pieces cut out, put in, doubled, or turned round."""
    answer = draw(st.sampled_from(ANSWERS))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(answer)))
        end = min(len(answer), start + draw(st.integers(0, 60)))
        middle = draw(st.sampled_from([b"", answer[start:end] * 2, answer[start:end][::-1], *PIECES]))
        answer = answer[:start] + middle + answer[end:]
    return answer


async def ask(adapter: AgencyAdapter) -> tuple[list[Observation], list[Unusable]]:
    reading = await adapter.lookup("H21.09-261102-000001")
    return list(reading.observations), list(reading.unusable)


async def listed(adapter: AgencyAdapter) -> tuple[list[Observation], list[Unusable]]:
    observations: list[Observation] = []
    unusable: list[Unusable] = []
    async for page in adapter.changes(Window(until=T0)):
        observations += page.observations
        unusable += page.unusable
    return observations, unusable


async def gone_on(adapter: AgencyAdapter) -> tuple[list[Observation], list[Unusable]]:
    """The next page, from where to go on as it is stored; a queue is told what was taken."""
    pages = [page async for page in adapter.changes(Window(until=T0))]
    following = orjson.loads(orjson.dumps(pages[-1].next))
    if following is not None:
        pages = [page async for page in adapter.changes(Window(until=T0), following)]
    return [said for page in pages for said in page.observations], [each for page in pages for each in page.unusable]


@pytest.mark.parametrize("kind", ADAPTERS)
@settings(max_examples=120, deadline=None)
@given(
    body=mutated() | st.binary(max_size=300),
    status=st.sampled_from([200, 200, 200, 400, 500]),
    type=st.sampled_from(TYPES),
    chunk=st.integers(1, 2000),
)
async def test_only_agency_failures_escape(kind: str, body: bytes, status: int, type: str, chunk: int) -> None:
    CLIENT.body, CLIENT.status, CLIENT.type, CLIENT.chunk = body, status, type, chunk
    for asked in (ask, listed, gone_on):
        try:
            observations, unusable = await asked(ADAPTERS[kind])
        except AgencyFailure:
            continue
        else:
            assert all(isinstance(orjson.loads(each.raw), object) for each in unusable)
            assert all(said.agency == "so-thu" for said in observations)


async def test_right_answers_are_read() -> None:
    """Else the test above would pass on an adapter that understands nothing."""
    CLIENT.status, CLIENT.type, CLIENT.chunk = 200, "text/xml; charset=utf-8", 100
    CLIENT.body = as_list(3)
    for kind in ("soap-stream", "rest-xml"):
        observations, unusable = await listed(ADAPTERS[kind])
        assert len(observations) + len({each.raw for each in unusable}) == 3
    CLIENT.type, CLIENT.body = "application/json", as_json(3)
    observations, unusable = await listed(ADAPTERS["rest-stream"])
    assert len(observations) + len({each.raw for each in unusable}) == 3
    CLIENT.body = orjson.dumps({"ds": [{"ma": "a", "luc": "2026-11-20T08:00:00"}]})
    # Acknowledged, it comes once more: this queue does not listen.
    for asked in (listed, gone_on):
        assert len((await asked(ADAPTERS["rest-word-and-queue"]))[0]) == 1
    CLIENT.body = b"DANG_XU_LY"
    assert [said.code for said in (await ask(ADAPTERS["rest-word-and-queue"]))[0]] == ["H21.09-261102-000001"]
    CLIENT.type, CLIENT.body = "text/xml", STRING.encode()
    assert len((await listed(ADAPTERS["soap-inside"]))[1]) == 1
