"""Names are looked up by the index that holds them, also while the database knows nothing of its tables."""

import asyncpg
import pytest

from hub.db import Database
from hub.index import sql
from hub.intake import inbox

_PLACES = ((":agencies", "$1"), (":keys", "$2"), (":digests", "$3"))


def _numbered(statement: str) -> str:
    for name, number in _PLACES:
        statement = statement.replace(name, number)
    return statement


@pytest.mark.parametrize(
    ("statement", "types", "indexes"),
    [
        (
            _numbered(str(sql.KNOWN)),
            ("text[]", "text[]", "bytea[]"),
            {
                *("dossier_alias_pkey", "dossier_code_key_agency_key", "dossier_pkey"),
                *("observation_pkey", "archive_pkey"),
            },
        ),
        (inbox._FIRST, ("text[]", "text[]"), {"inbox_agency_webhook_id_key"}),
    ],
    ids=["dossiers", "deliveries"],
)
async def test_a_plan_made_on_empty_tables_looks_up_each_name(
    database: Database, statement: str, types: tuple[str, ...], indexes: set[str]
) -> None:
    connection: asyncpg.Connection[asyncpg.Record] = await database.connect_alone()
    try:
        # As a process that has begun before anything was there keeps it.
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        await connection.execute(f"PREPARE names ({', '.join(types)}) AS {statement}")
        rows = await connection.fetch(f"EXPLAIN EXECUTE names ({', '.join(['NULL'] * len(types))})")
    finally:
        await connection.close()
    lines = [row[0] for row in rows]
    assert not [line for line in lines if "Seq Scan" in line or "Bitmap" in line]
    assert {line.split(" using ")[1].split()[0] for line in lines if " using " in line} == indexes
