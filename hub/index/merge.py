"""How observations become a dossier: a fold in stamp order. Pure; the database is elsewhere.

Any order, duplication or batching of the same observations gives the same dossier, because the state is
defined as the fold over *all* of them, sorted. `record` takes a short cut when what is new outranks
everything known; the result is the same.
"""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any, NamedTuple

import orjson

from contracts.codes import tidy_code
from contracts.observation import Channel, Observation
from hub.vault import Vault

#: An agency's clock further ahead than this is not believed.
MAX_CLOCK_LEAD = timedelta(minutes=5)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

#: How much of an untimed line's digest says what was said; the rest says when it was heard.
_SAID_BYTES = 24

#: Facts by name: texts, and times in UTC.
FactValues = dict[str, Any]


class Moment(NamedTuple):
    """Where in an agency's history an observation belongs: its revision, else its time in microseconds.

    Revisions outrank times, so that an agency which begins to number its changes is believed at once.
    """

    numbered: bool
    rank: int


#: Below all there are.
_LOWEST = Moment(False, -(2**63))


class Entry(NamedTuple):
    """One line of a dossier's history."""

    digest: bytes
    code: str
    #: None where the agency did not say.
    occurred_at: datetime | None
    revision: int | None
    settles: bool
    facts: FactValues
    #: When the hub first heard it, and how.
    observed_at: datetime
    channel: str
    #: Who said it; None for the agency that had the dossier first.
    said_by: str | None = None
    #: The call or delivery that it came by, of a line that is new.
    correlation_id: str | None = None

    @property
    def happened_at(self) -> datetime:
        """`occurred_at`, or the receipt where the agency tells no time, or one too far ahead to be believed."""
        if self.occurred_at is None or self.clock_is_ahead:
            return self.observed_at
        return self.occurred_at

    @property
    def clock_is_ahead(self) -> bool:
        return self.occurred_at is not None and self.occurred_at > self.observed_at + MAX_CLOCK_LEAD

    @property
    def is_untimed(self) -> bool:
        """Whether only its receipt says where it belongs."""
        return self.occurred_at is None and self.revision is None and not self.settles

    @property
    def moment(self) -> Moment:
        if self.revision is not None:
            return Moment(True, self.revision)
        return Moment(False, (self.happened_at - _EPOCH) // _MICROSECOND)

    @property
    def moved_to(self) -> str | None:
        """By this line the dossier moved there; None for all that agencies say."""
        return self.facts.get("moved_to") if self.channel == Channel.SUCCESSION else None

    @property
    def first_heard(self) -> tuple[datetime, str]:
        """Of two copies of a line, the lesser is kept."""
        return (self.observed_at, self.channel)

    @property
    def stamp(self) -> tuple[Moment, bool, datetime, bytes]:
        """The total order: moment, then answers that settle a conflict, the latest last, then the digest."""
        return (self.moment, self.settles, self.observed_at if self.settles else _EPOCH, self.digest)

    def repeats(self, top: bytes | None) -> bool:
        """Whether it is untimed and says again what the line with the digest `top` said, later than that.

        Each poll of an agency that tells no times would be a line of history otherwise. What is dropped by this is
        not in the history: should a line turn up late that belongs before it, the next poll puts things right.
        """
        return (
            self.is_untimed
            and top is not None
            and top[:_SAID_BYTES] == self.digest[:_SAID_BYTES]
            and top[_SAID_BYTES:] <= self.digest[_SAID_BYTES:]
        )


class State(NamedTuple):
    """A dossier as its history tells it."""

    code: str
    facts: FactValues
    moment: Moment
    observed_at: datetime
    channel: str
    #: The digest of the topmost line.
    top: bytes
    #: Two observations of the same moment contradict each other and the agency has not settled it.
    conflict: bool
    #: What was said at `moment`, to notice a contradiction.
    said_now: FactValues


def entry_from(said: Observation, vault: Vault, correlation_id: str | None = None) -> Entry:
    """The line of history that `said` makes."""
    content, code, facts = canonical(said)
    entry = Entry(
        vault.digest(content),
        code,
        said.occurred_at,
        said.revision,
        said.settles,
        facts,
        said.observed_at,
        said.channel.value,
        said.agency,
        correlation_id,
    )
    if not entry.is_untimed:
        return entry
    heard = (said.observed_at - _EPOCH) // _MICROSECOND
    return entry._replace(digest=entry.digest[:_SAID_BYTES] + heard.to_bytes(8, "big"))


def canonical(observation: Observation) -> tuple[bytes, str, FactValues]:
    """The bytes two observations share exactly when they say the same; the code and the facts as they are stored.

    The digests of all history are of these bytes: they may never change.
    """
    told = observation.facts.__dict__
    facts = {name: _plain(value) for name in observation.facts.model_fields_set if (value := told[name]) is not None}
    # Two answers to a question are two, even where they agree.
    time = observation.occurred_at or (observation.observed_at if observation.settles else None)
    code = tidy_code(observation.code)
    content = (
        observation.agency,
        code,
        time and _plain(time),
        observation.revision,
        observation.settles,
        facts,
    )
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS), code, facts


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value if value.tzinfo is UTC else value.astimezone(UTC)
    return str(value)


