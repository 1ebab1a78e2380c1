"""Lines of history and states of dossiers as rows of the tables, and back: personal facts sealed, and opened."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import asyncpg
import orjson

from contracts.codes import code_key
from contracts.observation import PERSONAL
from hub.index.merge import Entry, FactValues, Moment, State
from hub.vault import Vault

_TEXT_FACTS = ("status_raw", "national_code", "procedure_code", "procedure_name")
_TIME_FACTS = ("submitted_at", "received_at", "due_at", "finished_at", "gone_at")

#: The columns of `dossier` that are its state, as `state_values` gives them, and their types.
STATE_COLUMNS = {
    "code": "text",
    "status": "smallint",
    **dict.fromkeys(_TEXT_FACTS, "text"),
    "national_key": "text",
    **dict.fromkeys(_TIME_FACTS, "timestamptz"),
    "personal": "bytea",
    "moment_numbered": "boolean",
    "moment_rank": "bigint",
    "top": "bytea",
    "conflict": "boolean",
    "observed_at": "timestamptz",
    "channel": "text",
    "timeline": "bytea",
}

#: The columns of `observation` that are a line, as `line_values` gives them, and their types.
LINE_COLUMNS = {
    "digest": "bytea",
    "code": "text",
    "occurred_at": "timestamptz",
    "revision": "bigint",
    "settles": "boolean",
    "facts": "jsonb",
    "personal": "bytea",
    "observed_at": "timestamptz",
    "channel": "text",
    "correlation_id": "text",
    "said_by": "text",
}


class Seals:
    """Seals the personal facts of one dossier, the same ones once: its state mostly holds those of its last line."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._sealed: dict[bytes, bytes] = {}
        # What was sealed last, and its seal: a new dossier's state has the very facts of its line.
        self._last: tuple[FactValues | None, bytes | None] = None, None

    def keep(self, facts: FactValues, sealed: bytes | None) -> None:
        """The personal ones of `facts` have this seal already."""
        if sealed is not None:
            self._sealed[_personal(facts)] = sealed

    def of(self, facts: FactValues) -> bytes | None:
        """The personal ones of `facts`, sealed; None where there are none."""
        if self._last[0] is not facts:
            self._last = facts, self._seal(facts)
        return self._last[1]

    def _seal(self, facts: FactValues) -> bytes | None:
        if PERSONAL.isdisjoint(facts):
            return None
        personal = _personal(facts)
        sealed = self._sealed.get(personal)
        if sealed is None:
            sealed = self._sealed[personal] = self._vault.seal(personal)
        return sealed


def _personal(facts: FactValues) -> bytes:
    return orjson.dumps({name: facts[name] for name in sorted(PERSONAL & facts.keys())})


def line_values(first: str, entry: Entry, seals: Seals) -> tuple[Any, ...]:
    """`first`: the agency that had the dossier first."""
    return (
        entry.digest,
        entry.code,
        entry.occurred_at,
        entry.revision,
        entry.settles,
        orjson.dumps({name: value for name, value in entry.facts.items() if name not in PERSONAL}).decode(),
        seals.of(entry.facts),
        entry.observed_at,
        entry.channel,
        entry.correlation_id,
        None if entry.said_by == first else entry.said_by,
    )


def state_values(state: State, steps: bytes, seals: Seals) -> tuple[Any, ...]:
    """`steps`: as `steps.packed` gives them."""
    facts = state.facts
    national = facts.get("national_code")
    return (
        state.code,
        status_of(state),
        *map(facts.get, _TEXT_FACTS),
        national and (code_key(national) or None),
        *map(facts.get, _TIME_FACTS),
        seals.of(facts),
        *state.moment,
        state.top,
        state.conflict,
        state.observed_at,
        state.channel,
        steps,
    )


def status_of(state: State) -> int | None:
    status = state.facts.get("status")
    return None if status is None else int(status)


def state_of(row: Mapping[str, Any] | asyncpg.Record, vault: Vault) -> State:
    """The state a dossier's row holds. It lacks `said_now`, so nothing of the same moment may be put on top of it."""
    facts = {name: value for name in (*_TEXT_FACTS, *_TIME_FACTS) if (value := row[name]) is not None}
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
        said_now={},
    )


def agencies_of(row: Mapping[str, Any] | asyncpg.Record) -> list[str]:
    """Who has had the dossier, in order, up to whoever has it now."""
    return [*(row["former_agencies"] or ()), row["agency"]]


def entry_of(row: Mapping[str, Any] | asyncpg.Record, vault: Vault) -> Entry:
    """A line of history as it was recorded, personal facts included."""
    facts = orjson.loads(row["facts"])
    for name in _TIME_FACTS:
        if name in facts:
            facts[name] = datetime.fromisoformat(facts[name])
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
        said_by=row["said_by"],
    )
