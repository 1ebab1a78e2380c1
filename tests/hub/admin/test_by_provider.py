"""The way in through an identity provider, which is a real one: whom it lets in, and whom it does not."""

import re
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from adapters import Client
from config.load import ConfigError
from config.settings import Settings
from hub import problems
from hub.access.provider import SECRET, Provider
from hub.access.roles import Role
from hub.access.sign_in import SignIn
from hub.config_check import of_provider
from hub.db import Database
from hub.main import open_hub
from hub.registry import Registry
from hub.vault import Vault
from tests.adapters.certificates import certified
from tests.identity import IdentityProvider, identity_provider
from tests.keepers import PASSWORD, begun, console, enrolled, secret_on
from tests.parts import NamedSecrets
from tests.suite import servers

HUB = "https://hub"
BACK = f"{HUB}/admin/oidc/back"
TWO_FACTORS = "urn:example:two"


@pytest.fixture(scope="module")
def running() -> Iterator[IdentityProvider]:
    with identity_provider(BACK) as provider:
        yield provider


@pytest.fixture
async def there(running: IdentityProvider) -> IdentityProvider:
    await running.wants()
    return running


@asynccontextmanager
async def known_to_hub(
    there: IdentityProvider, *, secrets: Mapping[str, str] | None = None, private: bool = True
) -> AsyncIterator[Provider]:
    async with Client() as client:
        named = NamedSecrets({SECRET: there.secret} if secrets is None else secrets)
        yield Provider(there.issuer, there.client_id, named, client, acr=(TWO_FACTORS,), private=private)


def app_of(database: Database, registry: Registry, sign_in: SignIn, vault: Vault, provider: Provider) -> FastAPI:
    app = FastAPI()
    problems.install(app)
    app.include_router(console(database, registry, sign_in, vault, provider=provider))
    return app


@pytest.fixture
async def app(
    there: IdentityProvider, database: Database, registry: Registry, sign_in: SignIn, vault: Vault
) -> AsyncIterator[FastAPI]:
    async with known_to_hub(there) as provider:
        yield app_of(database, registry, sign_in, vault, provider)


def visitor(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HUB)


