"""The way in, and who keeps the hub: nobody comes in by less than all of it, or does more than their role may."""

import asyncio
import re
import unicodedata
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pyotp
import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError
from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import APIRoute
from sqlalchemy import func, update

from adapters import Client
from hub.access import accounts
from hub.access.accounts import FREE_MISTAKES
from hub.access.keys import hash_of
from hub.access.provider import Provider
from hub.access.roles import Role
from hub.access.scopes import Scope
from hub.access.sign_in import IDLE_LIFETIME, Session, SignIn
from hub.access.tables import account, admin_session
from hub.admin.desk import Desk
from hub.db import Database
from hub.registry import Registry
from hub.vault import Vault
from tests.keepers import PASSWORD, Keeper, console, enrolled, secret_on, visitor
from tests.parts import NamedSecrets


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with visitor(app) as made:
        yield made


async def test_the_first_one_begins_by_the_printed_password_and_then_comes_in_by_their_own(
    app: FastAPI, client: httpx.AsyncClient, sign_in: SignIn, database: Database
) -> None:
    assert (await client.get("/admin/sign-in")).headers["location"] == "/admin/begin"
    keeper = await enrolled(client, sign_in)
    assert (await client.get("/admin")).status_code == 200
    assert await sign_in.first_password() is None, "there is somebody already"
    async with visitor(app) as other:
        assert (await other.get("/admin")).headers["location"] == "/admin/sign-in"
        asked = await other.post("/admin/sign-in", data={"name": " An ", "password": PASSWORD})
        assert asked.headers["location"] == "/admin/code"
        cookie = asked.headers["set-cookie"].lower()
        assert all(word in cookie for word in ("httponly", "samesite=strict", "path=/admin"))
        assert (await other.get("/admin")).headers["location"] == "/admin/sign-in", "a password alone lets nobody in"
        # The one by which they enrolled is used up.
        again = await other.post("/admin/code", data={"code": keeper.used})
        assert again.status_code == 403
        assert "Mã không đúng" in again.text
        entered = await other.post("/admin/code", data={"code": keeper.code(later=1)})
        assert entered.headers["location"] == "/admin"
        assert (await other.get("/admin")).status_code == 200
        left = await other.post("/admin/sign-out")
        assert left.headers["location"] == "/admin/sign-in"
        assert (await other.get("/admin")).status_code == 303
    lines = await database.reads.fetch("SELECT actor, action, target FROM audit ORDER BY id")
    assert [tuple(line) for line in lines] == [
        ("person:an", "account.enrolled", "an"),
        ("person:an", "session.begun", "an"),
        ("person:an", "session.ended", "an"),
    ]


async def test_what_lets_in_is_not_in_the_database(
    client: httpx.AsyncClient, sign_in: SignIn, database: Database
) -> None:
    keeper = await enrolled(client, sign_in)
    rows = [
        str(tuple(row))
        for table in ("account", "admin_session", "one_time_password", "audit")
        for row in await database.reads.fetch(f"SELECT {table}::text FROM {table}")
    ]
    told = "".join(rows)
    assert "$argon2id$" in told
    for secret in (PASSWORD, keeper.totp.secret, client.cookies["hub_admin"]):
        assert secret not in told


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [
        ("name", "Đức", "chữ thường không dấu"),
        ("name", "a", "chữ thường không dấu"),
        ("password", "ngắn", "ít nhất 12"),
        ("password", "aaaaaaaaaaaaaaaa", "khó đoán"),
        ("password", "1212-1212-1212", "khó đoán"),
        ("code", "000000", "không phải mã ứng dụng"),
        ("code", "", "không phải mã ứng dụng"),
        ("code", "mã số", "không phải mã ứng dụng"),
    ],
)
async def test_what_is_wrong_at_the_first_time_is_named(
    client: httpx.AsyncClient, sign_in: SignIn, field: str, value: str, word: str
) -> None:
    password = await sign_in.first_password()
    page = await client.post("/admin/begin", data={"password": f" {password} ".lower()}, follow_redirects=True)
    secret = secret_on(page.text)
    fields = {"name": "an", "password": PASSWORD, "code": "000000"} | {field: value}
    refused = await client.post("/admin/enrol", data=fields)
    assert refused.status_code == 422
    assert word in refused.text
    # Their authenticator has it already.
    assert secret_on(refused.text) == secret
    assert await sign_in.accounts.are_there_none()


