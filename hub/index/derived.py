"""What is searched and counted, kept in the transaction that changes a dossier: its marks, its place in the tallies."""

from collections.abc import Iterable

from hub.db import Driver
from hub.index import tallies
from hub.index.marks import FILED_FACTS, filed_under
from hub.index.settled import Settled, Standing
from hub.index.tallies import Cell, Shifts, cell
from hub.vault import Vault

FILE = "INSERT INTO dossier_mark (mark, dossier_id) VALUES ($1, $2) ON CONFLICT DO NOTHING"
_UNFILE = "DELETE FROM dossier_mark WHERE (mark, dossier_id) = ($1, $2)"


async def keep(driver: Driver, settled: Iterable[Settled], vault: Vault) -> None:
    """Of dossiers that nobody else writes about meanwhile."""
    shifts = Shifts()
    new: list[tuple[int, int]] = []
    filed: list[tuple[int, int]] = []
    unfiled: list[tuple[int, int]] = []
    for each in settled:
        dossier_id, before, after = each.dossier_id, each.before, each.after
        shifts.move(before and _cell(before), after and _cell(after))
        if before is None and after is not None:
            new += [(mark, dossier_id) for mark in _marks(after, vault)]
        elif (before and _filed_by(before)) != (after and _filed_by(after)):
            old = _marks(before, vault) if before else set()
            now = _marks(after, vault) if after else set()
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


def _cell(standing: Standing) -> Cell | None:
    return cell(standing.agencies, standing.state.facts)


def _filed_by(standing: Standing) -> tuple[str | None, ...]:
    return (standing.state.code, *map(standing.state.facts.get, FILED_FACTS))


def _marks(standing: Standing, vault: Vault) -> set[int]:
    return filed_under(standing.state.code, standing.state.facts, vault)
