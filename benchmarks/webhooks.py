"""Webhooks in: durable, verified and applied events a second, beside the least endpoint that anybody would write.

- `hub_over_minimal`: events a second of `hub api` (one process, all middlewares, its log) ÷ those of an endpoint by
  hand that verifies, inserts and commits (benchmarks.minimal_intake), with 64 senders at once, at PostgreSQL's
  default durability. The hub does its full work: event, dossier, history, change, marks and counts.
- `list_over_single`: events a second in lists of a hundred ÷ those that come one by one.
- `p99_ms_at_half`: of the answer, at half of what the hub can do.
- `visible_p99_ms`: from handing an event in until a look-up shows it.
- `kept_p99_over_empty`: that percentile with `--kept` deliveries in the inbox ÷ with none, at the same rate.

Nine in ten events are of dossiers that there are; each is of a later time than those before. Both sides take turns.
"""

import argparse
import asyncio
import base64
import hashlib
import hmac
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from pathlib import Path
from statistics import median
from typing import Any

import asyncpg
import httpx
import orjson
import yaml

from benchmarks.database import fresh_database
from benchmarks.figures import figure
from benchmarks.load import Callers, Outcome, drive
from benchmarks.minimal_intake import TABLE, minimal_intake
from hub.db import Database
from tests.running import HubProcess, running_hub

KEY = b"benchmark-key-of-32-bytes-length"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
AGENCY = "ubnd-pleiku"
SENDERS = 64
_LIST = 100
_DOSSIERS = 5000
_WORDS = ("MOI", "DA_TIEP_NHAN", "DANG_XU_LY", "CHO_BO_SUNG", "XONG")

_SPEC = {
    "id": AGENCY,
    "identifier": "H21.20",
    "name": {"vi": "UBND thành phố Pleiku", "en": "Pleiku city"},
    "kind": "city",
    "enabled": True,
    "statuses": {word: str(code) for word, code in zip(_WORDS, (1, 2, 4, 5, 9), strict=True)},
    "webhook": {"secrets": [f"{AGENCY}-webhook"], "tolerance_seconds": 3600},
}

# As an inbox that has kept so many is: its rows in the order in which they came, under ids as senders make them.
_KEEP = """
    INSERT INTO inbox (agency, webhook_id, body_digest, body, headers, state, received_at, applied_at, correlation_id)
    SELECT $1, 'msg_' || md5(n::text), sha256(int8send(n)), $2, $3, 'applied', at, at, 'msg_' || md5(n::text)
      FROM (SELECT n, now() - interval '100 days' + n * (interval '100 days' / $5::float) AS at
              FROM generate_series($4::bigint, $6::bigint) AS n) AS made
"""


