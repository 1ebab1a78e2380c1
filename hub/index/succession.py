"""Dossiers that pass from agency to agency: `record`'s way for those that have moved, or move now.

Each is folded from its whole history, whoever said what. Few have moved, and of those few are spoken of.
"""

from collections.abc import Collection, Sequence

import asyncpg

from contracts.codes import names_its_unit
from hub.db import Driver
from hub.index import sql
from hub.index.archive import restore
from hub.index.merge import Entry, fold, fold_handed, handed_to, timeline
from hub.index.news import news
from hub.index.rows import Seals, agencies_of, entry_of, line_values, state_of, state_values
from hub.index.settled import Settled, Standing
from hub.index.steps import packed
from hub.vault import Vault

_MOVE = "UPDATE dossier SET agency = $2, former_agencies = $3, told_by = $4 WHERE id = $1"

_ALIAS = """
    INSERT INTO dossier_alias (agency, code_key, dossier_id) VALUES ($1, $2, $3)
        ON CONFLICT (agency, code_key) DO UPDATE SET dossier_id = excluded.dossier_id, updated_at = excluded.updated_at
"""
_UNALIAS = "DELETE FROM dossier_alias WHERE (agency, code_key) = ($1, $2)"

_OTHERS = f"""
    SELECT {sql.STANDING}
      FROM dossier
     WHERE agency = ANY($1::text[]) AND code_key = $2 AND id <> $3
     ORDER BY id
       FOR UPDATE
"""

# What names a dossier that is part of another from now on goes to that one, or is of no more use. Aliases it has none:
# it has never moved. Its marks, as its place in the tallies, are taken away by `derived`.
SAID_BY = "UPDATE observation SET dossier_id = $1, said_by = coalesce(said_by, $3) WHERE dossier_id = $2"
TOLD_OF = "UPDATE change SET dossier_id = $1 WHERE dossier_id = $2"
ENDS = (
    *(f"DELETE FROM {table} WHERE dossier_id = $1" for table in ("recheck", "watch", "missing")),
    "DELETE FROM dossier WHERE id = $1",
)


class Clash(Exception):
    """The agency that a dossier would move to has another one with this code."""

    def __init__(self, agency: str, code: str) -> None:
        super().__init__(f"{agency} has another dossier with the code {code}")
        self.agency, self.code = agency, code


async def hand_on(driver: Driver, row: asyncpg.Record, heard: Collection[Entry], vault: Vault) -> list[Settled]:
    """Write what was `heard` of the locked dossier `row`: those that turned out to be the same, and itself; nothing
    where that was no news. Raises Clash, and then the transaction must not be committed."""
    dossier_id, before, seals = row["id"], _standing(row, vault), Seals(vault)
    first = before.agencies[0]
    seals.keep(before.state.facts, row["personal"])
    history = await _history(driver, dossier_id, vault)
    lines = _new_lines(first, heard, history, vault)
    # What was heard before comes again where it was heard earlier than we knew.
    values = [(dossier_id, *line_values(first, entry, seals)) for entry in lines]
    written = {line["digest"]: line["is_new"] for line in await sql.append(driver, values)}
    if not written:
        return []
    history = await _history(driver, dossier_id, vault)
    agencies = handed_to(first, history)
    settled: list[Settled] = []
    for other in await driver.fetch(_OTHERS, agencies, row["code_key"], dossier_id):
        if other["former_agencies"] or not names_its_unit(row["code"]):
            raise Clash(other["agency"], row["code"])
        await restore(driver, [other["id"]])
        await _join(driver, dossier_id, other)
        settled.append(Settled(other["id"], _standing(other, vault), None, (), seals, part_of=dossier_id))
    if settled:
        history = await _history(driver, dossier_id, vault)
    after, speaker = fold_handed(history, agencies)
    steps = packed(timeline(history, agencies))
    await driver.execute(sql.SETTLE, dossier_id, *state_values(after, steps, seals))
    await _name(driver, row, agencies, speaker)
    added = [entry for entry in lines if written.get(entry.digest)]
    settled.append(Settled(dossier_id, before, Standing(tuple(agencies), after), added, seals))
    return settled


def _standing(row: asyncpg.Record, vault: Vault) -> Standing:
    return Standing(tuple(agencies_of(row)), state_of(row, vault))


def _new_lines(first: str, heard: Collection[Entry], history: Collection[Entry], vault: Vault) -> list[Entry]:
    """What of that is to be written: of each agency, beside what that agency itself had said before."""
    lines = [entry for entry in heard if entry.moved_to]
    words = [entry for entry in heard if not entry.moved_to]
    for agency in sorted({entry.said_by or first for entry in words}):
        said = [entry for entry in history if not entry.moved_to and (entry.said_by or first) == agency]
        new = [entry for entry in words if (entry.said_by or first) == agency]
        lines += news(agency, new, fold(said) if said else None, vault)
    return lines


async def _history(driver: Driver, dossier_id: int, vault: Vault) -> list[Entry]:
    return [entry_of(line, vault) for line in await driver.fetch(sql.HISTORY, [dossier_id])]


async def _join(driver: Driver, dossier_id: int, other: asyncpg.Record) -> None:
    await driver.execute(SAID_BY, dossier_id, other["id"], other["agency"])
    await driver.execute(TOLD_OF, dossier_id, other["id"])
    for statement in ENDS:
        await driver.execute(statement, other["id"])


async def _name(driver: Driver, row: asyncpg.Record, agencies: Sequence[str], speaker: str) -> None:
    """Have the dossier be its last agency's, and be found under the names of all the others."""
    *former, now = agencies
    key = row["code_key"]
    await driver.execute(_UNALIAS, now, key)
    await driver.execute(_MOVE, row["id"], now, former or None, None if speaker == now else speaker)
    await driver.executemany(_ALIAS, [(agency, key, row["id"]) for agency in dict.fromkeys(former) if agency != now])
