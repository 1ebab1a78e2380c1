"""The AgencyAdapter protocol: every agency's system, whatever it speaks, as the hub sees it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, TypeAlias

from contracts.agency import AgencySpec
from contracts.observation import Channel, Observation, Reading, Unusable

#: Where reading a window goes on: made by one page, given back for the next, stored as JSON in between.
Position: TypeAlias = dict[str, Any]


class Capability(StrEnum):
    LOOKUP = "lookup"
    CHANGES = "changes"
    EVENTS = "events"


@dataclass(frozen=True, slots=True)
class Window:
    """What to list: changes after `since`, inclusive. All there is, where `since` is None.

    Agencies that list by time use the datetimes; agencies that number their changes use the revision.
    `until` is a little before the agency's own present, so that what it is still writing is left for later.
    """

    until: datetime
    since: datetime | None = None
    since_revision: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of a list operation. `next` is None when the window is exhausted."""

    observations: tuple[Observation, ...]
    unusable: tuple[Unusable, ...]
    next: Position | None
    #: What the agency's clock said (its Date header), to measure how far it is from ours.
    agency_time: datetime | None = None


class AgencyAdapter(Protocol):
    """One agency's system. Stateless between calls but for its login; safe to share between tasks.

    Every method that calls out raises only contracts.errors.AgencyFailure.
    """

    @property
    def spec(self) -> AgencySpec: ...

    @property
    def capabilities(self) -> frozenset[Capability]: ...

    async def lookup(self, code: str) -> Reading:
        """Ask for one dossier's present state. Raises NotFound where the agency has none by that code."""
        ...

    async def changes(self, window: Window, position: Position | None = None) -> Page:
        """Fetch one page of what changed in `window`, from `position` on (None: from its start)."""
        ...

    def read(self, record: Any, channel: Channel, observed_at: datetime) -> Reading:
        """Understand one record that came by `channel`: a webhook's `data`, or an Unusable's `raw`, parsed.

        Pure: calls nobody. Raises LookupError where the spec has no mapping for that channel.
        """
        ...


class Secrets(Protocol):
    """Where adapters find what specs only name."""

    def get(self, name: str) -> str:
        """The secret called `name`. Raises KeyError naming it where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call to an agency, as the admin will see it. Bodies may hold personal data: store them sealed."""

    agency: str
    operation: str
    method: str
    #: Without its query, which may hold a person's data.
    address: str
    started_at: datetime
    seconds: float
    attempts: int
    #: "ok" or an AgencyFailure's kind.
    outcome: str
    message: str | None
    status: int | None
    request: bytes
    response: bytes
    response_bytes: int


class CallRecorder(Protocol):
    async def __call__(self, record: CallRecord) -> None: ...
