"""What is searched and counted, kept in the transaction that changes a dossier: its marks, its place in the tallies."""

from collections.abc import Iterable

from hub.db import Driver
from hub.index import tallies
from hub.index.marks import FILED_FACTS, filed_under
from hub.index.merge import State
from hub.index.tallies import Shifts, cell
from hub.vault import Vault

FILE = "INSERT INTO dossier_mark (mark, dossier_id) VALUES ($1, $2) ON CONFLICT DO NOTHING"
_UNFILE = "DELETE FROM dossier_mark WHERE (mark, dossier_id) = ($1, $2)"


async def keep(driver: Driver, states: Iterable[tuple[int, str, State | None, State]], vault: Vault) -> None:
    """`states`: dossier id, agency, state before and after, of dossiers that nobody else writes about meanwhile."""
    shifts = Shifts()
    new: list[tuple[int, int]] = []
    filed: list[tuple[int, int]] = []
    unfiled: list[tuple[int, int]] = []
    for dossier_id, agency, before, after in states:
        shifts.move(before and cell(agency, before.facts), cell(agency, after.facts))
        if before is None:
            new += [(mark, dossier_id) for mark in filed_under(after.code, after.facts, vault)]
        elif _filed_by(before) != _filed_by(after):
            old, now = (filed_under(each.code, each.facts, vault) for each in (before, after))
            filed += [(mark, dossier_id) for mark in now - old]
            unfiled += [(mark, dossier_id) for mark in old - now]
    if new:
        # Neighbours in the index one after the other.
        new.sort()
        await driver.copy_records_to_table("dossier_mark", records=new, columns=("mark", "dossier_id"))
    if unfiled:
        await driver.executemany(_UNFILE, unfiled)
    if filed:
        await driver.executemany(FILE, filed)
    await tallies.append(driver, shifts.rows())


def _filed_by(state: State) -> tuple[str | None, ...]:
    return (state.code, *map(state.facts.get, FILED_FACTS))
