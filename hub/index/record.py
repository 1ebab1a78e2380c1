"""The only door into the index. Order-free and idempotent; writes dossier, history and changes together.

Most of what comes is known already, as an overlap or a poll brings it: one query and no lock. A dossier nobody has is
written whole. Others are locked; what is new of them is put on top, or into the history where it belongs and the
dossier folded again.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import asyncpg
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import code_key
from contracts.observation import Channel, Observation
from hub.db import Driver, driver_of
from hub.index import sql
from hub.index.archive import restore
from hub.index.derived import FILE, UNFILE, derived
from hub.index.merge import Entry, State, entry_from, fold, timeline
from hub.index.news import is_alive, news, repeats
from hub.index.packing import unpack
from hub.index.rows import Seals, entry_of, line_values, state_of, state_values, status_of
from hub.index.settled import Settled, Standing
from hub.index.steps import packed
from hub.index.succession import hand_on
from hub.vault import Vault

log = structlog.get_logger()

#: (agency, code_key): what names a dossier.
Key: TypeAlias = tuple[str, str]
#: What was said of each dossier, by its digest.
Heard: TypeAlias = Mapping[Key, Mapping[bytes, Entry]]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a call of `record` did. Observations known before count in `received` alone."""

    received: int
    #: New lines of history.
    added: int
    #: Dossiers whose present state is another than before, new ones among them.
    changed: int
    #: Dossiers whose agency contradicts itself; it will be asked.
    conflicts: int
    #: Of the changed ones: those not known before, and those that were gone and are back.
    created: int = 0
    back: int = 0
    #: When what the new lines tell happened, by the agency's clock; of those that say.
    happened: tuple[datetime, ...] = ()
    #: The dossiers, as they were named, whose present state is another than before.
    changed_keys: frozenset[Key] = frozenset()


def key_of(said: Observation) -> Key:
    """What names the dossier that it is said of."""
    return said.agency, code_key(said.code)


async def record(
    connection: AsyncConnection,
    observations: Iterable[Observation],
    vault: Vault,
    *,
    correlation_id: str | None = None,
    correlation_ids: Mapping[Key, str] = {},
) -> Recorded:
    """Take what agencies said into the index, within the caller's transaction. `correlation_ids`: of what is said of
    some dossiers, where that did not all come by one call.

    Nothing is durable before the caller commits, and nothing else changes the index. What follows from a
    change reads the `change` table; it is never called from here.
    """
    received = list(observations)
    # Moves after what else is said: they are of dossiers that there are.
    words = [said for said in received if said.channel != Channel.SUCCESSION]
    moves = [said for said in received if said.channel == Channel.SUCCESSION]
    driver = driver_of(connection)
    settled: list[Settled] = []
    named: dict[Key, int] = {}
    for said in filter(None, (words, moves)):
        heard = _distinct(said, vault, correlation_ids, correlation_id)
        settled += await _take_in(driver, heard, vault, named)
    return _recorded(len(received), settled, named)


async def _take_in(driver: Driver, heard: Heard, vault: Vault, named: dict[Key, int]) -> list[Settled]:
    """Notes in `named` which dossiers the new things are said of."""
    settled: list[Settled] = []
    while True:
        known, fresh = await _unknown(driver, heard)
        if not fresh:
            break
        new = {key: fresh[key] for key in sorted(fresh.keys() - known.keys())}
        made = await _make(driver, new, vault, named) if new else []
        settled += made
        if len(made) < len(new):
            # Another has made one of them in the meantime: from here on it is known.
            continue
        old: dict[int, dict[bytes, Entry]] = {}
        for key in fresh.keys() & known.keys():
            named[key] = known[key]
            old.setdefault(known[key], {}).update(fresh[key])
        if old:
            rows = await driver.fetch(sql.LOCK, list(old))
            if len(rows) < len(old):
                # One of them has become part of another in the meantime, and is known as that from here on.
                continue
            await restore(driver, old)
            settled += await _go_on(driver, rows, old, vault)
        break
    if settled:
        await _tell(driver, settled, vault)
    return settled


