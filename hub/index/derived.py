"""What is searched and counted of dossiers, and so changes with them: their marks, their places in the tallies."""

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from hub.index.marks import FILED_FACTS, filed_under
from hub.index.settled import Settled, Standing
from hub.index.tallies import Cell, Shifts, cell
from hub.vault import Vault

#: (mark, dossier_id)
Filing: TypeAlias = tuple[int, int]

FILE = "INSERT INTO dossier_mark (mark, dossier_id) VALUES ($1, $2) ON CONFLICT DO NOTHING"
UNFILE = "DELETE FROM dossier_mark WHERE (mark, dossier_id) = ($1, $2)"


class Derived(NamedTuple):
    #: Of new dossiers.
    new: list[Filing]
    #: Of those that are called otherwise than before.
    filed: list[Filing]
    unfiled: list[Filing]
    shifts: list[tuple[Cell, int]]


def derived(settled: Iterable[Settled], vault: Vault) -> Derived:
    shifts = Shifts()
    new: list[Filing] = []
    filed: list[Filing] = []
    unfiled: list[Filing] = []
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
    # Neighbours in the index one after the other.
    return Derived(sorted(new), filed, unfiled, shifts.rows())


def _cell(standing: Standing) -> Cell | None:
    return cell(standing.agencies, standing.state.facts)


def _filed_by(standing: Standing) -> tuple[str | None, ...]:
    return (standing.state.code, *map(standing.state.facts.get, FILED_FACTS))


def _marks(standing: Standing, vault: Vault) -> set[int]:
    return filed_under(standing.state.code, standing.state.facts, vault)
