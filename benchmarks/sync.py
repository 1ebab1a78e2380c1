"""Sync runs side by side: the hub's pull into its index, dlt's rest_api source, and a loader written by hand.

One agency (`benchmarks.paged_agency`, in a process of its own) is asked in the same way by all three, 500 rows a page,
and all write to the same PostgreSQL at default durability. The hub's side is the product's: gate, one client, call
records, mapping, `record` into dossier, history and change, the position with each page, the run's record, and what the
worker does after a pull. dlt (`benchmarks.dlt_loader`, in an environment of its own) merges into a plain table; the
loader by hand (`benchmarks.copy_loader`) copies into one.

In each round all three start from nothing and make three runs: all dossiers are `new`; `none` changed since; one in ten
`changed`. Ratios are of rows per second, and for `none`, where there are no rows, of runs per second: above one the hub
is the faster. Each is the median of the rounds' ratios. `none_cpu_ms` is what this process spends on a run that finds
nothing, beside its one call, and `none_database_cpu_ms` what PostgreSQL spends on such a run, the call's records in it.
"""

import argparse
import asyncio
import json
import logging
import os
import subprocess
import sys
import tempfile
import venv
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any, TypeVar

import httpx
import psutil
import structlog
import yaml
from cryptography.fernet import Fernet
from sqlalchemy import text
from sqlalchemy.engine import make_url

from adapters import Client, build_adapter
from adapters.calling.client import RawAnswer
from benchmarks import copy_loader
from benchmarks.database import fresh_database
from benchmarks.figures import figure
from benchmarks.paged_agency import PagedAgency, paged_agency
from contracts.adapter import AgencyAdapter
from contracts.agency import AgencySpec
from hub.calls.recorder import DatabaseCallRecorder
from hub.db import Database
from hub.gate.gate import DatabaseGate
from hub.streams import store
from hub.sync import orders
from hub.vault import Vault
from sync_jobs.pull import pull
from sync_jobs.recheck import settle_contradictions

T = TypeVar("T")

PAGE = 500
_HERE = Path(__file__).parent
_SPEC = """
id: so-tnmt
identifier: H21.09
identifier_is_placeholder: true
name: {vi: Sở Tài nguyên và Môi trường, en: Department of Natural Resources and Environment}
kind: department
enabled: true
system:
  kind: rest
  address: ADDRESS
  private: true
operations:
  changes:
    request:
      path: /ho-so
      query: {tu: "{since|yyyy-MM-ddTHH:mm:ss}+00:00", kichThuoc: "{size}", sau: "{cursor}"}
    answer: {records: duLieu, error_when: "ma != `0`"}
    pages: {kind: cursor, cursor: tiep, size: SIZE}
mapping:
  code: maHoSo
  occurred_at: {path: ngayCapNhat, convert: date, formats: &formats [iso]}
  facts:
    status: trangThai
    procedure_code: maThuTuc
    procedure_name: tenThuTuc
    applicant_name: nguoiNop
    applicant_phone: dienThoai
    applicant_email: email
    submitted_at: {path: ngayNop, convert: date, formats: *formats}
    received_at: {path: ngayTiepNhan, convert: date, formats: *formats}
    due_at: {path: ngayHenTra, convert: date, formats: *formats}
    note: ghiChu
statuses:
  Mới đăng ký: "1"
  Đã tiếp nhận: "2"
  Đang xử lý: "4"
  Chờ bổ sung: "5"
  Đã có kết quả: "9"
  Đã trả kết quả: "10"
time_zone: UTC
sync: {every_seconds: 60}
"""


class NoSecrets:
    """contracts.adapter.Secrets where none are needed."""

    def get(self, name: str) -> str:
        raise LookupError(name)


class CountedClient(Client):
    """The one client, and the CPU seconds of this process while a call is under way."""

    spent = 0.0

    async def call(self, *arguments: Any, understand: Callable[[RawAnswer], T], **named: Any) -> T:
        began = process_time()
        try:
            return await super().call(*arguments, understand=understand, **named)
        finally:
            self.spent += process_time() - began


async def hub_run(database: Database, adapter: AgencyAdapter, vault: Vault) -> tuple[float, int]:
    """One pull as the worker makes it. Returns its seconds and rows."""
    began = perf_counter()
    run = await pull(database, adapter, vault)
    await settle_contradictions(database, adapter, vault)
    seconds = perf_counter() - began
    assert run.outcome == "ok", run
    return seconds, run.received


async def by_hand_run(database: Database, address: str) -> tuple[float, int]:
    connection = await database.connect_alone()
    try:
        async with httpx.AsyncClient(base_url=address) as http:
            began = perf_counter()
            rows = await copy_loader.load(connection, http, PAGE)
            return perf_counter() - began, rows
    finally:
        await connection.close()


