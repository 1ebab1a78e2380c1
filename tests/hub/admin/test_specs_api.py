"""What the console tries a spec out with before it is at work, programs can do as well."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest
from fastapi import APIRouter

from contracts.agency import AgencySpec
from hub.access.keys import ApiKeys
from hub.access.scopes import Scope
from hub.admin import specs_api
from hub.db import Database
from hub.registry import Registry
from hub.specs.parts import SpecParts
from hub.specs.specs import Way
from hub.vault import Vault
from tests.adapters.servers import Told, answering
from tests.keepers import app_of, spec_parts, tools_of, visitor
from tests.parts import deliver

CODE, PERSON = "H21.03-261126-0001", "Nguyễn Văn Đức"


def text_of(address: str) -> str:
    return f"""\
id: so-xd
identifier: H21.03
name: {{vi: Sở Xây dựng, en: Department of Construction}}
kind: department
enabled: true
system: {{kind: rest, address: "{address}", private: true, limits: {{attempts: 1}}}}
operations: {{changes: {{request: {{path: /}}, pages: {{kind: single}}}}}}
mapping:
  code: ma
  occurred_at: {{path: luc, convert: date, formats: [iso]}}
  facts: {{status: trangThai, applicant_name: ten}}
statuses:
  MOI: "1"
