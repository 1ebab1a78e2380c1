"""The API against its own OpenAPI document: thousands of requests, right and wrong ones, each answer as documented."""

import asyncio
import os
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network
from pathlib import Path

import pytest
import uvicorn
import yaml

from config.settings import Settings
from contracts.agency import AgencySpec
from hub.access.people import People, Person
from hub.access.scopes import Caller, Scope
from hub.index.marks import Contact
from hub.index.record import record
from hub.main import Hub, create_app, open_hub
from hub.ownership import full
from hub.shedding import Load
from tests.adapters.servers import talking
from tests.hub.live.agencies import Agency, spec_of
from tests.observations import observation as said
from tests.parts import pushing_spec

CASES = 5_000
#: Made up for each operation, beside some forty at the edges of its parameters: so many give CASES. A case costs a
#: processor 15 ms.
MADE_UP = 16
#: The same for everybody, so that who changed nothing sees nothing new; another is worth trying now and then.
SEED = 3223813851
#: It does not end by itself; tests/hub/feed has it.
ENDLESS = "/v1/changes/stream"
#: It calls whatever address was made up for it; tests/hub/subscriptions has it.
CALLS_OUT = "/v1/subscriptions/{subscription}/test"

# What fits the document is accepted, except where a document cannot say what fits: a cursor is one that the hub gave;
# a day is not before another; an e-mail or phone can be compared; a delivery is signed, and of now; an agency is known;
# a text is a spec, a document a WSDL; a code is long enough to be looked for, a reason is more than blanks; an address
# is one that can be delivered to, and is new.
# That these are refused, and how, is told by tests of their own.
CHECKS = """
[checks]
enabled = true
negative_data_rejection.expected-statuses = ["4xx"]
positive_data_acceptance.expected-statuses = ["2xx", "401", "403", "404", "409", "429"]
""" + "".join(
    f"""
[[operations]]
include-path = "{path}"
checks.positive_data_acceptance.enabled = false
"""
    for path in (
        "/v1/dossiers",
        "/v1/dossiers/search",
        "/v1/dossiers/{code}/history/lines",
        "/v1/people/dossiers",
        "/v1/people/tokens",
        "/v1/me/dossiers",
        "/v1/changes",
        "/v1/statistics",
        "/v1/webhooks/{agency}",
        "/v1/subscriptions",
        "/v1/subscriptions/{subscription}",
        "/v1/subscriptions/{subscription}/enable",
        "/v1/admin/agencies/{agency}/backfill",
        "/v1/admin/agencies/{agency}/spec",
        "/v1/admin/agencies/{agency}/spec/shadow",
        "/v1/admin/agencies/{agency}/spec/trial",
        "/v1/admin/agencies/{agency}/spec/dry-run",
        "/v1/admin/agencies/{agency}/draft",
        "/v1/admin/agencies/{agency}/draft/operations",
        "/v1/admin/agencies/{agency}/draft/trial",
        "/v1/admin/agencies/{agency}/draft/dry-run",
        "/v1/admin/agencies/{agency}/draft/publish",
        "/v1/admin/drafts",
        "/v1/admin/agencies/{agency}/calls/{number}/open",
        "/v1/admin/alerts/recipients/mail",
        "/v1/admin/alerts/recipients/webhook",
        "/v1/admin/calls",
        "/v1/admin/keys",
        "/v1/admin/people",
        "/v1/admin/secrets/{name}",
        "/v1/admin/people/{name}",
    )
)


async def fill(hub: Hub) -> None:
    now = datetime.now(UTC)
    heard = [
        said(
            f"H21.20-261123-{number:04d}",
            agency=("ubnd-pleiku", "co-quan-1", "co-quan-2")[number % 3],
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
    async with hub.database.begin() as connection:
        await record(connection, heard, hub.vault)


@asynccontextmanager
async def connected_hub(database_url: str, folder: Path) -> AsyncIterator[Hub]:
    """A hub over an agency that pushes, one that answers when it is asked, and one that then knows of nothing: none is
    down, so that no answer may be a 5xx."""
    answers, knows_none = Agency("co-quan-1"), Agency("co-quan-2", manner="none")
    async with talking(answers.talk) as first, talking(knows_none.talk) as second:
        agencies = folder / "agencies"
        agencies.mkdir()
        for spec in (pushing_spec(), spec_of(answers.name, first), spec_of(knows_none.name, second)):
            write(spec, agencies)
        settings = Settings(data_dir=folder, agencies_dir=agencies, unlimited_networks=(IPv4Network("127.0.0.0/8"),))
        async with open_hub(settings, database_url) as hub:
            yield hub


def write(spec: AgencySpec, folder: Path) -> None:
    told = spec.model_dump(mode="json", exclude_unset=True, by_alias=True)
    (folder / f"{spec.id}.yaml").write_text(yaml.safe_dump(told, allow_unicode=True))


@asynccontextmanager
async def serving(hub: Hub) -> AsyncIterator[str]:
    """Its API on a port of loopback; gives the address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(create_app(hub, Load()), log_config=None, access_log=False))
        running = asyncio.create_task(server.serve([listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await running


def told(output: str) -> int:
    """How many cases the run says it made."""
    found = re.search(r"^\s*(\d+) generated", output, re.MULTILINE)
    assert found, output
    return int(found[1])


@pytest.mark.timeout(1200)
async def test_every_answer_is_as_documented(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed = int(os.environ.get("HUB_TEST_SEED", SEED))
    print(f"HUB_TEST_SEED={seed}")
    # Refusals come late, so that how long they take tells nothing; a thousand of them would take minutes.
    monkeypatch.setattr(full, "REFUSAL_SECONDS", 0)
    monkeypatch.setenv("HUB_SECRET_UBND_PLEIKU_WEBHOOK", "whsec_" + "c2VjcmV0" * 4)
    async with connected_hub(database_url, tmp_path) as hub, serving(hub) as url:
        await fill(hub)
        # Whatever number is tried, the key that tries it is not ended by it.
        await hub.database.reads.execute("ALTER TABLE api_key ALTER id RESTART WITH 4611686018427387904")
        key = await hub.keys.create("portal", scopes=list(Scope), actor="test")
        person = Person.of(Contact.NUMBER, "064085001234", hub.vault)
        token, _ = People(hub.vault).token(person, Caller("portal", frozenset(), None))
        (tmp_path / "schemathesis.toml").write_text(CHECKS)
        headers = {"X-Api-Key": key, "Authorization": f"Bearer {token}"}
        process = await start(url, seed, headers=headers, folder=tmp_path)
    print(process.stdout[-6000:])
    assert process.returncode == 0
    assert told(process.stdout) >= CASES


async def start(url: str, seed: int, *, headers: dict[str, str], folder: Path) -> "subprocess.CompletedProcess[str]":
    """Cases at the edges of each operation's parameters, and so many made up for it."""
    return await asyncio.to_thread(
        subprocess.run,
        [
            *(str(Path(sys.executable).with_name("schemathesis")), "run", f"{url}/openapi.json"),
            *("--seed", str(seed), "--generation-database", "none", "--max-examples", str(MADE_UP)),
            *("--exclude-path", ENDLESS, "--exclude-path", CALLS_OUT, "--phases", "examples,coverage,fuzzing"),
            # How quick the machine is may not decide anything.
            *("--suppress-health-check", "all", "--no-shrink", "--workers", "1", "--no-color"),
            *(part for name, value in headers.items() for part in ("-H", f"{name}: {value}")),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
