"""Lists by an agency whose dossiers have passed to others: read along the index, page by page, like any agency's."""

import pytest

from hub.index import walks
from hub.index.walks import Filter, Sql
from tests.hub.index.plans.plan import Connection, assert_cheap

PAGE = 50

# A third of one agency's dossiers has passed on.
_PASS_ON = """
    INSERT INTO dossier_alias (agency, code_key, dossier_id, updated_at)
    SELECT 'ubnd-huyen', code_key, id, updated_at FROM dossier WHERE agency = $1 AND id % 3 = 0
"""


@pytest.mark.parametrize("which", ["who still has dossiers", "who ended", "who never had one"])
async def test_a_page_costs_what_it_shows(index: Connection, which: str) -> None:
    busiest = await index.fetchval("SELECT agency FROM dossier GROUP BY agency ORDER BY count(*) DESC LIMIT 1")
    agency = {"who still has dossiers": busiest, "who ended": "ubnd-huyen", "who never had one": "xa-moi"}[which]
    outer = index.transaction()
    await outer.start()
    try:
        await index.execute(_PASS_ON.replace("$1", f"'{busiest}'"))
        await index.execute("ANALYZE dossier_alias")
        middle = await index.fetchrow("SELECT id, updated_at FROM dossier WHERE id = 20000")
        for after in (None, (walks.place_of(middle["updated_at"]), middle["id"])):
            sql = Sql()
            walk = walks.walk(Filter(agencies=(agency,)), after, PAGE + 1, sql)
            page = walk.page(sql(PAGE + 1, "bigint"))
            await assert_cheap(index, page, *sql.arguments, pages=3 * PAGE, sorted=2, discarded=0)
    finally:
        await outer.rollback()
        # How many rows it thinks there are is not rolled back.
        await index.execute("VACUUM ANALYZE dossier_alias")
