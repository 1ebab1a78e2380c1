"""All that was said of a dossier, line by line: what each changed, who may see what, page by page."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given

from contracts.history import HistoryLines
from contracts.observation import Channel
from hub import problems
from hub.access.keys import ApiKeys
from hub.access.scopes import Scope
from hub.db import Database
from hub.index import history_routes
from hub.index.answers import Answers
from hub.index.history import line, place_of, told
from hub.index.merge import fold
from hub.limits.addresses import Addresses
from hub.limits.admission import Admission
from hub.registry import Registry
from hub.vault import Vault
from tests.hub.index.conftest import Record
from tests.hub.index.test_history import AGENCIES, CODE, histories
from tests.hub.index.test_history import lines as kept_lines
from tests.observations import T0, move
from tests.observations import observation as said

Ask = Callable[..., Awaitable[httpx.Response]]


@given(histories)
def test_what_the_lines_change_one_after_the_other_is_the_dossier(vault: Vault, heard: list) -> None:  # type: ignore[type-arg]
    entries = kept_lines(heard, vault)
    facts: dict[str, str] = {}
    lines = told(entries, AGENCIES)
    for each in lines:
        for change in line(each, AGENCIES[0]).changed:
            assert change.before == facts.get(change.fact) != change.after
            facts.pop(change.fact, None)
            facts |= {change.fact: change.after} if change.after is not None else {}
    stands = {name: value for name, value in fold(entries).facts.items() if not isinstance(value, datetime)}
    assert {name: value for name, value in facts.items() if not name.endswith("_at")} == stands
    assert len({place_of(entry) for entry, *_ in lines}) == len(entries)


@pytest.fixture
async def ask(database: Database, vault: Vault, registry: Registry) -> AsyncIterator[Ask]:
    """Asks for the lines with a key of these scopes, for these agencies."""
    app = FastAPI()
    problems.install(app)
    keys = ApiKeys(database)
    admission = Admission(Addresses(database, vault), keys)
    answers = Answers(database, registry, vault)
    app.include_router(history_routes.router(database, vault, answers, admission, keys))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as client:

        async def asked(
            *scopes: Scope, code: str = CODE, agencies: list[str] | None = None, **query: Any
        ) -> httpx.Response:
            key = await keys.create("portal", scopes=scopes, agencies=agencies, actor="test") if scopes else ""
            return await client.get(f"/v1/dossiers/{code}/history/lines", params=query, headers={"X-Api-Key": key})

        yield asked


async def test_each_line_tells_when_from_where_in_which_words_and_what_it_changed(do: Record, ask: Ask) -> None:
    await do(
        said(CODE, at=0, heard=1, status=1, status_raw="MOI", due_at=T0, channel=Channel.WEBHOOK),
        said(CODE, at=20, heard=21, status=9, status_raw="XONG", channel=Channel.PULL),
        said(CODE, at=10, heard=30, status=4, status_raw="DANG_XU_LY", due_at=T0 + timedelta(days=1)),
    )
    response = await ask(Scope.DOSSIERS_READ)
    told = HistoryLines.model_validate_json(response.content)
    assert told.model_dump_json().encode() == response.content
    assert "no-store" in response.headers["Cache-Control"]
    assert [
        (each.occurred_at, each.observed_at, each.source.channel, each.status and each.status.code, each.raw)
        for each in told.items
    ] == [
        (T0, T0 + timedelta(minutes=1), "webhook", "1", "MOI"),
        (T0 + timedelta(minutes=10), T0 + timedelta(minutes=30), "webhook", "4", "DANG_XU_LY"),
        (T0 + timedelta(minutes=20), T0 + timedelta(minutes=21), "pull", "9", "XONG"),
    ]
    assert [[(each.fact, each.before, each.after) for each in line.changed] for line in told.items] == [
        [("due_at", None, "2026-11-23T01:00:00Z"), ("status", None, "1"), ("status_raw", None, "MOI")],
        [
            ("due_at", "2026-11-23T01:00:00Z", "2026-11-24T01:00:00Z"),
            ("status", "1", "4"),
            ("status_raw", "MOI", "DANG_XU_LY"),
        ],
        [("status", "4", "9"), ("status_raw", "DANG_XU_LY", "XONG")],
    ]


async def test_peoples_data_are_for_who_may_see_whose_dossier_it_is(do: Record, ask: Ask) -> None:
    await do(said(CODE, status=1, applicant_name="Nguyễn Văn Đức"), said(CODE, at=5, applicant_name="Nguyễn Văn Dực"))
    masked = await ask(Scope.DOSSIERS_READ)
    assert masked.json()["masked"] and "Nguyễn" not in masked.text
    assert masked.json()["items"][1]["changed"] == []
    in_full = (await ask(Scope.DOSSIERS_READ, Scope.PEOPLE_READ)).json()
    assert not in_full["masked"]
    assert in_full["items"][1]["changed"] == [
        {"fact": "applicant_name", "before": "Nguyễn Văn Đức", "after": "Nguyễn Văn Dực"}
    ]


async def test_each_key_sees_its_agencies_dossiers(do: Record, ask: Ask) -> None:
    await do(said(CODE, status=1))
    assert (await ask()).status_code == 401
    assert (await ask(Scope.CHANGES_READ)).status_code == 403
    assert (await ask(Scope.DOSSIERS_READ, agencies=["ubnd-pleiku"])).status_code == 200
    assert (await ask(Scope.DOSSIERS_READ, agencies=["so-tnmt"], agency="ubnd-pleiku")).status_code == 403
    others, nobodys = [
        await ask(Scope.DOSSIERS_READ, code=code, agencies=["so-tnmt"]) for code in (CODE, "H21.20-261123-9999")
    ]
    assert others.status_code == 404 and others.json() == nobodys.json()
    await do(said(CODE, agency="so-tnmt", status=4))
    assert (await ask(Scope.DOSSIERS_READ)).json()["agencies"] == ["so-tnmt", "ubnd-pleiku"]
    (line,) = (await ask(Scope.DOSSIERS_READ, agency="so-tnmt")).json()["items"]
    assert line["source"]["agency"] == "so-tnmt"


async def test_a_dossier_that_moved_tells_it_between_what_both_agencies_said(do: Record, ask: Ask) -> None:
    await do(said(CODE, at=0, status=2), move("so-tnmt", CODE, at=10))
    # Whoever had it speaks late, and its successor with an earlier clock.
    await do(said(CODE, agency="so-tnmt", at=5, heard=600, status=9), said(CODE, at=20, heard=700, status=4))
    for agencies in (None, ["ubnd-pleiku"], ["so-tnmt"]):
        told = (await ask(Scope.DOSSIERS_READ, agencies=agencies)).json()["items"]
        assert [line["source"]["agency"] for line in told] == ["ubnd-pleiku", "ubnd-pleiku", "ubnd-pleiku", "so-tnmt"]
        assert [[(each["fact"], each["before"], each["after"]) for each in line["changed"]] for line in told] == [
            [("status", None, "2")],
            [("status", "2", "4")],
            [("agency", "ubnd-pleiku", "so-tnmt"), ("moved_under", None, "thu")],
            [("status", "4", "9")],
        ]


async def test_pages_hold_each_line_once(do: Record, ask: Ask) -> None:
    await do(*(said(CODE, at=None, heard=minute, status=(2, 4)[minute % 2]) for minute in range(7)))
    seen: list[datetime] = []
    cursor: str | None = None
    while True:
        response = await ask(Scope.DOSSIERS_READ, limit=3, **({"cursor": cursor} if cursor else {}))
        page = HistoryLines.model_validate_json(response.content)
        seen += [line.observed_at for line in page.items]
        if (cursor := page.next_cursor) is None:
            break
        # What comes late is not seen twice, nor makes anything be.
        await do(said(CODE, at=-10, heard=60 + len(seen), status=1))
    assert seen == [T0 + timedelta(minutes=minute) for minute in range(7)]


async def test_a_cursor_is_of_one_dossier(do: Record, ask: Ask) -> None:
    other = "H21.20-261123-0002"
    await do(*(said(code, at=minute, status=4) for code in (CODE, other) for minute in range(2)))
    cursor = (await ask(Scope.DOSSIERS_READ, limit=1)).json()["next_cursor"]
    for wrong in ({"code": other, "cursor": cursor}, {"cursor": "AAAA"}):
        response = await ask(Scope.DOSSIERS_READ, **wrong)
        assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "cursor")
