"""What the index's queries cost does not grow with it; and what would grow is noticed."""

import pytest

from hub.index.answers import FIND
from tests.hub.index.plans.plan import Connection, assert_cheap, explain


async def test_a_dossier_by_its_code(index: Connection) -> None:
    key = await index.fetchval("SELECT code_key FROM dossier WHERE id = 31234")
    await assert_cheap(index, FIND, key, pages=20, sorted=1)


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
