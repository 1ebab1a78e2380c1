"""Traffic that was recorded, read once more by whatever spec: no agency is called for it."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

import asyncpg

from adapters.calling.client import KEPT_BYTES, Client, Peer, RawAnswer, Request, Stream
from contracts.adapter import AgencyAdapter, NotEvents, Priority, Window
from contracts.agency import AgencySpec
from contracts.errors import AgencyFailure
from contracts.observation import Channel, Observation, Reading, Unusable
from hub.vault import Vault

T = TypeVar("T")


class BuildWith(Protocol):
    """adapters.build_adapter, but for the client."""

    def __call__(self, spec: AgencySpec, *, client: Client) -> AgencyAdapter: ...


#: Of the traffic after certain places; bodies that were cut when they were kept cannot be read again.
_CALLS = """
    SELECT id, operation, status, response, response_bytes, started_at
      FROM call
     WHERE agency = $1 AND id > $2 AND operation IN ('changes', 'all') AND status < 300 AND started_at > $3
     ORDER BY id LIMIT $4
"""
_EVENTS = """
    SELECT id, body, received_at
      FROM inbox
     WHERE agency = $1 AND id > $2 AND body IS NOT NULL AND received_at > $3
     ORDER BY id LIMIT $4
"""


class Played(Client):
    """Answers each call by what it was given, and calls nobody."""

    def __init__(self) -> None:
        super().__init__()
        self.answer = RawAnswer(200, {}, b"", None)

    async def call(
        self,
        peer: Peer,
        request: Request,
        *,
        operation: str,
        understand: Callable[[RawAnswer], T],
        priority: Priority,
        repeatable: bool,
    ) -> T:
        return understand(self.answer)

    @asynccontextmanager
    async def stream(
        self, peer: Peer, request: Request, *, operation: str, priority: Priority, repeatable: bool
    ) -> AsyncIterator[Stream]:
        yield _PlayedStream(self.answer)


class _PlayedStream(Stream):
    def __init__(self, answer: RawAnswer) -> None:
        self._whole = answer
        self.status, self.headers, self.agency_time = answer.status, answer.headers, answer.agency_time

    async def chunks(self) -> AsyncIterator[bytes]:
        yield self._whole.body


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing that an agency said: the answer to a call, or what it pushed."""

    #: None where it was pushed.
    operation: str | None
    body: bytes
    at: datetime


class Reader:
    """Reads pieces of traffic by one spec."""

    def __init__(self, spec: AgencySpec, build: BuildWith) -> None:
        """Takes up to a second. Raises ValueError."""
        self._client = Played()
        self._adapter = build(_without_login(spec), client=self._client)

    async def read(self, piece: Piece) -> Reading:
        """What it says, by this spec. What cannot be read as a whole is one thing that is unusable."""
        try:
            if piece.operation is None:
                return self._pushed(piece)
            self._client.answer = RawAnswer(200, {}, piece.body, None)
            return await _listed(self._adapter, piece.operation)
        except (AgencyFailure, NotEvents, LookupError) as failure:
            return Reading(unusable=(_whole(self._adapter.spec.id, piece, str(failure)),))

    def _pushed(self, piece: Piece) -> Reading:
        readings = [
            self._adapter.read(event.data, Channel.WEBHOOK, piece.at)
            for event in self._adapter.pushed(piece.body, {}).events
            if event.tells and event.problem is None
        ]
        return Reading(
            observations=tuple(each for reading in readings for each in reading.observations),
            unusable=tuple(each for reading in readings for each in reading.unusable),
        )


async def _listed(adapter: AgencyAdapter, operation: str) -> Reading:
    observations: list[Observation] = []
    unusable: list[Unusable] = []
    # The page's place in its window is of no matter to what is in it.
    pages = adapter.changes(Window(until=datetime.now(UTC))) if operation == "changes" else adapter.everything()
    async for page in pages:
        observations += page.observations
        unusable += page.unusable
    return Reading(observations=tuple(observations), unusable=tuple(unusable))


async def pieces(
    connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]",
    vault: Vault,
    agency: str,
    *,
    after: tuple[int, int],
    since: datetime,
    most: int,
) -> tuple[list[Piece], tuple[int, int]]:
    """At most so many of each kind after the places of before, and the places to go on from."""
    calls = await connection.fetch(_CALLS, agency, after[0], since, most)
    events = await connection.fetch(_EVENTS, agency, after[1], since, most)
    found = [*_of_calls(calls, vault), *(Piece(None, vault.open(row["body"]), row["received_at"]) for row in events)]
    return found, (calls[-1]["id"] if calls else after[0], events[-1]["id"] if events else after[1])


def _of_calls(rows: list[asyncpg.Record], vault: Vault) -> Iterator[Piece]:
    for row in rows:
        if row["response_bytes"] <= KEPT_BYTES:
            yield Piece(row["operation"], vault.open(row["response"]), row["started_at"])


def _without_login(spec: AgencySpec) -> AgencySpec:
    """Who calls nobody need not sign in."""
    if spec.system is None or not hasattr(spec.system, "auth"):
        return spec
    return spec.model_copy(update={"system": spec.system.model_copy(update={"auth": None})})


def _whole(agency: str, piece: Piece, message: str) -> Unusable:
    channel = Channel.WEBHOOK if piece.operation is None else Channel.PULL
    told: dict[str, Any] = {"agency": agency, "channel": channel, "reason": "malformed_body", "message": message}
    return Unusable(**told, raw="", observed_at=piece.at.astimezone(UTC))
