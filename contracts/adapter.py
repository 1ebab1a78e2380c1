"""The AgencyAdapter protocol: every agency's system, whatever it speaks, as the hub sees it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any, Protocol, TypeAlias
from zoneinfo import ZoneInfo

from contracts.agency import AgencySpec
from contracts.errors import AgencyFailure
from contracts.observation import Channel, Observation, Reading, Unusable
from contracts.problem import FieldProblem
from contracts.submission import Procedures, ResultFile, Submission
from contracts.system import Budget

#: Where reading a window goes on: made by one page, given back for the next, stored as JSON in between.
Position: TypeAlias = dict[str, Any]


class Capability(StrEnum):
    LOOKUP = "lookup"
    CHANGES = "changes"
    ALL = "all"
    SUBMIT = "submit"
    SUPPLEMENT = "supplement"
    WITHDRAW = "withdraw"
    RESULT = "result"
    PROCEDURES = "procedures"
    EVENTS = "events"


class Sending(StrEnum):
    """What a submission is to the agency."""

    SUBMIT = "submit"
    SUPPLEMENT = "supplement"
    WITHDRAW = "withdraw"


class Priority(IntEnum):
    """Whose call goes first where an agency's budget is short; the lowest number does."""

    PERSON = 0
    AFTER_WEBHOOK = 1
    INCREMENTAL = 2
    RECONCILE = 3
    BACKFILL = 4


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
    """One answer of a list operation, or a part of a big one. `next` is None when the list is exhausted."""

    observations: tuple[Observation, ...]
    unusable: tuple[Unusable, ...]
    next: Position | None
    #: What the agency's clock said (its Date header), to measure how far it is from ours.
    agency_time: datetime | None = None
    #: False while more of the same answer follows: its observations hold, but `next` says nothing yet.
    complete: bool = True
    #: How many rows there are on all pages together, where the agency says.
    total: int | None = None
    #: Whether the next page may be asked for before this one is stored. Not so where that tells the agency it was.
    free: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """How far a submission is. Commit it before going on from `next`; None when all is done."""

    #: What the agency calls the dossier, once it has said so.
    reference: str | None
    next: Position | None


@dataclass(frozen=True, slots=True)
class PushedEvent:
    """One event of a pushed body."""

    #: What names it for ever, where it says that itself.
    id: str | None
    type: str
    #: The record, for `AgencyAdapter.read`.
    data: Any
    #: Whether events of its type tell of a dossier; others are kept and ignored.
    tells: bool
    #: The same for whatever says the same, however it is written.
    content: bytes
    #: Why it is no event, in a list of which others may be.
    problem: FieldProblem | None = None


@dataclass(frozen=True, slots=True)
class Pushed:
    """What an agency pushed at once."""

    events: tuple[PushedEvent, ...]
    #: Whether it came as a list, if only of one.
    is_batch: bool


@dataclass(frozen=True)
class NotEvents(Exception):
    """A pushed body in which there are no events: what is wrong, and what would be right."""

    field: str
    problem: str
    expected: str


def under_way(position: Position | None) -> Position:
    """What to commit in the place of `position` before its step is taken: should nobody ever learn how that ended,
    this says so. Go back to `position` when the step fails with what is not `in_doubt`."""
    return (position or {}) | {"doubt": True}


class AgencyAdapter(Protocol):
    """One agency's system. Stateless between calls but for its login; safe to share between tasks.

    Every method that calls out raises only contracts.errors.AgencyFailure, but for LookupError where the
    adapter has no such capability.
    """

    @property
    def spec(self) -> AgencySpec: ...

    @property
    def capabilities(self) -> frozenset[Capability]: ...

    async def lookup(self, code: str, *, priority: Priority = Priority.PERSON) -> Reading:
        """Ask for one dossier's present state. Raises NotFound where the agency has none by that code."""
        ...

    def changes(
        self, window: Window, position: Position | None = None, *, priority: Priority = Priority.INCREMENTAL
    ) -> AsyncIterator[Page]:
        """Fetch one page of what changed in `window`, from `position` on (None: from its start).

        A big answer comes in parts, all but the last of them not `complete`, so that it is never held whole.
        """
        ...

    def everything(
        self, position: Position | None = None, *, priority: Priority = Priority.RECONCILE
    ) -> AsyncIterator[Page]:
        """Fetch one page of all the agency has, likewise."""
        ...

    async def send(self, what: Sending, submission: Submission, position: Position | None = None) -> Sent:
        """Take the next step of handing `submission` to the agency, by one request: that at `position`, as the step
        before gave it.

        From a position that is `under_way`, a step is taken once more only where the spec says that it is
        `repeatable`. Else a dossier that has a code is looked up: `next` then leads on, or back to its creation
        where the agency has none, so let some time pass before asking. Where that cannot be, or a file may have
        been attached, it is Rejected, and a person must look; without its doubt, the step is taken again.
        """
        ...

    async def result(self, code: str, reference: str | None = None) -> ResultFile:
        """Fetch a dossier's result. Raises NotFound where there is none yet."""
        ...

    async def procedures(self) -> Procedures:
        """Ask which procedures the agency offers: all of them, over all pages."""
        ...

    def pushed(self, body: bytes, headers: Mapping[str, str]) -> Pushed:
        """The events in a body that the agency sent, whose names of headers are in small letters.

        Pure. Raises NotEvents, and LookupError where the agency does not push.
        """
        ...

    def token(self, body: bytes, headers: Mapping[str, str]) -> str | None:
        """The token by which the agency shows itself, where the spec has it stand in the body. Raises NotEvents."""
        ...

    def read(self, record: Any, channel: Channel, observed_at: datetime) -> Reading:
        """Understand one record that came by `channel`: a webhook's `data`, or an Unusable's `raw`, parsed.

        Pure: calls nobody. Raises LookupError where the spec has no mapping for that channel.
        """
        ...


class Turn(Protocol):
    """Leave for one call. Tell it how the call went before it is given back."""

    def succeeded(self) -> None: ...

    def failed(self, failure: AgencyFailure) -> None: ...


class Gate(Protocol):
    """Lets calls through to agencies as their budgets allow, for all processes of the hub together."""

    def turn(
        self, agency: str, budget: Budget, zone: ZoneInfo, priority: Priority, *, wait_seconds: float
    ) -> AbstractAsyncContextManager[Turn]:
        """Wait for leave to make one call, `wait_seconds` at most; hold it while the block runs.

        Raises Withheld, at once where waiting cannot help.
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
    #: Of the certificate it was made with, once in a while.
    certificate_ends_at: datetime | None = None
    #: The code of the dossier that was asked for or told about, where it was one.
    about: str | None = None


class CallRecorder(Protocol):
    async def __call__(self, record: CallRecord) -> None: ...