async def test_a_one_time_password_is_good_once_and_for_a_day(
    app: FastAPI, client: httpx.AsyncClient, sign_in: SignIn, database: Database
) -> None:
    first, second = await sign_in.first_password(), await sign_in.first_password()
    assert first
    assert second
    assert (await client.post("/admin/begin", data={"password": first})).status_code == 403, "a new one ends the other"
    assert (await client.post("/admin/begin", data={"password": second})).status_code == 303
    async with visitor(app) as other:
        assert (await other.post("/admin/begin", data={"password": second})).status_code == 403
        third = await sign_in.first_password()
        await database.reads.execute("UPDATE one_time_password SET expires_at = now() - interval '1 second'")
        assert (await other.post("/admin/begin", data={"password": third})).status_code == 403
        for body in (b"", b"password", b"\xff", b"password=" + b"A" * 5_000_000):
            assert (await other.post("/admin/begin", content=body)).status_code == 403


async def test_two_windows_make_no_two_accounts(client: httpx.AsyncClient, sign_in: SignIn) -> None:
    keeper = await enrolled(client, sign_in)
    again = await client.post("/admin/enrol", data={"name": "binh", "password": PASSWORD, "code": keeper.code(later=1)})
    assert again.headers["location"] == "/admin/begin"
    assert [each.name for each in await sign_in.accounts.all()] == ["an"]


_WAITED = "UPDATE proof_attempt SET wait_until = now() - interval '1 second'"


async def test_who_is_wrong_too_often_waits(
    app: FastAPI, client: httpx.AsyncClient, sign_in: SignIn, database: Database
) -> None:
    keeper = await enrolled(client, sign_in)
    async with visitor(app) as other:
        for _ in range(5):
            wrong = await other.post("/admin/sign-in", data={"name": "an", "password": "guess"})
            assert wrong.status_code == 403
        # Nor by the right one, which else could be told from wrong ones.
        closed = await other.post("/admin/sign-in", data={"name": "an", "password": PASSWORD})
        assert closed.status_code == 429
        assert int(closed.headers["retry-after"]) >= 1
        assert "Đã sai quá nhiều lần" in closed.text
        await database.reads.execute(_WAITED)
        assert (await other.post("/admin/sign-in", data={"name": "an", "password": PASSWORD})).status_code == 303
        assert await database.reads.fetchval("SELECT count(*) FROM proof_attempt") == 0
        for _ in range(FREE_MISTAKES):
            assert (await other.post("/admin/code", data={"code": "000000"})).status_code == 403
        # Not by the time, which passes.
        await database.reads.execute("UPDATE account SET closed_until = now() + interval '1 hour' WHERE mistakes >= 5")
        assert (await other.post("/admin/code", data={"code": keeper.code(later=1)})).status_code == 429
        await database.reads.execute("UPDATE account SET closed_until = now() - interval '1 second'")
        assert (await other.post("/admin/code", data={"code": keeper.code(later=1)})).headers["location"] == "/admin"
    assert await database.reads.fetchval("SELECT mistakes FROM account") == 0