def apply(state: State | None, entry: Entry) -> State:
    """`state` with `entry` on top. The entry's stamp must be higher than every stamp in the state."""
    moment = entry.moment
    if state is None:
        return State(
            entry.code, entry.facts, moment, entry.observed_at, entry.channel, entry.digest, False, entry.facts
        )
    observed_at, channel = max((state.observed_at, state.channel), (entry.observed_at, entry.channel))
    # Whoever speaks of a dossier has it: what was gone is back.
    facts = {name: value for name, value in state.facts.items() if name != "gone_at"} | entry.facts
    if moment > state.moment or entry.settles:
        conflict, said_now = False, entry.facts
    else:
        contradicts = any(entry.facts[name] != state.said_now[name] for name in entry.facts.keys() & state.said_now)
        conflict, said_now = state.conflict or contradicts, state.said_now | entry.facts
    return State(entry.code, facts, moment, observed_at, channel, entry.digest, conflict, said_now)


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """By stamp, the lowest first."""
    ordered = list(entries)
    # Most dossiers are heard of one by one, and a stamp takes time.
    if len(ordered) > 1:
        ordered.sort(key=lambda entry: entry.stamp)
    return ordered


def fold(entries: Iterable[Entry], start: State | None = None) -> State:
    """The dossier its whole history makes. `start`, if given, must lie below every entry.

    Raises ValueError when there is no history at all.
    """
    state = start
    for entry in in_order(entries):
        state = apply(state, entry)
    if state is None:
        raise ValueError("a dossier without history")
    return state


# --- dossiers that have passed from agency to agency ----------------------------------------------


def handed_to(first: str, entries: Iterable[Entry]) -> list[str]:
    """Who has had the dossier, in order, beginning with the `first`: as the lines tell by which it moved."""
    agencies = [first]
    for entry in moves(entries):
        if entry.moved_to and entry.moved_to != agencies[-1]:
            agencies.append(entry.moved_to)
    return agencies


def moves(entries: Iterable[Entry]) -> list[Entry]:
    """The lines by which the dossier moved, in the order in which they hold."""
    return sorted((entry for entry in entries if entry.moved_to), key=_decided)


def _decided(move: Entry) -> tuple[Moment, datetime, bytes]:
    """Of two moves of one day, the later decision holds."""
    return (move.moment, move.observed_at, move.digest)


def eras(agencies: Sequence[str]) -> dict[str, int]:
    """Each agency's place in the order of their words: whose dossier it is now speaks last."""
    return {agency: era for era, agency in enumerate(agencies)}


def fold_handed(entries: Collection[Entry], agencies: Sequence[str]) -> tuple[State, str]:
    """The dossier that these lines make after it was `handed_to` these agencies, and who said the topmost of them.

    What a successor says goes over all that was said by those before it, whatever their times and numbers: each counts
    for itself. As long as it says nothing, theirs holds. The lines by which the dossier moved say nothing about it.
    """
    last = deque(played(entries, agencies), maxlen=1)
    if not last:
        raise ValueError("a dossier without history")
    entry, state = last[0]
    return state, entry.said_by or agencies[0]


def played(entries: Iterable[Entry], agencies: Sequence[str]) -> Iterator[tuple[Entry, State]]:
    """The lines that say something about it, as they are put one on top of the other, each with what it makes."""
    of_agency: dict[str, list[Entry]] = {}
    for entry in entries:
        if not entry.moved_to:
            of_agency.setdefault(entry.said_by or agencies[0], []).append(entry)
    state: State | None = None
    for agency, _ in sorted(eras(agencies).items(), key=itemgetter(1)):
        if spoken := of_agency.get(agency):
            # Its moments are not those of who spoke before.
            state = state and state._replace(moment=_LOWEST, said_now={}, conflict=False)
            for entry in in_order(spoken):
                state = apply(state, entry)
                yield entry, state


class Step(NamedTuple):
    """The dossier came to a status: one line of the timeline people see."""

    status: str
    happened_at: datetime
    observed_at: datetime
    channel: str
    #: The agency's own word.
    raw: str | None
    #: As Entry's.
    said_by: str | None


def timeline(entries: Iterable[Entry], agencies: Sequence[str], *, since: str | None = None) -> list[Step]:
    """The statuses a dossier went through at these agencies, oldest first; the same status said again is not a step.
    `since`: the status it had before, if these lines lie above all others."""
    steps: list[Step] = []
    ordered = list(entries)
    if len(ordered) > 1:
        era = eras(agencies)
        ordered.sort(key=lambda entry: (era.get(entry.said_by or agencies[0], 0), entry.stamp))
    for entry in ordered:
        status = entry.facts.get("status")
        if status is not None and status != since:
            raw = entry.facts.get("status_raw")
            said_by = None if entry.said_by == agencies[0] else entry.said_by
            steps.append(Step(status, entry.happened_at, entry.observed_at, entry.channel, raw, said_by))
            since = status
    return steps
