"""The canary takes back a new version that understands less than the one before, and no other."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from adapters import Client
from config.spec_file import SpecFile
from contracts.adapter import AgencyAdapter
from contracts.agency import AgencySpec
from hub.access.audit import Wanted, latest
from hub.db import Database
from hub.specs.canary import Canary
from hub.specs.specs import Specs, Way
from hub.vault import Vault
from tests.parts import NamedSecrets, built, deliver, no_documents

AGENCY = "so-xd"
GOOD = """\
id: so-xd
identifier: H21.03
name: {vi: Sở Xây dựng, en: Department of Construction}
kind: department
enabled: true
statuses:
  MOI: "1"
  DANG_XU_LY: "4"
webhook: {secrets: [so-xd-webhook]}
"""
#: Somebody meant to rename a word.
BAD = GOOD.replace("DANG_XU_LY", "DANG_XU_LI")
SECRETS = NamedSecrets({"so-xd-webhook": "x"})


def build(spec: AgencySpec) -> AgencyAdapter:
    adapter = built([spec], Client(None), SECRETS).adapter(spec.id)
    assert adapter
    return adapter


@pytest.fixture
def specs(database: Database) -> Specs:
    return Specs(database, SECRETS, no_documents(database))


@pytest.fixture
def canary(database: Database, vault: Vault, specs: Specs) -> Canary:
    return Canary(database, vault, specs, build)


async def publish(specs: Specs, text: str, based_on: int | None = None) -> AgencySpec:
    await specs.publish(AGENCY, text, author="an", reason="thử", way=Way.CONSOLE, based_on=based_on)
    spec = SpecFile(Path("so-xd.yaml"), text=text).spec
    assert spec
    return spec


async def say(database: Database, vault: Vault, spec: AgencySpec, status: str, count: int) -> None:
    for number in range(count):
        said: dict[str, Any] = {"code": f"H21.03-261123-{number:04}", "occurred_at": "2026-11-23T08:00:00+07:00"}
        await deliver(database, vault, spec, f"{status}-{number}", status=status, **said)


async def at_work(specs: Specs) -> tuple[int, str]:
    version = await specs.current(AGENCY)
    assert version
    return version.version, version.text


async def test_a_version_that_understands_less_is_taken_back(
    database: Database, vault: Vault, specs: Specs, canary: Canary
) -> None:
    await publish(specs, GOOD)
    bad = await publish(specs, BAD, 1)
    await say(database, vault, bad, "DANG_XU_LY", 2)
    await canary.look()
    assert await at_work(specs) == (2, BAD), "two may be bad luck"
    await say(database, vault, bad, "DANG_XU_LY", 4)
    await canary.look()
    assert await at_work(specs) == (3, GOOD)
    (line,) = await latest(database, Wanted(actor="canary"), most=9)
    assert line.action == "spec.rolled_back"
    assert "4 of 4 records went to the quarantine with version 2 that version 1 understands" in line.detail["reason"]
    await canary.look()
    assert await at_work(specs) == (3, GOOD)


async def test_what_no_version_understands_is_no_reason(
    database: Database, vault: Vault, specs: Specs, canary: Canary
) -> None:
    await publish(specs, GOOD)
    other = GOOD + "phone: 0269 3823 100\n"
    spec = await publish(specs, other, 1)
    await say(database, vault, spec, "CHO_XAC_MINH", 9)
    await canary.look()
    assert await at_work(specs) == (2, other)


async def test_the_first_version_and_one_of_long_ago_are_left_alone(
    database: Database, vault: Vault, specs: Specs, canary: Canary
) -> None:
    bad = await publish(specs, BAD)
    await say(database, vault, bad, "DANG_XU_LY", 9)
    await canary.look()
    assert await at_work(specs) == (1, BAD)
    await publish(specs, GOOD, 1)
    bad = await publish(specs, BAD, 2)
    async with database.begin() as connection:
        await connection.execute(text("UPDATE agency_spec SET watched_until = now() - interval '1 second'"))
        await connection.execute(text("DELETE FROM quarantine"))
    await say(database, vault, bad, "DANG_XU_LY", 9)
    await canary.look()
    assert await at_work(specs) == (3, BAD)


@pytest.mark.parametrize(
    ("outcomes", "taken_back"),
    [
        (["malformed", "malformed"], True),
        (["malformed"], False),
        (["ok", "malformed", "malformed"], False),
        (["unreachable", "timed_out", "unreachable"], False),
    ],
)
async def test_runs_that_fail_only_since(
    database: Database, specs: Specs, canary: Canary, outcomes: list[str], taken_back: bool
) -> None:
    await publish(specs, GOOD)
    run = (
        "INSERT INTO run (agency, kind, reason, started_at, finished_at, outcome)"
        " VALUES ('so-xd', 'pull', 'schedule', now(), now(), $1)"
    )
    await database.reads.execute(run, "ok")
    await publish(specs, BAD, 1)
    for outcome in outcomes:
        await database.reads.execute(run, outcome)
    await canary.look()
    assert (await at_work(specs))[0] == (3 if taken_back else 2)
