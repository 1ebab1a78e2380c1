"""Reads and moves the streams: who may read an agency now, from where, and how far it got."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Literal, TypeAlias, get_args

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Float,
    RowMapping,
    Update,
    bindparam,
    case,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.adapter import Page, Position, Window
from contracts.agency import AgencySpec, Sync
from contracts.errors import Withheld
from hub.db import Database, check_clock
from hub.streams import backfill, hours, lateness
from hub.streams.plans import chance, next_time
from hub.streams.shape import Shape
from hub.streams.tables import run as run_table
from hub.streams.tables import stream

#: The longest wait between tries of an agency that keeps failing.
MAX_BACKOFF = timedelta(minutes=15)
MAX_OVERLAP = timedelta(hours=24)
RUNS_KEPT_FOR = timedelta(days=30)
#: Of those that went well and brought nothing there may be a million a day.
UNEVENTFUL_RUNS_KEPT_FOR = timedelta(days=2)


#: What a stream is read for.
Kind: TypeAlias = Literal["pull", "reconcile", "watch", "backfill"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Reason: TypeAlias = Literal["schedule", "admin", "recovery"]


#: How long a stream without a plan rests.
NEVER = timedelta(days=3650)

#: How far back a first pull goes where a backfill reads the past.
_PRESENT = timedelta(days=1)

#: Seconds. An agency's clock is measured to a second or two; by more than this it was set back.
_SET_BACK = 5.0

#: How much more than the precision of its times an agency may be off by.
_PRECISIONS = 2


# Built once: they are done at every run or page, and building takes longer than sending.
_WHOSE = (stream.c.agency == bindparam("of_agency")) & (stream.c.kind == bindparam("of_kind"))
_TAKE = (
    update(stream)
    .where(_WHOSE)
    .values(lease_epoch=stream.c.lease_epoch + 1)
    .returning(*stream.c, func.clock_timestamp().label("now"))
)
_LEFT = (
    update(run_table)
    .where(
        run_table.c.agency == bindparam("of_agency"),
        run_table.c.kind == bindparam("of_kind"),
        run_table.c.finished_at.is_(None),
    )
    .values(finished_at=func.now(), outcome="lost", message="the worker said nothing more")
)
_SET = update(stream).where(_WHOSE)
_HOLD = select(stream.c.agency).where(_WHOSE).with_for_update()
# As long as nobody else has taken the stream.
_SET_HELD = _SET.where(stream.c.lease_epoch == bindparam("held_epoch"))
_MOVE = _SET_HELD.returning(func.clock_timestamp())
_BEGIN_RUN = insert(run_table).returning(run_table.c.id)
_KEEP_RUN = update(run_table).where(run_table.c.id == bindparam("run_id"))
_CLOSE_RUN = _KEEP_RUN.values(finished_at=func.now())


class Fenced(Exception):
    """Another run has taken the stream over since; this one must write nothing more."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to read one stream's window, as long as nobody takes a newer epoch."""

    agency: str
    kind: Kind
    epoch: int
    window: Window
    position: Position | None
    #: The highest revision seen in the window so far, for agencies that number their changes.
    high_revision: int | None
    #: How many runs before this one failed, one after the other.
    failures_before: int
    #: What its records usually look like.
    shape: Shape
    #: The part of the past that a backfill was asked for; None for all of it.
    range: Window | None = None
    #: What a backfill was at when it was asked for that, and goes on with after it: `window`, `past`, `paused`.
    after: dict[str, Any] | None = None


async def ensure(database: Database, specs: Iterable[AgencySpec], kinds: Sequence[Kind] = ("pull",)) -> None:
    """Make the streams of `kinds` for each agency that has none: due at once, or when their cron line says."""
    now = datetime.now(UTC)
    rows = [
        {"agency": spec.id, "kind": kind, "next_due_at": _first_time(spec, kind, now)}
        for spec in specs
        for kind in kinds
    ]
    if rows:
        async with database.begin() as connection:
            await connection.execute(upsert(stream).values(rows).on_conflict_do_nothing())


