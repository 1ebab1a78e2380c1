"""How the hub shows who it is: keys, basic authentication, OAuth2 and logins; renewed, shared, never recorded."""

import asyncio
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import orjson
import pytest

from adapters.auth import authority
from contracts.errors import AgencyFailure, Malformed, Unauthorized, Unreachable
from tests.adapters.calls import Records
from tests.adapters.rest.agency import CODE, ROW, Secrets, asking
from tests.adapters.servers import Asked, Told

SECRETS = Secrets({"khoa": 'khóa <&> "/\\ đúng', "ten": "hub", "mat-khau": "mật/khẩu+ &="})
WRITTEN_ROW = orjson.dumps(ROW)


def told(value: Any, status: int = 200) -> Told:
    return Told(orjson.dumps(value), status=status)


class Agency:
    """Gives tokens, and answers whoever shows one it still knows."""

    def __init__(self, shown: Callable[[Asked], str | None]) -> None:
        self.shown = shown
        self.asked: list[Asked] = []
        self.logins: list[Asked] = []
        self.tokens: set[str] = set()
        self.login: Callable[[str], Told] = lambda token: told({"access_token": token, "expires_in": "300"})
        self.refusal = told({"error": "expired"}, 401)

    def __call__(self, asked: Asked) -> Told:
        if asked.path == "/token":
            self.logins.append(asked)
            token = f"tok/en+{len(self.logins)}"
            self.tokens.add(token)
            return self.login(token)
        self.asked.append(asked)
        return Told(WRITTEN_ROW) if self.shown(asked) in self.tokens else self.refusal


def bearer(asked: Asked) -> str:
    return asked.headers.get("authorization", "").removeprefix("Bearer ")


OAUTH2 = {
    "kind": "oauth2",
    "token_address": "AGENCY/token",
    "client_id": "gialai hub",
    "client_secret": "{secret:khoa}",
}
LOGIN = {
    "kind": "login",
    "path": "/token",
    "form_body": {"user": "{secret:ten}", "pass": "{secret:mat-khau}"},
    "token": "access_token",
}


# --- the same in every request ------------------------------------------------------------------------------


async def test_a_key_goes_wherever_the_agency_wants_it() -> None:
    asked: list[Asked] = []
    records = Records()

    def answer(request: Asked) -> Told:
        asked.append(request)
        return Told(WRITTEN_ROW)

    key = "{secret:khoa}"
    packed = {"base64_json": {"AccessKey": key, "AppName": "hub"}}
    place = {"headers": {"X-Key": "k", "lgspaccesstoken": packed}, "query": {"APIKey": key}, "body": {"Security": key}}
    lookup = {"request": {"method": "POST", "path": "/tra-cuu", "form_body": {"model[Ma]": "{code}"}}}
    async with asking(answer, SECRETS, records, lookup, auth={"kind": "key", **place}) as adapter:
        await adapter.lookup(CODE)
    [request] = asked
    assert request.query == {"APIKey": SECRETS["khoa"]}
    assert dict(parse_qsl(request.body.decode())) == {"model[Ma]": CODE, "Security": SECRETS["khoa"]}
    assert request.headers["x-key"] == "k"
    assert orjson.loads(b64decode(request.headers["lgspaccesstoken"])) == {
        "AccessKey": SECRETS["khoa"],
        "AppName": "hub",
    }
    assert records[0].address.endswith("/tra-cuu")
    assert records[0].request.count(b"***") == 2


async def test_credentials_in_a_body_need_one_that_takes_them() -> None:
    with pytest.raises(ValueError, match="lookup has none that takes them"):
        async with asking(lambda _: Told(""), SECRETS, auth={"kind": "key", "body": {"k": "{secret:khoa}"}}):
            pass


async def test_basic_authentication() -> None:
    records = Records()
    given = {"kind": "basic", "username": "{secret:ten}", "password": "{secret:mat-khau}"}

    def answer(asked: Asked) -> Told:
        packed = asked.headers["authorization"].removeprefix("Basic ")
        assert b64decode(packed).decode() == "hub:mật/khẩu+ &="
        return told(ROW | {"ghiChu": packed})

    async with asking(answer, SECRETS, records, auth=given) as adapter:
        await adapter.lookup(CODE)
    assert b64encode("hub:mật/khẩu+ &=".encode()) not in records[0].response


