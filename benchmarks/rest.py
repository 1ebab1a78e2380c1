"""Reading JSON answers as they come: our way ÷ somebody's who knows the document, with json.loads and with orjson.

`reader`: from the bytes to the records; by hand: the document as a whole, then the fields that the spec maps. Memory
is the greatest this process' peak was, reading an answer over loopback in a process made for it.
"""

import argparse
import asyncio
import json
import multiprocessing
from datetime import UTC, datetime
from statistics import median
from typing import Any

import orjson
import yaml

from adapters import Client, build_adapter
from adapters.formats.json_records import JsonRecords
from adapters.mapping.record_reader import RecordReader
from benchmarks.dossiers import FIELDS, as_json, chunks
from benchmarks.figures import figure
from benchmarks.serving import serving
from benchmarks.soap import SPEC, NoSecrets, peak_mb, quiet
from benchmarks.timing import cpu_seconds, ratio
from contracts.adapter import Window
from contracts.agency import AgencySpec
from contracts.observation import Channel
from tests.suite.servers import DOCUMENTS

_SYSTEM = """
system:
  kind: rest
  address: ADDRESS
  private: true
  limits: {max_bytes: 500000000, total_seconds: 900}
operations:
  changes:
    request: {path: /ho-so}
    answer: {records: duLieu.noiDung, error_when: "ma != `0`"}
    pages: {kind: single}
"""


def spec_at(address: str) -> AgencySpec:
    return AgencySpec.model_validate(yaml.safe_load(SPEC) | yaml.safe_load(_SYSTEM.replace("ADDRESS", address)))


def ours(body: bytes) -> list[dict[str, Any]]:
    """The fields that the spec maps, of every record."""
    reader = JsonRecords(("duLieu", "noiDung"))
    rows = []
    for chunk in chunks(body):
        rows += [{name: row.get(name) for name in FIELDS} for row in reader.feed(chunk)]
    assert reader.close()["ma"] == 0
    return rows


def by_hand(body: bytes, loads: Any) -> list[dict[str, Any]]:
    document = loads(body)
    assert document["ma"] == 0
    return [{name: row.get(name) for name in FIELDS} for row in document["duLieu"]["noiDung"]]


def observed(body: bytes, reader: RecordReader) -> int:
    records = JsonRecords(("duLieu", "noiDung"))
    now = datetime.now(UTC)
    return sum(
        reader.read(row, Channel.PULL, now).observation is not None
        for chunk in chunks(body)
        for row in records.feed(chunk)
    )


def reading(count: int, rounds: int) -> None:
    body = as_json(count)
    spec = spec_at("http://127.0.0.1:1")
    assert spec.mapping is not None
    reader = RecordReader(spec.mapping, spec)
    assert ours(body) == by_hand(body, orjson.loads)
    assert observed(body, reader) == count
    own, standard, quick, whole = cpu_seconds(
        rounds,
        lambda: ours(body),
        lambda: by_hand(body, json.loads),
        lambda: by_hand(body, orjson.loads),
        lambda: observed(body, reader),
    )
    figure("rest.reader_over_json_by_hand", ratio(standard, own), goal=0.6, better="higher")
    figure("rest.reader_over_orjson_by_hand", ratio(quick, own), goal=0.6, better="higher")
    for name, value in {"reader": own, "json": standard, "orjson": quick, "whole": whole}.items():
        figure(f"rest.{name}_us_per_dossier", median(value) / count * 1e6, better="lower")


def read_list(address: str, told: Any) -> None:
    async def read() -> int:
        async with Client() as client:
            adapter = build_adapter(spec_at(address), client=client, secrets=NoSecrets(), documents=DOCUMENTS)
            return sum([len(page.observations) async for page in adapter.changes(Window(until=datetime.now(UTC)))])

    quiet()
    told.send((asyncio.run(read()), peak_mb()))


def big_answers(small: int, large: int) -> None:
    peaks: dict[int, float] = {}
    for count in (small, large):
        with serving(as_json(count), "application/json") as address:
            told, child = multiprocessing.Pipe()
            process = multiprocessing.get_context("spawn").Process(target=read_list, args=(address, child))
            process.start()
            seen, peaks[count] = told.recv()
            process.join()
        assert seen == count
    figure("rest.memory_ratio", peaks[large] / peaks[small], goal=1.3, better="lower")
    figure(f"rest.memory_mb.{large}", peaks[large], better="lower")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rest", description=__doc__)
    parser.add_argument("--dossiers", type=int, default=5000)
    parser.add_argument("--large", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    quiet()
    reading(given.dossiers, given.rounds)
    big_answers(1000, given.large)
