"""Lists of dossiers: what each filter keeps, in which order, page by page, and who may ask."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.dossier import DossierPage
from contracts.status import DossierStatus
from hub.access.scopes import Scope
from hub.db import Database
from hub.index import walks
from hub.index.cursors import BadCursor, Cursors
from hub.index.lists import Lists
from hub.index.tallies import VIETNAM
from hub.vault import Vault
from tests.hub.index.conftest import NewClient, Record
from tests.observations import T0, move
from tests.observations import observation as said


async def codes(client: httpx.AsyncClient, **query: Any) -> list[str]:
    response = await client.get("/v1/dossiers", params=query)
    assert response.status_code == 200, response.text
    return [item["code"].removeprefix("H21.20-261123-") for item in response.json()["items"]]


async def all_codes(client: httpx.AsyncClient, **query: Any) -> list[str]:
    """Of all pages."""
    seen: list[str] = []
    cursor: str | None = None
    while True:
        response = await client.get("/v1/dossiers", params=query | ({"cursor": cursor} if cursor else {}))
        assert response.status_code == 200, response.text
        seen += [item["code"] for item in response.json()["items"]]
        if (cursor := response.json()["next_cursor"]) is None:
            return seen


def code(number: int) -> str:
    return f"H21.20-261123-{number:04d}"


async def test_procedures_match_with_and_without_an_agencys_tail(new_client: NewClient, do: Record) -> None:
    client = await new_client(Scope.DOSSIERS_READ)
    for number, procedure in enumerate(["1.001612", "1.001612.000.00.00.H48", "1.0016120", "2.001612", "KT01"]):
        await do(said(code(number), status=4, procedure_code=procedure, procedure_name=f"Thủ tục Đất đai {number}"))
    await do(said(code(9), status=4))
    for asked in ("1.001612", "1.001612.000.00.00.H21"):
        assert await codes(client, procedure=asked) == ["0000", "0001"]
    assert await codes(client, procedure="KT01") == ["0004"]
    assert await codes(client, procedure="1") == []
    known = (await client.get("/v1/procedures", params={"named": "dat dai"})).json()["items"]
    assert [(each["code"], each["name"][-1]) for each in known] == [
        ("1.001612", "1"),
        ("1.0016120", "2"),
        ("2.001612", "3"),
        ("KT01", "4"),
    ]
    assert (await client.get("/v1/procedures", params={"named": "khai sinh"})).json()["items"] == []


async def test_days_of_receipt_are_vietnams_and_the_newest_comes_first(new_client: NewClient, do: Record) -> None:
    client = await new_client(Scope.DOSSIERS_READ)
    # 17:00 UTC is midnight in Vietnam.
    for number, received in enumerate(["2026-11-22T16:59:59Z", "2026-11-22T17:00:00Z", "2026-11-23T16:59:59.999Z"]):
        await do(said(code(number), status=4, received_at=received))
    await do(said(code(3), status=9, received_at="2026-11-23T17:00:00Z"), said(code(4), status=4))
    assert await codes(client, received_from="2026-11-23", received_to="2026-11-23") == ["0002", "0001"]
    assert await codes(client, received_from="2026-11-23") == ["0003", "0002", "0001"]
    assert await codes(client, received_to="2026-11-22") == ["0000"]
    assert await codes(client, received_from="2026-11-23", status="9") == ["0003"]
    assert await codes(client, received_from="0001-01-01", received_to="9999-12-31", limit=1) == ["0003"]
    assert await all_codes(client, received_from="0001-01-01", limit=1) == [code(each) for each in (3, 2, 1, 0)]


async def test_overdue_compares_days_in_vietnam_and_only_where_the_clock_runs(
    new_client: NewClient, do: Record
) -> None:
    client = await new_client(Scope.DOSSIERS_READ)
    midnight = datetime.now(VIETNAM).replace(hour=0, minute=0, second=0, microsecond=0)
    late, due_today = midnight - timedelta(seconds=1), midnight
    await do(
        said(code(0), status=4, due_at=late),
        said(code(1), status=4, due_at=due_today),
        said(code(2), status=5, due_at=late),  # the applicant is waited for
        said(code(3), status=9, due_at=late, finished_at=late),
        said(code(4), status=4),  # no due date is on time
        said(code(5), status=2, due_at=late - timedelta(days=30)),
        said(code(6), status_raw="Chưa ai biết", due_at=late - timedelta(days=3)),
        said(code(7), status=4, due_at=late, gone_at=late),
        said(code(8), agency="so-tnmt", status=4, due_at=late),
    )
    assert await codes(client, overdue="true", agency="ubnd-pleiku") == ["0005", "0006", "0000"]
    assert await codes(client, overdue="true", status="2") == ["0005"]
    day = midnight.date()
    assert await codes(client, due_from=str(day), due_to=str(day)) == ["0001"]
    assert await codes(client, due_from=str(day - timedelta(days=10)), overdue="true", agency="ubnd-pleiku") == [
        "0006",
        "0000",
    ]


async def test_a_walk_that_meets_few_gives_short_pages_and_goes_on(
    new_client: NewClient, do: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walks, "_MOST_LOOKED_AT", 7)
    client = await new_client(Scope.DOSSIERS_READ)
    for number in range(40):
        await do(
            said(code(number), status=10, procedure_code="1.1", agency="so-tnmt" if number == 37 else "ubnd-pleiku")
        )
    first = (await client.get("/v1/dossiers", params={"procedure": "1.1", "agency": "so-tnmt"})).json()
    assert (first["items"], first["next_cursor"] is None) == ([], False)
    assert await all_codes(client, procedure="1.1", agency="so-tnmt") == [code(37)]
    assert await all_codes(client, procedure="1.1", status="4") == []
    assert await all_codes(client, procedure="1.1", status="10", limit=3) == [code(each) for each in range(40)]


async def test_every_combination_of_filters_agrees_with_reading_all(
    lists: Lists, do: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The walks differ by filter; what they find must not."""
    monkeypatch.setattr(walks, "_MOST_LOOKED_AT", 5)
    monkeypatch.setattr(walks, "_MOST_LOOKED_UP", 4)
    days = [T0 + timedelta(days=each) for each in range(-3, 3)]
    made = []
    for number in range(60):
        facts: dict[str, Any] = {"status": (1, 2, 4, 5, 9, 10)[number % 6]}
        if number % 3:
            facts["received_at"] = days[number % 5]
        if number % 4:
            facts["due_at"] = days[number % 6]
        if number % 7:
            facts["procedure_code"] = ("1.1", "1.1.000.H48", "2.2")[number % 3]
        if facts["status"] > 8 and number % 2:
            facts["finished_at"] = days[5]
        made.append(said(code(number), agency=("so-tnmt", "ubnd-pleiku", "so-tnmt")[number % 3], **facts))
    had = {}
    for number, each in enumerate(made):
        await do(each)
        # Some have passed to one agency, some to another one still.
        passed = [("so-nnmt", "ubnd-pleiku"), ("phuong-pleiku", "so-tnmt")][number % 2][: number % 5 % 3]
        for decided, to in enumerate(passed):
            await do(move(to, each.code, agency=each.agency, decided=500 + decided))
        had[each.code] = {each.agency, *passed}
    await do(*(said(each.code, agency=each.agency, at=2, procedure_name="Thủ tục") for each in made[::7]))
    stamps = {
        row["code"]: row["updated_at"]
        for row in await lists._database.reads.fetch("SELECT code, updated_at FROM dossier")
    }
    ordered = sorted(stamps.values())

    def day(at: datetime | None) -> Any:
        return at and at.astimezone(VIETNAM).date()

    def fits(said: Any, wanted: walks.Filter) -> bool:
        facts = said.facts
        runs = facts.status in (None, *walks.RUNNING) and facts.finished_at is None
        by_due = wanted.due_from or wanted.due_to or wanted.overdue_on
        return all(
            [
                wanted.agencies is None or not had[said.code].isdisjoint(wanted.agencies),
                wanted.status is None or facts.status == wanted.status,
                wanted.procedure is None or (facts.procedure_code or "").startswith(wanted.procedure),
                wanted.updated_since is None or stamps[said.code] > wanted.updated_since,
                wanted.received_from is None or (facts.received_at and day(facts.received_at) >= wanted.received_from),
                wanted.received_to is None or (facts.received_at and day(facts.received_at) <= wanted.received_to),
                not by_due or (runs and facts.due_at is not None),
                wanted.due_from is None or (facts.due_at and day(facts.due_at) >= wanted.due_from),
                wanted.due_to is None or (facts.due_at and day(facts.due_at) <= wanted.due_to),
                wanted.overdue_on is None or (facts.due_at and day(facts.due_at) < wanted.overdue_on),
            ]
        )

    a_day = st.none() | st.sampled_from([day(each) for each in days])
    filters = st.builds(
        walks.Filter,
        agencies=st.sampled_from([None, ("so-tnmt",), ("so-nnmt",), ("phuong-pleiku", "ubnd-pleiku"), ()]),
        procedure=st.sampled_from([None, "1.1", "2.2"]),
        status=st.none() | st.sampled_from(list(DossierStatus)),
        updated_since=st.none() | st.sampled_from(ordered),
        received_from=a_day,
        received_to=a_day,
        due_from=a_day,
        due_to=a_day,
        overdue_on=a_day,
    )
    chosen: list[tuple[walks.Filter, int]] = []

    @settings(max_examples=150, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(filters, st.integers(1, 20))
    def choose(wanted: walks.Filter, limit: int) -> None:
        chosen.append((wanted, limit))

    choose()
    for wanted, limit in chosen:
        seen: list[str] = []
        cursor = None
        while True:
            page = DossierPage.model_validate(await lists.page(wanted, cursor, limit))
            assert len(page.items) <= limit
            seen += [item.code for item in page.items]
            if (cursor := page.next_cursor) is None:
                break
        assert len(seen) == len(set(seen))
        assert set(seen) == {each.code for each in made if fits(each, wanted)}, wanted


async def test_a_key_sees_only_its_agencies(new_client: NewClient, do: Record) -> None:
    await do(said(code(0), status=4), said(code(1), agency="so-tnmt", status=4))
    client = await new_client(Scope.DOSSIERS_READ, agencies=["so-tnmt"])
    assert await codes(client) == ["0001"]
    many = (await client.post("/v1/dossiers/by-code", json={"codes": [code(0), code(1)]})).json()["items"]
    assert [len(each["dossiers"]) for each in many] == [0, 1]
    refused = await client.get("/v1/dossiers", params={"agency": "ubnd-pleiku"})
    assert (refused.status_code, refused.json()["errors"][0]["expected"]) == (403, "so-tnmt")


async def test_a_former_agencys_id_finds_what_it_had_at_its_successors(new_client: NewClient, do: Record) -> None:
    reading = await new_client(Scope.DOSSIERS_READ, Scope.DOSSIERS_SEARCH)
    mine = await new_client(Scope.DOSSIERS_READ, agencies=["ubnd-pleiku"])
    for number in range(4):
        await do(said(code(number), status=4, applicant_name="Nguyễn Văn Đức"))
    await do(said(code(4), agency="phuong-pleiku", status=4, applicant_name="Nguyễn Văn Đức"))
    await do(move("phuong-pleiku", code(1)), move("xa-gao", code(2)))
    await do(said(code(1), agency="phuong-pleiku", at=5, status=9))
    assert await codes(reading, agency="ubnd-pleiku") == ["0000", "0003", "0002", "0001"]
    assert await codes(reading, agency="ubnd-pleiku", status="9") == ["0001"]
    assert await codes(reading, agency="phuong-pleiku") == ["0004", "0001"]
    assert await all_codes(reading, agency="ubnd-pleiku", limit=1) == [code(each) for each in (0, 3, 2, 1)]
    for agency, found in (("ubnd-pleiku", [3, 2, 1, 0]), ("xa-gao", [2])):
        answer = await reading.post("/v1/dossiers/search", json={"name": "van duc", "agency": agency})
        assert [item["code"] for item in answer.json()["items"]] == [code(each) for each in found]
    assert await codes(mine) == ["0000", "0003", "0002", "0001"]
    asked = {"codes": [code(1), code(4)]}
    many = (await mine.post("/v1/dossiers/by-code", json=asked)).json()["items"]
    assert [[one["agency"]["id"] for one in each["dossiers"]] for each in many] == [["phuong-pleiku"], []]


async def test_a_key_without_the_scope_is_told_which(new_client: NewClient) -> None:
    asked = {
        Scope.DOSSIERS_READ: ("GET", "/v1/dossiers", None),
        Scope.DOSSIERS_SEARCH: ("POST", "/v1/dossiers/search", {"name": "Nguyen Van"}),
        Scope.PEOPLE_READ: ("POST", "/v1/people/dossiers", {"phone": "0905123456"}),
        Scope.PEOPLE_TOKENS: ("POST", "/v1/people/tokens", {"phone": "0905123456"}),
        Scope.STATISTICS_READ: ("GET", "/v1/statistics", None),
    }
    nobody = await new_client()
    for scope, (method, path, body) in asked.items():
        others = await new_client(*(set(Scope) - {scope}))
        refused = await others.request(method, path, json=body)
        assert (refused.status_code, refused.json()["missing_scope"]) == (403, scope.value)
        assert (await nobody.request(method, path, json=body)).status_code == 401
        let_in = await new_client(scope)
        assert (await let_in.request(method, path, json=body)).status_code == 200


async def test_many_by_code(new_client: NewClient, do: Record) -> None:
    client = await new_client(Scope.DOSSIERS_READ)
    await do(
        said(code(0), status=4, national_code="G22.01.02-261123-0007", applicant_name="Nguyễn Văn Đức"),
        said(code(1), status=4),
        said(code(1), agency="so-tnmt", status=9),
    )
    asked = ["g22.01.02 261123 0007", code(1), "h21.20 261123 0000", "…", "H21.20-999999-9999"]
    response = await client.post("/v1/dossiers/by-code", json={"codes": asked})
    items = response.json()["items"]
    assert [each["code"] for each in items] == asked
    assert [[found["code"] for found in each["dossiers"]] for each in items] == [
        [code(0)],
        [code(1), code(1)],
        [code(0)],
        [],
        [],
    ]
    assert "Đức" not in response.text
    for wrong, field in (({"codes": []}, "/codes"), ({"codes": ["x"] * 201}, "/codes"), ({}, "/codes")):
        refused = await client.post("/v1/dossiers/by-code", json=wrong)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, field)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"received_from": "23/11/2026"}, "received_from"),
        ({"received_to": "0"}, "received_to"),
        ({"received_from": "2026-11-24", "received_to": "2026-11-23"}, "received_to"),
        ({"due_from": "2026-11-24", "due_to": "2026-11-23"}, "due_to"),
        ({"overdue": "maybe"}, "overdue"),
        ({"overdue": "true", "status": "10"}, "status"),
        ({"due_from": "2026-11-24", "status": "5"}, "status"),
        ({"procedure": ""}, "procedure"),
        ({"procedure": "1.001612\x00"}, "procedure"),
    ],
)
async def test_a_wrong_filter_is_named(new_client: NewClient, query: dict[str, str], field: str) -> None:
    client = await new_client(Scope.DOSSIERS_READ)
    response = await client.get("/v1/dossiers", params=query)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, field)


