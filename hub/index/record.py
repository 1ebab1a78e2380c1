"""The only door into the index. Order-free and idempotent; writes dossier, history and changes together."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import structlog
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import code_key
from contracts.observation import PERSONAL, Channel, Facts, Observation
from hub.index import sql
from hub.index.merge import Entry, Moment, State, entry_from, fold
from hub.vault import Vault

log = structlog.get_logger()

#: (agency, code_key): what names a dossier.
Key = tuple[str, str]

_TEXT_FACTS = ("status_raw", "national_code", "procedure_code", "procedure_name")
_TIME_FACTS = ("submitted_at", "received_at", "due_at", "finished_at", "gone_at")


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


async def record(
    connection: AsyncConnection,
    observations: Iterable[Observation],
    vault: Vault,
    *,
    correlation_id: str | None = None,
) -> Recorded:
    """Take what agencies said into the index, within the caller's transaction.

    Nothing is durable before the caller commits, and nothing else changes the index. What follows from a
    change reads the `change` table; it is never called from here.
    """
    received = list(observations)
    heard = _distinct(received, vault)
    fresh = await _unknown(connection, heard)
    if not fresh:
        return Recorded(len(received), 0, 0, 0)

    rows = await _lock(connection, fresh)
    added, touched = await _append(connection, fresh, rows, vault, correlation_id)
    states = await _settle(connection, rows, added, touched, vault)
    return await _write(connection, states, added, len(received), vault, correlation_id)


def _distinct(observations: Iterable[Observation], vault: Vault) -> dict[Key, dict[bytes, Entry]]:
    """Entries by dossier and digest; of copies the one heard first."""
    heard: dict[Key, dict[bytes, Entry]] = defaultdict(dict)
    for said in observations:
        entry = entry_from(said, vault)
        if said.occurred_at and entry.clock_is_ahead:
            log.warning("index.clock_ahead", agency=said.agency, ahead=str(said.occurred_at - said.observed_at))
        copies = heard[said.agency, code_key(said.code)]
        known = copies.get(entry.digest)
        if known is None or entry.first_heard < known.first_heard:
            copies[entry.digest] = entry
    return heard


async def _unknown(
    connection: AsyncConnection, heard: Mapping[Key, Mapping[bytes, Entry]]
) -> dict[Key, dict[bytes, Entry]]:
    """What the index does not hold yet. This is where an overlapping sync ends: one query, no lock."""
    lines = [(key, digest) for key, entries in heard.items() for digest in entries]
    rows = await connection.execute(
        sql.KNOWN,
        {
            "agencies": [key[0] for key, _ in lines],
            "keys": [key[1] for key, _ in lines],
            "digests": [digest for _, digest in lines],
        },
    )
    known: dict[bytes, RowMapping] = {}
    tops: dict[Key, RowMapping] = {}
    for row in rows.mappings():
        tops[row["agency"], row["code_key"]] = row
        if row["digest"] is not None:
            known[row["digest"]] = row

    def is_news(entry: Entry, key: Key) -> bool:
        if (top := tops.get(key)) is None:
            return True
        if _is_alive(entry, top["gone_at"]):
            return True
        if entry.digest in known:
            line = known[entry.digest]
            return entry.first_heard < (line["observed_at"], line["channel"])
        return not _repeats(entry, top["top"], heard[key].values())

    fresh = {
        key: {digest: entry for digest, entry in entries.items() if is_news(entry, key)}
        for key, entries in heard.items()
    }
    return {key: entries for key, entries in fresh.items() if entries}


def _repeats(entry: Entry, top: bytes | None, heard: Iterable[Entry]) -> bool:
    """Whether it only says again what the line `top` said, and nothing that was `heard` with it says otherwise."""
    return entry.repeats(top) and not any(
        other.moment == entry.moment and other.digest != entry.digest for other in heard
    )


def _is_alive(entry: Entry, gone_at: datetime | None) -> bool:
    """Whether the agency itself shows a dossier that was gone, which a late event does not."""
    return (
        gone_at is not None
        and entry.observed_at > gone_at
        and entry.channel != Channel.WEBHOOK
        and "gone_at" not in entry.facts
    )


def _news(agency: str, entries: Collection[Entry], row: RowMapping, vault: Vault) -> list[Entry]:
    """The lines to write of what was heard about one dossier, now that nobody else writes about it."""
    lines: list[Entry] = []
    top, moment = row["top"], Moment(row["moment_numbered"], row["moment_rank"]) if row["top"] else None
    for entry in sorted(entries, key=lambda entry: entry.stamp):
        is_above = moment is None or entry.moment > moment
        if is_above and _repeats(entry, top, entries):
            continue
        lines.append(entry)
        if is_above:
            top, moment = entry.digest, entry.moment
        elif _is_alive(entry, row["gone_at"]) and moment is not None:
            # What it says is below the word that the dossier is gone. That it says it is above.
            seen = Observation(
                agency=agency,
                code=entry.code,
                revision=moment.rank if moment.numbered else None,
                settles=True,
                facts=Facts(),
                observed_at=entry.observed_at,
                channel=Channel(entry.channel),
            )
            lines.append(entry_from(seen, vault))
    return lines


async def _lock(connection: AsyncConnection, fresh: Mapping[Key, Mapping[bytes, Entry]]) -> dict[Key, RowMapping]:
    """The dossiers' rows, made where there were none, ours until the transaction ends."""
    keys = sorted(fresh)
    names = {"agencies": [agency for agency, _ in keys], "keys": [key for _, key in keys]}
    codes = [next(iter(fresh[key].values())).code for key in keys]
    await connection.execute(sql.CLAIM, names | {"codes": codes})
    rows = (await connection.execute(sql.LOCK, names)).mappings()
    return {(row["agency"], row["code_key"]): row for row in rows}


