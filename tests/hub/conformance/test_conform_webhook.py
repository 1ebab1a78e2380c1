"""`hub conform webhook`: a good sender passes every check, and each flaw fails the check that is for it."""

import asyncio
import base64
import gzip
import hashlib
import hmac
import json
import os
import signal
import socket
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from config.spec_file import SpecFile
from hub.conformance import sender
from hub.conformance.report import Report
from hub.conformance.sender_checks import CHECKS
from hub.conformance.system import RECOMMENDED
from hub.conformance.texts import Lang, of_try
from tests.hub.conformance.spoken import left_in_english
from tests.parts import NamedSecrets
from tests.running import ROOT

SECRET = "whsec_" + base64.b64encode(b"key of the department").decode()

#: The check that each flaw fails.
FLAWS = {
    "silent": "sent.arrives",
    "wrong key": "sent.proved",
    "signs the body alone": "sent.proved",
    "clock": "sent.clock",
    "no type": "sent.body",
    "packed": "sent.body",
    "too large": "sent.body",
    "put": "sent.body",
    "text": "sent.type",
    "query": "sent.query",
    "unknown status": "events.understood",
    "same time": "events.times",
    "backwards": "events.order",
    "same id": "ids.unique",
    "forgets": "retry.again",
    "new id": "retry.again",
    "signs once": "retry.signed",
    "impatient": "retry.patience",
    "hurries": "retry.pause",
    "goes on": "retry.ends",
}


async def heard(flaw: str) -> Report:
    """What is said of such a sender, once it has sent all it had."""
    spec = SpecFile(RECOMMENDED).spec
    assert spec
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/v1/webhooks/so-moi"
        listening = asyncio.create_task(
            sender.listen(
                spec,
                secrets=NamedSecrets({"so-moi-webhook": SECRET}),
                listener=listener,
                wait_seconds=300,
                say=lambda made, number: print(of_try(made, number, Lang.VI)),
                slow_seconds=0.4,
                # Who does not wait is to be found however slow the machine is.
                busy_seconds=5 if flaw == "hurries" else 1,
            )
        )
        await asyncio.sleep(0.05)
        await Sender(address, flaw).send()
        listening.cancel()
        return await listening


class Sender:
    """Of a department: sends five events, each until it is taken."""

    def __init__(self, address: str, flaw: str) -> None:
        self._address, self.flaw = address, flaw
        self._now = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)

    async def send(self) -> None:
        if self.flaw == "silent":
            return
        timeout = 0.1 if self.flaw == "impatient" else 60
        async with httpx.AsyncClient(timeout=timeout, trust_env=False) as client:
            for number in range(5):
                await self._deliver(client, number)

    async def _deliver(self, client: httpx.AsyncClient, number: int) -> None:
        id, body = f"event-{0 if self.flaw == 'same id' else number}", self._body(number)
        signed = self._signed(id, body)
        for attempt in range(4):
            if self.flaw == "new id":
                id = f"event-{number}-{attempt}"
            if self.flaw != "signs once":
                signed = self._signed(id, body)
            try:
                answer = await client.request(
                    "PUT" if self.flaw == "put" else "POST",
                    self._address + ("?code=H21.99-1" if self.flaw == "query" else ""),
                    content=gzip.compress(body) if self.flaw == "packed" else body,
                    headers=signed,
                )
            except httpx.TimeoutException:
                continue
            if self.flaw == "forgets" or (answer.is_success and self.flaw != "goes on"):
                return
            pause = answer.headers.get("retry-after") if self.flaw != "hurries" else None
            await asyncio.sleep(float(pause or 0.05))

    def _body(self, number: int) -> bytes:
        # Events 3 and 4 are of one dossier.
        later = {"same time": 0, "backwards": -1}.get(self.flaw, 1) if number == 4 else 0
        at = self._now + timedelta(seconds=later)
        event = {
            "type": "dossier.updated",
            "timestamp": at.isoformat(),
            "data": {
                "code": f"H21.99-261126-000{min(number, 3)}",
                "occurred_at": at.isoformat(),
                "status": "XYZ" if self.flaw == "unknown status" else str(number + 1),
                "applicant": {"name": "Nguyễn Thị Ánh"},
            },
        }
        if self.flaw == "no type":
            del event["type"]
        if self.flaw == "too large":
            event["filler"] = "x" * 300_000
        return json.dumps(event, ensure_ascii=False).encode()

    def _signed(self, id: str, body: bytes) -> dict[str, str]:
        stamp = int(time.time()) - (200 if self.flaw == "clock" else 0)
        key = b"another" if self.flaw == "wrong key" else base64.b64decode(SECRET.removeprefix("whsec_"))
        content = body if self.flaw == "signs the body alone" else b"%s.%d.%s" % (id.encode(), stamp, body)
        headers = {
            "content-type": "text/plain" if self.flaw == "text" else "application/json",
            "webhook-id": id,
            "webhook-timestamp": str(stamp),
            "webhook-signature": "v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode(),
        }
        return headers | ({"content-encoding": "gzip"} if self.flaw == "packed" else {})


async def test_a_good_sender_passes() -> None:
    report = await heard("")
    assert {each.check.id: each.word for each in report.findings} == dict.fromkeys(
        (check.id for check, _ in CHECKS), "pass"
    ), [each for each in report.findings if each.word != "pass"]


@pytest.mark.parametrize("flaw", FLAWS)
async def test_each_flaw_is_found(flaw: str) -> None:
    report = await heard(flaw)
    failed = {each.check.id: each for each in report.findings if each.word in ("FAIL", "better")}
    assert FLAWS[flaw] in failed, report.as_json()
    assert failed[FLAWS[flaw]].verdict.seen
    assert left_in_english(report) == []


def test_every_check_was_seen_to_fail() -> None:
    assert {check.id for check, _ in CHECKS} == set(FLAWS.values())


async def test_the_mistake_in_a_signature_is_named() -> None:
    report = await heard("signs the body alone")
    proved = next(each for each in report.findings if each.check.id == "sent.proved")
    assert "The body alone was signed" in proved.verdict.seen


async def test_the_command_tells_the_secret_and_where_to_send_and_reports_upon_ctrl_c(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hub", "conform", "webhook", "--port", "0", "--json"),
        cwd=ROOT,
        env=os.environ | {"HUB_DATA_DIR": str(tmp_path)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr
    secret = (await process.stderr.readline()).decode().split()[-1]
    address = (await process.stderr.readline()).decode().split()[2]
    assert secret.startswith("whsec_") and address.endswith("/v1/webhooks/so-moi")
    body = b'{"type": "dossier.updated", "data": {"code": "H21.99-1", "occurred_at": "2026-11-26T08:00:00+07:00"}}'
    stamp = int(time.time())
    digest = hmac.digest(base64.b64decode(secret[6:]), b"m1.%d.%s" % (stamp, body), hashlib.sha256)
    headers = {"webhook-id": "m1", "webhook-timestamp": str(stamp)}
    headers["webhook-signature"] = "v1," + base64.b64encode(digest).decode()
    # The address is told before anybody answers there, which may take a slow machine long.
    async with httpx.AsyncClient(timeout=120, trust_env=False) as client:
        answer = await client.post(address, content=body, headers=headers)
    assert answer.status_code == 500
    assert "m1: được trả 500" in (await process.stderr.readline()).decode()
    process.send_signal(signal.SIGINT)
    told, complained = await process.communicate()
    assert process.returncode == 1, complained
    results = {each["id"]: each["result"] for each in json.loads(told)["checks"]}
    assert (results["sent.proved"], results["retry.again"], results["retry.pause"]) == ("pass", "fail", "not_tried")