@contextmanager
def dlt(address: str, database_url: str) -> Iterator[Callable[[], tuple[float, int]]]:
    """dlt in a process of its own. Yields what makes a run and returns its seconds and rows."""
    folder = _HERE.parent / ".venv-dlt"
    requirements = _HERE / "requirements-sync.txt"
    if not (folder / "installed").exists():
        venv.create(folder, with_pip=True)
        pip = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        subprocess.run([*pip, "-r", str(requirements)], check=True)
        (folder / "installed").touch()
    url = make_url(database_url)
    # It wants a host by name; libpq takes the one in the query.
    url = url.set(host=url.host or "localhost", port=url.port or 5432, password=url.password or "none")
    with tempfile.TemporaryDirectory() as state:
        process = subprocess.Popen(
            [folder / "bin" / "python", _HERE / "dlt_loader.py", address, url.render_as_string(False), str(PAGE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=state,
            env=os.environ | {"DLT_DATA_DIR": state},
        )
        assert process.stdin and process.stdout

        def answer() -> dict[str, Any]:
            for line in process.stdout or ():
                if line.startswith("{"):
                    return dict(json.loads(line))
            raise RuntimeError("dlt ended without an answer")

        def run() -> tuple[float, int]:
            assert process.stdin
            process.stdin.write("\n")
            process.stdin.flush()
            made = answer()
            return made["seconds"], made["rows"]

        try:
            answer()
            yield run
        finally:
            process.stdin.close()
            process.wait()


def database_seconds(database: Database) -> float:
    """Seconds of CPU that the server's processes for this database have spent."""
    name = make_url(database.url).database or ""
    spent = 0.0
    for process in psutil.process_iter(["cmdline", "cpu_times"]):
        if process.info["cpu_times"] and any(name in part for part in process.info["cmdline"] or ()):
            spent += process.info["cpu_times"].user + process.info["cpu_times"].system
    return spent


async def empty(database: Database) -> None:
    async with database.begin() as connection:
        await connection.execute(
            text("TRUNCATE dossier, observation, change, recheck, watch, stream, run, call CASCADE")
        )
        await connection.execute(text("DROP TABLE IF EXISTS by_hand"))
        await connection.execute(text("DROP SCHEMA IF EXISTS dlt CASCADE"))


async def round_of(
    database: Database, adapter: AgencyAdapter, vault: Vault, agency: PagedAgency, dossiers: int
) -> dict[str, dict[str, float]]:
    """Rows per second, by kind of run and who made it; for `none`, runs per second."""
    await empty(database)
    agency.fill(dossiers)
    await store.ensure(database, [adapter.spec])
    # A first pull would leave the past to a backfill.
    await orders.want(database, adapter.spec.id, "pull", actor="benchmark", since=datetime(2000, 1, 1, tzinfo=UTC))
    found: dict[str, dict[str, float]] = defaultdict(dict)
    with dlt(agency.address, database.url) as dlt_run:
        for kind, expected in {"new": dossiers, "none": 0, "changed": dossiers // 10}.items():
            if kind == "changed":
                agency.change(expected)
            for who in ("hub", "dlt", "by_hand"):
                if who == "hub":
                    seconds, rows = await hub_run(database, adapter, vault)
                elif who == "dlt":
                    seconds, rows = await asyncio.to_thread(dlt_run)
                else:
                    seconds, rows = await by_hand_run(database, agency.address)
                # One that asks from its latest row on gets that row again.
                assert expected <= rows <= expected + 1, (kind, who, rows)
                found[kind][who] = (expected or 1) / seconds
    return found


async def main(dossiers: int, rounds: int) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    vault = Vault(seal_keys=Fernet.generate_key().decode(), digest_key="benchmark")
    with paged_agency() as agency:
        spec = AgencySpec.model_validate(
            yaml.safe_load(_SPEC.replace("ADDRESS", agency.address).replace("SIZE", str(PAGE)))
        )
        async with (
            fresh_database() as database,
            DatabaseGate(database) as gate,
            CountedClient(DatabaseCallRecorder(database, vault), gate) as client,
        ):
            adapter = build_adapter(spec, client=client, secrets=NoSecrets(), documents=Path())
            found = [await round_of(database, adapter, vault, agency, dossiers) for _ in range(rounds)]
            for kind in ("new", "changed", "none"):
                unit = "runs" if kind == "none" else "rows"
                for who in ("hub", "dlt", "by_hand"):
                    value = median(each[kind][who] for each in found)
                    figure(f"sync.{kind}_{who}_{unit}_per_second", value, better="higher")
                for who, goal in {"dlt": 4.0, "by_hand": 0.5}.items():
                    ratio = median(each[kind]["hub"] / each[kind][who] for each in found)
                    figure(f"sync.{kind}_hub_over_{who}", ratio, goal=goal, better="higher")
            spent, rows = agency.spent()
            figure("sync.agency_us_per_row", 1e6 * spent / rows, better="lower")
            await none_costs(database, adapter, vault, agency, client)


async def none_costs(
    database: Database, adapter: AgencyAdapter, vault: Vault, agency: PagedAgency, client: CountedClient
) -> None:
    """What a run costs that finds nothing."""
    agency.fill(100)
    await empty(database)
    await store.ensure(database, [adapter.spec])
    await hub_run(database, adapter, vault)
    runs = 40
    began, calls, there = process_time(), client.spent, database_seconds(database)
    for _ in range(runs):
        await hub_run(database, adapter, vault)
    beside = process_time() - began - (client.spent - calls)
    figure("sync.none_cpu_ms", 1e3 * beside / runs, goal=10, better="lower")
    figure("sync.none_call_cpu_ms", 1e3 * (client.spent - calls) / runs, better="lower")
    figure("sync.none_database_cpu_ms", 1e3 * (database_seconds(database) - there) / runs, better="lower")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sync", description=__doc__)
    parser.add_argument("--dossiers", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    sys.exit(asyncio.run(main(given.dossiers, given.rounds)))