async def _append(
    connection: AsyncConnection,
    fresh: Mapping[Key, Mapping[bytes, Entry]],
    rows: Mapping[Key, RowMapping],
    vault: Vault,
    correlation_id: str | None,
) -> tuple[dict[int, list[Entry]], set[int]]:
    """Write the history. Returns the new entries by dossier id, and the dossiers with a line heard earlier
    than we knew, whose history must be read again."""
    lines = [
        (rows[key]["id"], entry)
        for key, entries in fresh.items()
        for entry in _news(key[0], entries.values(), rows[key], vault)
    ]
    result = await connection.execute(
        sql.APPEND,
        {
            "ids": [dossier_id for dossier_id, _ in lines],
            "digests": [entry.digest for _, entry in lines],
            "codes": [entry.code for _, entry in lines],
            "occurred": [entry.occurred_at for _, entry in lines],
            "revisions": [entry.revision for _, entry in lines],
            "settles": [entry.settles for _, entry in lines],
            "facts": [_open_facts(entry.facts) for _, entry in lines],
            "personal": [_sealed(entry.facts, vault) for _, entry in lines],
            "observed": [entry.observed_at for _, entry in lines],
            "channels": [entry.channel for _, entry in lines],
            "correlation_id": correlation_id,
        },
    )
    by_line = {(dossier_id, entry.digest): entry for dossier_id, entry in lines}
    added: dict[int, list[Entry]] = defaultdict(list)
    touched: set[int] = set()
    for row in result:
        if row.is_new:
            added[row.dossier_id].append(by_line[row.dossier_id, row.digest])
        else:
            touched.add(row.dossier_id)
    return added, touched


async def _settle(
    connection: AsyncConnection,
    rows: Mapping[Key, RowMapping],
    added: Mapping[int, Sequence[Entry]],
    touched: set[int],
    vault: Vault,
) -> list[tuple[RowMapping, State | None, State]]:
    """Each dossier's state before and after. What outranks all that was known is put on top; anything
    else — late, of the same moment, heard earlier — is folded again from the whole history."""
    states: list[tuple[RowMapping, State | None, State]] = []
    again: list[tuple[RowMapping, State | None]] = []
    for row in rows.values():
        entries = added.get(row["id"], [])
        before = state_of(row, vault)
        if row["id"] in touched or (before and any(entry.moment <= before.moment for entry in entries)):
            again.append((row, before))
        elif entries:
            states.append((row, before, fold(entries, start=before)))
    if again:
        history: dict[int, list[Entry]] = defaultdict(list)
        for line in (await connection.execute(sql.HISTORY, {"ids": [row["id"] for row, _ in again]})).mappings():
            history[line["dossier_id"]].append(entry_of(line, vault))
        states += [(row, before, fold(history[row["id"]])) for row, before in again]
    return states


