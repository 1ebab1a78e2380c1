"""The API against its own OpenAPI document: thousands of requests, right and wrong ones, each answer as documented."""

import asyncio
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from config.secrets import digest_key_file, seal_key_file
from hub.access.keys import ApiKeys
from hub.access.people import People, Person
from hub.access.scopes import Caller, Scope
from hub.db import Database
from hub.index.marks import Contact
from hub.index.record import record
from hub.vault import Vault
from tests.observations import observation as said
from tests.running import ROOT, HubProcess, running_hub

CASES = 5_000
#: The same for everybody, so that who changed nothing sees nothing new; another is worth trying now and then.
SEED = 3223813851
#: Made by rules of the document, and not by what they mean, most cursors are forged and some days are in the wrong
#: order: that these are refused is told by tests of their own.
BUT = "positive_data_acceptance"
#: It does not end by itself; tests/hub/feed has it.
ENDLESS = "/v1/changes/stream"


async def fill(database: Database, vault: Vault) -> None:
    now = datetime.now(UTC)
    heard = [
        said(
            f"H21.20-261123-{number:04d}",
            agency=("ubnd-pleiku", "so-tnmt", "so-khdt")[number % 3],
            status=number % 10 + 1,
            procedure_code="1.001612",
            procedure_name="Đăng ký thành lập hộ kinh doanh",
            received_at=now - timedelta(days=number),
            due_at=now - timedelta(days=number - 20),
            applicant_name="Nguyễn Văn Đức",
            applicant_phone="0905123456",
            applicant_number="064085001234",
        )
        for number in range(60)
    ]
    async with database.begin() as connection:
        await record(connection, heard, vault)


def told(output: str) -> int:
    """How many cases the run says it made."""
    found = re.search(r"^\s*(\d+) generated", output, re.MULTILINE)
    assert found, output
    return int(found[1])


@pytest.mark.long
@pytest.mark.timeout(1200)
async def test_every_answer_is_as_documented(database: Database, tmp_path: Path) -> None:
    seed = int(os.environ.get("HUB_TEST_SEED", SEED))
    print(f"HUB_TEST_SEED={seed}")
    data = tmp_path / "data"
    data.mkdir()
    vault = Vault(seal_keys=seal_key_file(data), digest_key=digest_key_file(data))
    await fill(database, vault)
    key = await ApiKeys(database).create("portal", scopes=list(Scope), actor="test")
    person = Person.of(Contact.NUMBER, "064085001234", vault)
    token, _ = People(vault).token(person, Caller("portal", frozenset(), None))
    hub = HubProcess(database.url, data, ROOT / "config" / "agencies", command="api")
    async with running_hub(hub), httpx.AsyncClient(base_url=hub.url) as client:
        document = (await client.get("/openapi.json")).json()
        operations = sum(len(path) for path in document["paths"].values()) - 1
        # Of operations with few parameters there are fewer different cases.
        each = 6 * CASES // (5 * operations)
        process = await start(hub.url, seed, per_operation=each, key=key, token=token, folder=tmp_path)
    output = process.stdout
    print(output[-6000:])
    assert process.returncode == 0
    assert told(output) >= CASES
    assert "500" not in hub.log()


async def start(
    url: str, seed: int, *, per_operation: int, key: str, token: str, folder: Path
) -> "subprocess.CompletedProcess[str]":
    return await asyncio.to_thread(
        subprocess.run,
        [
            *(str(Path(sys.executable).with_name("schemathesis")), "run", f"{url}/openapi.json"),
            *("--seed", str(seed), "--generation-database", "none", "--max-examples", str(per_operation)),
            *("--checks", "all", "--exclude-checks", BUT, "--exclude-path", ENDLESS),
            *("--phases", "examples,coverage,fuzzing", "--workers", "1"),
            *("-H", f"X-Api-Key: {key}", "-H", f"Authorization: Bearer {token}"),
            "--no-color",
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
