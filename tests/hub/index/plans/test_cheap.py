"""What the index's queries cost does not grow with it; and what would grow is noticed."""

import pytest

from contracts.statistics import CountedAt
from hub.feed import reading
from hub.index import history, lists, tallies
from hub.index.answers import FIND
from hub.index.list_routes import MOST
from hub.ownership import full
from tests.hub.index.plans.conftest import DOSSIERS, NOW
from tests.hub.index.plans.plan import Connection, assert_cheap, explain

#: Of a row found by a key: its entry in an index, the way there, and the row itself.
PAGES_EACH = 8


async def test_a_dossier_by_its_code(index: Connection) -> None:
    key = await index.fetchval("SELECT code_key FROM dossier WHERE id = 31234")
    await assert_cheap(index, FIND, key, pages=24, sorted=1)


@pytest.mark.parametrize("agencies", [None, ["ubnd-pleiku", "so-tp"]])
async def test_many_by_their_codes(index: Connection, agencies: list[str] | None) -> None:
    """As many as are let through, from all over the index."""
    apart = DOSSIERS // MOST
    rows = await index.fetch("SELECT code_key FROM dossier WHERE id % $1 = 7", apart)
    keys = [row["code_key"] for row in rows]
    assert len(keys) == MOST
    # Two look-ups, by our code and by the national one; then the stream and the watch of each.
    pages = MOST * (2 * PAGES_EACH + 4)
    await assert_cheap(index, lists.BY_CODES, keys, agencies, 20 * MOST, pages=pages, discarded=MOST)


async def test_what_was_said_of_a_dossier(index: Connection) -> None:
    await assert_cheap(index, history.LINES, [31234], pages=2 * PAGES_EACH)


async def test_personal_facts_of_dossiers_under_one_code(index: Connection) -> None:
    await assert_cheap(index, full.PERSONAL, [31234, 17], pages=2 * PAGES_EACH)


async def test_names_of_procedures(index: Connection) -> None:
    """However many dossiers there are of each."""
    procedures = await index.fetchval("SELECT count(DISTINCT procedure_key) FROM dossier")
    await assert_cheap(index, lists.PROCEDURES, pages=3 * PAGES_EACH * (procedures + 1), sorted=procedures, discarded=2)


@pytest.mark.parametrize("agencies", [None, ["ubnd-pleiku"]])
@pytest.mark.parametrize("counted_at", CountedAt)
async def test_statistics_read_counts_and_no_dossier(
    index: Connection, counted_at: CountedAt, agencies: list[str] | None
) -> None:
    """There are as many counts as agencies, statuses, months and days due: the calendar bounds them."""
    cells = await index.fetchval("SELECT count(*) FROM tally")
    asked = (NOW.date(), agencies, NOW.date().replace(year=2025), NOW.date())
    plan = await explain(index, tallies.TELL[counted_at], *asked)
    assert plan.read_whole <= {"tally", "tally_delta"}, plan.text
    assert plan.pages <= cells / 20 and plan.sorted <= cells, plan.text


@pytest.mark.parametrize("begin", ["at the first change", "in the middle", "at the end"])
@pytest.mark.parametrize("window", [50, reading.LOOKED_THROUGH])
async def test_a_page_of_the_feed(index: Connection, begin: str, window: int) -> None:
    place = {"at the first change": 0, "in the middle": DOSSIERS // 2, "at the end": DOSSIERS - 1}[begin]
    after = await index.fetchrow("SELECT xid::text, seq FROM change ORDER BY xid, seq OFFSET $1 LIMIT 1", place)
    await assert_cheap(index, reading.READ, *after.values(), window, pages=PAGES_EACH * window, sorted=window)


@pytest.mark.parametrize(
    ("sql", "complaint"),
    [
        ("SELECT * FROM dossier WHERE procedure_name = $1", "reads all of dossier"),
        ("SELECT * FROM dossier WHERE id < 5000 AND procedure_name <> $1", "thrown away"),
        ("SELECT * FROM dossier WHERE id < 5000 AND procedure_name <> $1 ORDER BY code LIMIT 10", "sorted"),
        ("SELECT count(*) FROM dossier WHERE id < 5000 AND code <> $1", "pages"),
    ],
)
async def test_what_grows_with_the_index_is_noticed(index: Connection, sql: str, complaint: str) -> None:
    name = await index.fetchval("SELECT procedure_name FROM dossier WHERE id = 1")
    more = {"discarded": 10_000} if complaint in ("sorted", "pages") else {}
    with pytest.raises(AssertionError, match=complaint):
        await assert_cheap(index, sql, name, pages=100_000 if complaint != "pages" else 20, **more)


async def test_arguments_are_given_as_they_are(index: Connection) -> None:
    row = await index.fetchrow("SELECT agency, status, updated_at FROM dossier WHERE id = 31234")
    sql = "SELECT * FROM dossier WHERE agency = $1 AND status = $2 AND updated_at = $3 AND id = ANY($4)"
    for generic in (False, True):
        plan = await explain(index, sql, *row.values(), [31234, 1], generic=generic)
        assert plan.pages > 0 and not plan.read_whole
    assert (await explain(index, "SELECT 1 WHERE $1::text IS NULL", None)).pages == 0