class Events:
    """Makes events, each once: signed requests."""

    def __init__(self) -> None:
        self._numbers = count()
        self._began = datetime(2026, 1, 1, tzinfo=UTC)

    def single(self, many: int) -> list[bytes]:
        return [_request(_signed(orjson.dumps(self._event(n)), f"msg_{n}")) for n in islice(self._numbers, many)]

    def lists(self, many: int) -> list[bytes]:
        made = []
        for _ in range(many):
            numbers = list(islice(self._numbers, _LIST))
            body = orjson.dumps([self._event(n) | {"id": f"msg_{n}"} for n in numbers])
            made.append(_request(_signed(body, f"list_{numbers[0]}")))
        return made

    def one(self) -> tuple[str, dict[str, str], bytes]:
        """(code, headers, body)"""
        n = next(self._numbers)
        event = self._event(n)
        body = orjson.dumps(event)
        headers, _ = _signed(body, f"msg_{n}")
        return event["data"]["code"], headers, body

    def _event(self, n: int) -> dict[str, Any]:
        # Every tenth is of a dossier that nobody has heard of.
        number = _DOSSIERS + n if n % 10 == 0 else n % _DOSSIERS
        at = (self._began + timedelta(seconds=n)).isoformat()
        return {
            "type": "dossier.updated",
            "timestamp": at,
            "data": {
                "code": f"H21.20-260101-{number:06}",
                "occurred_at": at,
                "status": _WORDS[n // _DOSSIERS % len(_WORDS)],
                "procedure_code": "1.001612",
                "procedure_name": "Đăng ký thành lập hộ kinh doanh",
                "applicant": {"name": f"Nguyễn Thị Ánh Tuyết {number % 700}", "phone": f"09051{number:05}"},
            },
        }


def _signed(body: bytes, named: str) -> tuple[dict[str, str], bytes]:
    at = str(int(time.time()))
    digest = hmac.digest(KEY, f"{named}.{at}.".encode() + body, hashlib.sha256)
    signature = "v1," + base64.b64encode(digest).decode()
    return {"webhook-id": named, "webhook-timestamp": at, "webhook-signature": signature}, body


def _request(signed: tuple[dict[str, str], bytes]) -> bytes:
    headers, body = signed
    lines = [f"POST /v1/webhooks/{AGENCY} HTTP/1.1", "Host: hub", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def sent(
    address: tuple[str, int],
    requests: Sequence[bytes],
    *,
    senders: int = SENDERS,
    seconds: float,
    rate: float | None = None,
) -> Outcome:
    callers = {"all": Callers(requests, senders, rate, once=True)}
    outcome = drive(address, callers, seconds=seconds, warm_up=seconds / 4)["all"]
    assert set(outcome.statuses) == {202}, outcome.statuses
    return outcome


async def rates(hub: HubProcess, minimal: tuple[str, int], events: Events, seconds: float, rounds: int) -> float:
    """Tells the figures; returns the hub's events a second."""
    addresses = {"hub": ("127.0.0.1", hub.port), "minimal": minimal}
    found: dict[str, list[float]] = {side: [] for side in (*addresses, "list")}
    most = int(seconds * 6000)
    for each in range(rounds):
        for side in found if each % 2 else reversed(found):
            if side == "list":
                outcome = await asyncio.to_thread(
                    sent, addresses["hub"], events.lists(most // _LIST), senders=4, seconds=seconds
                )
                found[side].append(outcome.rate * _LIST)
            else:
                outcome = await asyncio.to_thread(sent, addresses[side], events.single(most), seconds=seconds)
                found[side].append(outcome.rate)
    for side, values in found.items():
        figure(f"webhooks.events_a_second.{side}", median(values), better="higher")
    ratios = [a / b for a, b in zip(found["hub"], found["minimal"], strict=True)]
    figure("webhooks.hub_over_minimal", median(ratios), goal=0.5, better="higher")
    ratios = [a / b for a, b in zip(found["list"], found["hub"], strict=True)]
    figure("webhooks.list_over_single", median(ratios), goal=5, better="higher")
    return median(found["hub"])


async def at_rate(hub: HubProcess, events: Events, rate: float, seconds: float, rounds: int) -> float:
    """The 99th percentile of the answer, in milliseconds; the median of the rounds."""
    address = ("127.0.0.1", hub.port)
    found = []
    for _ in range(rounds):
        requests = events.single(int(rate * seconds * 1.5))
        outcome = await asyncio.to_thread(sent, address, requests, seconds=seconds, rate=rate)
        found.append(1000 * outcome.percentile(99))
    return median(found)


async def visible(hub: HubProcess, events: Events, many: int) -> None:
    """From handing in to a look-up that shows it."""
    took = []
    async with httpx.AsyncClient(base_url=hub.url) as client:
        for _ in range(many):
            code, headers, body = events.one()
            began, heard = time.perf_counter(), datetime.now(UTC)
            (await client.post(f"/v1/webhooks/{AGENCY}", content=body, headers=headers)).raise_for_status()
            while True:
                shown = await client.get(f"/v1/dossiers/{code}")
                if shown.status_code == 200 and datetime.fromisoformat(shown.json()["observed_at"]) >= heard:
                    break
            took.append(time.perf_counter() - began)
    figure("webhooks.visible_p99_ms", 1000 * sorted(took)[int(many * 0.99) - 1], goal=200, better="lower")


async def keep(database: Database, many: int) -> None:
    """Fill the inbox as if so many had come in a hundred days."""
    connection: asyncpg.Connection[asyncpg.Record] = await database.connect_alone()
    body, headers, step = b"x" * 480, b"x" * 330, 250_000
    try:
        await connection.execute("SET synchronous_commit = off")
        for start in range(0, many, step):
            end = min(start + step, many)
            await connection.execute(_KEEP, AGENCY, body, headers, start + 1, float(many), end)
        await connection.execute("VACUUM (ANALYZE) inbox")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


def agencies_folder(parent: Path) -> Path:
    """With the one agency that pushes."""
    folder = parent / "agencies"
    folder.mkdir()
    (folder / f"{AGENCY}.yaml").write_text(yaml.safe_dump(_SPEC, allow_unicode=True))
    return folder


async def main(seconds: float, rounds: int, kept: int) -> None:
    events = Events()
    with tempfile.TemporaryDirectory(prefix="hub-webhooks-") as parent:
        async with fresh_database() as database:
            hub = HubProcess(
                database.url,
                data_dir=Path(parent) / "data",
                agencies_dir=agencies_folder(Path(parent)),
                command="api",
                secrets={f"{AGENCY}-webhook": SECRET},
            )
            connection = await database.connect_alone()
            await connection.execute(TABLE)
            await connection.close()
            async with running_hub(hub):
                with minimal_intake(database.url, KEY) as minimal:
                    rate = await rates(hub, minimal, events, seconds, rounds)
                half = rate / 2
                p99 = await at_rate(hub, events, half, seconds, rounds)
                figure("webhooks.p99_ms_at_half", p99, goal=50, better="lower")
                await visible(hub, events, 300)
                if kept:
                    await keep(database, kept)
                    full = await at_rate(hub, events, half, seconds, rounds)
                    figure("webhooks.kept", kept, better="higher")
                    figure("webhooks.kept_p99_ms", full, better="lower")
                    figure("webhooks.kept_p99_over_empty", full / p99, goal=1.3, better="lower")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.webhooks", description=__doc__)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kept", type=int, default=0, help="Deliveries in the inbox, such as 10000000.")
    given = parser.parse_args()
    asyncio.run(main(given.seconds, given.rounds, given.kept))
