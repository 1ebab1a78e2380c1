"""What owners do with their subscriptions over the API, and what others cannot."""

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from contracts.subscription import (
    DeliveryAttempt,
    EventDeliveries,
    EventDeliveryDetail,
    Subscription,
    SubscriptionRequest,
    SubscriptionTest,
)
from hub.access.scopes import Caller, Scope
from hub.problems import ProblemError
from hub.subscriptions import fan_out
from hub.subscriptions.subscriptions import ReplayFrom, SubscriptionStore
from tests.adapters.servers import Told
from tests.hub.subscriptions.conftest import CODES, Stage, until
from tests.hub.subscriptions.receiver import OK, receiving
from tests.observations import observation as said

PATH = "/v1/subscriptions"


async def make(client: httpx.AsyncClient, address: str = "https://so.example/hook", **wanted: Any) -> dict[str, Any]:
    answer = await client.post(PATH, json={"address": address, **wanted})
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_made_read_changed_and_deleted(client: httpx.AsyncClient, stage: Stage) -> None:
    made = await make(client, name="Một cửa", types=["dossier.status"], email="it@so.example")
    assert made["secret"].startswith("whsec_")
    path = f"{PATH}/{made['id']}"
    told = (await client.get(path)).json()
    assert told == {name: value for name, value in made.items() if name != "secret"}
    assert (told["email"], told["enabled"], told["types"]) == ("i***@so.example", True, ["dossier.status"])
    assert Subscription.model_validate(told)
    changed = (await client.patch(path, json={"types": [], "ordered": True, "address": "https://so.example/b"})).json()
    assert (changed["types"], changed["ordered"], changed["address"]) == ([], True, "https://so.example/b")
    assert (changed["name"], changed["email"]) == ("Một cửa", "i***@so.example")
    assert (await client.get(PATH)).json() == {"items": [changed]}
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).json()["type"] == "/problems/subscription-not-found"
    # No secret or address of a person is in what is kept of who did what, nor open in the tables.
    audit = await stage.sql(
        "SELECT action, target, detail::text AS detail FROM audit WHERE action LIKE 'subscription%'"
    )
    assert [row.action for row in audit] == ["subscription.made", "subscription.changed", "subscription.deleted"]
    assert "so.example" not in str(audit)
    [row] = await stage.sql("SELECT target FROM destination WHERE kind = 'mail'")
    assert b"so.example" not in row.target


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({}, "/address"),
        ({"address": "ftp://so.example"}, "/address"),
        ({"address": "https://user:secret@so.example/"}, "/address"),
        ({"address": "https://so.example/ä"}, "/address"),
        ({"address": "https://so.example", "agencies": ["so-x"]}, "/agencies/0"),
        ({"address": "https://so.example", "types": ["dossier.changed"]}, "/types/0"),
        ({"address": "https://so.example", "statuses": ["11"]}, "/statuses/0"),
        ({"address": "https://so.example", "procedures": ["1001612"]}, "/procedures/0"),
        ({"address": "https://so.example", "email": "it"}, "/email"),
        ({"address": "https://so.example", "filter": "all"}, "/filter"),
    ],
)
async def test_what_is_wrong_is_named(client: httpx.AsyncClient, wanted: dict[str, object], field: str) -> None:
    answer = await client.post(PATH, json=wanted)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_addresses_are_https_but_in_a_network_of_the_provinces_own(stage: Stage) -> None:
    wanted = SubscriptionRequest(address="http://so.example/hook")
    caller = Caller("portal", frozenset(), None)
    stage.store.check(wanted, caller)
    strict = SubscriptionStore(stage.database, stage.registry, stage.vault, plain_http=False)
    with pytest.raises(ProblemError, match="/address"):
        strict.check(wanted, caller)


@pytest.mark.parametrize(
    ("address", "strictly", "openly"),
    [
        ("https://8.8.8.8/hook", True, True),
        ("https://10.1.1.1/hook", False, True),
        ("https://[::ffff:10.1.1.1]/hook", False, True),
        ("https://169.254.169.254/latest", False, False),
        ("https://so.example:99999/hook", False, False),
        ("https://[::1/hook", False, False),
    ],
)
async def test_an_address_that_would_never_be_called_is_refused_at_once(
    stage: Stage, address: str, strictly: bool, openly: bool
) -> None:
    """`openly`: where private networks are open. What a name leads to is looked at when it is called."""
    for plain_http, taken in ((False, strictly), (True, openly)):
        store = SubscriptionStore(stage.database, stage.registry, stage.vault, plain_http=plain_http)
        with nullcontext() if taken else pytest.raises(ProblemError, match="/address"):
            store.check(SubscriptionRequest(address=address), Caller("portal", frozenset(), None))


async def test_a_method_that_is_not_taken_is_told_all_that_are(client: httpx.AsyncClient) -> None:
    refused = await client.put(PATH)
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, POST")
    assert (await client.put(f"{PATH}/1")).headers["Allow"] == "DELETE, GET, PATCH"


