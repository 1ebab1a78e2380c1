"""How PostgreSQL goes about a query: read whole, sorted, thrown away, pages touched. What a plan may cost is counted
and not timed, so that it fails on any machine or on none."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import asyncpg
import orjson

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

#: A table with fewer rows may be read whole: nothing makes it grow with the index.
_BIG = 5_000


@dataclass(frozen=True, slots=True)
class Plan:
    """What one run of a query did, all loops counted."""

    #: Big tables that were read from end to end.
    read_whole: frozenset[str]
    #: Most rows that one sort had to have before it gave the first.
    sorted: int
    #: Rows that were read and then not wanted.
    discarded: int
    #: Pages of 8 kB looked at, wherever they were.
    pages: int
    #: The plan, for people.
    text: str


async def explain(connection: Connection, sql: str, *arguments: Any, generic: bool = False) -> Plan:
    """Run `sql` ($1, $2 … are `arguments`) and tell how it went; what it writes is rolled back.

    A prepared statement is planned for its arguments the first five times, and from then on perhaps once and for
    all: `generic` asks for that plan, which knows none of them.
    """
    statement = await connection.prepare(sql)
    values = [
        f"{await connection.fetchval(f'SELECT quote_nullable($1::{each.name}::text)', value)}::{each.name}"
        for each, value in zip(map(_type, statement.get_parameters()), arguments, strict=True)
    ]
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(f"SET LOCAL plan_cache_mode = force_{'generic' if generic else 'custom'}_plan")
        await connection.execute(f"PREPARE explained AS {sql}")
        execute = f"EXECUTE explained({', '.join(values)})" if values else "EXECUTE explained"
        explained = await connection.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {execute}")
        lines = await connection.fetch(f"EXPLAIN {execute}")
        await connection.execute("DEALLOCATE explained")
    finally:
        await transaction.rollback()
    root = orjson.loads(explained)[0]["Plan"]
    nodes = list(_nodes(root))
    scanned = {node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"}
    return Plan(
        read_whole=frozenset([table for table in scanned if await _rows(connection, table) > _BIG]),
        sorted=max((_taken(node) for node in nodes if node["Node Type"] in ("Sort", "Incremental Sort")), default=0),
        discarded=sum(
            int(value * node["Actual Loops"])
            for node in nodes
            for name, value in node.items()
            if name.startswith("Rows Removed by")
        ),
        pages=root["Shared Hit Blocks"] + root["Shared Read Blocks"],
        text="\n".join(row[0] for row in lines),
    )


async def assert_cheap(
    connection: Connection,
    sql: str,
    *arguments: Any,
    pages: int,
    sorted: int = 0,
    discarded: int = 0,
) -> None:
    """No big table is read whole, and no more is touched, sorted and thrown away than is said; neither with a plan
    for these arguments nor with one for any."""
    for generic in (False, True):
        plan = await explain(connection, sql, *arguments, generic=generic)
        whose = "the plan for any arguments" if generic else "the plan for these arguments"
        assert not plan.read_whole, f"{whose} reads all of {', '.join(plan.read_whole)}:\n{plan.text}"
        for what, spent, allowed in (
            ("pages", plan.pages, pages),
            ("rows sorted", plan.sorted, sorted),
            ("rows thrown away", plan.discarded, discarded),
        ):
            assert spent <= allowed, f"{whose}: {spent} {what}, and {allowed} are allowed:\n{plan.text}"


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for inner in node.get("Plans", ()):
        yield from _nodes(inner)


def _taken(node: dict[str, Any]) -> int:
    """Rows that a sort was given."""
    (given,) = [each for each in node["Plans"] if each["Parent Relationship"] == "Outer"]
    return int(given["Actual Rows"] * given["Actual Loops"])


def _type(parameter: asyncpg.Type) -> asyncpg.Type:
    """The type as SQL says it."""
    if parameter.kind == "array":
        return parameter._replace(name=parameter.name.removesuffix("[]").lstrip("_") + "[]")
    return parameter


async def _rows(connection: Connection, table: str) -> float:
    rows: float = await connection.fetchval("SELECT reltuples FROM pg_class WHERE relname = $1", table)
    return rows