async def take(database: Database, run: "RunRecord", spec: AgencySpec) -> Lease:
    """Take the run's stream over from whoever had it, and go on in its window or open the next one.

    The run is in the table from here on, for people to see; one that another left without a word is lost. Raises
    ClockWrong.
    """
    async with database.begin() as connection:
        mine = {"of_agency": run.agency, "of_kind": run.kind}
        row = (await connection.execute(_TAKE, mine)).mappings().one()
        check_clock(row["now"])
        asked_since = asked_until = None
        if row["wanted"]:
            run.reason = "admin"
            since, until = (row["wanted"].get(name) for name in ("since", "until"))
            asked_since = datetime.fromisoformat(since) if since else None
            asked_until = datetime.fromisoformat(until) if until else None
        lost = await connection.execute(_LEFT, mine)
        if lost.rowcount and run.reason == "schedule":
            run.reason = "recovery"
        shape = Shape.from_json(row["shape"])
        # What the spec has learnt since is no longer unknown.
        shape = replace(shape, words=tuple(word for word in shape.words if spec.status_of(word) is None))
        if run.kind == "backfill" and row["window"] and not asked_since:
            run.done, run.total = row["past"].get("rows"), row["past"].get("total")
        lease = (None if asked_since else _go_on(row, shape)) or _open(
            row, spec, shape, run.started_at, asked_since, asked_until
        )
        if run.kind == "backfill" and asked_since and (row["window"] or not row["past"].get("ended")):
            all_of_it = _open(row, spec, shape, run.started_at, None, None)
            left = row["window"] or _window_json(all_of_it)
            lease = replace(lease, after={"window": left, "past": row["past"], "paused": row["wanted"].get("paused")})
        values = {"window": _window_json(lease), "wanted": None}
        if run.kind == "backfill" and run.done is None:
            # So that it is seen to have begun, and what of.
            values["past"] = _past_json(lease, run, back_to=lease.window.until, ended=False)
        await connection.execute(_SET, mine | values)
        run.since, run.until = lease.window.since, lease.window.until
        made = await connection.execute(_BEGIN_RUN, run.columns())
        run.id = made.scalar_one()
    return lease


def _first_time(spec: AgencySpec, kind: Kind, now: datetime) -> datetime:
    plan = spec.plan(kind)
    return next_time(plan, spec, now, chance=chance()) if plan and plan.cron else now


def _open(
    row: RowMapping,
    spec: AgencySpec,
    shape: Shape,
    now: datetime,
    asked_since: datetime | None,
    asked_until: datetime | None,
) -> Lease:
    """The next window: from a little before what is covered, or further back where somebody asked for that, to a
    little before the agency's present."""
    sync = spec.sync or Sync(every_seconds=60)
    held = row["agency"], row["kind"], row["lease_epoch"]
    if row["kind"] != "pull":
        # All there is. What changes after it began is the pull's affair.
        window, range = Window(until=now), None
        if row["kind"] == "backfill":
            # Who asks for a range of one that takes none, or has come to take none since, gets all of it.
            if asked_since and spec.lists_between:
                range = Window(until=min(asked_until or now, now), since=asked_since)
            window = backfill.first_window(window, between=spec.lists_between, range=range)
        return Lease(*held, window, None, None, row["failures_in_a_row"], shape, range)
    late = lateness.quantile(row["lateness"], 0.99)
    looked_back = max(sync.overlap_seconds, _PRECISIONS * spec.precision_seconds, row["last_seconds"], late)
    overlap = min(timedelta(seconds=looked_back), MAX_OVERLAP)
    agency_now = now + timedelta(seconds=row["clock_skew_seconds"])
    since, revision = row["covered_until"], row["covered_revision"]
    if since:
        since -= overlap
    elif spec.lists_since:
        # From where the first try began, so that nothing lies between it and what a backfill reads.
        left = row["window"] and row["window"]["since"]
        since = datetime.fromisoformat(left) if left else now - _PRESENT
    from_revision = max(0, revision - sync.overlap_revisions) if revision is not None else None
    if asked_since and since:
        # Never later than where it would have gone on. Which number a change then had nobody knows.
        since, from_revision = min(since, asked_since), from_revision and 0
    until = agency_now - timedelta(seconds=sync.margin_seconds)
    window = Window(until=until, since=since, since_revision=from_revision)
    return Lease(*held, window, None, revision, row["failures_in_a_row"], shape)


def _go_on(row: RowMapping, shape: Shape) -> Lease | None:
    """The window a killed or refused run left, where it has got somewhere in it."""
    left = row["window"]
    if left is None or (left["position"] is None and row["kind"] != "backfill"):
        return None
    window = Window(
        until=datetime.fromisoformat(left["until"]),
        since=datetime.fromisoformat(left["since"]) if left["since"] else None,
        since_revision=left["since_revision"],
    )
    place = left["position"], left["high_revision"]
    range = None
    if left.get("range"):
        since, until = (datetime.fromisoformat(left["range"][name]) for name in ("since", "until"))
        range = Window(until=until, since=since)
    held = row["agency"], row["kind"], row["lease_epoch"]
    return Lease(*held, window, *place, row["failures_in_a_row"], shape, range, row["past"].get("after"))


