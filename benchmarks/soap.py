"""Reading SOAP answers: our way ÷ zeep's, and ÷ a parser written by hand for the one document.

`reader`: from the bytes, as they come, to the fields that the spec maps; zeep's: from the bytes to dicts. `whole`:
from the bytes to observations. `lookup`: a call to a server on loopback, a process of its own, to what came of it;
zeep's is its own asynchronous client and transport, used as its documentation does.
Memory is the greatest this process' peak was, reading an answer over loopback in a process made for it; the hold is
the longest that one piece of reading kept the event loop, in CPU time.
"""

import argparse
import asyncio
import gc
import logging
import multiprocessing
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any

import structlog
import yaml
import zeep
from lxml import etree
from zeep.helpers import serialize_object

from adapters import Client, build_adapter
from adapters.answers import AnswerReader
from adapters.mapping.record_reader import RecordReader
from adapters.soap.answer import SoapAnswer
from adapters.soap.wsdl import Wsdl
from benchmarks.dossiers import FIELDS, as_dataset, as_list, as_one, chunks
from benchmarks.figures import figure
from benchmarks.serving import serving
from benchmarks.timing import call_seconds, cpu_seconds, ratio
from contracts.adapter import AgencyAdapter, Window
from contracts.agency import AgencySpec
from contracts.observation import Channel
from contracts.operations import Answer
from tests.suite.servers import DOCUMENTS

SOAP = "text/xml; charset=utf-8"
NAMESPACE = "{urn:gialai:suite}"

# zeep is typed here and there only.
zeep_client: Any = zeep.Client
zeep_async_client: Any = zeep.AsyncClient
to_dicts: Any = serialize_object

SPEC = """
id: so-thu
identifier: H21.09
name: {vi: Sở Thử nghiệm, en: Benchmark}
kind: department
enabled: true
system:
  kind: soap
  address: ADDRESS
  private: true
  wsdl: suite-document.wsdl
  limits: {max_bytes: 500000000, total_seconds: 900}
operations:
  lookup:
    request: {operation: TraCuuHoSo, parameters: {khoa: k, maHoSo: "{code}"}}
    answer: {records: hoSo, absent_when: "!hoSo"}
  changes:
    request: {operation: DanhSachHoSo, parameters: {khoa: k, trang: 1, soDong: 100000}}
    answer: {records: hoSo}
    pages: {kind: single}
mapping:
  code: maHoSo
  occurred_at: {path: ngayCapNhat, convert: date, formats: [iso]}
  facts:
    status: trangThai
    procedure_code: maThuTuc
    procedure_name: tenThuTuc
    applicant_name: nguoiNop
    applicant_phone: dienThoai
    submitted_at: {path: ngayNop, convert: date, formats: [iso]}
    due_at: {path: ngayHenTra, convert: date, formats: [yyyy-MM-dd]}
    note: ghiChu
statuses: {Đang xử lý: "4"}
"""


def spec_at(address: str) -> AgencySpec:
    return AgencySpec.model_validate(yaml.safe_load(SPEC.replace("ADDRESS", address)))


class NoSecrets:
    def get(self, name: str) -> str:
        raise KeyError(name)


class Ours:
    """Our reader of one operation's answers, for the fields that the spec maps."""

    def __init__(self, wsdl: str, path: str, mapping: RecordReader) -> None:
        self._answer = SoapAnswer(Wsdl(wsdl, "1.1", DOCUMENTS), "DanhSachHoSo")
        self._path, self._mapping = tuple(path.split(".")), mapping
        self._reader = AnswerReader(Answer())

    def rows(self, body: bytes) -> Iterator[Any]:
        records = self._answer.records(self._path, self._mapping.names, self._mapping.texts, self._reader, {})
        assert records is not None
        for chunk in chunks(body):
            yield from records.feed(chunk)
        records.close()

    def count(self, body: bytes) -> int:
        return sum(1 for _ in self.rows(body))

    def observed(self, body: bytes) -> int:
        now = datetime.now(UTC)
        return sum(self._mapping.read(row, Channel.PULL, now).observation is not None for row in self.rows(body))


def by_hand(body: bytes, row: str, namespace: str) -> int:
    """What somebody would write who knows this one document."""
    parser = etree.XMLPullParser(events=("end",), tag=namespace + row, resolve_entities=False, no_network=True)
    names = {namespace + name: name for name in FIELDS}
    count = 0
    for chunk in chunks(body):
        parser.feed(chunk)
        for _, element in parser.read_events():
            found: Any = element
            fields = {names[child.tag]: child.text for child in found if child.tag in names}
            count += bool(fields)
            found.clear()
    parser.close()
    return count


def theirs(wsdl: str, service: str, port: str) -> Callable[[bytes], Any]:
    client = zeep_client(str(DOCUMENTS / wsdl))
    binding = client.bind(service, port)._binding
    operation = binding.get("DanhSachHoSo")

    def parse(body: bytes) -> Any:
        answer = SimpleNamespace(status_code=200, content=body, headers={"Content-Type": SOAP}, encoding="utf-8")
        return to_dicts(binding.process_reply(client, operation, answer), dict)

    return parse