def _distinct(
    observations: Iterable[Observation], vault: Vault, correlation_ids: Mapping[Key, str], otherwise: str | None
) -> dict[Key, dict[bytes, Entry]]:
    """Entries by dossier and digest; of copies the one heard first."""
    heard: dict[Key, dict[bytes, Entry]] = {}
    for said in observations:
        key = key_of(said)
        entry = entry_from(said, vault, correlation_ids.get(key, otherwise))
        if said.occurred_at and entry.clock_is_ahead:
            log.warning("index.clock_ahead", agency=said.agency, ahead=str(said.occurred_at - said.observed_at))
        copies = heard.setdefault(key, {})
        known = copies.get(entry.digest)
        if known is None or entry.first_heard < known.first_heard:
            copies[entry.digest] = entry
    return heard


async def _unknown(driver: Driver, heard: Heard) -> tuple[dict[Key, int], dict[Key, dict[bytes, Entry]]]:
    """The dossiers there are, by all their names, and what the index does not hold yet, of them and of others.

    This is where an overlapping sync ends: one query, no lock."""
    lines = [(key, digest) for key, entries in heard.items() for digest in entries]
    rows = await driver.fetch(
        sql.KNOWN, [agency for (agency, _), _ in lines], [key for (_, key), _ in lines], [digest for _, digest in lines]
    )
    #: Lines there are, by their digests, and when each was first heard.
    known: dict[bytes, tuple[datetime, str]] = {}
    tops: dict[Key, asyncpg.Record] = {}
    for row in rows:
        is_next = (row["agency"], row["code_key"]) not in tops
        tops[row["agency"], row["code_key"]] = row
        if row["digest"] is not None:
            known[row["digest"]] = row["observed_at"], row["channel"]
        if row["packed"] is not None and is_next:
            known |= {line["digest"]: (line["observed_at"], line["channel"]) for line in unpack(row["packed"])}

    def is_news(entry: Entry, key: Key) -> bool:
        if (top := tops.get(key)) is None:
            # That a dossier moved says nothing where there is none.
            return entry.moved_to is None
        if is_alive(entry, top["gone_at"]):
            return True
        if entry.digest in known:
            return entry.first_heard < known[entry.digest]
        return not repeats(entry, top["top"], heard[key].values())

    fresh = {
        key: {digest: entry for digest, entry in entries.items() if is_news(entry, key)}
        for key, entries in heard.items()
    }
    return {key: row["id"] for key, row in tops.items()}, {key: entries for key, entries in fresh.items() if entries}


async def _make(driver: Driver, new: Heard, vault: Vault, named: dict[Key, int]) -> list[Settled]:
    """Write dossiers that nobody has, with their history; but those that another makes at the same time."""
    states: dict[Key, tuple[State, list[Entry], Seals]] = {}
    dossiers, lines = [], []
    for key, heard in new.items():
        agency, _ = key
        entries, seals = news(agency, heard.values(), None, vault), Seals(vault)
        state = fold(entries)
        states[key] = state, entries, seals
        dossiers.append((*key, *state_values(state, packed(timeline(entries, (agency,))), seals)))
        lines += [(*key, *line_values(agency, entry, seals)) for entry in entries]
    settled: list[Settled] = []
    made = await driver.fetch(sql.MAKE, *zip(*dossiers, strict=True), *zip(*lines, strict=True))
    for agency, code, dossier_id in made:
        state, entries, seals = states[agency, code]
        settled.append(Settled(dossier_id, None, Standing((agency,), state), entries, seals))
        named[agency, code] = dossier_id
    return settled