async def test_others_see_nothing_of_it(client: httpx.AsyncClient, stage: Stage) -> None:
    path = f"{PATH}/{(await make(client))['id']}"
    other = {"X-Api-Key": await stage.keys.create("other", scopes=[Scope.WEBHOOKS_MANAGE], actor="test")}
    assert (await client.get(PATH, headers=other)).json() == {"items": []}
    for method, what in (
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/secret"),
        ("POST", "/test"),
        ("POST", "/enable"),
        ("POST", "/disable"),
        ("GET", "/deliveries"),
        ("GET", "/deliveries/1"),
        ("POST", "/deliveries/1/redeliver"),
    ):
        body: dict[str, str] | None = {} if method != "GET" else None
        answer = await client.request(method, path + what, headers=other, json=body)
        assert answer.status_code == 404, (method, what)
        assert answer.json()["type"] == "/problems/subscription-not-found"
    reader = {"X-Api-Key": await stage.keys.create("reader", scopes=[Scope.CHANGES_READ], actor="test")}
    assert (await client.get(PATH, headers=reader)).json()["missing_scope"] == "webhooks:manage"
    assert (await client.get(PATH, headers={"X-Api-Key": ""})).status_code == 401


async def test_a_key_for_some_agencies_may_ask_for_those_alone(client: httpx.AsyncClient, stage: Stage) -> None:
    key = await stage.keys.create("tnmt", scopes=[Scope.WEBHOOKS_MANAGE], agencies=["so-tnmt"], actor="test")
    headers = {"X-Api-Key": key}
    wanted = {"address": "https://so.example", "agencies": ["so-tnmt", "ubnd-pleiku"]}
    answer = await client.post(PATH, json=wanted, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (403, "/agencies/1")
    assert (await client.post(PATH, json=wanted | {"agencies": ["so-tnmt"]}, headers=headers)).status_code == 201


async def test_a_test_event_tells_at_once_how_it_was_taken(client: httpx.AsyncClient, stage: Stage) -> None:
    async with receiving() as receiver:
        made = await make(client, receiver.address, types=["dossier.gone"])
        receiver.secret = made["secret"]
        path = f"{PATH}/{made['id']}"
        tested = (await client.post(f"{path}/test")).json()
        receiver.answer = lambda _: Told("wrong signature", status=401)
        refused = (await client.post(f"{path}/test")).json()
    first, second = (SubscriptionTest.model_validate(event) for event in receiver.events)
    assert first.data.subscription == made["id"]
    assert (tested["event"], refused["event"]) == (first.id, second.id)
    assert (tested["attempt"]["outcome"], tested["attempt"]["status"]) == ("ok", 204)
    assert (refused["attempt"]["outcome"], refused["attempt"]["answer"]) == ("failed", "wrong signature")
    kept = EventDeliveries.model_validate((await client.get(f"{path}/deliveries")).json()).items
    assert [(each.event, each.type, each.state) for each in kept] == [
        (second.id, "subscription.test", "failed"),
        (first.id, "subscription.test", "delivered"),
    ]
    detail = EventDeliveryDetail.model_validate((await client.get(f"{path}/deliveries/{kept[0].id}")).json())
    assert detail.tries[0].answer == "wrong signature"


async def test_deliveries_are_shown_page_by_page_and_one_is_sent_again(client: httpx.AsyncClient, stage: Stage) -> None:
    async with receiving() as receiver, stage.delivering():
        made = await make(client, receiver.address)
        path = f"{PATH}/{made['id']}/deliveries"
        await stage.changes(5)
        await receiver.told(5)
        await until(lambda: stage.sql("SELECT 1 FROM delivery HAVING count(*) FILTER (WHERE state = 'done') = 5"))
        seen: list[str] = []
        cursor = None
        while True:
            query = {"limit": "2", "state": "delivered"} | ({"cursor": cursor} if cursor else {})
            page = EventDeliveries.model_validate((await client.get(path, params=query)).json())
            seen += [each.id for each in page.items]
            if (cursor := page.next_cursor) is None:
                break
        assert seen == sorted(seen, key=int, reverse=True)
        assert len(seen) == 5
        assert (await client.get(path, params={"state": "failed"})).json()["items"] == []
        again = (await client.post(f"{path}/{seen[0]}/redeliver")).json()
        assert (again["state"], again["attempts"]) == ("waiting", 0)
        await receiver.told(6)
    assert receiver.ids[5] == again["event"]
    assert receiver.ids.count(again["event"]) == 2


async def test_replay_from_a_cursor_and_from_a_moment(client: httpx.AsyncClient, stage: Stage) -> None:
    async with receiving() as receiver, stage.delivering():
        made = await make(client, receiver.address, ordered=True)
        path = f"{PATH}/{made['id']}"
        await stage.changes(3)
        await receiver.told(3)
        cursor = (await client.get("/v1/changes")).json()["cursor"]
        moment = datetime.now(UTC)
        await stage.changes(4, first=3)
        await receiver.told(7)
        after = receiver.ids[3:]
        told = await client.post(f"{path}/enable", json={"replay_from": cursor})
        assert told.status_code == 200
        await receiver.told(11)
        assert sorted(receiver.ids[7:]) == sorted(after)
        await client.post(f"{path}/enable", json={"replay_since": moment.isoformat()})
        await receiver.told(15)
        assert sorted(receiver.ids[11:]) == sorted(after)
        everything = (datetime.now(UTC) - timedelta(days=20)).isoformat()
        await client.post(f"{path}/enable", json={"replay_since": everything})
        await receiver.told(22)
        # And then the present again.
        await stage.changes(1, first=7)
        await receiver.told(23)
        assert receiver.events[22]["data"]["code"] == CODES[7]
        assert not (await client.get(path)).json()["catching_up"]
    assert sorted(receiver.ids[15:22]) == sorted(set(receiver.ids[:7]))


async def test_a_long_past_is_told_by_and_by_and_nothing_new_is_lost(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than is put before a subscriber at once, while changes go on, and two who hand on."""
    monkeypatch.setattr(fan_out, "_PAGE", 50)
    monkeypatch.setattr(fan_out, "_MOST_WAITING", 60)
    async with receiving() as receiver:
        made, _ = await stage.subscribe(receiver.address)
        for status in (2, 4, 9):
            await stage.record(*(said(code, at=status, status=status) for code in CODES[:100]))
        async with stage.delivering(2):
            await until(lambda: stage.sql("SELECT 1 FROM delivery HAVING count(*) = 300"))
            beginning = datetime.now(UTC) - timedelta(hours=1)
            await stage.store.enable(int(made.id), "portal", replay=ReplayFrom(moment=beginning), actor="test")
            await stage.changes(20, first=600)

            async def all_there() -> bool:
                return (await stage.states()).count("done") >= 320 and len(set(receiver.ids)) == 320

            await until(all_there)
        [row] = await stage.sql(
            "SELECT joined, (SELECT count(*) FROM delivery WHERE round = 1) AS again FROM subscription"
        )
        assert (row.joined, row.again) == (True, 320)


async def test_wrong_places_to_begin_from(client: httpx.AsyncClient, stage: Stage) -> None:
    path = f"{PATH}/{(await make(client))['id']}/enable"
    cursor = (await client.get("/v1/changes")).json()["cursor"]
    wrong = await client.post(path, json={"replay_from": "x" + cursor})
    assert wrong.json()["errors"][0]["field"] == "/replay_from"
    both = await client.post(path, json={"replay_from": cursor, "replay_since": "2026-11-25T08:00:00+07:00"})
    assert both.json()["errors"][0]["field"] == "/replay_since"
    await stage.changes(1)
    await stage.sql("UPDATE feed SET pruned_xid = pg_current_xact_id(), pruned_seq = 1")
    gone = await client.post(path, json={"replay_from": cursor})
    assert (gone.status_code, gone.json()["type"]) == (410, "/problems/cursor-expired")
    gone = await client.post(path, json={"replay_since": "2020-01-01T00:00:00Z"})
    assert gone.status_code == 410


async def test_disabled_and_enabled_nothing_is_missed(client: httpx.AsyncClient, stage: Stage) -> None:
    async with receiving() as receiver, stage.delivering():
        made = await make(client, receiver.address)
        path = f"{PATH}/{made['id']}"
        told = (await client.post(f"{path}/disable")).json()
        assert (told["enabled"], told["disabled_why"]) == (False, "owner")
        await stage.changes(3)
        tested = await client.post(f"{path}/test")
        assert tested.json()["attempt"]["outcome"] == "ok"
        assert (await client.post(f"{path}/enable")).json()["enabled"]
        await receiver.told(4)
    assert sorted(event["data"].get("code", "") for event in receiver.events) == ["", *CODES[:3]]


async def test_who_has_no_key_any_more_is_told_nothing_more(stage: Stage) -> None:
    async with receiving() as receiver, stage.delivering():
        made, _ = await stage.subscribe(receiver.address)
        await stage.changes(1)
        await receiver.told(1)
        await stage.keys.create("portal", scopes=[Scope.CHANGES_READ], actor="test")

        async def disabled() -> bool:
            return (await stage.told(made)).disabled_why == "key_ended"

        await until(disabled)
        await stage.changes(2, first=1)
        await stage.keys.create("portal", scopes=[Scope.WEBHOOKS_MANAGE], actor="test")
        await stage.store.enable(int(made.id), "portal", actor="test")
        await receiver.told(3)


async def test_a_new_secret_is_shown_once_and_the_old_one_goes_on_for_a_while(client: httpx.AsyncClient) -> None:
    async with receiving(answer=lambda _: OK) as receiver:
        made = await make(client, receiver.address)
        path = f"{PATH}/{made['id']}"
        told = await client.post(f"{path}/secret", json={"overlap_hours": 2})
        assert told.headers["Cache-Control"] == "private, no-store"
        assert told.json()["secret"] != made["secret"]
        shown = (await client.get(path)).json()
        assert shown["old_secret_until"] == told.json()["old_secret_until"]
        assert "secret" not in shown
        tested = (await client.post(f"{path}/test")).json()
        assert DeliveryAttempt.model_validate(tested["attempt"]).outcome == "ok"
    [asked] = receiver.asked
    for secret in (made["secret"], told.json()["secret"]):
        Webhook(secret).verify(asked.body, asked.headers)
