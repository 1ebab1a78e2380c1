"""The page of API keys: one is made, shown once, replaced and ended, and what was typed wrong is still there."""

import re

import httpx
import pytest

from hub.access.keys import ApiKeys
from hub.access.scopes import Scope
from hub.access.sign_in import SignIn
from hub.admin.keys import SCOPES
from hub.db import Database
from tests.keepers import enrolled


@pytest.fixture(autouse=True)
async def somebody_is_in(client: httpx.AsyncClient, sign_in: SignIn) -> None:
    await enrolled(client, sign_in)


def key_on(page: httpx.Response) -> str:
    [found] = re.findall(r"ghk_[\w-]+", page.text)
    return str(found)


async def test_a_key_from_its_making_to_its_end(client: httpx.AsyncClient, database: Database) -> None:
    keys = ApiKeys(database)
    fields = {"name": "cong", "may dossiers:read": "on", "agencies": "so-tnmt", "expires": "2099-01-31"}
    made = await client.post("/admin/keys", data=fields)
    old = key_on(made)
    assert made.status_code == 201
    assert "ghk_" not in (await client.get("/admin/keys")).text
    caller = await keys.caller(old)
    assert (caller.scopes, caller.agencies) == (frozenset({Scope.DOSSIERS_READ}), ("so-tnmt",))
    [first] = await keys.all()
    new = key_on(await client.post("/admin/keys/rotate", data={"number": first.id, "overlap": "168"}))
    assert await keys.holder(new)
    second, first = await keys.all()
    assert first.revoked_at
    assert (first.revoked_at - second.created_at).days == 7
    assert "đã được thay, còn dùng được" in (await client.get("/admin/keys")).text
    assert "hết hiệu lực" in (await client.post("/admin/keys/end", data={"number": first.id})).text
    assert await ApiKeys(database).holder(old) is None


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": "Cổng"}, "chữ thường"),
        ({"name": "robot"}, "chưa có khóa nào đang dùng tên đó"),
        ({"may dossiers:read": ""}, "ít nhất một quyền"),
        ({"agencies": "so-ma"}, "không tồn tại"),
        ({"agencies": "so-tnmt", "may admin:manage": "on"}, "luôn cho mọi cơ quan"),
        ({"expires": "31/01/2099"}, "sau hôm nay"),
        ({"expires": "2020-01-31"}, "sau hôm nay"),
    ],
)
async def test_what_is_wrong_is_said_and_can_be_mended(
    client: httpx.AsyncClient, database: Database, wrong: dict[str, str], words: str
) -> None:
    await ApiKeys(database).create("robot", scopes=[Scope.DOSSIERS_READ], actor="test")
    fields = {"name": "cong", "may dossiers:read": "on", "agencies": "", "expires": ""} | wrong
    page = await client.post("/admin/keys", data=fields)
    assert (page.status_code, "ghk_" in page.text) == (422, False)
    assert words in page.text
    assert f'name="name" value="{fields["name"]}"' in page.text
    assert len(await ApiKeys(database).all()) == 1


@pytest.mark.parametrize("number", ["", "99", "x", "9" * 30])
async def test_a_key_that_is_none(client: httpx.AsyncClient, number: str) -> None:
    for path in ("rotate", "end"):
        assert (await client.post(f"/admin/keys/{path}", data={"number": number})).status_code == 422


def test_each_scope_is_told_in_both_languages() -> None:
    assert set(SCOPES) == set(Scope)
