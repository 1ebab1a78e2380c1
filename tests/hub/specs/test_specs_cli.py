"""`hub agencies list|diff|apply|export|versions|rollback`: specs from files into a running hub, without a restart."""

import asyncio
import base64
import hashlib
import hmac
import json
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.running import ROOT, HubProcess, environment, running_hub

KEY = b"a key that is thirty-two bytes.."
SECRETS = {"so-xd-webhook": "whsec_" + base64.b64encode(KEY).decode()}
SPEC = """\
# Kept as it was written.
id: so-xd
identifier: H21.03
name: {vi: Sở Xây dựng, en: Department of Construction}
kind: department
enabled: true
statuses:
  MOI: "1"
webhook: {secrets: [so-xd-webhook]}
"""
MENDED = SPEC.replace('  MOI: "1"\n', '  MOI: "1"\n  DANG_XU_LY: "4"\n')


@pytest.fixture
def hub(database_url: str, tmp_path: Path) -> HubProcess:
    folder = tmp_path / "agencies"
    folder.mkdir()
    (folder / "so-xd.yaml").write_text(SPEC)
    return HubProcess(database_url, data_dir=tmp_path / "data", agencies_dir=folder, secrets=SECRETS)


def agencies(hub: HubProcess, *arguments: str) -> "subprocess.CompletedProcess[str]":
    more = {
        "HUB_DATABASE_URL": hub.database_url,
        "HUB_DATA_DIR": str(hub.data_dir),
        "HUB_AGENCIES_DIR": str(hub.agencies_dir),
    }
    return subprocess.run(
        [sys.executable, "-m", "hub", "agencies", *arguments],
        cwd=ROOT,
        env=environment(SECRETS) | more,
        capture_output=True,
        text=True,
    )


async def push(hub: HubProcess, status: str) -> None:
    data = {"code": "H21.03-261123-0001", "occurred_at": "2026-11-23T08:00:00+07:00", "status": status}
    told = {"type": "dossier.updated", "timestamp": "2026-11-23T08:00:00+07:00", "data": data}
    body = json.dumps(told).encode()
    at = str(int(time.time()))
    signature = base64.b64encode(hmac.digest(KEY, f"{status}.{at}.".encode() + body, hashlib.sha256)).decode()
    headers = {"webhook-id": status, "webhook-timestamp": at, "webhook-signature": f"v1,{signature}"}
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{hub.url}/v1/webhooks/so-xd", content=body, headers=headers)
        assert answer.is_success, answer.text


async def until_status(hub: HubProcess, code: str) -> None:
    async with httpx.AsyncClient(base_url=hub.url) as client, asyncio.timeout(60):
        while True:
            answer = await client.get("/v1/dossiers/H21.03-261123-0001")
            status = answer.json()["status"] if answer.is_success else None
            if status and status["code"] == code:
                return
            await asyncio.sleep(0.2)


async def test_a_word_is_mapped_while_the_hub_runs(hub: HubProcess) -> None:
    async with running_hub(hub):
        await push(hub, "DANG_XU_LY")
        (hub.agencies_dir / "so-xd.yaml").write_text(MENDED)
        differs = await asyncio.to_thread(agencies, hub, "diff")
        assert differs.returncode == 1
        assert '+  DANG_XU_LY: "4"' in differs.stdout
        applied = await asyncio.to_thread(agencies, hub, "apply", "--reason", "a new word")
        assert applied.stdout == "so-xd: version 2\n", applied.stderr
        # What was in quarantine is understood, in the process that was running all the time.
        await until_status(hub, "4")
    same = agencies(hub, "diff")
    assert (same.returncode, same.stdout) == (0, "The files say what is at work.\n")


def test_they_go_out_as_they_came_and_back_to_what_they_were(hub: HubProcess, tmp_path: Path) -> None:
    file = hub.agencies_dir / "so-xd.yaml"
    assert agencies(hub, "apply", "--reason", "first").returncode == 0
    file.write_text(SPEC.replace('"1"', '"99"'))
    wrong = agencies(hub, "apply", "--reason", "second")
    assert wrong.returncode == 1
    assert "so-xd.yaml, line 8: statuses.MOI" in wrong.stderr
    file.write_text(MENDED)
    assert agencies(hub, "apply", "--reason", "second").returncode == 0
    back = agencies(hub, "rollback", "so-xd", "1", "--reason", "too early")
    assert back.stdout == "so-xd: version 3, which says what version 1 said\n", back.stderr
    told = agencies(hub, "versions", "so-xd").stdout.splitlines()
    assert [line.split(",")[0] for line in told] == ["version 3", "version 2", "version 1"]
    assert told[0].endswith("version 1 again: too early")
    assert agencies(hub, "rollback", "so-xd", "9", "--reason", "no").returncode == 1
    assert agencies(hub, "list").stdout.startswith("so-xd ")
    agencies(hub, "export", str(tmp_path / "out"))
    assert (tmp_path / "out" / "so-xd.yaml").read_text() == SPEC
    assert "there is no so-yt" in agencies(hub, "diff", "so-yt").stderr
