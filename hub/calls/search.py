"""Finds calls that were made to agencies, and shows one: masked, or in full for a reason, which is audited."""

import asyncio
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

import asyncpg

from adapters.calling.client import KEPT_BYTES
from contracts.agency import AgencySpec
from contracts.codes import code_key
from hub.access.audit import note
from hub.calls.masking import STARS, masked, of_answer, of_request
from hub.calls.opened import LOGIN, opened
from hub.calls.recorder import code_mark
from hub.db import Database
from hub.vault import Vault, VaultError

#: How many calls are shown at once; and into the bodies of how many one question by a dossier's code looks.
MOST_SHOWN, MOST_LOOKED_INTO = 50, 200
#: Fewer letters are in bodies everywhere.
SHORTEST_CODE = 6
#: So long is a reason at least, lest it be a dot.
SHORTEST_WHY, LONGEST_WHY = 5, 300

# In whose message there may be the agency's own words, which may name somebody.
_IN_THEIR_WORDS = ("rejected", "throttled", "unauthorized")
_OUR_WORDS = re.compile(r"The agency's system answered \d{3}\b")

_COLUMNS = """id, agency, operation, method, address, started_at, seconds, attempts, outcome, message, status,
              response_bytes, correlation_id"""
_WHERE = """
      FROM call
     WHERE ($1::text[] IS NULL OR agency = ANY($1))
       AND ($2::text IS NULL OR CASE WHEN $2 = 'failed' THEN outcome <> 'ok' ELSE outcome = $2 END)
       AND ($3::text IS NULL OR operation = $3)
       AND ($4::timestamptz IS NULL OR started_at >= $4) AND ($5::timestamptz IS NULL OR started_at < $5)
       AND ($6::text IS NULL OR correlation_id = $6)
       AND ($7::bigint IS NULL OR (started_at, id) < (SELECT started_at, id FROM call WHERE id = $7))
"""
_LATEST = " ORDER BY started_at DESC, id DESC LIMIT {}"
_FOUND = f"SELECT {_COLUMNS} {_WHERE} {_LATEST.format(MOST_SHOWN + 1)}"
_MARKED = f"SELECT {_COLUMNS} {_WHERE} AND code_mark = $8 {_LATEST.format(MOST_SHOWN + 1)}"
#: What was about one dossier has a mark; what a login says is of none.
_UNMARKED = f"""
    SELECT {_COLUMNS}, request, response {_WHERE} AND code_mark IS NULL AND operation <> '{LOGIN}'
     {_LATEST.format(MOST_LOOKED_INTO + 1)}
"""
_MADE_IN = "SELECT DISTINCT correlation_id FROM call WHERE correlation_id = ANY($1)"
_ONE = f"SELECT {_COLUMNS}, request, response FROM call WHERE agency = $1 AND id = $2"


@dataclass(frozen=True, slots=True)
class Call:
    """One call to an agency, without what was said."""

    id: int
    agency: str
    operation: str
    method: str
    address: str
    started_at: datetime
    seconds: float
    attempts: int
    outcome: str
    #: Stars where it may hold the agency's own words.
    message: str | None
    status: int | None
    response_bytes: int
    correlation_id: str | None

    @classmethod
    def of(cls, row: asyncpg.Record, *, whole: bool = False) -> Self:
        message = row["message"] if whole else _shown(row["outcome"], row["message"])
        told = {name: row[name] for name in cls.__slots__} | {"message": message}
        return cls(**told)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which calls are looked for. What is None is any."""

    #: None for all agencies.
    agencies: Sequence[str] | None = None
    #: "ok", a failure's kind, or "failed" for all of these.
    outcome: str | None = None
    operation: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    correlation_id: str | None = None
    #: Of a dossier.
    code: str | None = None
    #: Only what is older than the call of this number.
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Looked:
    """How far a search by a dossier's code looked into what was said in calls about many."""

    calls: int
    #: The oldest of them; None where there was none.
    back_to: datetime | None
    #: Whether there are older ones, which it left.
    more: bool
    #: Of how many only the beginning is kept, so that the code may be in the rest.
    cut: int


@dataclass(frozen=True, slots=True)
class Found:
    calls: list[Call]
    #: For `Asked.before`, where there are more.
    older: int | None
    #: Of a search by code alone; None where it is too short to be looked for.
    looked: Looked | None = None


@dataclass(frozen=True, slots=True)
class Bodies:
    """What was said in a call."""

    call: Call
    request: str
    response: str
    #: Whether only the beginning of the answer was kept.
    cut: bool


class NoSuchCall(LookupError):
    """There is none of that number, or not any more."""


