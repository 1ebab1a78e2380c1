"""What was said of a dossier, and how it stood at any moment: the fold over a part of its history.

There are two pasts. `as_of` asks how the dossier stood at the agency then, by all that is known today: late news and
corrections are in it. `known_at` asks what the hub could have answered then: of that the dossier's state was made at
the time, and answers given in the past can be explained by it. With both: what the hub knew then of an earlier day.
"""

import struct
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple

import asyncpg

from contracts.dossier import Procedure, Source, StatusEvent, StatusName
from contracts.history import FactChange, HistoryLine, PastState
from contracts.observation import Channel
from contracts.status import DossierStatus
from hub.db import Database
from hub.index.cursors import Place
from hub.index.merge import Entry, FactValues, Step, eras, fold_handed, in_order, moves, played
from hub.index.packing import unpack
from hub.index.rows import entry_of
from hub.vault import Vault

# In one statement, so that whatever is archived meanwhile is in one place.
LINES = """
    SELECT coalesce(o.dossier_id, a.dossier_id) AS dossier_id, digest, code, occurred_at, revision, settles,
           facts::text AS facts, observed_at, channel, said_by, personal, packed
      FROM (SELECT * FROM observation WHERE dossier_id = ANY($1::bigint[])) o
      FULL JOIN (SELECT * FROM archive WHERE dossier_id = ANY($1::bigint[])) a ON false
"""


def past(entries: Iterable[Entry], *, as_of: datetime | None = None, known_at: datetime | None = None) -> list[Entry]:
    """The lines that make the dossier as it stood at `as_of`, as it was known at `known_at`; both inclusive."""
    return [
        entry
        for entry in entries
        if (as_of is None or entry.happened_at <= as_of) and (known_at is None or entry.observed_at <= known_at)
    ]


async def entries(database: Database, vault: Vault, dossier_id: int, *, personal: bool) -> list[Entry]:
    """The dossier's lines in the order in which they are put one on top of the other; without the personal facts,
    unless `personal`."""
    found = await database.reads.fetch(LINES, [dossier_id])
    return in_order(entries_of(found, vault, personal=personal)[dossier_id])


def entries_of(
    rows: Iterable[asyncpg.Record], vault: Vault, *, personal: bool = False
) -> defaultdict[int, list[Entry]]:
    """The lines of dossiers, by whose they are, from rows of LINES."""
    found: defaultdict[int, list[Entry]] = defaultdict(list)
    for row in rows:
        lines = [dict(row)] if row["packed"] is None else unpack(row["packed"])
        found[row["dossier_id"]] += (entry_of(line if personal else line | {"personal": None}, vault) for line in lines)
    return found


def state(entries: Collection[Entry], agencies: Sequence[str]) -> PastState | None:
    """The state that the lines make of a dossier that was `handed_to` these agencies; None for none."""
    if all(entry.moved_to for entry in entries):
        return None
    whole, _ = fold_handed(entries, agencies)
    facts = whole.facts
    return PastState(
        code=whole.code,
        status=_status(facts),
        raw=facts.get("status_raw"),
        procedure=Procedure(code=facts.get("procedure_code"), name=facts.get("procedure_name")),
        submitted_at=facts.get("submitted_at"),
        received_at=facts.get("received_at"),
        due_at=facts.get("due_at"),
        finished_at=facts.get("finished_at"),
        gone_at=facts.get("gone_at"),
        observed_at=whole.observed_at,
    )


def events(steps: Iterable[Step], first: str) -> list[StatusEvent]:
    """The timeline as people see it; `first`: the agency that had the dossier first."""
    return [
        StatusEvent(
            status=StatusName.of(DossierStatus(step.status)),
            occurred_at=step.happened_at,
            observed_at=step.observed_at,
            source=Source(agency=step.said_by or first, channel=Channel(step.channel)),
            raw=step.raw,
        )
        for step in steps
    ]


class Told(NamedTuple):
    """A line of history, and the facts before it and with it."""

    entry: Entry
    before: FactValues
    after: FactValues


def told(entries: Collection[Entry], agencies: Sequence[str]) -> list[Told]:
    """The lines as they are put one on top of the other; a line by which the dossier moved before all that its new
    agency says. What each changed follows from all before it, so they are gone through for every page, which takes
    some microseconds a line; what takes more is left to `line`, of those that are shown."""
    era = eras(agencies)
    lines: list[tuple[int, Told]] = []
    holder = agencies[0]
    for entry in moves(entries):
        now = str(entry.moved_to)
        before, after = {"agency": holder}, {"agency": now, "moved_under": entry.facts.get("moved_under")}
        lines.append((era[now], Told(entry, before, after)))
        holder = now
    facts: FactValues = {}
    for entry, state in played(entries, agencies):
        lines.append((era[entry.said_by or agencies[0]], Told(entry, facts, state.facts)))
        facts = state.facts
    lines.sort(key=itemgetter(0))
    return [line for _, line in lines]


def line(told: Told, first: str) -> HistoryLine:
    """As it is shown; `first`: the agency that had the dossier first."""
    entry, before, after = told
    return HistoryLine(
        code=entry.code,
        occurred_at=entry.occurred_at,
        revision=entry.revision,
        observed_at=entry.observed_at,
        source=Source(agency=entry.said_by or first, channel=Channel(entry.channel)),
        settles=entry.settles,
        status=_status(entry.facts),
        raw=entry.facts.get("status_raw"),
        changed=[
            FactChange(fact=name, before=_text(before.get(name)), after=_text(after.get(name)))
            for name in sorted(before.keys() | after.keys())
            if before.get(name) != after.get(name)
        ],
    )


def place_of(entry: Entry) -> Place:
    """Names the line for a cursor. A line stays where it is among those before and after it."""
    # Of a line that tells no time the digest's beginning says what was said, and its end when.
    what, when = struct.unpack(">qq", entry.digest[:8] + entry.digest[-8:])
    return what, when


def _text(value: Any) -> str | None:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value


def _status(facts: Mapping[str, Any]) -> StatusName | None:
    return StatusName.of(DossierStatus(facts["status"])) if "status" in facts else None