sync: {{every_seconds: 300}}
webhook: {{secrets: [so-xd-webhook]}}
"""


@pytest.fixture
async def address() -> AsyncIterator[str]:
    record = {"ma": CODE, "luc": "2026-11-26T08:00:00+07:00", "trangThai": "MOI", "ten": PERSON}
    async with answering(lambda _asked: Told(orjson.dumps([record]).decode())) as there:
        yield there


@pytest.fixture
def parts(database: Database, empty_registry: Registry, vault: Vault) -> SpecParts:
    return spec_parts(database, empty_registry, vault)


@pytest.fixture
def routes(database: Database, vault: Vault, parts: SpecParts) -> APIRouter:
    return specs_api.router(database, vault, ApiKeys(database), parts, tools_of(database, vault, parts))


@pytest.fixture
async def text(address: str, parts: SpecParts, client: httpx.AsyncClient, database: Database) -> str:
    """Of the spec at work, which a key for the agency may change."""
    made = text_of(address)
    await parts.specs.publish("so-xd", made, author="an", reason="đầu tiên", way=Way.API, based_on=None)
    await parts.follower.catch_up()
    scopes = [Scope.ADMIN_LOOK, Scope.ADMIN_OPERATE]
    key = await ApiKeys(database).create("robot", scopes=scopes, agencies=["so-xd"], actor="test")
    client.headers["X-Api-Key"] = key
    return made


async def said(database: Database, vault: Vault, spec: AgencySpec, word: str) -> None:
    record: dict[str, Any] = {"code": CODE, "occurred_at": "2026-11-26T08:00:00+07:00"}
    await deliver(database, vault, spec, f"msg-{word}", status=word, **record)


async def test_a_spec_reads_along_and_no_more(
    client: httpx.AsyncClient, text: str, parts: SpecParts, empty_registry: Registry, database: Database, vault: Vault
) -> None:
    address = "/v1/admin/agencies/so-xd/spec/shadow"
    assert (await client.get(address)).status_code == 404
    refused = await client.put(address, json={"text": text + "fax: 1\n"})
    assert (refused.status_code, "fax" in refused.text) == (400, True)
    spec = empty_registry.spec("so-xd")
    assert spec
    await said(database, vault, spec, "LA")
    assert (await client.put(address, json={"text": text.replace("MOI", "LA")})).status_code == 204
    await parts.shadows.look()
    found = (await client.get(address)).json()
    assert (found["author"], found["pieces"], found["unusable"], found["unusable_in_shadow"]) == ("key:robot", 1, 1, 0)
    assert (await client.delete(address)).status_code == 204
    assert (await client.get(address)).status_code == 404
    told = await database.reads.fetch("SELECT action FROM audit WHERE action LIKE 'shadow%' ORDER BY id")
    assert [line["action"] for line in told] == ["shadow.started", "shadow.stopped"]


async def test_an_agency_is_asked_by_a_spec_and_nothing_of_it_is_kept(
    client: httpx.AsyncClient, text: str, database: Database
) -> None:
    address = "/v1/admin/agencies/so-xd/spec"
    tried = (await client.post(f"{address}/trial", json={"text": text})).json()
    [changes] = tried["tried"]
    assert (changes["operation"], changes["failure"], changes["records"][0]["ten"]) == ("changes", None, PERSON)
    assert await database.reads.fetchval("SELECT actor FROM audit WHERE action = 'spec.tried'") == "key:robot"
    would = (await client.post(f"{address}/dry-run", json={"text": text})).json()
    assert (would["received"], would["failure"]) == (1, None)
    assert would["shown"] == [
        {"code": CODE, "kind": would["shown"][0]["kind"], "status_before": None, "status_after": 1}
    ]
    assert await database.reads.fetchval("SELECT count(*) FROM dossier") == 0
    other = text.replace("private: true", "private: true, auth: {kind: key, headers: {X: '{secret:so-khac-khoa}'}}")
    for tool in ("trial", "dry-run"):
        refused = await client.post(f"{address}/{tool}", json={"text": other})
        assert (refused.status_code, "so-khac-khoa" in refused.text) == (400, True), "a secret of others is not sent"
    unmapped = (await client.post(f"{address}/dry-run", json={"text": text.replace("MOI", "LA")})).json()
    assert (unmapped["received"], unmapped["unusable"]) == (1, 1)


async def test_what_a_spec_would_mend_is_told_before_it_is_published(
    client: httpx.AsyncClient, text: str, empty_registry: Registry, database: Database, vault: Vault
) -> None:
    spec = empty_registry.spec("so-xd")
    assert spec
    await said(database, vault, spec, "Chờ bổ sung HS")
    number = await database.reads.fetchval("SELECT id FROM quarantine")
    address = f"/v1/admin/agencies/so-xd/quarantine/{number}/preview"
    left = (await client.post(address, json={"text": text})).json()
    assert (left["read"], left["mended"], left["changes"], list(left["left"].values())) == (1, 0, [], [1])
    assert CODE not in str(left["left"]), "of many dossiers it is one cause"
    mended = text.replace('MOI: "1"\n', 'MOI: "1"\n  Chờ bổ sung HS: "5"\n')
    found = (await client.post(address, json={"text": mended})).json()
    assert (found["read"], found["mended"], found["left"], found["more"]) == (1, 1, {}, False)
    assert [(each["code"], each["status_after"]) for each in found["changes"]] == [(CODE, 5)]
    assert await database.reads.fetchval("SELECT count(*) FROM quarantine WHERE resolved_at IS NULL") == 1
    assert (await client.post("/v1/admin/agencies/so-xd/quarantine/99/preview", json={"text": text})).status_code == 404


async def test_it_is_asked_where_its_system_really_is(
    client: httpx.AsyncClient, text: str, address: str, parts: SpecParts, database: Database, vault: Vault
) -> None:
    """Which the hub's settings may say, in place of its spec."""
    elsewhere = text.replace(address, "http://127.0.0.1:1")
    tools = tools_of(database, vault, parts, addresses={"so-xd": address})
    app = app_of(specs_api.router(database, vault, ApiKeys(database), parts, tools))
    async with visitor(app) as program:
        program.headers["X-Api-Key"] = client.headers["X-Api-Key"]
        [tried] = (await program.post("/v1/admin/agencies/so-xd/spec/trial", json={"text": elsewhere})).json()["tried"]
        assert (tried["failure"], tried["records"][0]["ten"]) == (None, PERSON)
        would = (await program.post("/v1/admin/agencies/so-xd/spec/dry-run", json={"text": elsewhere})).json()
        assert (would["received"], would["failure"]) == (1, None)