async def test_a_name_that_somebody_has_is_not_told_from_another_by_trying(
    app: FastAPI, client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    await enrolled(client, sign_in)
    async with visitor(app) as other:
        answers = {}
        for name in ("an", "nobody"):
            tries = [await other.post("/admin/sign-in", data={"name": name, "password": "guess"}) for _ in range(8)]
            answers[name] = [each.status_code for each in tries]
        assert answers["an"] == answers["nobody"]
        assert set(answers["an"]) == {403, 429}


async def test_who_knows_a_name_cannot_keep_its_owner_out(
    app: FastAPI, client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    await enrolled(client, sign_in)

    def from_address(address: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(app, client=(address, 4711)), base_url="http://hub")

    right, wrong = {"name": "an", "password": PASSWORD}, {"name": "an", "password": "guess"}
    for theirs, ours in (("203.0.113.7", "203.0.113.8"), ("2001:db8::1", "2001:db8:0:1::1")):
        async with from_address(theirs) as other, from_address(ours) as owner:
            assert (await asyncio.gather(*(other.post("/admin/sign-in", data=wrong) for _ in range(12))))[-1]
            assert (await other.post("/admin/sign-in", data=right)).status_code == 429
            assert (await owner.post("/admin/sign-in", data=right)).status_code == 303
    async with from_address("2001:db8::ffff") as beside:
        assert (await beside.post("/admin/sign-in", data=right)).status_code == 429, "one network of one customer"


async def test_the_language_of_what_answered_a_form_can_be_changed(
    app: FastAPI, client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    async def other_language(page: httpx.Response) -> httpx.Response:
        [address] = re.findall(r'class="language" href="([^"]+)"', page.text)
        return await client.get(address.replace("&amp;", "&"), follow_redirects=True)

    password = await sign_in.first_password()
    begun = await client.post("/admin/begin", data={"password": password}, follow_redirects=True)
    refused = await client.post("/admin/enrol", data={"name": "an", "password": "short", "code": "0"})
    english = await other_language(refused)
    assert (english.status_code, secret_on(english.text)) == (200, secret_on(begun.text))
    assert 'lang="en"' in english.text
    await client.get("/admin/begin?lang=vi")
    await enrolled(client, sign_in)
    for path, fields in (
        ("/admin/people/invite", {"name": "binh", "role": "viewer", "agencies": ""}),
        ("/admin/people/change", {"name": "nobody", "role": "viewer", "agencies": ""}),
        ("/admin/agencies/so-tnmt/quarantine/1/mend", {}),
    ):
        page = await other_language(await client.post(path, data=fields))
        assert page.status_code != 405, path
        assert 'lang="en"' in page.text
        await client.get("/admin?lang=vi")


async def test_a_session_of_before_there_were_accounts_leads_nowhere(
    client: httpx.AsyncClient, database: Database
) -> None:
    await database.reads.execute(
        "INSERT INTO admin_session (token_hash, expires_at) VALUES ($1, now() + interval '1 hour')", hash_of("old")
    )
    client.cookies.set("hub_admin", "old", path="/admin")
    for answer in (
        await client.post("/admin/code", data={"code": "123456"}),
        await client.get("/admin/code"),
        await client.get("/admin"),
    ):
        assert (answer.status_code, answer.headers["location"]) in ((303, "/admin"), (303, "/admin/sign-in"))


async def test_who_enrols_twice_at_once_is_told_so(client: httpx.AsyncClient, sign_in: SignIn) -> None:
    password = await sign_in.first_password()
    page = await client.post("/admin/begin", data={"password": password}, follow_redirects=True)
    fields = {"name": "an", "password": PASSWORD, "code": Keeper("an", pyotp.TOTP(secret_on(page.text))).code()}
    cookie = {"hub_admin": client.cookies["hub_admin"]}
    session = await sign_in.session(cookie["hub_admin"])
    assert session

    async def found(_request: Request) -> Session:
        # As both find it, before either is done.
        return session

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Desk, "session", lambda _desk, request: found(request))
        answers = [await client.post("/admin/enrol", data=fields) for _ in range(2)]
    assert [each.status_code for each in answers] == [303, 422]
    assert "ở một cửa sổ khác" in answers[1].text
    assert "khó đoán" not in answers[1].text


async def test_one_session_is_put_out_without_looking_at_all(
    client: httpx.AsyncClient, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    await enrolled(client, sign_in)
    [theirs] = await sign_in.sessions()

    async def all_of_them(_sign_in: SignIn) -> None:
        raise AssertionError("all sessions were read")

    monkeypatch.setattr(SignIn, "sessions", all_of_them)
    assert not await sign_in.end(theirs.id + 1, actor="test")
    assert await sign_in.end(theirs.id, actor="test")
    assert not await sign_in.end(theirs.id, actor="test")
    assert (await client.get("/admin")).status_code == 303


async def test_what_no_name_can_be_is_nobodys(client: httpx.AsyncClient, sign_in: SignIn) -> None:
    await enrolled(client, sign_in)
    for name in ("\0", "an\0", "Đức", "\ud800".encode("utf-8", "surrogatepass")):
        answer = await client.post("/admin/sign-in", data={"name": name, "password": PASSWORD})
        assert answer.status_code == 403, name
    for path in ("people/end", "people/password", "people/change"):
        fields = {"name": "an\0", "role": "viewer", "agencies": ""}
        assert (await client.post(f"/admin/{path}", data=fields)).status_code == 422, path
    assert (await client.get("/admin/audit?target=%00&actor=%00")).status_code == 200


async def test_who_tries_many_names_waits_too(client: httpx.AsyncClient, sign_in: SignIn) -> None:
    await enrolled(client, sign_in)
    answers = [
        (await client.post("/admin/begin", data={"password": f"guess {number}"})).status_code for number in range(40)
    ]
    assert answers[0] == 403
    assert answers[-1] == 429


async def test_sessions_end(client: httpx.AsyncClient, sign_in: SignIn, database: Database) -> None:
    await enrolled(client, sign_in)
    for values in (
        {"expires_at": func.now() - timedelta(seconds=1)},
        {"last_used_at": func.now() - IDLE_LIFETIME},
    ):
        assert (await client.get("/admin")).status_code == 200
        async with database.begin() as connection:
            before = (await connection.execute(admin_session.select())).mappings().one()
            await connection.execute(update(admin_session).values(values))
        assert (await client.get("/admin")).status_code == 303
        async with database.begin() as connection:
            await connection.execute(
                update(admin_session).values(expires_at=before["expires_at"], last_used_at=before["last_used_at"])
            )


async def test_an_account_from_its_invitation_to_its_end(
    app: FastAPI, client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    await enrolled(client, sign_in)
    made = await client.post(
        "/admin/people/invite", data={"name": "binh", "role": "operator", "agencies": "so-tnmt, ubnd-pleiku"}
    )
    assert made.status_code == 201
    [password] = re.findall(r'<code class="secret">([A-Z0-9-]+)</code>', made.text)
    twice = await client.post("/admin/people/invite", data={"name": "binh", "role": "viewer", "agencies": ""})
    assert twice.status_code == 422
    for wrong in ({"role": "king"}, {"agencies": "so-nowhere"}, {"name": "B"}):
        fields = {"name": "chi", "role": "viewer", "agencies": ""} | wrong
        assert (await client.post("/admin/people/invite", data=fields)).status_code == 422
    async with visitor(app) as other:
        page = await other.post("/admin/begin", data={"password": password}, follow_redirects=True)
        assert "binh" in page.text
        keeper_secret = secret_on(page.text)
        assert keeper_secret
    assert (await client.post("/admin/people/password", data={"name": "binh"})).status_code == 201
    async with visitor(app) as other:
        await enrolled(other, sign_in, "chi", Role.OPERATOR)
        assert (await other.get("/admin")).status_code == 200
        assert (await other.get("/admin/people")).status_code == 403
        # What is changed holds from the next click on.
        fields = {"name": "chi", "role": "admin", "agencies": ""}
        assert (await client.post("/admin/people/change", data=fields)).status_code == 303
        assert (await other.get("/admin/people")).status_code == 200
        shown = await client.get("/admin/people")
        [theirs] = [each for each in await sign_in.sessions() if each.account and each.account.name == "chi"]
        assert f'name="id" value="{theirs.id}"' in shown.text
        await client.post("/admin/people/session", data={"id": str(theirs.id)})
        assert (await other.get("/admin")).status_code == 303
        assert (await client.post("/admin/people/end", data={"name": "chi"})).status_code == 303
        assert (await other.post("/admin/sign-in", data={"name": "chi", "password": PASSWORD})).status_code == 403
    # Somebody must be left.
    for path, more in (("end", {}), ("change", {"role": "viewer", "agencies": ""})):
        refused = await client.post(f"/admin/people/{path}", data={"name": "an"} | more)
        assert refused.status_code == 422
        assert "quản trị viên khác" in refused.text


async def test_a_new_one_time_password_puts_out_who_had_the_old_proofs(
    app: FastAPI, client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    await enrolled(client, sign_in)
    password = await sign_in.accounts.new_password("an", actor="cli:root")
    assert (await client.get("/admin")).status_code == 200, "until it is used"
    async with visitor(app) as other:
        page = await other.post("/admin/begin", data={"password": password}, follow_redirects=True)
        secret = secret_on(page.text)
        code = Keeper("an", pyotp.TOTP(secret)).code()
        done = await other.post("/admin/enrol", data={"password": PASSWORD + "!", "code": code})
        assert done.headers["location"] == "/admin"
        assert (await client.get("/admin")).status_code == 303
        assert (await other.get("/admin")).status_code == 200


#: What each page is for. One that is not here has no rule, and fails.
RULES = {
    "/admin": Scope.ADMIN_LOOK,
    "/admin/agencies/{agency}": Scope.ADMIN_LOOK,
    "/admin/agencies/{agency}/backfill": Scope.ADMIN_OPERATE,
    "/admin/agencies/{agency}/{kind}/run": Scope.ADMIN_OPERATE,
    "/admin/agencies/{agency}/{kind}/pause": Scope.ADMIN_OPERATE,
    "/admin/agencies/{agency}/{kind}/resume": Scope.ADMIN_OPERATE,
    "/admin/agencies/{agency}/spec": Scope.ADMIN_OPERATE,
    "/admin/agencies/{agency}/spec/stop": Scope.ADMIN_OPERATE,
    "/admin/agencies/{agency}/versions": Scope.ADMIN_LOOK,
    "/admin/agencies/{agency}/versions/rollback": Scope.ADMIN_OPERATE,
    "/admin/agencies/{agency}/quarantine/{number}": Scope.ADMIN_LOOK,
    "/admin/agencies/{agency}/quarantine/{number}/mend": Scope.ADMIN_OPERATE,
    "/admin/agencies/{agency}/quarantine/{number}/close": Scope.ADMIN_OPERATE,
    "/admin/quarantine": Scope.ADMIN_LOOK,
    "/admin/calls": Scope.ADMIN_LOOK,
    "/admin/agencies/{agency}/calls/{number}": Scope.ADMIN_LOOK,
    "/admin/agencies/{agency}/calls/{number}/open": Scope.ADMIN_OPERATE,
    "/admin/inbox": Scope.ADMIN_LOOK,
    "/admin/agencies/{agency}/inbox/replay": Scope.ADMIN_OPERATE,
    "/admin/agencies/{agency}/inbox/{number}": Scope.ADMIN_LOOK,
    "/admin/agencies/{agency}/inbox/{number}/open": Scope.ADMIN_OPERATE,
    "/admin/agencies/{agency}/inbox/{number}/replay": Scope.ADMIN_OPERATE,
    "/admin/studio": Scope.ADMIN_MANAGE,
    "/admin/wall": Scope.ADMIN_LOOK,
    "/admin/quality": Scope.ADMIN_LOOK,
    "/admin/studio/{agency}/drop": Scope.ADMIN_OPERATE,
    "/admin/studio/{agency}/operations": Scope.ADMIN_OPERATE,
    "/admin/studio/{agency}/trial": Scope.ADMIN_OPERATE,
    "/admin/studio/{agency}/statuses": Scope.ADMIN_OPERATE,
    "/admin/studio/{agency}/schedule": Scope.ADMIN_OPERATE,
    "/admin/studio/{agency}/publish": Scope.ADMIN_OPERATE,
    "/admin/alerts": Scope.ADMIN_LOOK,
    "/admin/alerts/silence": Scope.ADMIN_OPERATE,
    "/admin/alerts/silences/{number}/end": Scope.ADMIN_OPERATE,
    "/admin/alerts/recipients": Scope.ADMIN_MANAGE,
    "/admin/alerts/recipients/{number}/remove": Scope.ADMIN_MANAGE,
    "/admin/alerts/recipients/{number}/enable": Scope.ADMIN_MANAGE,
    "/admin/alerts/recipients/{number}/test": Scope.ADMIN_MANAGE,
    "/admin/subscriptions": Scope.ADMIN_LOOK,
    "/admin/subscriptions/make": Scope.ADMIN_MANAGE,
    "/admin/subscriptions/{number}": Scope.ADMIN_LOOK,
    "/admin/subscriptions/{number}/test": Scope.ADMIN_OPERATE,
    "/admin/subscriptions/{number}/disable": Scope.ADMIN_OPERATE,
    "/admin/subscriptions/{number}/enable": Scope.ADMIN_OPERATE,
    "/admin/subscriptions/{number}/secret": Scope.ADMIN_MANAGE,
    "/admin/subscriptions/{number}/remove": Scope.ADMIN_MANAGE,
    "/admin/secrets": Scope.ADMIN_MANAGE,
    "/admin/secrets/remove": Scope.ADMIN_MANAGE,
    "/admin/keys": Scope.ADMIN_MANAGE,
    "/admin/keys/rotate": Scope.ADMIN_MANAGE,
    "/admin/keys/end": Scope.ADMIN_MANAGE,
    "/admin/audit": Scope.ADMIN_AUDIT,
    "/admin/audit/export": Scope.ADMIN_AUDIT,
    "/admin/people": Scope.ADMIN_MANAGE,
    "/admin/people/invite": Scope.ADMIN_MANAGE,
    "/admin/people/password": Scope.ADMIN_MANAGE,
    "/admin/people/change": Scope.ADMIN_MANAGE,
    "/admin/people/end": Scope.ADMIN_MANAGE,
    "/admin/people/session": Scope.ADMIN_MANAGE,
}
#: The way in and out is open to all.
OPEN = {
    *("/admin/sign-in", "/admin/code", "/admin/begin", "/admin/enrol", "/admin/sign-out"),
    *("/admin/oidc", "/admin/oidc/back"),
}


def pages(routes: APIRouter) -> list[tuple[str, str]]:
    return [
        (method, route.path) for route in routes.routes if isinstance(route, APIRoute) for method in route.methods or ()
    ]


@pytest.mark.parametrize("role", list(Role))
async def test_each_role_may_do_what_it_should_and_nothing_else(
    app: FastAPI,
    client: httpx.AsyncClient,
    sign_in: SignIn,
    database: Database,
    registry: Registry,
    vault: Vault,
    role: Role,
) -> None:
    await enrolled(client, sign_in)
    provider = Provider("https://id.example", "hub", NamedSecrets({}), Client())
    found = pages(console(database, registry, sign_in, vault, provider=provider))
    assert {path for _, path in found} == set(RULES) | OPEN
    async with visitor(app) as other, visitor(app) as stranger:
        limited = not any(scope.is_of_all_agencies for scope in role.scopes)
        await enrolled(other, sign_in, "binh", role, agencies=["so-tnmt"] if limited else None)
        for method, path in found:
            if path in OPEN:
                continue
            allowed = RULES[path] in role.scopes
            ours, others = (path.format(agency=agency, kind="pull", number=1) for agency in ("so-tnmt", "ubnd-pleiku"))
            assert ((await other.request(method, ours)).status_code != 403) == allowed, (method, path)
            assert (await stranger.request(method, ours)).headers["location"] == "/admin/sign-in"
            if others != ours and limited:
                assert (await other.request(method, others)).status_code == 403, "that agency is not theirs"


@pytest.mark.parametrize("role", [Role.ADMIN, Role.AUDITOR])
async def test_who_is_for_some_agencies_keeps_nothing_of_all(
    app: FastAPI, client: httpx.AsyncClient, sign_in: SignIn, database: Database, role: Role
) -> None:
    """Nobody is made so; somebody who was before sees neither people nor the audit."""
    await enrolled(client, sign_in)
    fields = {"name": "cuc", "role": role.value, "agencies": "so-tnmt"}
    refused = await client.post("/admin/people/invite", data=fields)
    assert refused.status_code == 422
    assert "luôn cho mọi cơ quan" in refused.text
    async with visitor(app) as other:
        await enrolled(other, sign_in, "binh", role)
        await database.reads.execute("UPDATE account SET agencies = '{so-tnmt}' WHERE name = 'binh'")
        assert (await other.get("/admin/people")).status_code == 403
        assert (await other.get("/admin/audit")).status_code == 403


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}]
)
async def test_a_form_of_another_site_does_nothing(
    app: FastAPI, client: httpx.AsyncClient, sign_in: SignIn, database: Database, headers: dict[str, str]
) -> None:
    keeper = await enrolled(client, sign_in)
    fields = {"name": "evil", "role": "admin", "agencies": ""}
    assert (await client.post("/admin/people/invite", data=fields, headers=headers)).status_code == 403
    await client.post("/admin/sign-out", headers=headers)
    async with visitor(app) as other:
        password = {"name": "an", "password": PASSWORD}
        assert (await other.post("/admin/sign-in", data=password, headers=headers)).status_code == 403
    async with database.begin() as connection:
        names = (await connection.execute(account.select())).mappings().all()
    assert [row["name"] for row in names] == [keeper.name]
    ours = {"Origin": "http://hub"} if "Origin" in headers else {"Sec-Fetch-Site": "same-origin"}
    assert (await client.post("/admin/people/invite", data=fields, headers=ours)).status_code == 201


async def test_pages_are_in_the_language_that_was_chosen(client: httpx.AsyncClient, sign_in: SignIn) -> None:
    assert 'lang="vi"' in (await client.get("/admin/begin")).text
    english = await client.get("/admin/begin?lang=en")
    assert "One-time password" in english.text
    assert "One-time password" in (await client.get("/admin/begin")).text
    assert "Mật khẩu dùng một lần" in (await client.get("/admin/begin?lang=vi")).text


async def test_who_began_with_an_older_one_time_password_begins_no_more(
    app: FastAPI, client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    """Else whoever found the first one would be an admin beside the one who got the next."""
    async with visitor(app) as other:
        page = await other.post(
            "/admin/begin", data={"password": await sign_in.first_password()}, follow_redirects=True
        )
        code = Keeper("evil", pyotp.TOTP(secret_on(page.text))).code()
        await enrolled(client, sign_in)
        late = await other.post("/admin/enrol", data={"name": "evil", "password": PASSWORD, "code": code})
        assert late.headers["location"] == "/admin/begin"
    assert [each.name for each in await sign_in.accounts.all()] == ["an"]


async def test_a_password_is_the_same_however_its_accents_are_typed(
    app: FastAPI, client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    await enrolled(client, sign_in)
    async with visitor(app) as other:
        for form in ("NFC", "NFD"):
            typed = {"name": "an", "password": unicodedata.normalize(form, PASSWORD)}
            assert (await other.post("/admin/sign-in", data=typed)).headers["location"] == "/admin/code"


async def test_guesses_at_the_same_moment_are_no_more_than_others(
    app: FastAPI, client: httpx.AsyncClient, sign_in: SignIn
) -> None:
    await enrolled(client, sign_in)
    async with visitor(app) as other:
        guesses = ({"name": "an", "password": f"guess {number}"} for number in range(15))
        answers = await asyncio.gather(*(other.post("/admin/sign-in", data=each) for each in guesses))
    assert sorted(each.status_code for each in answers) == [403] * 5 + [429] * 10


async def test_two_admins_cannot_end_each_other(client: httpx.AsyncClient, sign_in: SignIn) -> None:
    await enrolled(client, sign_in)
    await enrolled(client, sign_in, "binh")
    for _ in range(3):
        await asyncio.gather(
            *(sign_in.accounts.end(name, actor="test") for name in ("an", "binh")), return_exceptions=True
        )
        assert [each.name for each in await sign_in.accounts.all() if each.ended_at is None]


def test_the_password_of_a_name_that_nobody_has_takes_as_long_to_refuse() -> None:
    hasher = PasswordHasher()
    assert extract_parameters(accounts._NOBODYS) == extract_parameters(hasher.hash(PASSWORD))
    with pytest.raises(VerifyMismatchError):
        hasher.verify(accounts._NOBODYS, PASSWORD)
