"""Seals anew, under the newest key, all that is sealed under an older one: when that is done, nothing needs the older.

Everything goes on meanwhile. It is done by rows, a few in each transaction; whoever is stopped halfway begins again.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import structlog
from sqlalchemy import ColumnElement, Row, Table, bindparam, func, or_, select, true, tuple_, update

from hub.access.audit import note
from hub.db import Database, Sealed, metadata
from hub.index.packing import seal_packed_anew
from hub.index.tables import archive
from hub.vault import Vault, VaultError

log = structlog.get_logger()

_AT_ONCE = 200


@dataclass(slots=True)
class Resealed:
    #: By tables, how many rows.
    done: Counter[str] = field(default_factory=Counter)
    #: Which rows were sealed under a key that is not at hand, or altered since.
    failed: set[str] = field(default_factory=set)


async def seal_anew(databases: Sequence[Database], vault: Vault, *, actor: str) -> Resealed:
    """All of it, also what others write meanwhile of what they have read before. It is in the audit of the first."""
    report = Resealed()
    for database in databases:
        await _round(database, vault, report, together=True)
        while await _round(database, vault, report, together=False):
            pass
    async with databases[0].begin() as connection:
        detail = {"rows": report.done.total(), "failed": len(report.failed)}
        await note(connection, actor=actor, action="secrets.sealed_anew", detail=detail)
    return report


async def _round(database: Database, vault: Vault, report: Resealed, *, together: bool) -> int:
    """Through all tables. How many rows were found that could be sealed anew."""
    found = 0
    # Dossiers come before their lines, and a line is written with what its dossier had.
    for table in metadata.sorted_tables:
        if sealed := [each.name for each in table.columns if isinstance(each.type, Sealed)]:
            found += await _table(database, vault, table, sealed, report, together=together)
    return found


async def _table(
    database: Database, vault: Vault, table: Table, sealed: list[str], report: Resealed, *, together: bool
) -> int:
    """`together`: many rows in one transaction, without those that others are at work on. Else one by one, and those
    are waited for: whoever holds no other row while they wait can be in nobody's way."""
    keys = list(table.primary_key.columns)
    statement = select(*keys, *(table.c[name] for name in sealed)).order_by(*keys).limit(_AT_ONCE)
    if table is not archive:
        statement = statement.where(or_(*(_is_older(table.c[name], vault) for name in sealed)))
    if together:
        statement = statement.with_for_update(skip_locked=True, key_share=True)
    change = update(table).values({name: bindparam(f"new_{name}") for name in sealed})
    change = change.where(*(key == bindparam(f"key_{key.name}") for key in keys))
    change = change.where(*(table.c[name].is_not_distinct_from(bindparam(f"old_{name}")) for name in sealed))
    found, after = 0, cast(ColumnElement[bool], true())
    while True:
        async with database.begin() as connection:
            rows = (await connection.execute(statement.where(after))).all()
            changes = list(_changes(rows, table, sealed, vault, report))
            if together and changes:
                await connection.execute(change, changes)
                report.done[table.name] += len(changes)
        if not together:
            for each in changes:
                async with database.begin() as connection:
                    report.done[table.name] += (await connection.execute(change, each)).rowcount
        found += len(changes)
        if not rows:
            return found
        after = tuple_(*keys) > tuple_(*(bindparam(None, getattr(rows[-1], key.name), key.type) for key in keys))


def _is_older(column: ColumnElement[bytes], vault: Vault) -> ColumnElement[bool]:
    return func.substring(column, 1, len(vault.newest)) != vault.newest


def _changes(
    rows: Sequence[Row[Any]], table: Table, sealed: list[str], vault: Vault, report: Resealed
) -> Iterator[dict[str, Any]]:
    for row in rows:
        told = row._mapping
        try:
            anew = {name: told[name] and _anew(told[name], table, vault) for name in sealed}
        except VaultError as error:
            which = " ".join([table.name, *(str(told[key.name]) for key in table.primary_key.columns)])
            if which not in report.failed:
                log.error("reseal.not_opened", row=which, why=str(error))
            report.failed.add(which)
            continue
        if any(anew[name] != told[name] for name in sealed):
            yield (
                {f"key_{key.name}": told[key.name] for key in table.primary_key.columns}
                | {f"old_{name}": told[name] for name in sealed}
                | {f"new_{name}": content for name, content in anew.items()}
            )


def _anew(content: bytes, table: Table, vault: Vault) -> bytes:
    return seal_packed_anew(content, vault) if table is archive else vault.seal_anew(content)
