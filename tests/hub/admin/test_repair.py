"""Repair on pages: a word is mapped in the quarantine, tried out first; a bad version is taken back by a click."""

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from config.spec_file import SpecFile
from hub.access.roles import Role
from hub.access.sign_in import SignIn
from hub.db import Database
from hub.registry import Registry
from hub.specs.specs import Specs, Way
from hub.vault import Vault
from tests.keepers import app_of, console, enrolled, visitor
from tests.parts import NamedSecrets, deliver, no_documents, registry_of

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


@pytest.fixture
def specs(database: Database) -> Specs:
    return Specs(database, NamedSecrets({}), no_documents(database))


@pytest.fixture
async def app(database: Database, vault: Vault, specs: Specs) -> AsyncIterator[FastAPI]:
    await specs.publish("so-xd", SPEC, author="an", reason="đầu tiên", way=Way.CONSOLE, based_on=None)
    async with registry_of() as registry:
        app = app_of(console(database, registry, SignIn(database, vault), vault))
        app.state.registry = registry
        yield app


@pytest.fixture
async def client(client: httpx.AsyncClient, sign_in: SignIn) -> httpx.AsyncClient:
    await enrolled(client, sign_in)
    return client


async def say(database: Database, vault: Vault, status: str, count: int = 1) -> None:
    spec = SpecFile(Path("so-xd.yaml"), text=SPEC).spec
    assert spec
    for number in range(count):
        said: dict[str, Any] = {"code": f"H21.03-261123-{number:04}", "occurred_at": "2026-11-23T08:00:00+07:00"}
        await deliver(database, vault, spec, f"{status}-{number}", status=status, **said)


async def cause(client: httpx.AsyncClient) -> str:
    """The address of the first cause."""
    page = await client.get("/admin/quarantine")
    found = re.findall(r'href="(/admin/agencies/so-xd/quarantine/\d+)"', page.text)
    return str(found[0])


def seen(page: str) -> str:
    [found] = re.findall(r'name="seen" value="(\d+)"', page)
    return str(found)


async def test_a_word_is_mapped_where_it_is_shown(
    client: httpx.AsyncClient, app: FastAPI, database: Database, vault: Vault, specs: Specs
) -> None:
    await say(database, vault, "Chờ bổ sung HS", 3)
    address = await cause(client)
    page = await client.get(address)
    assert "“Chờ bổ sung HS”" in page.text
    assert "<b>3</b> bản ghi" in page.text
    fields = {"seen": seen(page.text), "mean": "5"}
    tried = await client.post(f"{address}/mend", data=fields | {"do": "try"})
    assert "3 trên 3 bản ghi sẽ hiểu trọn; 3 hồ sơ sẽ thay đổi" in tried.text
    assert "H21.03-261123-0000: – → Yêu cầu bổ sung giấy tờ" in tried.text
    current = await specs.current("so-xd")
    assert current
    assert current.version == 1, "it was only tried out"
    assert await database.reads.fetchval("SELECT count(*) FROM dossier WHERE status = 5") == 0

    done = await client.post(f"{address}/mend", data=fields | {"do": "publish"})
    assert "Bản mới đang dùng" in done.text
    current = await specs.current("so-xd")
    assert current
    assert current.text == SPEC.replace('"1"\n', '"1"\n  Chờ bổ sung HS: "5"\n')
    assert current.reason == "quarantine: Chờ bổ sung HS is 5"
    registry: Registry = app.state.registry
    spec = registry.spec("so-xd")
    assert spec
    assert spec.status_of("cho bo sung hs") is not None, "it is at work at once"


@pytest.mark.parametrize("mean", ["", "77", "nothing"])
async def test_what_means_nothing_changes_nothing(
    client: httpx.AsyncClient, database: Database, vault: Vault, specs: Specs, mean: str
) -> None:
    await say(database, vault, "LA")
    address = await cause(client)
    refused = await client.post(f"{address}/mend", data={"seen": "1", "mean": mean, "do": "publish"})
    assert refused.status_code == 422
    assert "Hãy chọn" in refused.text
    assert len(await specs.versions("so-xd")) == 1


async def test_who_was_overtaken_looks_again(
    client: httpx.AsyncClient, database: Database, vault: Vault, specs: Specs
) -> None:
    await say(database, vault, "LA")
    address = await cause(client)
    other = SPEC + "phone: 0269 3823 100\n"
    await specs.publish("so-xd", other, author="binh", reason="điện thoại", way=Way.CONSOLE, based_on=1)
    late = await client.post(f"{address}/mend", data={"seen": "1", "mean": "4", "do": "publish"})
    assert late.status_code == 409
    assert "binh" in late.text
    assert len(await specs.versions("so-xd")) == 2


