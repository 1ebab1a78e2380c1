"""Webhooks out on pages: all that the API does for their owners an admin does here, by the same functions; and nobody
sees or does more than their role may."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

import httpx
import pytest
from fastapi import APIRouter
from standardwebhooks import Webhook

from adapters import Messenger
from contracts.change import ChangeType
from contracts.subscription import EventDeliveryState, Subscription, SubscriptionRequest, Why
from hub.access.keys import ApiKeys
from hub.access.roles import Role
from hub.access.scopes import Scope
from hub.access.sign_in import SignIn
from hub.admin.subscriptions import DELIVERIES, TYPES
from hub.db import Database
from hub.feed import reading
from hub.feed.cursor import Cursors
from hub.registry import Registry
from hub.subscriptions.owners import WHY
from hub.subscriptions.subscriptions import MOST_PER_OWNER, SubscriptionStore
from hub.vault import Vault
from tests.adapters.servers import Told
from tests.hub.subscriptions.receiver import Receiver, receiving
from tests.keepers import console, enrolled

PATH = "/admin/subscriptions"
FIELDS = {"owner": "cong", "address": "https://so.example/hook", "name": "Một cửa"}


@pytest.fixture
async def routes(database: Database, registry: Registry, sign_in: SignIn, vault: Vault) -> AsyncIterator[APIRouter]:
    async with Messenger((ip_network("127.0.0.0/8"),), seconds=2) as messenger:
        yield console(database, registry, sign_in, vault, messenger=messenger)


@pytest.fixture
def store(database: Database, registry: Registry, vault: Vault) -> SubscriptionStore:
    return SubscriptionStore(database, registry, vault, plain_http=True)


@pytest.fixture(autouse=True)
async def keys(client: httpx.AsyncClient, sign_in: SignIn, database: Database) -> ApiKeys:
    """Somebody is in, and there are a key that may have subscriptions, one for one agency, and one that may not."""
    await enrolled(client, sign_in)
    made = ApiKeys(database)
    await made.create("cong", scopes=[Scope.WEBHOOKS_MANAGE], actor="test")
    await made.create("tnmt", scopes=[Scope.WEBHOOKS_MANAGE], agencies=["so-tnmt"], actor="test")
    await made.create("robot", scopes=[Scope.DOSSIERS_READ], actor="test")
    return made


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


async def made(store: SubscriptionStore, address: str = "https://so.example/token-1", **wanted: Any) -> Subscription:
    return (await store.make("cong", SubscriptionRequest(address=address, **wanted), actor="test"))[0]


def secret_of(page: httpx.Response) -> str:
    [found] = re.findall(r"whsec_[\w+/=]+", page.text)
    return str(found)


async def test_one_from_its_making_to_its_end(
    client: httpx.AsyncClient, store: SubscriptionStore, database: Database, receiver: Receiver
) -> None:
    fields = FIELDS | {
        "address": receiver.address,
        "email": "it@so.example",
        "type dossier.status": "on",
        "status 4": "on",
        "agencies": "so-tnmt, ubnd-pleiku",
        "procedures": "1.001612",
        "ordered": "on",
    }
    page = await client.post(f"{PATH}/make", data=fields)
    assert page.status_code == 201
    old = secret_of(page)
    [(owner, told)] = await store.all(None)
    assert (owner, told.name, told.address, told.email) == ("cong", "Một cửa", receiver.address, "i***@so.example")
    assert (told.types, told.statuses, told.ordered) == ([ChangeType.STATUS], ["4"], True)
    assert (told.agencies, told.procedures) == (["so-tnmt", "ubnd-pleiku"], ["1.001612"])
    here = f"{PATH}/{told.id}"
    shown = (await client.get(here)).text
    assert "whsec_" not in shown
    for each in ("Một cửa", "so-tnmt, ubnd-pleiku", "1.001612", "dossier.status", "i***@so.example", "theo từng hồ sơ"):
        assert each in shown, each

    # Both sign for a while.
    new = secret_of(await client.post(f"{here}/secret", data={"overlap": "24"}))
    assert new != old
    assert "Nơi nhận đã nhận sự kiện thử" in (await client.post(f"{here}/test")).text
    [asked] = receiver.asked
    for secret in (old, new):
        Webhook(secret).verify(asked.body, asked.headers)
    assert "HTTP 204" in (await client.get(here)).text
    secret_of(await client.post(f"{here}/secret", data={"overlap": "0"}))
    assert (await store.one(int(told.id), None))[1].old_secret_until is None

    assert "quản trị viên đã tắt" in (await client.post(f"{here}/disable")).text
    assert (await store.one(int(told.id), None))[1].disabled_why == Why.ADMIN
    assert "Đang gửi tiếp từ chỗ dừng" in (await client.post(f"{here}/enable")).text
    assert (await store.one(int(told.id), None))[1].enabled
    removed = await client.post(f"{here}/remove")
    assert "Đã bỏ đăng ký" in removed.text
    assert await store.all(None) == []
    assert (await client.get(here)).status_code == 404
    rows = await database.reads.fetch("SELECT actor, action FROM audit WHERE action LIKE 'subscription.%' ORDER BY id")
    assert [tuple(row) for row in rows] == [
        ("person:an", f"subscription.{action}")
        for action in ("made", "secret_rotated", "tested", "secret_rotated", "disabled", "enabled", "deleted")
    ]


async def test_what_was_tried_is_shown_with_what_was_answered_and_when_it_goes_again(
    client: httpx.AsyncClient, store: SubscriptionStore, database: Database, receiver: Receiver
) -> None:
    told = await made(store, receiver.address)
    receiver.answer = lambda _: Told("<b>sai</b> chữ ký của 0912345678", status=401)
    page = (await client.post(f"{PATH}/{told.id}/test")).text
    for each in ("chưa nhận sự kiện thử", "HTTP 401", "chỉ 2xx là đã nhận", "&lt;b&gt;sai&lt;/b&gt; chữ ký của ***"):
        assert each in page, each
    await database.reads.execute(
        "UPDATE delivery SET state = 'open', finished_at = NULL, next_try_at = now() + interval '3 hours'"
    )
    await database.reads.execute("UPDATE destination SET next_due_at = now() + interval '2 hours 10 minutes'")
    page = (await client.get(f"{PATH}/{told.id}")).text
    assert re.search(r"chờ gửi: thử lại [^<]*\(sau 2 giờ\)", page), "of the delivery"
    assert re.search(r"1 · thử tiếp [^<]*\(sau 2 giờ\)", page), "of all that waits"
    await store.disable(int(told.id), None, actor="test")
    page = (await client.get(f"{PATH}/{told.id}")).text
    assert "chờ gửi đến khi bật lại" in page
    assert "thử tiếp" not in page


async def test_an_old_one_that_is_tried_again_and_again_is_shown_behind_many_new_ones(
    client: httpx.AsyncClient, store: SubscriptionStore, database: Database, receiver: Receiver
) -> None:
    told = await made(store, receiver.address)
    receiver.answer = lambda _: Told("cũ", status=500)
    await client.post(f"{PATH}/{told.id}/test")
    await database.reads.execute(
        "UPDATE delivery SET state = 'open', finished_at = NULL, next_try_at = now() + interval '3 hours'"
    )
    await database.reads.execute(
        "WITH m AS (INSERT INTO message (key, kind, content)"
        "           SELECT 'new-' || n, 'dossier.status', '' FROM generate_series(1, 1100) n RETURNING id)"
        " INSERT INTO delivery (destination_id, message_id) SELECT d.id, m.id FROM m, destination d"
    )
    page = (await client.get(f"{PATH}/{told.id}")).text
    assert "HTTP 500" in page
    assert "1.000+" in page


async def test_what_waits_for_another_try_is_tried_now(
    client: httpx.AsyncClient, store: SubscriptionStore, database: Database, receiver: Receiver
) -> None:
    told = await made(store, receiver.address)
    here = f"{PATH}/{told.id}"
    assert "Thử lại ngay" not in (await client.get(here)).text
    await client.post(f"{here}/test")
    await database.reads.execute(
        "UPDATE delivery SET state = 'open', finished_at = NULL, next_try_at = now() + interval '3 hours'"
    )
    await database.reads.execute("UPDATE destination SET failing_since = now()")
    assert "Thử lại ngay" in (await client.get(here)).text
    await client.post(f"{here}/enable")
    assert await database.reads.fetchval("SELECT next_try_at <= now() FROM delivery")


async def test_what_needs_somebody_comes_first(
    client: httpx.AsyncClient, store: SubscriptionStore, database: Database
) -> None:
    async def after(name: str, change: str) -> None:
        await made(store, name=name)
        await database.reads.execute(
            f"UPDATE destination SET {change} WHERE id = (SELECT destination_id FROM subscription WHERE name = $1)",
            name,
        )

    await after("well", "last_success_at = now()")
    await after("new", "failures = 0")
    await after("stopped", "enabled = false, disabled_at = now(), disabled_why = 'owner'")
    await after("failing a moment", "failing_since = now()")
    assert "Không có gì đang chờ ai" in (await client.get("/admin")).text
    await after("failing", "failing_since = now() - interval '1 hour'")
    await after("given up", "enabled = false, disabled_at = now(), disabled_why = 'gone'")
    page = (await client.get(PATH)).text
    assert re.findall(r"<b>([a-z ]+)</b>", page) == [
        "given up",
        "failing a moment",
        "failing",
        "stopped",
        "new",
        "well",
    ]
    assert "địa chỉ nhận trả lời 410" in page
    assert "2 đăng ký nhận thay đổi không nhận được gì" in (await client.get("/admin")).text


async def test_a_replay_begins_at_a_moment_or_after_a_cursor(
    client: httpx.AsyncClient, store: SubscriptionStore, database: Database, vault: Vault
) -> None:
    told = await made(store)
    here = f"{PATH}/{told.id}/enable"
    yesterday = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%dT%H:%M}"
    cursor = Cursors(vault).write(*await reading.here(database))
    for number, fields in enumerate(({"moment": yesterday}, {"cursor": cursor}), start=1):
        assert "Đang gửi lại từ nơi đã chọn" in (await client.post(here, data=fields)).text
        assert await database.reads.fetchval("SELECT round FROM subscription") == number
    for fields, words in (
        ({"moment": "hôm qua"}, "giờ Việt Nam"),
        ({"cursor": "x" + cursor}, "không phải con trỏ"),
    ):
        page = await client.post(here, data=fields)
        assert page.status_code == 422
        assert words in page.text
        assert next(iter(fields.values())) in page.text, "what was typed"
    await database.reads.execute("UPDATE feed SET pruned_xid = pg_current_xact_id(), pruned_seq = 1")
    expired = await client.post(here, data={"moment": yesterday})
    assert (expired.status_code, "không còn được giữ đủ" in expired.text) == (422, True)
    assert await database.reads.fetchval("SELECT round FROM subscription") == 2


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"owner": "robot"}, "Hãy chọn một khóa"),
        ({"owner": "nobody"}, "Hãy chọn một khóa"),
        ({"address": "ftp://so.example"}, "Địa chỉ phải như"),
        ({"address": "https://user:secret@so.example/"}, "Địa chỉ phải như"),
        ({"name": "x" * 101}, "1 đến 100"),
        ({"email": "it"}, "Địa chỉ thư"),
        ({"agencies": "so-ma"}, "không tồn tại"),
        ({"agencies": "SO"}, "không tồn tại"),
        ({"owner": "tnmt", "agencies": "ubnd-pleiku"}, "không được xem"),
        ({"procedures": "1001612"}, "Mã thủ tục"),
    ],
)
async def test_what_is_wrong_is_said_and_can_be_mended(
    client: httpx.AsyncClient, store: SubscriptionStore, wrong: dict[str, str], words: str
) -> None:
    fields = FIELDS | wrong
    page = await client.post(f"{PATH}/make", data=fields)
    assert (page.status_code, "whsec_" in page.text) == (422, False)
    assert words in page.text
    assert f'name="name" value="{fields["name"]}"' in page.text
    assert await store.all(None) == []


async def test_nobody_has_more_than_the_api_allows(
    client: httpx.AsyncClient, store: SubscriptionStore, database: Database
) -> None:
    for number in range(MOST_PER_OWNER):
        await made(store, name=f"{number}")
    page = await client.post(f"{PATH}/make", data=FIELDS)
    assert (page.status_code, "hãy bỏ bớt" in page.text) == (422, True)


async def test_what_follows_the_host_of_an_address_only_an_admin_sees(
    client: httpx.AsyncClient, store: SubscriptionStore, sign_in: SignIn
) -> None:
    told = await made(store)
    assert "token-1" in (await client.get(f"{PATH}/{told.id}")).text
    await enrolled(client, sign_in, "binh", Role.OPERATOR)
    for path in (PATH, f"{PATH}/{told.id}"):
        page = (await client.get(path)).text
        assert "https://so.example/…" in page
        assert "token-1" not in page


async def test_a_viewer_looks_and_an_operator_has_it_sent_and_neither_sees_a_secret(
    client: httpx.AsyncClient, store: SubscriptionStore, sign_in: SignIn
) -> None:
    here = f"{PATH}/{(await made(store)).id}"
    for role, may in ((Role.VIEWER, set()), (Role.OPERATOR, {"test", "disable", "enable"})):
        await enrolled(client, sign_in, role.value, role)
        page = (await client.get(here)).text
        assert set(re.findall(rf'action="{here}/(\w+)"', page)) <= may
        for order in ("test", "disable", "enable", "secret", "remove"):
            status = (await client.post(f"{here}/{order}")).status_code
            assert (status != 403) == (order in may), (role, order)
        assert (await client.post(f"{PATH}/make", data=FIELDS)).status_code == 403
        assert 'action="/admin/subscriptions/make"' not in (await client.get(PATH)).text
    assert len(await store.all(None)) == 1


async def test_who_keeps_one_agency_sees_what_is_of_it_alone(
    client: httpx.AsyncClient, store: SubscriptionStore, sign_in: SignIn, database: Database
) -> None:
    mine = await made(store, name="mine", agencies=["so-tnmt"])
    others = [await made(store, name="theirs", agencies=each) for each in ([], ["so-tnmt", "ubnd-pleiku"])]
    await database.reads.execute("UPDATE destination SET failing_since = now() - interval '1 hour'")
    await enrolled(client, sign_in, "binh", Role.OPERATOR, agencies=["so-tnmt"])
    page = (await client.get(PATH)).text
    assert "mine" in page
    assert "theirs" not in page
    assert "1 đăng ký nhận thay đổi" in (await client.get("/admin")).text
    assert (await client.post(f"{PATH}/{mine.id}/disable")).status_code == 200
    for each in others:
        assert (await client.get(f"{PATH}/{each.id}")).status_code == 404
        for order in ("test", "disable", "enable"):
            assert (await client.post(f"{PATH}/{each.id}/{order}")).status_code == 404
        assert (await store.one(int(each.id), None))[1].enabled


async def test_a_form_of_another_site_does_nothing(client: httpx.AsyncClient, store: SubscriptionStore) -> None:
    told = await made(store)
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    for path in (
        f"{PATH}/make",
        *(f"{PATH}/{told.id}/{order}" for order in ("test", "disable", "enable", "secret", "remove")),
    ):
        assert (await client.post(path, data=FIELDS, headers=elsewhere)).status_code == 403
    assert await store.all(None) == [("cong", told)]


@pytest.mark.parametrize("number", ["0", "99", "x", "9" * 30])
async def test_one_that_is_none(client: httpx.AsyncClient, number: str) -> None:
    assert (await client.get(f"{PATH}/{number}")).status_code == 404
    for order in ("test", "disable", "enable", "secret", "remove"):
        assert (await client.post(f"{PATH}/{number}/{order}")).status_code == 404


async def test_without_a_key_that_may_have_some_the_page_says_what_to_do(
    client: httpx.AsyncClient, keys: ApiKeys
) -> None:
    for each in await keys.all():
        await keys.revoke(each.id, actor="test")
    page = (await client.get(PATH)).text
    assert 'href="/admin/keys">tạo một khóa' in page
    assert (await client.post(f"{PATH}/make", data=FIELDS)).status_code == 422


def test_everything_is_told_in_words() -> None:
    assert (set(TYPES), set(DELIVERIES), set(WHY)) == (set(ChangeType), set(EventDeliveryState), set(Why))