async def _go_on(
    driver: Driver,
    rows: Sequence[asyncpg.Record],
    fresh: Mapping[int, Mapping[bytes, Entry]],
    vault: Vault,
) -> list[Settled]:
    """Write what is new of dossiers that there are, which are ours until the transaction ends."""
    settled: list[Settled] = []
    found = []
    for row in rows:
        entries = fresh[row["id"]].values()
        if row["former_agencies"] is None and not any(entry.moved_to for entry in entries):
            found.append((row, state_of(row, vault), Seals(vault)))
        else:
            settled += await hand_on(driver, row, entries, vault)
    lines: dict[tuple[int, bytes], Entry] = {}
    written = []
    for row, before, seals in found:
        seals.keep(before.facts, row["personal"])
        for entry in news(row["agency"], fresh[row["id"]].values(), before, vault):
            lines[row["id"], entry.digest] = entry
            written.append((row["id"], *line_values(row["agency"], entry, seals)))
    added: dict[int, list[Entry]] = defaultdict(list)
    touched: set[int] = set()
    for line in await sql.append(driver, written):
        if line["is_new"]:
            added[line["dossier_id"]].append(lines[line["dossier_id"], line["digest"]])
        else:
            touched.add(line["dossier_id"])

    # What outranks all that was known is put on top. Anything else — late, of the same moment, heard earlier than we
    # knew, or of a row that does not know its steps yet — is folded again from the whole history.
    again = {
        row["id"]
        for row, before, _ in found
        if row["id"] in touched
        or (row["steps"] is None and added[row["id"]])
        or any(entry.moment <= before.moment for entry in added[row["id"]])
    }
    histories: dict[int, list[Entry]] = defaultdict(list)
    if again:
        for line in await driver.fetch(sql.HISTORY, list(again)):
            histories[line["dossier_id"]].append(entry_of(line, vault))
    values = []
    for row, before, seals in found:
        lines_of, mine = added[row["id"]], (row["agency"],)
        if row["id"] in again:
            # One that was given back before anybody knew may have moved, and has not.
            history = [entry for entry in histories[row["id"]] if not entry.moved_to]
            after, steps = fold(history), packed(timeline(history, mine))
        elif lines_of:
            after = fold(lines_of, start=before)
            steps = row["steps"] + packed(timeline(lines_of, mine, since=before.facts.get("status")))
        else:
            continue
        settled.append(Settled(row["id"], Standing(mine, before), Standing(mine, after), lines_of, seals))
        values.append((row["id"], *state_values(after, steps, seals)))
    await driver.executemany(sql.SETTLE, values)
    return settled


async def _tell(driver: Driver, settled: Sequence[Settled], vault: Vault) -> None:
    """Write the changes, and what follows from them."""
    changes = [
        (
            each.part_of or each.dossier_id,
            each.kind,
            each.before and status_of(each.before.state),
            each.after and status_of(each.after.state),
            each.dossier_id if each.part_of else None,
            each.correlation_id,
        )
        for each in settled
    ]
    new, filed, unfiled, shifts = derived(settled, vault)
    counted = [
        (cell.agency, cell.former_agencies and " ".join(cell.former_agencies), *cell[2:], count)
        for cell, count in shifts
    ]
    await driver.execute(
        sql.TELL,
        *sql.arrays(changes, sql.CHANGE_COLUMNS),
        *sql.arrays(new, sql.MARK_COLUMNS),
        *sql.arrays(counted, sql.CELL_COLUMNS),
    )
    if unfiled:
        await driver.executemany(UNFILE, unfiled)
    if filed:
        await driver.executemany(FILE, filed)
    # Of a dossier of which its agency contradicts itself, another look is asked for.
    doubtful = [
        (each.dossier_id, *each.after.state.moment) for each in settled if each.after and each.after.state.conflict
    ]
    if doubtful:
        await driver.executemany(sql.WANT_RECHECK, doubtful)


def _recorded(received: int, settled: Sequence[Settled], named: Mapping[Key, int]) -> Recorded:
    kinds = [each.kind for each in settled]
    changed = {each.dossier_id for each, kind in zip(settled, kinds, strict=True) if kind != "history"}
    return Recorded(
        received=received,
        added=sum(len(each.lines) for each in settled),
        changed=sum(kind != "history" for kind in kinds),
        conflicts=sum(each.after is not None and each.after.state.conflict for each in settled),
        created=kinds.count("created"),
        back=kinds.count("back"),
        happened=tuple(entry.happened_at for each in settled for entry in each.lines if entry.occurred_at),
        changed_keys=frozenset(key for key, dossier_id in named.items() if dossier_id in changed),
    )
