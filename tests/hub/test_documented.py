"""Which operations may answer 304, 413, 429 and 503 is tried, one by one, and each tells of it in the document."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from starlette.types import ASGIApp

from config.settings import Settings
from contracts.subscription import SubscriptionRequest
from hub import shedding
from hub.access.people import People, Person
from hub.access.scopes import Caller, Scope
from hub.admin.studio.tools import Seen
from hub.bodies import LARGEST
from hub.calls.recorder import DatabaseCallRecorder
from hub.index.marks import Contact
from hub.index.record import record
from hub.intake.push import sender_of
from hub.main import Hub, create_api, create_app, open_hub
from hub.shedding import Load
from tests.hub.live.agencies import spec_of
from tests.observations import observation as said
from tests.parts import call_record, deliver, pushing_spec
from tests.test_openapi import ENDLESS, write

OPENAPI = Path(__file__).parent / "studio" / "documents" / "so-khdt.openapi.yaml"
CODE = "H21.20-261123-0001"
ADDRESS = "203.0.113.7"


class Operation(NamedTuple):
    method: str
    path: str
    told: dict[str, Any]

    @property
    def url(self) -> str:
        named = {"code": CODE, "agency": "ubnd-pleiku", "id": "msg_1", "kind": "pull", "order": "pause", "name": "binh"}
        return self.path.format(**named, **dict.fromkeys(("subscription", "delivery", "version", "number"), 1))

    def tells_of(self, status: int) -> bool:
        return str(status) in self.told["responses"]


@pytest.fixture
def load() -> Load:
    return Load()


@pytest.fixture
async def hub(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hub]:
    monkeypatch.setenv("HUB_SECRET_UBND_PLEIKU_WEBHOOK", "whsec_" + "c2VjcmV0" * 4)
    agencies = tmp_path / "agencies"
    agencies.mkdir()
    write(pushing_spec(), agencies)
    write(spec_of("co-quan-1", "http://127.0.0.1:9"), agencies)
    async with open_hub(Settings(data_dir=tmp_path, agencies_dir=agencies), database_url) as opened:
        async with opened.database.begin() as connection:
            await record(connection, [said(CODE, agency="ubnd-pleiku", status=2)], opened.vault)
        await deliver(opened.database, opened.vault, pushing_spec(), "msg_1", type="fee.paid")
        await opened.subscriptions.make("portal", SubscriptionRequest(address="https://127.0.0.1:9/"), actor="test")
        await DatabaseCallRecorder(opened.database, opened.vault)(call_record())
        current = await opened.specs.specs.current("ubnd-pleiku")
        assert current is not None
        await opened.specs.shadows.start("ubnd-pleiku", current.text, actor="test")
        await opened.documents.put({"pleiku.openapi": OPENAPI.read_bytes()}, actor="test")
        await opened.drafts.begin("ubnd-pleiku", current.text, document="pleiku.openapi", actor="test")
        draft = await opened.drafts.of("ubnd-pleiku")
        assert draft is not None
        seen = Seen(at=datetime.now(UTC), code=CODE, tried=[]).model_dump_json().encode()
        await opened.drafts.remember(draft, seen, actor="test", code=CODE)
        # A delivery, which nobody answers.
        await opened.subscriptions.test(1, "portal", opened.webhooks, actor="test")
        yield opened


@pytest.fixture
def app(hub: Hub, load: Load) -> ASGIApp:
    return create_app(hub, load)


@pytest.fixture
def operations(hub: Hub) -> list[Operation]:
    paths = create_api(hub).openapi()["paths"]
    return [
        Operation(method.upper(), path, told) for path, methods in paths.items() for method, told in methods.items()
    ]


@pytest.fixture
async def client(app: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, client=(ADDRESS, 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as opened:
        yield opened


@pytest.fixture
async def headers(hub: Hub) -> dict[str, str]:
    """Whoever sends them may do everything."""
    key = await hub.keys.create("portal", scopes=list(Scope), actor="test")
    person = Person.of(Contact.NUMBER, "064085001234", hub.vault)
    token, _ = People(hub.vault).token(person, Caller("portal", frozenset(), None))
    return {"X-Api-Key": key, "Authorization": f"Bearer {token}"}


async def test_not_modified(operations: list[Operation], client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    tried = [each for each in operations if each.method == "GET" and each.path != ENDLESS]
    known = headers | {"If-None-Match": "*"}
    answers = {each.path: (await client.get(each.url, headers=known)).status_code for each in tried}
    assert set(answers.values()) == {200, 304}, answers
    assert {path for path, status in answers.items() if status == 304} == {
        each.path for each in operations if each.tells_of(304)
    }


async def test_a_misspelt_parameter_is_named(operations: list[Operation], client: httpx.AsyncClient) -> None:
    """Passed over, `maxage=30` would be answered with what is old, and `since` with none of the changes since then."""
    tried = [each for each in operations if each.path.startswith("/v1/") and each.path != "/v1/webhooks/{agency}"]
    for each in tried:
        answer = await client.request(each.method, each.url, params={"maxage": "30"})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "maxage"), each
    changes = await client.get("/v1/changes", params={"since": "3"})
    assert changes.json()["errors"][0]["expected"] == "one of after, wait, agency, type, limit"
    # A page takes what others append to links to it.
    assert (await client.get("/", params={"fbclid": "x"})).status_code == 200


async def test_bodies_that_are_too_large(
    operations: list[Operation], client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(LARGEST // 65_536 + 1):
            yield b" " * 65_536

    for each in operations:
        takes_one = "requestBody" in each.told
        assert each.tells_of(413) == takes_one, each.path
        if takes_one:
            for content in (b" " * (LARGEST + 1), pieces()):
                answer = await client.request(
                    each.method, each.url, headers=headers | {"Content-Type": "application/json"}, content=content
                )
                assert answer.status_code == 413, each.path
                assert answer.json()["type"] == "/problems/body-too-large"


async def test_too_many_requests(operations: list[Operation], hub: Hub, client: httpx.AsyncClient) -> None:
    visitor = hub.addresses.visitor(ADDRESS)
    while visitor.wait() <= 0:
        visitor.missed()
    [pushed] = [each.url for each in operations if each.path == "/v1/webhooks/{agency}"]
    sender = sender_of(ADDRESS, pushed.rpartition("/")[2])
    # For longer than this test takes.
    while hub.tries.wait(sender) < 30:
        hub.tries.charge(sender)
    waiting = set()
    for each in operations:
        answer = await client.request(each.method, each.url)
        if answer.status_code == 429:
            assert int(answer.headers["Retry-After"]) > 0
            waiting.add((each.method, each.path))
    assert waiting and waiting == {(each.method, each.path) for each in operations if each.tells_of(429)}


async def test_the_hub_is_overloaded(
    operations: list[Operation], load: Load, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    load.limit = 0
    monkeypatch.setattr(shedding, "WAITING", 0)
    for each in operations:
        if each.path in ("/healthz", "/readyz", "/metrics"):
            continue
        answer = await client.request(each.method, each.url)
        assert answer.status_code == 503 and answer.headers["Retry-After"], each.path
        assert each.tells_of(503), each.path