async def _write(
    connection: AsyncConnection,
    states: Sequence[tuple[RowMapping, State | None, State]],
    added: Mapping[int, Sequence[Entry]],
    received: int,
    vault: Vault,
    correlation_id: str | None,
) -> Recorded:
    await connection.execute(sql.SETTLE, _columns(states, vault))
    kinds = [_kind(before, after) for _, before, after in states]
    await connection.execute(
        sql.CHANGE,
        {
            "ids": [row["id"] for row, _, _ in states],
            "kinds": kinds,
            "before": [row["status"] for row, _, _ in states],
            "after": [_status(after) for _, _, after in states],
            "correlation_id": correlation_id,
        },
    )
    doubtful = [(row["id"], after.moment) for row, _, after in states if after.conflict]
    if doubtful:
        await connection.execute(
            sql.WANT_RECHECK,
            {
                "ids": [dossier_id for dossier_id, _ in doubtful],
                "numbered": [moment.numbered for _, moment in doubtful],
                "ranks": [moment.rank for _, moment in doubtful],
            },
        )
    return Recorded(
        received=received,
        added=sum(map(len, added.values())),
        changed=sum(kind != "history" for kind in kinds),
        conflicts=len(doubtful),
        created=kinds.count("created"),
        back=kinds.count("back"),
        happened=tuple(entry.happened_at for lines in added.values() for entry in lines if entry.occurred_at),
    )


def _kind(before: State | None, after: State) -> str:
    if before is None:
        return "created"
    was_gone, is_gone = "gone_at" in before.facts, "gone_at" in after.facts
    if was_gone != is_gone:
        return "gone" if is_gone else "back"
    if before.facts.get("status") != after.facts.get("status"):
        return "status"
    return "details" if before.facts != after.facts else "history"


def _columns(states: Sequence[tuple[RowMapping, State | None, State]], vault: Vault) -> dict[str, list[Any]]:
    """The states as one array per column of `dossier`."""
    after = [state for _, _, state in states]
    columns: dict[str, list[Any]] = {
        "ids": [row["id"] for row, _, _ in states],
        "codes": [state.code for state in after],
        "status": [_status(state) for state in after],
        "national_key": [code_key(state.facts.get("national_code", "")) or None for state in after],
        "personal": [
            # Sealing is dear and never gives the same bytes twice: what did not change keeps its seal.
            row["personal"]
            if before and _personal(before.facts) == _personal(state.facts)
            else _sealed(state.facts, vault)
            for row, before, state in states
        ],
        "moment_numbered": [state.moment.numbered for state in after],
        "moment_rank": [state.moment.rank for state in after],
        "top": [state.top for state in after],
        "conflict": [state.conflict for state in after],
        "observed_at": [state.observed_at for state in after],
        "channel": [state.channel for state in after],
    }
    for name in _TEXT_FACTS:
        columns[name] = [state.facts.get(name) for state in after]
    for name in _TIME_FACTS:
        columns[name] = [_time(state.facts.get(name)) for state in after]
    return columns


def state_of(row: RowMapping, vault: Vault) -> State | None:
    """The state a dossier's row holds; None for a row just claimed. It lacks `said_now`, so nothing of the
    same moment may be put on top of it."""
    if row["moment_rank"] is None:
        return None
    facts = {name: row[name] for name in _TEXT_FACTS if row[name] is not None}
    facts |= {name: row[name].isoformat() for name in _TIME_FACTS if row[name] is not None}
    if row["status"] is not None:
        facts["status"] = str(row["status"])
    if row["personal"] is not None:
        facts |= orjson.loads(vault.open(row["personal"]))
    return State(
        code=row["code"],
        facts=facts,
        moment=Moment(row["moment_numbered"], row["moment_rank"]),
        observed_at=row["observed_at"],
        channel=row["channel"],
        top=row["top"],
        conflict=row["conflict"],
    )


def entry_of(row: RowMapping, vault: Vault) -> Entry:
    """A line of history as it was recorded, personal facts included."""
    facts = orjson.loads(row["facts"])
    if row["personal"] is not None:
        facts |= orjson.loads(vault.open(row["personal"]))
    return Entry(
        digest=row["digest"],
        code=row["code"],
        occurred_at=row["occurred_at"],
        revision=row["revision"],
        settles=row["settles"],
        facts=facts,
        observed_at=row["observed_at"],
        channel=row["channel"],
    )


def _status(state: State) -> int | None:
    status = state.facts.get("status")
    return None if status is None else int(status)


def _time(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


def _personal(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: facts[name] for name in sorted(PERSONAL & facts.keys())}


def _sealed(facts: Mapping[str, Any], vault: Vault) -> bytes | None:
    personal = _personal(facts)
    return vault.seal(orjson.dumps(personal)) if personal else None


def _open_facts(facts: Mapping[str, Any]) -> str:
    return orjson.dumps({name: value for name, value in facts.items() if name not in PERSONAL}).decode()