def _window_json(lease: Lease) -> dict[str, Any]:
    window = lease.window
    return {
        "until": window.until.isoformat(),
        "since": window.since.isoformat() if window.since else None,
        "since_revision": window.since_revision,
        "position": lease.position,
        "high_revision": lease.high_revision,
    } | ({"range": _range_json(lease.range)} if lease.range else {})


def _range_json(range: Window) -> dict[str, str]:
    assert range.since
    return {"since": range.since.isoformat(), "until": range.until.isoformat()}


def _past_json(lease: Lease, run: "RunRecord", *, back_to: datetime | None, ended: bool) -> dict[str, Any]:
    """How far a backfill is."""
    told: dict[str, Any] = {"rows": run.done or 0, "total": run.total, "ended": ended}
    told["read_back_to"] = back_to.isoformat() if back_to else None
    return told | (_range_json(lease.range) if lease.range else {}) | ({"after": lease.after} if lease.after else {})


async def note_lateness(connection: AsyncConnection, agency: str, happened: Sequence[datetime]) -> None:
    """Note how long after they happened the agency's changes were found: late is what the pull had passed already."""
    pulled = (stream.c.agency == agency) & (stream.c.kind == "pull")
    found = await connection.execute(
        select(stream.c.covered_until, stream.c.lateness)
        .where(pulled, stream.c.covered_until.is_not(None))
        .with_for_update()
    )
    if (row := found.one_or_none()) is not None:
        late = [(row.covered_until - each).total_seconds() for each in happened]
        await connection.execute(update(stream).where(pulled).values(lateness=lateness.noted(row.lateness, late)))


async def advance(connection: AsyncConnection, lease: Lease, page: Page, run: "RunRecord") -> Lease:
    """Note how far the run is, and that `page` is recorded, in the transaction that recorded it; the lease's shape is
    the one with the page. Raises Fenced when overtaken, and ClockWrong.

    A part of a page moves nothing: a run that ends within the page reads all of it again.
    """
    revisions = [item.revision for item in page.observations if item.revision is not None]
    high = max([*revisions, lease.high_revision or 0]) if revisions else lease.high_revision
    further = replace(lease, position=page.next if page.complete else lease.position, high_revision=high)
    values: dict[str, Any] = {"window": _window_json(further), "shape": lease.shape.to_json()}
    ends = page.complete and page.next is None
    if lease.kind == "backfill":
        before = backfill.next_window(lease.window, lease.shape.rows_before, lease.range) if ends else None
        if before:
            values["window"] = _window_json(replace(lease, window=before, position=None))
        elif ends:
            values["window"] = None
        back_to = lease.window.since if ends else lease.window.until
        values["past"] = _past_json(lease, run, back_to=back_to, ended=ends and before is None)
        if ends and before is None and lease.after:
            values |= {"window": lease.after["window"], "past": lease.after["past"]}
            values |= {"paused": True} if lease.after["paused"] else {}
    elif ends:
        values |= {"window": None, "covered_until": lease.window.until, "covered_revision": high}
    moved = await connection.execute(_MOVE, _held(lease) | values)
    if (now := moved.scalar_one_or_none()) is None:
        raise Fenced(lease.agency)
    # It may have been set since the lease was taken, and with it the time at which this page was heard.
    check_clock(now)
    await connection.execute(_KEEP_RUN, run.columns() | {"run_id": run.id})
    return further


def _held(lease: Lease) -> dict[str, Any]:
    """What _SET_HELD needs to find the lease's stream."""
    return {"of_agency": lease.agency, "of_kind": lease.kind, "held_epoch": lease.epoch}


async def forget_position(database: Database, lease: Lease) -> None:
    """Begin the lease's window anew at the next run."""
    async with database.begin() as connection:
        start = _window_json(replace(lease, position=None))
        await connection.execute(_SET_HELD, _held(lease) | {"window": start})


@dataclass(slots=True)
class RunRecord:
    """What one run does, as people read it, while it runs and after."""

    agency: str
    kind: Kind
    started_at: datetime
    reason: Reason = "schedule"
    correlation_id: str | None = None
    id: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    calls: int = 0
    pages: int = 0
    received: int = 0
    added: int = 0
    changed: int = 0
    quarantined: int = 0
    done: int | None = None
    total: int | None = None
    details: dict[str, Any] = field(default_factory=dict)
    outcome: str = "running"
    message: str | None = None
    clock_skew_seconds: float | None = None
    #: Seconds until it is of use to ask again, where the failure says so.
    retry_after: float | None = None
    #: Whether what failed may well succeed if it is simply tried again.
    passing: bool = False

    def become(self, further: "RunRecord") -> None:
        """Be as far as `further`, once what it counts is committed."""
        for each in fields(self):
            setattr(self, each.name, getattr(further, each.name))

    def columns(self) -> dict[str, Any]:
        """As the table `run` holds it."""
        values = {column.name: getattr(self, column.name, None) for column in run_table.c}
        del values["id"], values["finished_at"]
        return values


