"""Every list, search and person query that the routes can make: along an index, whatever it is asked together with."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest

from contracts.status import DossierStatus
from hub.index import walks
from hub.index.cursors import Place
from hub.index.lists import page_sql
from hub.index.walks import RUNNING, Filter, Sql, Walk
from tests.hub.index.plans.conftest import FEW, HALF, NOW, THIRD
from tests.hub.index.plans.plan import Connection, assert_cheap, explain

PAGE = 50
#: As walks has it: so many dossiers are looked at for one page, and no more, however few of them fit.
LOOKED_AT = 5_000
#: What is about as much as a walk looks at anyway may be sorted instead; of all dossiers it is a quarter.
SORTED = 2 * LOOKED_AT
#: Of each: its entry in an index, the way there, and the dossier itself.
PAGES_EACH = 8
TODAY = NOW.date()

AGENCIES = {"all": 0, "one": 1, "several": 3}
STATUSES = {"any": None, "running": DossierStatus.PROCESSING, "returned": DossierStatus.RETURNED}
RECEIVED: tuple[dict[str, date], ...] = ({}, {"received_from": TODAY - timedelta(days=400), "received_to": TODAY})
DUE: tuple[dict[str, date], ...] = (
    {},
    {"due_from": TODAY - timedelta(days=90)},
    {"due_to": TODAY + timedelta(days=10), "overdue_on": TODAY},
)


def filters(agencies: list[str], procedure: str) -> Iterator[Filter]:
    """One of each kind that GET /v1/dossiers makes."""
    for status, received, due, asked, since in product(STATUSES.values(), RECEIVED, DUE, (False, True), (False, True)):
        if due and status not in (None, *RUNNING):
            # It is refused.
            continue
        more: dict[str, Any] = received | due
        yield Filter(
            agencies=tuple(agencies) or None,
            procedure=procedure if asked else None,
            status=status,
            updated_since=NOW - timedelta(days=30) if since else None,
            **more,
        )


async def assert_along_an_index(index: Connection, walk: Walk, sql: Sql) -> None:
    """The page, and where it goes on, look at no more than a walk may."""
    statement = page_sql(walk, sql(PAGE + 1, "bigint"), ", d.personal, d.national_code")
    for generic in (False, True):
        only_a_page = not walk.conditions and not generic
        plan = await explain(index, statement, *sql.arguments, generic=generic)
        assert not plan.read_whole & {"dossier", "dossier_mark_1", "observation", "watch"}, plan.text
        assert plan.discarded <= LOOKED_AT, plan.text
        if "agency" in walk.by:
            # Not held yet: of a table as small as this, an agency's dossiers are sorted. test_former has its pages.
            continue
        assert plan.sorted <= (PAGE + 1 if only_a_page else SORTED), plan.text
        assert plan.pages <= PAGES_EACH * (2 * PAGE if only_a_page else LOOKED_AT), plan.text


@pytest.mark.parametrize("page", ["the first page", "a later one"])
@pytest.mark.parametrize("asked", AGENCIES)
async def test_lists(index: Connection, asked: str, page: str) -> None:
    rows = await index.fetch("SELECT agency FROM dossier GROUP BY agency ORDER BY count(*) DESC LIMIT 3")
    agencies = [row["agency"] for row in rows][: AGENCIES[asked]]
    procedure = await index.fetchval(
        "SELECT procedure_key FROM dossier GROUP BY procedure_key ORDER BY count(*) DESC LIMIT 1"
    )
    for wanted in filters(agencies, procedure):
        after = await middle(index, wanted) if page == "a later one" else None
        sql = Sql()
        await assert_along_an_index(index, walks.walk(wanted, after, PAGE + 1, sql), sql)


async def middle(index: Connection, wanted: Filter) -> Place:
    """Where a page of that list may have ended."""
    if wanted.due_from or wanted.due_to or wanted.overdue_on:
        place = "due_at"
    elif wanted.received_from or wanted.received_to:
        place = "received_at"
    else:
        place = "updated_at"
    row = await index.fetchrow(
        f"SELECT {place} AS place, id FROM dossier WHERE {place} IS NOT NULL ORDER BY abs(id - 20000) LIMIT 1"
    )
    return walks.place_of(row["place"]), row["id"]


@pytest.mark.parametrize("page", ["the first page", "a later one"])
@pytest.mark.parametrize("which", ["the commonest", "a rare one", "two", "nobody's"])
async def test_searches_and_persons(index: Connection, which: str, page: str) -> None:
    """By name, by part of a code, by person: all of them go by marks."""
    asked = {"the commonest": [HALF], "a rare one": [FEW], "two": [THIRD, HALF], "nobody's": [4]}[which]
    rows = await index.fetch("SELECT DISTINCT agency FROM dossier ORDER BY agency LIMIT 2")
    agencies = tuple(row["agency"] for row in rows)
    after = (20_000, 20_000) if page == "a later one" else None
    for whose, status, procedure in product((None, agencies), (None, DossierStatus.PROCESSING), (None, "1.001612")):
        sql = Sql()
        wanted = Filter(agencies=whose, status=status, procedure=procedure)
        await assert_along_an_index(index, walks.marked(list(asked), wanted, after, PAGE + 1, sql), sql)


@pytest.mark.parametrize("page", ["the first page", "a later one"])
async def test_who_is_called_just_so_is_passed_over_afterwards(index: Connection, page: str) -> None:
    """Of those whose names hold the words, the ones that were shown already are looked up one by one."""
    after = (0, 20_000) if page == "a later one" else None
    for asked in ([HALF], [THIRD, HALF]):
        sql = Sql()
        walk = walks.marked(asked, Filter(), after, PAGE + 1, sql, without=FEW)
        await assert_along_an_index(index, walk, sql)


@pytest.mark.parametrize("narrowed", ["by nothing else", "by status"])
async def test_a_search_by_several_marks_ends_with_its_page(index: Connection, narrowed: str) -> None:
    """The newest who have a common name are known before all who have it are."""
    wanted = Filter(status=DossierStatus.RETURNED if narrowed == "by status" else None)
    sql = Sql()
    walk = walks.marked([THIRD, HALF], wanted, None, PAGE + 1, sql)
    # Every other one has both marks; the newest hundreds are at work still, and most before them were returned.
    looked_at = PAGE * (2 if wanted.status is None else 12)
    statement = page_sql(walk, sql(PAGE + 1, "bigint"), ", d.personal, d.national_code")
    await assert_cheap(
        index, statement, *sql.arguments, pages=PAGES_EACH * (looked_at + PAGE), sorted=PAGE + 1, discarded=looked_at
    )
