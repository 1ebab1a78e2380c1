"""The fault corpus, through real sockets and the real adapter: each ends as it must, and nothing leaks."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml

from adapters import Client, build_adapter
from contracts.adapter import AgencyAdapter, CallRecord, Position, Window
from contracts.agency import AgencySpec
from contracts.errors import AgencyFailure
from contracts.observation import Observation, Reading, Unusable
from tests.adapters.certificates import secure
from tests.adapters.servers import talking
from tests.adapters.specs import one_page
from tests.corpus.__main__ import DOCUMENT, with_table
from tests.corpus.faults import AUTHORITY, CORPUS, KEPT, READ, Fault
from tests.observations import T0
from tests.suite.servers import DOCUMENTS

CODE = "H21.10-261120-0001"
SECRET = "Mật-khẩu&<rất>bí mật"

_SPEC = """
id: so-thu
identifier: H21.10
name: {vi: Sở Thử nghiệm, en: Corpus}
kind: department
enabled: true
statuses: {DANG_XU_LY: "4"}
"""

_REST = """
system:
  kind: rest
  address: ADDRESS
  private: true
  auth: {kind: key, query: {khoa: "{secret:khoa}"}}
  limits: &limits {connect_seconds: 2, read_seconds: 0.6, total_seconds: 1.5, max_bytes: 2000000, attempts: 1}
operations:
  lookup:
    request: {path: "/ho-so/{code}"}
    answer: {error_when: loi, error_message: loi}
  changes:
    request: {path: /ho-so, query: {trang: "{page}", tu: "{since}"}}
    answer: {records: ds}
    pages: {kind: ascending, size: 2, max_pages: 20}
mapping:
  code: ma
  occurred_at: {path: luc, convert: date, formats: [iso]}
  facts: {status: trangThai, procedure_name: ten}
"""

_SOAP = """
system:
  kind: soap
  address: ADDRESS
  private: true
  wsdl: suite-document.wsdl
  limits: {connect_seconds: 2, read_seconds: 0.6, total_seconds: 3, max_bytes: 2000000, attempts: 1}
operations:
  lookup:
    request: {operation: TraCuuHoSo, parameters: {khoa: "{secret:khoa}", maHoSo: "{code}"}}
    answer: {records: hoSo, absent_when: "!hoSo"}
  changes:
    request: {operation: DanhSachHoSo, parameters: {khoa: "{secret:khoa}", tuNgay: "{since}", trang: 1, soDong: 2}}
    answer: {records: hoSo}
    pages: {kind: single}
mapping:
  code: maHoSo
  occurred_at: {path: ngayCapNhat, convert: date, formats: [iso]}
  facts: {procedure_name: tenThuTuc, note: ghiChu}
"""


class Secrets:
    def get(self, _name: str) -> str:
        return SECRET


def _merged(data: Any, changes: dict[str, Any]) -> dict[str, Any]:
    """`data` with `changes` deep inside it; what has another `kind` takes the whole place."""
    merged = dict(data)
    for key, value in changes.items():
        inner = merged.get(key)
        same_kind = isinstance(value, dict) and isinstance(inner, dict) and "kind" not in value
        merged[key] = _merged(inner, value) if same_kind else value
    return merged


@asynccontextmanager
async def asking(fault: Fault, records: list[CallRecord]) -> AsyncIterator[AgencyAdapter]:
    async def recorder(record: CallRecord) -> None:
        records.append(record)

    changes, documents = fault.spec, DOCUMENTS
    async with talking(fault.talk) as served, Client(recorder) as client, AsyncExitStack() as stack:
        address = (fault.address or served).replace("https://SERVED", served.replace("http:", "https:"))
        if fault.shown:
            documents = Path(stack.enter_context(TemporaryDirectory()))
            (documents / "authority.pem").write_text(AUTHORITY.pem)
            address = stack.enter_context(secure(fault.shown, documents))
            changes = changes | {"system": {"tls": {"authority": "authority.pem"}}}
        text = (_SOAP if fault.speaks == "soap" else _REST).replace("ADDRESS", address)
        spec = AgencySpec.model_validate(_merged(yaml.safe_load(_SPEC) | yaml.safe_load(text), changes))
        yield build_adapter(spec, client=client, secrets=Secrets(), documents=documents)


async def ask(adapter: AgencyAdapter, fault: Fault) -> tuple[list[Observation], list[Unusable]]:
    if fault.asks == "lookup":
        reading: Reading = await adapter.lookup(CODE)
        return list(reading.observations), list(reading.unusable)
    observations: list[Observation] = []
    unusable: list[Unusable] = []
    position: Position | None = None
    while True:
        page = await one_page(adapter.changes(Window(until=T0), position))
        observations += page.observations
        unusable += page.unusable
        position = page.next
        if position is None or fault.asks == "changes":
            return observations, unusable


@pytest.mark.parametrize("fault", CORPUS, ids=lambda fault: f"{fault.speaks}-{fault.name}")
async def test_each_fault_ends_as_it_must(fault: Fault) -> None:
    records: list[CallRecord] = []
    async with asking(fault, records) as adapter, asyncio.timeout(30):
        if fault.ends_in in (READ, KEPT):
            observations, unusable = await ask(adapter, fault)
            assert bool(unusable) == (fault.ends_in == KEPT)
            assert observations or unusable
            assert all(kept.raw for kept in unusable)
            return
        with pytest.raises(AgencyFailure) as failed:
            await ask(adapter, fault)
    failure = failed.value
    assert failure.kind == fault.ends_in
    assert fault.says in failure.message
    assert "Traceback" not in failure.message and "   at " not in failure.message
    assert failure.raw is not None and fault.raw in failure.raw
    assert records[-1].outcome == failure.kind
    everything = repr(records) + failure.message + repr(failure.raw)
    assert SECRET not in everything and "b%C3%AD" not in everything


@pytest.mark.parametrize("name", ["gzip-bomb", "billion-laughs", "xml-deep", "deep", "too-large", "head-without-end"])
async def test_a_bomb_costs_little_memory(name: str) -> None:
    fault = next(fault for fault in CORPUS if fault.name == name)
    async with asking(fault, []) as adapter:
        tracemalloc.start()
        with pytest.raises(AgencyFailure):
            await ask(adapter, fault)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 25_000_000


def test_the_corpus_is_large_and_its_names_are_its_own() -> None:
    assert len(CORPUS) >= 60
    assert len({(fault.speaks, fault.name) for fault in CORPUS}) == len(CORPUS)


def test_the_table_in_the_documentation_is_of_today() -> None:
    text = DOCUMENT.read_text("utf-8")
    assert text == with_table(text), "run `python -m tests.corpus`"