# --- tokens -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("client_in", ["body", "basic"])
async def test_oauth2_client_credentials(client_in: str) -> None:
    agency = Agency(bearer)
    async with asking(agency, SECRETS, auth=OAUTH2 | {"client_in": client_in, "scope": "ho-so"}) as adapter:
        await asyncio.gather(*(adapter.lookup(CODE) for _ in range(8)))
    [login] = agency.logins
    form = dict(parse_qsl(login.body.decode()))
    assert (form.pop("grant_type"), form.pop("scope")) == ("client_credentials", "ho-so")
    if client_in == "body":
        assert form == {"client_id": "gialai hub", "client_secret": SECRETS["khoa"]}
    else:
        client, _, secret = b64decode(login.headers["authorization"].removeprefix("Basic ")).decode().partition(":")
        assert dict(parse_qsl(f"c={client}&s={secret}")) == {"c": "gialai hub", "s": SECRETS["khoa"]}
        assert form == {}


async def test_oauth2_with_a_password() -> None:
    agency = Agency(bearer)
    given = {"grant": "password", "username": "{secret:ten}", "password": "{secret:mat-khau}", "client_secret": None}
    async with asking(agency, SECRETS, auth=OAUTH2 | given) as adapter:
        await adapter.lookup(CODE)
    assert dict(parse_qsl(agency.logins[0].body.decode())) == {
        "grant_type": "password",
        "client_id": "gialai hub",
        "username": "hub",
        "password": "mật/khẩu+ &=",
    }


@pytest.mark.parametrize(
    ("address", "why"),
    [("ftp://x/token", "http"), ("https://u:p@x/token", "without secrets"), ("https://x/token?k=1", "without a query")],
)
async def test_a_token_endpoint_that_is_none(address: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        async with asking(lambda _: Told(""), SECRETS, auth=OAUTH2 | {"token_address": address}):
            pass


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        ({"headers": {"X-Phien": "S {token}"}}, lambda asked: asked.headers.get("x-phien", "").removeprefix("S ")),
        ({"query": {"session": "{token}"}}, lambda asked: asked.query.get("session")),
        ({"body": {"session": "{token}"}}, lambda asked: orjson.loads(asked.body).get("session")),
    ],
)
async def test_a_sessions_token_goes_where_it_is_wanted_and_is_never_recorded(
    place: dict[str, Any], shown: Callable[[Asked], str]
) -> None:
    agency, records = Agency(shown), Records()
    lookup = {"request": {"method": "POST", "path": "/tra-cuu", "json_body": {"ma": "{code}"}}}
    async with asking(agency, SECRETS, records, lookup, auth=LOGIN | {"place": place}) as adapter:
        await adapter.lookup(CODE)
        agency.tokens.clear()
        await asyncio.gather(*(adapter.lookup(CODE) for _ in range(8)))
    assert len(agency.logins) == 2
    assert dict(parse_qsl(agency.logins[0].body.decode())) == {"user": "hub", "pass": SECRETS["mat-khau"]}
    everything = str([(record.address, record.request, record.response, record.message) for record in records])
    assert "tok/en" not in everything
    assert "tok%2Fen" not in everything


async def test_a_token_that_goes_nowhere_is_refused() -> None:
    with pytest.raises(ValueError, match=r"names \{token\}, which then goes nowhere"):
        async with asking(lambda _: Told(""), SECRETS, auth=LOGIN | {"place": {"query": {"a": "b"}}}):
            pass


async def test_a_session_that_ends_within_an_answer_of_success_is_renewed() -> None:
    agency = Agency(bearer)
    agency.refusal = told({"error_code": "-5", "message": "Phiên đã hết hạn"})
    async with asking(agency, SECRETS, auth=LOGIN | {"expired_when": "error_code == '-5'"}) as adapter:
        await adapter.lookup(CODE)
        agency.tokens.clear()
        await asyncio.gather(*(adapter.lookup(CODE) for _ in range(8)))
        assert len(agency.logins) == 2
        agency.shown = lambda _: None
        with pytest.raises(Unauthorized, match="session has ended"):
            await adapter.lookup(CODE)
    assert len(agency.logins) == 3