async def test_a_cursor_goes_on_with_its_own_list_only(new_client: NewClient, do: Record) -> None:
    client = await new_client(Scope.DOSSIERS_READ, Scope.DOSSIERS_SEARCH)
    for number in range(4):
        await do(said(code(number), status=4, applicant_name="Nguyễn Văn Đức"))
    cursor = (await client.get("/v1/dossiers", params={"limit": 2})).json()["next_cursor"]
    assert await codes(client, limit=1, cursor=cursor) == ["0002"], "how many are wanted may change on the way"
    for other in ({"status": "4"}, {"agency": "so-tnmt"}, {"overdue": "true"}, {"received_from": "2026-11-23"}):
        refused = await client.get("/v1/dossiers", params={"cursor": cursor} | other)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "cursor")
    refused = await client.post("/v1/dossiers/search", json={"name": "van duc", "cursor": cursor})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "/cursor")


@given(place=st.tuples(st.integers(-(2**63), 2**63 - 1), st.integers(0, 2**63 - 1)), position=st.integers(0, 10**6))
def test_a_cursor_that_was_touched_is_none(vault: Vault, place: tuple[int, int], position: int) -> None:
    cursors = Cursors(vault)
    given = cursors.give(b"question", place)
    assert cursors.read(b"question", given) == place
    at = position % len(given)
    for letter in ("A", "b", "=", "Đ", ""):
        forged = given[:at] + letter + given[at + 1 :]
        if forged != given:
            with pytest.raises(BadCursor):
                cursors.read(b"question", forged)