@pytest.fixture
async def admin(app: FastAPI, sign_in: SignIn) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who is in, by a password, so that there are accounts."""
    async with visitor(app) as client:
        await enrolled(client, sign_in)
        yield client


@pytest.fixture
async def browser(app: FastAPI, admin: httpx.AsyncClient) -> AsyncIterator[httpx.AsyncClient]:
    async with visitor(app) as client:
        yield client


async def gone(browser: httpx.AsyncClient) -> str:
    """Where the hub sends who takes the link."""
    answer = await browser.get("/admin/oidc")
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def round_trip(
    browser: httpx.AsyncClient, there: IdentityProvider, login: str, *, factors: str = "mfa"
) -> httpx.Response:
    return await browser.get(await there.let_on(await gone(browser), login, factors=factors))


async def invited(browser: httpx.AsyncClient, sign_in: SignIn, name: str = "binh", role: Role = Role.VIEWER) -> None:
    """At the step where they choose how to come in from now on."""
    password = await sign_in.accounts.invite(name, role, None, actor="test")
    page = await browser.post("/admin/begin", data={"password": password}, follow_redirects=True)
    assert "Từ nay vào bằng localhost" in page.text


async def linked(browser: httpx.AsyncClient, there: IdentityProvider, sign_in: SignIn, name: str = "binh") -> None:
    await invited(browser, sign_in, name)
    assert onward(await round_trip(browser, there, f"{name}@provider")) == "/admin"
    await browser.post("/admin/sign-out")


def onward(page: httpx.Response) -> str:
    assert page.status_code == 200, page.text
    [address] = re.findall(r'http-equiv="refresh" content="0;url=([^"]+)"', page.text)
    assert f'href="{address}"' in page.text
    return str(address)


async def test_who_was_invited_chooses_the_provider_and_comes_in_by_it_from_then_on(
    there: IdentityProvider,
    browser: httpx.AsyncClient,
    admin: httpx.AsyncClient,
    sign_in: SignIn,
    database: Database,
) -> None:
    await invited(browser, sign_in)
    entered = await round_trip(browser, there, "cccd-064099000001")
    assert onward(entered) == "/admin"
    assert "samesite=strict" in entered.headers["set-cookie"].lower()
    assert (await browser.get("/admin")).status_code == 200
    await browser.post("/admin/sign-out")
    assert (await browser.get("/admin")).status_code == 303
    page = await browser.get("/admin/sign-in")
    assert 'href="/admin/oidc"' in page.text
    assert onward(await round_trip(browser, there, "cccd-064099000001")) == "/admin"
    assert (await browser.get("/admin")).status_code == 200
    # They have no password.
    refused = await browser.post("/admin/sign-in", data={"name": "binh", "password": PASSWORD})
    assert refused.status_code == 403
    people = await admin.get("/admin/people")
    assert "vào bằng localhost" in people.text
    # An admin puts them out, as anybody.
    [theirs] = [each for each in await sign_in.sessions() if each.account and each.account.name == "binh"]
    assert (await admin.post("/admin/people/session", data={"id": str(theirs.id)})).status_code == 303
    assert (await browser.get("/admin")).status_code == 303
    lines = await database.reads.fetch(
        "SELECT actor, action, target, detail FROM audit WHERE target = 'binh' ORDER BY id"
    )
    assert [tuple(line) for line in lines] == [
        ("test", "account.invited", "binh", '{"role": "viewer", "agencies": null}'),
        ("person:binh", "account.linked", "binh", '{"second_factor": "provider"}'),
        ("person:binh", "session.ended", "binh", "null"),
        ("person:binh", "session.begun", "binh", '{"by": "provider"}'),
        ("person:an", "session.ended", "binh", "null"),
    ]
    told = [
        str(tuple(row))
        for table in ("account", "admin_session", "audit")
        for row in await database.reads.fetch(f"SELECT {table}::text FROM {table}")
    ]
    assert "064099000001" not in "".join(told), "what the provider calls somebody is kept by nobody else"


async def test_one_factor_there_takes_an_authenticator_here(
    there: IdentityProvider, browser: httpx.AsyncClient, sign_in: SignIn, database: Database
) -> None:
    await invited(browser, sign_in)
    assert onward(await round_trip(browser, there, "b", factors="")) == "/admin/begin"
    assert (await browser.get("/admin")).status_code == 303, "not by one factor"
    page = await browser.get("/admin/begin")
    assert "chỉ báo một yếu tố" in page.text
    assert 'id="password"' not in page.text
    totp = pyotp.TOTP(secret_on(page.text))
    wrong = await browser.post("/admin/enrol", data={"code": "000000"})
    assert wrong.status_code == 422
    code = totp.now()
    assert (await browser.post("/admin/enrol", data={"code": code})).headers["location"] == "/admin"
    assert (await browser.get("/admin")).status_code == 200
    await browser.post("/admin/sign-out")
    assert onward(await round_trip(browser, there, "b", factors="")) == "/admin/code"
    assert (await browser.get("/admin")).status_code == 303
    assert (await browser.post("/admin/code", data={"code": code})).status_code == 403, "each is good once"
    later = totp.at(int(time.time()) + 30)
    assert (await browser.post("/admin/code", data={"code": later})).headers["location"] == "/admin"
    await browser.post("/admin/sign-out")
    for factors in ("mfa", "acr"):
        assert onward(await round_trip(browser, there, "b", factors=factors)) == "/admin"
    noted = await database.reads.fetchval("SELECT detail FROM audit WHERE action = 'account.linked'")
    assert noted == '{"second_factor": "authenticator"}'


async def test_who_has_no_authenticator_here_does_not_come_in_by_one_factor(
    there: IdentityProvider, browser: httpx.AsyncClient, sign_in: SignIn
) -> None:
    await linked(browser, there, sign_in)
    refused = await round_trip(browser, there, "binh@provider", factors="")
    assert refused.status_code == 403
    assert "Cần xác thực hai yếu tố" in refused.text
    assert (await browser.get("/admin")).status_code == 303


async def test_who_has_no_account_or_an_ended_one_does_not_come_in(
    there: IdentityProvider, browser: httpx.AsyncClient, sign_in: SignIn
) -> None:
    await linked(browser, there, sign_in)
    strange = await round_trip(browser, there, "chi@provider")
    assert (strange.status_code, "Chưa có tài khoản nào ở đây cho bạn" in strange.text) == (403, True)
    assert "chi@provider" not in strange.text
    assert onward(await round_trip(browser, there, "binh@provider")) == "/admin"
    await sign_in.accounts.end("binh", actor="test")
    assert (await browser.get("/admin")).status_code == 303
    ended = await round_trip(browser, there, "binh@provider")
    assert (ended.status_code, ended.text) == (403, strange.text), "nothing tells that there was one"
    # Invited again, by another name: the old one stays taken.
    await invited(browser, sign_in, "binh.le")
    assert onward(await round_trip(browser, there, "binh@provider")) == "/admin"


async def test_one_identity_is_one_account(
    there: IdentityProvider, browser: httpx.AsyncClient, sign_in: SignIn
) -> None:
    await linked(browser, there, sign_in)
    await invited(browser, sign_in, "cuc")
    for factors in ("mfa", ""):
        taken = await round_trip(browser, there, "binh@provider", factors=factors)
        if not factors:
            assert onward(taken) == "/admin/begin"
            page = await browser.get("/admin/begin")
            taken = await browser.post("/admin/enrol", data={"code": pyotp.TOTP(secret_on(page.text)).now()})
        assert (taken.status_code, "đã" in taken.text) == (422 if not factors else 403, True)
        assert "khác ở đây" in taken.text
    assert not next(each for each in await sign_in.accounts.all() if each.name == "cuc").enrolled


async def test_a_password_takes_the_place_of_the_provider_and_the_provider_of_a_password(
    there: IdentityProvider, browser: httpx.AsyncClient, sign_in: SignIn
) -> None:
    await linked(browser, there, sign_in)
    await begun(browser, "binh", await sign_in.accounts.new_password("binh", actor="test"))
    await browser.post("/admin/sign-out")
    assert (await round_trip(browser, there, "binh@provider")).status_code == 403
    right = {"name": "binh", "password": PASSWORD}
    assert (await browser.post("/admin/sign-in", data=right)).headers["location"] == "/admin/code"
    password = await sign_in.accounts.new_password("binh", actor="test")
    await browser.post("/admin/begin", data={"password": password})
    assert onward(await round_trip(browser, there, "binh@provider")) == "/admin"
    assert (await browser.post("/admin/sign-in", data=right)).status_code == 403


async def test_an_admin_by_the_provider_is_an_admin_like_another(
    there: IdentityProvider, browser: httpx.AsyncClient, admin: httpx.AsyncClient, sign_in: SignIn
) -> None:
    await invited(browser, sign_in, "cuc", Role.ADMIN)
    assert (await admin.post("/admin/people/end", data={"name": "an"})).status_code == 422, "cuc has not begun"
    assert onward(await round_trip(browser, there, "cuc@provider")) == "/admin"
    assert (await browser.post("/admin/people/end", data={"name": "an"})).status_code == 303
    assert (await browser.post("/admin/people/end", data={"name": "cuc"})).status_code == 422


NOW = int(time.time())


@pytest.mark.parametrize(
    ("altered", "why"),
    [
        ({"claims": {"nonce": "another"}}, "invalid_claim (nonce)"),
        ({"claims": {"nonce": None}}, "missing_claim (nonce)"),
        ({"claims": {"aud": "another"}}, "invalid_claim (aud)"),
        ({"claims": {"aud": []}}, "(aud)"),
        ({"claims": {"azp": "another"}}, "(azp)"),
        ({"claims": {"iss": "https://another.example"}}, "invalid_claim (iss)"),
        ({"claims": {"iss": None}}, "missing_claim (iss)"),
        ({"claims": {"exp": NOW - 3600}}, "expired_token"),
        ({"claims": {"exp": None}}, "missing_claim (exp)"),
        ({"claims": {"iat": NOW - 86_400}}, "(iat)"),
        ({"claims": {"iat": NOW + 86_400}}, "invalid_claim (iat)"),
        ({"claims": {"iat": None}}, "missing_claim (iat)"),
        ({"claims": {"sub": ""}}, "(sub)"),
        ({"claims": {"sub": "b" * 256}}, "(sub)"),
        ({"claims": {"nbf": NOW + 86_400}}, "invalid_claim (nbf)"),
        ({"key": "second"}, "invalid_key_id"),
        ({"key": "second", "shown": ["first", "second"], "claims": {"aud": "another"}}, "invalid_claim (aud)"),
        ({"key": "none"}, "unsupported_algorithm"),
        ({"key": "HS256"}, "unsupported_algorithm"),
    ],
)
async def test_a_token_that_is_not_good_lets_nobody_in(
    there: IdentityProvider, browser: httpx.AsyncClient, sign_in: SignIn, altered: dict[str, object], why: str
) -> None:
    await linked(browser, there, sign_in)
    await there.wants(**altered)
    with capture_logs() as logged:
        refused = await round_trip(browser, there, "binh@provider")
    assert (refused.status_code, "Chưa xác nhận được bạn là ai" in refused.text) == (403, True)
    [reason] = [each["why"] for each in logged if each["event"] == "admin.sign_in_refused"]
    assert why in reason
    assert (await browser.get("/admin")).status_code == 303
    await there.wants()
    assert onward(await round_trip(browser, there, "binh@provider")) == "/admin"


async def test_a_token_for_several_names_us_as_the_party(
    there: IdentityProvider, browser: httpx.AsyncClient, sign_in: SignIn
) -> None:
    await linked(browser, there, sign_in)
    several = [there.client_id, "another"]
    await there.wants(claims={"aud": several})
    assert (await round_trip(browser, there, "binh@provider")).status_code == 403
    await there.wants(claims={"aud": several, "azp": there.client_id})
    assert onward(await round_trip(browser, there, "binh@provider")) == "/admin"


async def test_a_clock_that_is_a_little_off_keeps_nobody_out(
    there: IdentityProvider, browser: httpx.AsyncClient, sign_in: SignIn
) -> None:
    await linked(browser, there, sign_in)
    now = int(time.time())
    # Ahead of ours by half a minute; and its token of moments ago has just ended by its own.
    await there.wants(claims={"iat": now + 30, "exp": now + 90})
    assert onward(await round_trip(browser, there, "binh@provider")) == "/admin"


async def test_keys_are_changed_without_anybody_here(
    there: IdentityProvider, browser: httpx.AsyncClient, sign_in: SignIn
) -> None:
    await linked(browser, there, sign_in)
    await there.wants(key="second")
    assert (await round_trip(browser, there, "binh@provider")).status_code == 403, "nobody has heard of that key"
    await there.wants(key="second", shown=["first", "second"])
    assert onward(await round_trip(browser, there, "binh@provider")) == "/admin"
    await there.wants(shown=["second"])
    assert (await round_trip(browser, there, "binh@provider")).status_code == 403, "that key was withdrawn"


async def test_what_comes_back_is_good_once_and_only_in_the_browser_that_went(
    there: IdentityProvider, app: FastAPI, browser: httpx.AsyncClient, sign_in: SignIn
) -> None:
    await linked(browser, there, sign_in)
    back = await there.let_on(await gone(browser), "binh@provider", factors="mfa")
    cookie = browser.cookies["__Host-hub_oidc"]
    async with visitor(app) as other:
        for theirs in ("", "guess", cookie[:-1]):
            refused = await other.get(back, headers={"Cookie": f"__Host-hub_oidc={theirs}"})
            assert (refused.status_code, "quá lâu hoặc đã dùng" in refused.text) == (403, True)
    code, state = (dict(httpx.URL(back).params)[name] for name in ("code", "state"))
    for wrong in ("", "another", state[:-1], "ộ"):
        refused = await browser.get("/admin/oidc/back", params={"code": code, "state": wrong, "iss": there.issuer})
        assert (refused.status_code, "quá lâu hoặc đã dùng" in refused.text) == (403, True)
    assert onward(await browser.get(back)) == "/admin"
    assert "__Host-hub_oidc" not in browser.cookies
    await browser.post("/admin/sign-out")
    again = await browser.get(back, headers={"Cookie": f"__Host-hub_oidc={cookie}"})
    assert (again.status_code, "quá lâu hoặc đã dùng" in again.text) == (403, True)
    assert (await browser.get("/admin")).status_code == 303


async def test_a_code_is_of_no_use_on_another_trip(
    there: IdentityProvider, app: FastAPI, browser: httpx.AsyncClient, sign_in: SignIn
) -> None:
    await linked(browser, there, sign_in)
    back = httpx.URL(await there.let_on(await gone(browser), "binh@provider", factors="mfa"))
    async with visitor(app) as thief:
        state = httpx.URL(await gone(thief)).params["state"]
        with capture_logs() as logged:
            refused = await thief.get(back.copy_set_param("state", state))
        assert (refused.status_code, "Chưa xác nhận được" in refused.text) == (403, True)
        assert "does not take the code" in next(each["why"] for each in logged if "why" in each)
        assert (await thief.get("/admin")).status_code == 303


async def test_a_code_is_good_once(
    there: IdentityProvider, browser: httpx.AsyncClient, sign_in: SignIn, database: Database
) -> None:
    """Even if we forgot that it was used."""
    await linked(browser, there, sign_in)
    back = await there.let_on(await gone(browser), "binh@provider", factors="mfa")
    cookie = browser.cookies["__Host-hub_oidc"]
    [kept] = await database.reads.fetch("SELECT * FROM admin_session WHERE step = 'away'")
    assert onward(await browser.get(back)) == "/admin"
    await browser.post("/admin/sign-out")
    await database.reads.execute(
        "INSERT INTO admin_session (token_hash, expires_at, step) VALUES ($1, $2, 'away')",
        *(kept["token_hash"], kept["expires_at"]),
    )
    refused = await browser.get(back, headers={"Cookie": f"__Host-hub_oidc={cookie}"})
    assert (refused.status_code, "Chưa xác nhận được" in refused.text) == (403, True)


async def test_an_answer_that_is_said_to_be_of_another_provider_is_refused(
    there: IdentityProvider, browser: httpx.AsyncClient, sign_in: SignIn
) -> None:
    await linked(browser, there, sign_in)
    for issuer in ("https://another.example", None):
        back = httpx.URL(await there.let_on(await gone(browser), "binh@provider", factors="mfa"))
        params = back.params.set("iss", issuer) if issuer else back.params.remove("iss")
        assert (await browser.get(back.copy_with(params=params))).status_code == 403
    assert onward(await round_trip(browser, there, "binh@provider")) == "/admin"


async def test_who_stops_there_is_told_so(there: IdentityProvider, browser: httpx.AsyncClient, sign_in: SignIn) -> None:
    await invited(browser, sign_in)
    back = await there.let_on(await gone(browser), "b", no=True)
    refused = await browser.get(back)
    assert (refused.status_code, "Chưa vào được bằng localhost" in refused.text) == (403, True)
    assert "/admin/oidc" in refused.text
    # What they were about to do can be gone on with.
    assert "Từ nay vào bằng localhost" in (await browser.get("/admin/begin")).text
    english = await browser.get(unescape(re.findall(r'class="language" href="([^"]+)"', refused.text)[0]))
    assert (english.status_code, "Sign in with localhost" in english.text) == (200, True)


async def test_who_is_ended_or_begins_anew_meanwhile_is_not_linked(
    there: IdentityProvider, browser: httpx.AsyncClient, sign_in: SignIn
) -> None:
    await invited(browser, sign_in)
    back = await there.let_on(await gone(browser), "b", factors="mfa")
    await sign_in.accounts.new_password("binh", actor="test")
    assert "quá lâu hoặc đã dùng" in (await browser.get(back)).text
    await invited(browser, sign_in, "cuc")
    back = await there.let_on(await gone(browser), "b", factors="mfa")
    await sign_in.accounts.end("cuc", actor="test")
    assert "quá lâu hoặc đã dùng" in (await browser.get(back)).text
    assert not any(each.by_provider for each in await sign_in.accounts.all())


async def test_the_cookie_of_a_trip_is_of_this_host_alone(
    there: IdentityProvider, app: FastAPI, browser: httpx.AsyncClient, database: Database
) -> None:
    answer = await browser.get("/admin/oidc")
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("__host-hub_oidc=")
    assert all(word in cookie for word in ("secure", "httponly", "samesite=lax", "path=/;"))
    assert "domain" not in cookie
    asked = httpx.URL(answer.headers["location"]).params
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == BACK
    assert (asked["scope"], asked["acr_values"]) == ("openid", TWO_FACTORS)
    token = browser.cookies["__Host-hub_oidc"]
    assert not any(token in value for value in asked.values())
    kept = str([tuple(row) for row in await database.reads.fetch("SELECT s::text FROM admin_session s")])
    assert token not in kept
    # Its step leads nowhere else.
    async with visitor(app) as other:
        other.headers["Cookie"] = f"hub_admin={token}"
        assert (await other.get("/admin")).headers["location"] == "/admin/sign-in"
        assert (await other.post("/admin/code", data={"code": "000000"})).headers["location"] == "/admin"
        assert (await other.post("/admin/enrol", data={"code": "000000"})).headers["location"] == "/admin/begin"


async def test_no_other_site_signs_anybody_in(browser: httpx.AsyncClient) -> None:
    for site in ("cross-site", "same-site"):
        answer = await browser.get("/admin/oidc", headers={"Sec-Fetch-Site": site})
        assert answer.headers["location"] == "/admin/sign-in"
        assert "set-cookie" not in answer.headers


async def test_who_begins_too_often_waits(browser: httpx.AsyncClient, database: Database) -> None:
    answers = [await browser.get("/admin/oidc") for _ in range(40)]
    assert {each.status_code for each in answers} == {303, 429}
    closed = next(each for each in answers if each.status_code == 429)
    assert int(closed.headers["retry-after"]) >= 1
    assert "Đã bắt đầu quá nhiều lần" in closed.text


async def test_where_the_provider_is_away_a_password_still_lets_in(
    database: Database, registry: Registry, sign_in: SignIn, vault: Vault
) -> None:
    with identity_provider(BACK) as there:
        async with (
            known_to_hub(there) as provider,
            visitor(app_of(database, registry, sign_in, vault, provider=provider)) as browser,
        ):
            keeper = await enrolled(browser, sign_in)
            await browser.post("/admin/sign-out")
            back = await there.let_on(await gone(browser), "b", factors="mfa")
            async with (
                known_to_hub(there) as unknown,
                visitor(app_of(database, registry, sign_in, vault, unknown)) as other,
            ):
                await stopped(there)
                # With what it knew already, and without.
                away = await browser.get(back)
                assert (away.status_code, "Lúc này không vào được bằng localhost" in away.text) == (503, True)
                assert (await other.get("/admin/oidc")).status_code == 503
                entered = await other.post("/admin/sign-in", data={"name": "an", "password": PASSWORD})
                assert entered.headers["location"] == "/admin/code"
                code = {"code": keeper.code(later=1)}
                assert (await other.post("/admin/code", data=code)).headers["location"] == "/admin"


async def stopped(there: IdentityProvider) -> None:
    """Its process ends."""
    async with httpx.AsyncClient() as client:
        with suppress(httpx.TransportError):
            await client.post(f"{there.issuer}/test", json={"stop": True})
        with suppress(httpx.TransportError):
            while True:
                await client.get(f"{there.issuer}/jwks")


@pytest.mark.parametrize(("secrets", "why"), [({SECRET: "wrong secret"}, "401"), ({}, SECRET)])
async def test_a_wrong_secret_is_for_the_operator_to_know(
    there: IdentityProvider,
    database: Database,
    registry: Registry,
    sign_in: SignIn,
    vault: Vault,
    secrets: dict[str, str],
    why: str,
) -> None:
    async with (
        known_to_hub(there, secrets=secrets) as provider,
        visitor(app_of(database, registry, sign_in, vault, provider=provider)) as browser,
    ):
        await enrolled(browser, sign_in)
        with capture_logs() as logged:
            away = await round_trip(browser, there, "b")
    assert (away.status_code, "Lúc này không vào được" in away.text) == (503, True)
    [said] = [each["why"] for each in logged if each["event"] == "admin.provider_away"]
    assert why in said
    assert "wrong secret" not in str(logged) + away.text


async def test_a_provider_that_wants_the_secret_in_the_form_has_it_there(
    database: Database, registry: Registry, sign_in: SignIn, vault: Vault
) -> None:
    with identity_provider(BACK, "client_secret_post") as there:
        async with (
            known_to_hub(there) as provider,
            visitor(app_of(database, registry, sign_in, vault, provider=provider)) as browser,
        ):
            await enrolled(browser, sign_in)
            await linked(browser, there, sign_in)
            assert onward(await round_trip(browser, there, "binh@provider")) == "/admin"


async def test_a_provider_in_a_private_network_is_called_only_where_that_is_said(there: IdentityProvider) -> None:
    with pytest.raises(ValueError, match="no https address"):
        async with known_to_hub(there, private=False):
            pass
    async with Client() as client:
        secrets = NamedSecrets({SECRET: "x"})
        public = Provider(there.issuer.replace("http:", "https:"), there.client_id, secrets, client)
        with pytest.raises(Exception, match="private"):
            await public.known()
        slash = Provider(f"{there.issuer}/", there.client_id, secrets, client, private=True)
        with pytest.raises(Exception, match="to the letter"):
            await slash.known()


async def test_what_is_configured_is_checked(there: IdentityProvider, tmp_path: Path, database_url: str) -> None:
    async def found(**settings: Any) -> list[tuple[str, str]]:
        told = Settings(data_dir=tmp_path, **settings)
        return [(each.verdict, each.words) async for each in of_provider(told)]

    assert await found() == []
    right = {"oidc_issuer": there.issuer, "oidc_client_id": there.client_id, "oidc_private": True}
    [answers, secret] = await found(**right)
    assert answers == ("ok", f"{there.issuer} answers")
    assert (secret[0], SECRET in secret[1]) == ("look", True)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / SECRET).write_text(there.secret)
    assert [verdict for verdict, _ in await found(**right)] == ["ok", "ok"]
    for wrong in ({"oidc_client_id": None}, {"oidc_private": False}, {"oidc_issuer": f"{there.issuer}/nowhere"}):
        assert (await found(**right | wrong))[0][0] == "wrong", wrong
    agencies = tmp_path / "agencies"
    agencies.mkdir()
    with pytest.raises(ConfigError, match="HUB_OIDC_CLIENT_ID"):
        async with open_hub(Settings(data_dir=tmp_path, agencies_dir=agencies, oidc_issuer=there.issuer), database_url):
            pass


async def test_a_certificate_by_an_authority_of_the_provinces_own(tmp_path: Path) -> None:
    authority = certified("The province", authority=True)
    shown = certified("localhost", authority)
    (tmp_path / "server.pem").write_text(shown.key_pem + shown.pem)
    (tmp_path / "authority.pem").write_text(authority.pem)
    with servers.node("oidc.js", str(tmp_path / "server.pem")) as issuer:
        told: dict[str, Any] = {
            "data_dir": tmp_path,
            "oidc_issuer": issuer,
            "oidc_client_id": "hub",
            "oidc_private": True,
        }
        for file, verdict in (("authority.pem", "ok"), (None, "wrong"), ("nowhere.pem", "wrong")):
            named = told | ({"oidc_authority": tmp_path / file} if file else {})
            first, *_ = [each async for each in of_provider(Settings(**named))]
            assert first.verdict == verdict, first