@pytest.mark.parametrize("seconds", [0, "0", -1, 0.0])
async def test_a_token_is_asked_for_again_when_its_life_is_over(seconds: Any) -> None:
    agency = Agency(bearer)
    agency.login = lambda token: told({"access_token": token, "expires_in": seconds})
    async with asking(agency, SECRETS, auth=OAUTH2) as adapter:
        await adapter.lookup(CODE)
        await adapter.lookup(CODE)
    assert len(agency.logins) == 2


# --- logins that fail ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "failure", "why"),
    [
        (
            told({"error": "invalid_grant", "error_description": "Account disabled"}, 400),
            Unauthorized,
            "Account disabled",
        ),
        (told({"error": "invalid_client"}, 401), Unauthorized, "refuses our credentials"),
        (told({"error": "unauthorized_client"}), Unauthorized, "unauthorized_client"),
        (told({"access_token": ""}), Malformed, "no token"),
        (told({"access_token": "x", "expires_in": "soon"}), Malformed, "how long"),
        (Told("<html>Not Found</html>", status=404), Malformed, "not where the spec says"),
        (Told("<html>Lỗi</html>", status=500), Malformed, "500"),
        (Told("<html>Lỗi</html>"), Malformed, "HTML"),
    ],
)
async def test_callers_of_one_failing_login_share_its_failure(
    answer: Told, failure: type[AgencyFailure], why: str
) -> None:
    agency, records = Agency(bearer), Records()
    agency.login = lambda _: answer
    async with asking(agency, SECRETS, records, auth=OAUTH2) as adapter:
        failures = await asyncio.gather(*(adapter.lookup(CODE) for _ in range(20)), return_exceptions=True)
        with pytest.raises(failure, match=why) as caught:
            await adapter.lookup(CODE)
    assert {type(each) for each in failures} == {failure}
    assert (len(agency.logins), len(records)) == (1, 1)
    assert not caught.value.sent


async def test_a_login_is_tried_again_later_and_later(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(authority, "time", type("Clock", (), {"monotonic": staticmethod(lambda: now)}))
    agency = Agency(bearer)
    agency.login = lambda _: told({"error": "invalid_grant"}, 400)
    tried: list[int] = []
    async with asking(agency, SECRETS, auth=OAUTH2) as adapter:
        for second in range(0, 4000, 10):
            now = 1000.0 + second
            with pytest.raises(Unauthorized):
                await adapter.lookup(CODE)
            if len(agency.logins) > len(tried):
                tried.append(second)
        agency.login = lambda token: told({"access_token": token})
        now += 900
        await adapter.lookup(CODE)
    assert tried == [0, 30, 150, 630, 1530, 2430, 3330]


async def test_a_password_set_right_is_tried_at_once() -> None:
    secrets = Secrets(khoa="wrong")
    agency = Agency(bearer)
    agency.login = lambda token: (
        told({"access_token": token}) if b"wrong" not in agency.logins[-1].body else told({"error": "no"}, 400)
    )
    async with asking(agency, secrets, auth=OAUTH2) as adapter:
        with pytest.raises(Unauthorized):
            await adapter.lookup(CODE)
        secrets["khoa"] = "right"
        await adapter.lookup(CODE)
    assert len(agency.logins) == 2


async def test_an_agency_that_is_away_is_asked_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(authority, "time", type("Clock", (), {"monotonic": staticmethod(lambda: now)}))
    agency = Agency(bearer)
    agency.login = lambda _: Told("", status=502)
    async with asking(agency, SECRETS, auth=OAUTH2, limits={"attempts": 1}) as adapter:
        for _ in range(2):
            with pytest.raises(Unreachable):
                await adapter.lookup(CODE)
        assert len(agency.logins) == 1
        agency.login = lambda token: told({"access_token": token})
        now += 1
        await adapter.lookup(CODE)
    assert len(agency.logins) == 2