class Calls:
    def __init__(self, database: Database, vault: Vault) -> None:
        self._database, self._vault = database, vault

    async def find(self, asked: Asked) -> Found:
        """The latest first. By a code: those that were about that dossier alone, and of the latest others those in
        which it is told of."""
        terms = (
            *(None if asked.agencies is None else list(asked.agencies), asked.outcome, asked.operation),
            *(asked.since, asked.until, asked.correlation_id, asked.before),
        )
        if asked.code is None:
            rows = await self._database.reads.fetch(_FOUND, *terms)
            return _page([Call.of(row) for row in rows])
        key = code_key(asked.code)
        if len(key) < SHORTEST_CODE:
            return Found([], None)
        marked = await self._database.reads.fetch(_MARKED, *terms, code_mark(self._vault, asked.code))
        others = await self._database.reads.fetch(_UNMARKED, *terms)
        looked_into, more = others[:MOST_LOOKED_INTO], len(others) > MOST_LOOKED_INTO
        telling = await asyncio.to_thread(self._telling_of, key, looked_into)
        calls = [Call.of(row) for row in (*marked, *telling)]
        calls.sort(key=lambda call: (call.started_at, call.id), reverse=True)
        looked = Looked(
            len(looked_into),
            looked_into[-1]["started_at"] if looked_into else None,
            more,
            sum(row["response_bytes"] > KEPT_BYTES for row in looked_into),
        )
        page = _page(calls)
        # What was looked into but is not told goes on from the last that was; what was not, from where it ended.
        ended_at = looked_into[-1]["id"] if more else None
        return Found(page.calls, page.older or ended_at, looked)

    async def made_in(self, correlation_ids: Collection[str]) -> set[str]:
        """Those in which an agency was called, as far as its calls are kept."""
        found = await self._database.reads.fetch(_MADE_IN, list(correlation_ids))
        return {row["correlation_id"] for row in found}

    async def masked(self, agency: str, number: int, spec: AgencySpec | None) -> Bodies:
        """A call with stars in the place of all that may be somebody's. Raises NoSuchCall, VaultError."""
        row = await self._row(agency, number)
        request, response = self._vault.open(row["request"]), self._vault.open(row["response"])
        call = Call.of(row)
        if call.operation == LOGIN:
            return Bodies(call, opened(request, LOGIN), opened(response, LOGIN), False)
        shown = await asyncio.to_thread(
            lambda: (
                masked(request, of_request(spec, call.operation)),
                masked(response, of_answer(spec, call.operation)),
            )
        )
        return Bodies(call, *shown, row["response_bytes"] > KEPT_BYTES)

    async def open(self, agency: str, number: int, *, why: str, actor: str) -> Bodies:
        """A call in full, but for secrets. Who opened it and why is in the audit before anybody sees it. Raises
        NoSuchCall, VaultError, and ValueError for what is no reason."""
        why = " ".join(why.split())
        if not SHORTEST_WHY <= len(why) <= LONGEST_WHY:
            raise ValueError(f"a reason has {SHORTEST_WHY} to {LONGEST_WHY} characters")
        row = await self._row(agency, number)
        request, response = self._vault.open(row["request"]), self._vault.open(row["response"])
        call = Call.of(row, whole=True)
        detail = {
            "call": number,
            "operation": call.operation,
            "started_at": call.started_at.isoformat(),
            "correlation_id": call.correlation_id,
            "why": why,
        }
        async with self._database.begin() as connection:
            await note(connection, actor=actor, action="call.opened", target=agency, detail=detail)
        shown = await asyncio.to_thread(lambda: (opened(request, call.operation), opened(response, call.operation)))
        return Bodies(call, *shown, row["response_bytes"] > KEPT_BYTES)

    async def _row(self, agency: str, number: int) -> asyncpg.Record:
        row = await self._database.reads.fetchrow(_ONE, agency, number)
        if row is None:
            raise NoSuchCall(f"there is no call {number} of {agency}, or not any more")
        return row

    def _telling_of(self, key: str, rows: Sequence[asyncpg.Record]) -> list[asyncpg.Record]:
        return [row for row in rows if any(self._tells(row[body], key) for body in ("request", "response"))]

    def _tells(self, sealed: bytes, key: str) -> bool:
        try:
            # Compared as codes are, so that it does not matter how a system writes them.
            return key in code_key(self._vault.open(sealed).decode(errors="replace"))
        except VaultError:
            return False


def _page(calls: list[Call]) -> Found:
    shown = calls[:MOST_SHOWN]
    return Found(shown, shown[-1].id if len(calls) > MOST_SHOWN else None)


def _shown(outcome: str, message: str | None) -> str | None:
    if message is None or outcome not in _IN_THEIR_WORDS or _OUR_WORDS.match(message):
        return message
    return STARS