async def test_an_answer_that_is_known_is_not_sent_again(new_client: NewClient, do: Record) -> None:
    client = await new_client(Scope.DOSSIERS_READ)
    await do(said(code(0), status=4))
    first = await client.get("/v1/dossiers")
    assert first.headers["cache-control"] == "private, no-cache"
    for named in (first.headers["etag"], f'"other", {first.headers["etag"]}', "*"):
        again = await client.get("/v1/dossiers", headers={"If-None-Match": named})
        assert (again.status_code, again.content) == (304, b"")
    await do(said(code(0), at=1, status=9))
    changed = await client.get("/v1/dossiers", headers={"If-None-Match": first.headers["etag"]})
    assert (changed.status_code, changed.json()["items"][0]["status"]["code"]) == (200, "9")


async def test_what_changes_while_a_list_is_read_is_met_again(
    new_client: NewClient, do: Record, database: Database
) -> None:
    client = await new_client(Scope.DOSSIERS_READ)
    for number in range(6):
        await do(said(code(number), status=4))
    first = (await client.get("/v1/dossiers", params={"limit": 3})).json()
    await do(said(code(1), at=1, status=9), said(code(4), at=1, status=9))
    rest = (await client.get("/v1/dossiers", params={"limit": 9, "cursor": first["next_cursor"]})).json()["items"]
    assert [item["code"] for item in first["items"]] == [code(0), code(1), code(2)]
    assert [item["code"] for item in rest[:2]] == [code(3), code(5)]
    assert {item["code"] for item in rest[2:]} == {code(1), code(4)}
    now = datetime.now(UTC)
    assert all(datetime.fromisoformat(item["updated_at"]) <= now for item in rest)