async def test_what_nothing_mends_is_closed_with_a_reason(
    client: httpx.AsyncClient, database: Database, vault: Vault
) -> None:
    await say(database, vault, "LA", 2)
    address = await cause(client)
    assert (await client.post(f"{address}/close", data={"why": " "})).status_code == 422
    done = await client.post(f"{address}/close", data={"why": "thử nghiệm của cơ quan"})
    assert "Không có gì đang cách ly" in done.text
    assert (await client.get(address)).status_code == 404
    told = await database.reads.fetchval("SELECT detail ->> 'records' FROM audit WHERE action = 'quarantine.closed'")
    assert told == "2"


async def test_a_bad_version_is_taken_back_by_a_click(client: httpx.AsyncClient, specs: Specs) -> None:
    bad = SPEC.replace("MOI", "SAI")
    await specs.publish("so-xd", bad, author="binh", reason="nhầm", way=Way.CONSOLE, based_on=1)
    page = await client.get("/admin/agencies/so-xd/versions")
    assert page.text.index("Bản 2") < page.text.index("Bản 1")
    assert "<del>-  MOI: &#34;1&#34;</del>" in page.text
    back = {"version": "1", "seen": "2", "reason": "từ sai"}
    done = await client.post("/admin/agencies/so-xd/versions/rollback", data=back)
    assert "Bản 3 đang dùng" in done.text
    again = await client.post("/admin/agencies/so-xd/versions/rollback", data=back)
    assert again.status_code == 409
    for wrong in ({"version": "9", "seen": "3"}, {"version": "x", "seen": "3"}, {"version": "1"}):
        assert (await client.post("/admin/agencies/so-xd/versions/rollback", data=wrong)).status_code == 404


def draft_on(page: httpx.Response) -> str:
    """What the page tells back of the draft that it shows."""
    [found] = re.findall(r'name="draft" value="([0-9a-f]+)"', page.text)
    return str(found)


async def test_a_spec_is_changed_as_text(client: httpx.AsyncClient, specs: Specs) -> None:
    address = "/admin/agencies/so-xd/spec"
    page = await client.get(address)
    [shown] = re.findall(r"<textarea[^>]*>(.*?)</textarea>", page.text, re.DOTALL)
    assert unescape(shown) == SPEC
    # A browser ends lines so.
    fields = {"seen": "1", "text": (SPEC + "phone: 0269 3823 100\n").replace("\n", "\r\n"), "draft": draft_on(page)}
    checked = await client.post(address, data=fields | {"do": "check"})
    assert "Bản nháp của" in checked.text
    fields["draft"] = draft_on(checked)
    assert "<ins>+phone: 0269 3823 100</ins>" in checked.text
    wrong = await client.post(address, data=fields | {"text": SPEC + "fone: 1\n", "do": "publish", "reason": "thử"})
    assert wrong.status_code == 422
    assert "Dòng 10: <b>fone</b>" in wrong.text
    overtaken = await client.post(address, data=fields | {"do": "check"})
    assert overtaken.status_code == 409, "the draft is other than what was shown"
    fields["draft"] = draft_on(wrong)
    assert (await client.post(address, data=fields | {"do": "publish"})).status_code == 422, "there is no reason"
    along = await client.post(address, data=fields | {"do": "shadow"})
    assert "Đang đọc song song" in along.text
    done = await client.post(address, data=fields | {"do": "publish", "reason": "số điện thoại"})
    assert "Bản 2 đang dùng" in done.text
    assert "Đang đọc song song" not in (await client.get(address)).text
    current = await specs.current("so-xd")
    assert current
    assert current.text == SPEC + "phone: 0269 3823 100\n"
    assert (await client.post(address, data=fields | {"do": "publish", "reason": "nữa"})).status_code == 409
    stopped = await client.post(f"{address}/stop")
    assert "Đã thôi đọc song song" in stopped.text


async def test_others_agencies_are_not_in_the_list(
    client: httpx.AsyncClient, app: FastAPI, database: Database, vault: Vault
) -> None:
    await say(database, vault, "LA")
    async with visitor(app, follow_redirects=True) as other:
        await enrolled(other, SignIn(database, vault), "binh", Role.OPERATOR, ["so-tnmt"])
        assert "so-xd" not in (await other.get("/admin/quarantine")).text