async def finish(database: Database, run: RunRecord, lease: Lease) -> None:
    """Keep the run's record and what the stream learnt from it; a failed agency is asked again later and later.

    All by the database's clock: nothing checks this machine's once the last page is in.
    """
    async with database.begin() as connection:
        # The stream first, as whoever takes it over has it.
        if run.outcome != "fenced":
            await connection.execute(_HOLD, {"of_agency": run.agency, "of_kind": run.kind})
            await hours.note(connection, run.agency, run.kind, run.outcome, run.received, run.changed)
        if run.outcome == "ok":
            tells_time = run.clock_skew_seconds is not None
            found = {"began": run.started_at} | ({"skew": run.clock_skew_seconds} if tells_time else {})
            await connection.execute(_learnt_well(run.kind, tells_time=tells_time), _held(lease) | found)
        elif values := _learnt(run, lease):
            await connection.execute(_SET_HELD.values(values), _held(lease))
        # Whoever took the stream over has closed it already.
        await connection.execute(_CLOSE_RUN, run.columns() | {"run_id": run.id})


def _learnt(run: RunRecord, lease: Lease) -> dict[str, Any]:
    """What a stream is to know after a run that did not go well; nothing where that says nothing of the agency."""
    if run.outcome in ("fenced", "gave_way"):
        return {}
    if run.outcome == Withheld.kind:
        # The agency was not asked, so it has not failed either.
        later = func.now() + timedelta(seconds=run.retry_after or 0)
        return {"next_due_at": func.greatest(stream.c.next_due_at, later)}
    again = func.now() + min(timedelta(seconds=5) * 2 ** min(lease.failures_before, 10), MAX_BACKOFF)
    # What broke off goes on, however seldom it is begun; a reading of everything that is refused is begun by its
    # plan alone.
    soon = run.kind == "pull" or run.passing
    return {
        "last_failed_at": func.now(),
        "last_failure": run.message,
        "failures_in_a_row": lease.failures_before + 1,
        "next_due_at": again if soon else func.greatest(stream.c.next_due_at, again),
    }


@cache
def _learnt_well(kind: Kind, *, tells_time: bool) -> Update:
    """Notes what a stream is to know after a run that went well: it `began`, and where the agency tells the time, its
    clock is `skew` ahead."""
    values: dict[str, Any] = {
        "last_succeeded_at": func.now(),
        "failures_in_a_row": 0,
        "last_failure": None,
        "last_seconds": func.extract("epoch", func.now() - bindparam("began", type_=DateTime(timezone=True))),
    }
    if tells_time:
        skew = bindparam("skew", type_=Float)
        values |= {"clock_skew_seconds": skew, "covered_until": _covered(skew)}
    if kind == "backfill":
        # Window after window, and then never again by itself.
        more = stream.c.window.is_not(None)
        values["next_due_at"] = case((more, func.now()), else_=func.now() + NEVER)
    return _SET_HELD.values(values)


def _covered(skew: ColumnElement[float]) -> ColumnElement[datetime]:
    """What is covered after a run that found the agency's clock to be `skew` ahead. Where it was set back since the
    run before, what has changed since then lies before what was read."""
    began = stream.c.last_succeeded_at + func.make_interval(0, 0, 0, 0, 0, 0, skew - stream.c.last_seconds)
    set_back = (stream.c.clock_skew_seconds - skew > _SET_BACK) & stream.c.last_succeeded_at.is_not(None)
    return case((set_back, func.least(stream.c.covered_until, began)), else_=stream.c.covered_until)


async def prune_runs(database: Database) -> None:
    """Forget runs that were kept long enough; the latest of each stream stays."""
    brought_nothing = (run_table.c.added == 0) & (run_table.c.quarantined == 0) & (run_table.c.outcome == "ok")
    uneventful = brought_nothing & run_table.c.kind.in_(("pull", "watch"))
    latest = select(func.max(run_table.c.id)).group_by(run_table.c.agency, run_table.c.kind)
    async with database.begin() as connection:
        await hours.prune(connection)
        await connection.execute(
            delete(run_table).where(
                (run_table.c.started_at < func.now() - RUNS_KEPT_FOR)
                | (uneventful & (run_table.c.started_at < func.now() - UNEVENTFUL_RUNS_KEPT_FOR)),
                run_table.c.id.not_in(latest),
            )
        )