def reading(count: int, rounds: int) -> None:
    body, dataset = as_list(count), as_dataset(count)
    spec = spec_at("http://127.0.0.1:1")
    assert spec.mapping is not None
    reader = RecordReader(spec.mapping, spec)
    parse, parse_dataset = (
        theirs("suite-document.wsdl", "HoSoService", "HoSoPort"),
        theirs("suite-dataset.wsdl", "HoSo", "HoSoSoap"),
    )
    plain = Ours("suite-document.wsdl", "hoSo", reader)
    table = Ours("suite-dataset.wsdl", "DanhSachHoSoResult.diffgram.NewDataSet.Table", reader)
    assert plain.count(body) == by_hand(body, "hoSo", NAMESPACE) == count
    assert plain.observed(body) == table.observed(dataset) == count
    own, hand, zeeps, whole, own_dataset, zeeps_dataset = cpu_seconds(
        rounds,
        lambda: plain.count(body),
        lambda: by_hand(body, "hoSo", NAMESPACE),
        lambda: parse(body),
        lambda: plain.observed(body),
        lambda: table.count(dataset),
        lambda: parse_dataset(dataset),
    )
    figure("soap.reader_over_zeep.list", ratio(zeeps, own), goal=8, better="higher")
    figure("soap.reader_over_zeep.dataset", ratio(zeeps_dataset, own_dataset), goal=9, better="higher")
    figure("soap.whole_over_zeep_parse", ratio(zeeps, whole), goal=5, better="higher")
    figure("soap.reader_over_hand_written", ratio(hand, own), goal=0.6, better="higher")
    spent = {"reader": own, "hand": hand, "zeep": zeeps, "whole": whole, "dataset": own_dataset}
    for name, value in spent.items():
        figure(f"soap.{name}_us_per_dossier", median(value) / count * 1e6, better="lower")


async def lookups(calls: int) -> None:
    with serving(as_one(), SOAP) as address:
        async with Client() as client:
            adapter = build_adapter(spec_at(address), client=client, secrets=NoSecrets(), documents=DOCUMENTS)
            wsdl = str(DOCUMENTS / "suite-document.wsdl")
            await compare(adapter, zeep_async_client(wsdl), address, calls)


async def compare(adapter: AgencyAdapter, client: Any, address: str, calls: int) -> None:
    binding = client.wsdl.bindings[f"{NAMESPACE}HoSoBinding"]
    operation = {"address": address}

    async def own() -> None:
        reading = await adapter.lookup("H21.09-261102-000001")
        assert reading.observations

    async def zeeps() -> None:
        answer = await binding.send_async(client, operation, "TraCuuHoSo", (), {"khoa": "k", "maHoSo": "x"})
        assert answer.maHoSo

    # On loopback waiting is nothing but the server's work, and whatever else the machine does meanwhile.
    work, zeeps_work = await call_seconds(calls, own, zeeps, clock=time.process_time)
    figure("soap.lookup_over_zeep.cpu", ratio(zeeps_work, work), goal=1.5, better="higher")
    ours, theirs = await call_seconds(calls, own, zeeps)
    figure("soap.lookup_over_zeep", ratio(theirs, ours), goal=1.5, better="higher")
    figure("soap.lookup_ms", median(ours) * 1e3, better="lower")


def read_list(address: str, told: Any) -> None:
    """Read the list at `address` through the adapter; tell the peak of memory, and the longest hold of the loop."""

    async def read() -> tuple[int, float]:
        longest = 0.0
        done = asyncio.Event()

        async def watch() -> None:
            nonlocal longest
            while not done.is_set():
                before = time.thread_time()
                await asyncio.sleep(0)
                longest = max(longest, time.thread_time() - before)

        async with Client() as client:
            adapter = await asyncio.to_thread(
                build_adapter, spec_at(address), client=client, secrets=NoSecrets(), documents=DOCUMENTS
            )
            # As the hub does once it runs.
            gc.collect()
            gc.freeze()
            watching = asyncio.create_task(watch())
            count = 0
            async for page in adapter.changes(Window(until=datetime.now(UTC))):
                count += len(page.observations)
            done.set()
            await watching
        return count, longest

    quiet()
    count, longest = asyncio.run(read())
    told.send((count, peak_mb(), longest * 1e3))


def peak_mb() -> float:
    """Of this process alone; getrusage begins with what the process had that started it."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def big_answers(small: int, large: int) -> None:
    peaks: dict[int, float] = {}
    for count in (small, large):
        body = as_list(count)
        with serving(body, SOAP) as address:
            ours, child = multiprocessing.Pipe()
            process = multiprocessing.get_context("spawn").Process(target=read_list, args=(address, child))
            process.start()
            seen, peaks[count], hold = ours.recv()
            process.join()
        assert seen == count
    figure("soap.memory_ratio", peaks[large] / peaks[small], goal=1.3, better="lower")
    figure(f"soap.memory_mb.{large}", peaks[large], better="lower")
    figure("soap.longest_hold_ms", hold, goal=25, better="lower")


def quiet() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soap", description=__doc__)
    parser.add_argument("--dossiers", type=int, default=5000)
    parser.add_argument("--large", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    quiet()
    reading(given.dossiers, given.rounds)
    asyncio.run(lookups(100 * given.rounds))
    big_answers(1000, given.large)
