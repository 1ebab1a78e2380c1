"""A spec in shadow reads what agencies really say, and changes nothing; what it understands otherwise is told."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from adapters import Client, build_adapter
from config.spec_file import SpecFile
from contracts.adapter import Window
from contracts.agency import AgencySpec
from hub.calls.recorder import DatabaseCallRecorder
from hub.db import Database
from hub.specs.shadow import Shadows
from hub.specs.specs import Specs, SpecWrong, Way
from hub.vault import Vault
from tests.adapters.servers import Told, answering
from tests.observations import T0
from tests.parts import NamedSecrets, deliver, no_documents

SECRETS = NamedSecrets({"so-xd-webhook": "x", "so-xd-khoa": "y"})
SPEC = """\
id: so-xd
identifier: H21.03
name: {vi: Sở Xây dựng, en: Department of Construction}
kind: department
enabled: true
system:
  kind: rest
  address: "{address}"
  private: true
  auth: {kind: login, path: /login, json_body: {key: "{secret:so-xd-khoa}"}, token: token}
operations:
  changes:
    request: {path: /changes, query: {from: "{since|iso}"}}
    answer: {records: rows}
    pages: {kind: single}
mapping:
  code: ma
  occurred_at: {path: luc, convert: date, formats: [iso]}
  facts:
    status: trang_thai
    applicant_name: ten
statuses:
  MOI: "1"
  DANG_XU_LY: "4"
webhook: {secrets: [so-xd-webhook]}
"""


def row(number: int, **told: Any) -> dict[str, Any]:
    known = {"ma": f"H21.03-261123-{number:04}", "luc": "2026-11-23T08:00:00+07:00", "trang_thai": "MOI"}
    return known | {"ten": "Nguyễn Văn Đức", "ten_khac": "Trần Bình"} | told


@pytest.fixture
def specs(database: Database) -> Specs:
    return Specs(database, SECRETS, no_documents(database))


@pytest.fixture
def shadows(database: Database, vault: Vault, specs: Specs) -> Shadows:
    return Shadows(database, vault, specs, partial(build_adapter, secrets=SECRETS, documents=Path()))


async def pulled(database: Database, vault: Vault, spec: AgencySpec) -> None:
    """One call, recorded as the hub records it."""
    async with Client(DatabaseCallRecorder(database, vault)) as client:
        adapter = build_adapter(spec, client=client, secrets=SECRETS, documents=Path())
        async for _ in adapter.changes(Window(until=T0)):
            pass


def spec_of(text: str) -> AgencySpec:
    spec = SpecFile(Path("so-xd.yaml"), text=text).spec
    assert spec
    return spec


async def test_it_reads_what_was_recorded_and_then_what_comes(
    database: Database, vault: Vault, specs: Specs, shadows: Shadows
) -> None:
    answers = {
        "/login": Told(json.dumps({"token": "a-token-of-theirs"})),
        "/changes": Told(json.dumps({"rows": [row(1), row(2, trang_thai="DANG_XU_LY"), row(3, trang_thai="LA")]})),
    }
    async with answering(lambda asked: answers[asked.path]) as address:
        text = SPEC.replace("{address}", address)
        await specs.publish("so-xd", text, author="an", reason="đầu", way=Way.CONSOLE, based_on=None)
        await pulled(database, vault, spec_of(text))
        new = text.replace("applicant_name: ten", "applicant_name: ten_khac").replace("DANG_XU_LY", "LA")
        await shadows.start("so-xd", new, actor="an")
        await shadows.look()
        shadow = await shadows.of("so-xd")
        assert shadow
        found = shadow.found
        assert (found.pieces, found.records, found.same, found.differ) == (1, 3, 0, 3)
        assert (found.unusable, found.unusable_in_shadow) == (1, 1)
        assert ("H21.03-261123-0001", "applicant_name", "***", "***") in [tuple(each) for each in found.shown]
        assert ("H21.03-261123-0002", "status", "4", None) in [tuple(each) for each in found.shown]
        assert "Trần" not in str(found)

        await pulled(database, vault, spec_of(text))
        event: dict[str, Any] = {
            "code": "H21.03-261123-0009",
            "occurred_at": "2026-11-23T08:00:00+07:00",
            "status": "LA",
        }
        await deliver(database, vault, spec_of(text), "e1", **event)
        await shadows.look()
        await shadows.look()
        shadow = await shadows.of("so-xd")
        assert shadow
        assert (shadow.found.pieces, shadow.found.records) == (3, 7)
    assert await database.reads.fetchval("SELECT count(*) FROM change") == 1, "what was pushed, and nothing else"
    await shadows.stop("so-xd", actor="an")
    assert await shadows.of("so-xd") is None
    lines = await database.reads.fetch("SELECT action FROM audit WHERE action LIKE 'shadow%' ORDER BY id")
    assert [line["action"] for line in lines] == ["shadow.started", "shadow.stopped"]


async def test_what_cannot_work_does_not_read_along(specs: Specs, shadows: Shadows) -> None:
    text = SPEC.replace("{address}", "http://127.0.0.1:1")
    await specs.publish("so-xd", text, author="an", reason="đầu", way=Way.CONSOLE, based_on=None)
    with pytest.raises(SpecWrong):
        await shadows.start("so-xd", text.replace("code: ma", "code: '['"), actor="an")
    await shadows.look()
