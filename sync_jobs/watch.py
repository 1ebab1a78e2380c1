"""The watch job: looks up the dossiers whose change is most likely to be seen, within its share of the budget."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from contracts.adapter import AgencyAdapter, Capability, Page, Priority
from contracts.agency import AgencySpec
from contracts.errors import AgencyFailure, Malformed, NotFound, Rejected
from contracts.observation import Reading
from hub import quarantine
from hub.db import ClockWrong, Database
from hub.index.record import record
from hub.log import correlation_id
from hub.streams import store as streams
from hub.streams.store import Fenced, Lease, RunRecord
from hub.telemetry import OBSERVATIONS, RUNS
from hub.vault import Vault
from hub.watch import policy, store
from hub.watch.policy import Candidate
from hub.watch.rates import Rates
from sync_jobs.reading import say_once

log = structlog.get_logger()

#: Where so many dossiers in a row get no proper answer, it is not about the dossiers.
_ODD_IN_A_ROW = 3


async def watch(database: Database, adapter: AgencyAdapter, vault: Vault, *, seconds: float) -> RunRecord | None:
    """One run with the look-ups of `seconds`, which is also how long it goes on.

    Returns None, and leaves no record, where nothing is worth a look-up now. Never raises for what the agency
    does: that is in the run's record. Raises ClockWrong.
    """
    if Capability.LOOKUP not in adapter.capabilities:
        return None
    spec, started_at = adapter.spec, datetime.now(UTC)
    assert spec.system is not None, "look-ups ask a system"
    per_second = policy.per_second(spec.system.budget)
    if not policy.calls_between(per_second, started_at.timestamp() - seconds, started_at.timestamp()):
        return None
    rates, chosen = await _choose(database, spec, per_second, started_at, seconds)
    if not chosen:
        return None
    run = RunRecord(spec.id, "watch", started_at, correlation_id=correlation_id(), done=0, total=len(chosen))
    lease = await streams.take(database, run, spec)
    try:
        await _Round(database, adapter, vault, rates, run, lease).look_up(chosen, seconds)
        run.outcome = "ok"
    except AgencyFailure as failure:
        run.outcome, run.message = failure.kind, failure.message
        run.retry_after, run.passing = getattr(failure, "retry_after", None), failure.passing
    except Fenced:
        run.outcome, run.message = "fenced", "another run has taken over"
    except ClockWrong:
        raise
    except Exception as error:
        run.outcome, run.message, run.passing = "error", f"the hub failed: {type(error).__name__}", True
        log.exception("watch.run_failed", agency=run.agency)
    await store.keep_learnt(database, spec.id, rates, now=started_at)
    await streams.finish(database, run, lease)
    RUNS.labels(run.agency, run.outcome).inc()
    say_once(run, lease, spec)
    log.info("watch.run", agency=run.agency, outcome=run.outcome, calls=run.calls, changed=run.changed)
    return run


async def _choose(
    database: Database, spec: AgencySpec, per_second: float, now: datetime, seconds: float
) -> tuple[Rates, Sequence[Candidate]]:
    """Whom to ask about, and the rates that said so."""
    offset = now.astimezone(ZoneInfo(spec.time_zone)).utcoffset() or timedelta()
    rates, learnt_at = await store.learnt(database, spec.id, offset=offset, now=now)
    ready = await store.candidates(database, spec.id, known_before=now - timedelta(seconds=policy.AT_REST))

    def choose() -> list[Candidate]:
        end = now.timestamp()
        policy.learn_looks(ready, rates, since=learnt_at.timestamp(), now=end)
        return policy.choose(ready, rates, per_second=per_second, since=end - seconds, now=end)

    # Off the event loop: an agency with ten thousand open dossiers takes a tenth of a second.
    return rates, await asyncio.to_thread(choose)


@dataclass(slots=True)
class _Round:
    """The look-ups of one run: one after the other, each committed with what it said."""

    database: Database
    adapter: AgencyAdapter
    vault: Vault
    rates: Rates
    run: RunRecord
    lease: Lease

    async def look_up(self, chosen: Sequence[Candidate], seconds: float) -> None:
        """Ask about the `chosen` for as long as `seconds`. What there is no time for is chosen anew."""
        loop, run = asyncio.get_running_loop(), self.run
        ends, odd = loop.time() + seconds, 0
        for candidate in chosen:
            if loop.time() > ends:
                return
            asked_at = datetime.now(UTC)
            run.calls += 1
            try:
                reading, odd = await self.adapter.lookup(candidate.code, priority=Priority.INCREMENTAL), 0
            except NotFound:
                # Of one it had. Only a reading of all that the agency has can tell that a dossier is gone.
                reading, odd = Reading(), 0
                self._count("absent")
            except (Malformed, Rejected):
                # It may be this dossier alone, which must not keep the others from their turn.
                reading, odd = Reading(), odd + 1
                self._count("odd")
                if odd == _ODD_IN_A_ROW:
                    raise
            await self._take_in(candidate, reading, asked_at)

    async def _take_in(self, candidate: Candidate, reading: Reading, asked_at: datetime) -> None:
        run = self.run
        async with self.database.begin() as connection:
            recorded = await record(connection, reading.observations, self.vault, correlation_id=run.correlation_id)
            kept = await quarantine.keep(connection, reading.unusable, self.vault, correlation_id=run.correlation_id)
            await store.note_check(connection, candidate.id, at=asked_at)
            run.received += len(reading.observations)
            run.added += recorded.added
            run.changed += recorded.changed
            run.quarantined += kept
            run.done = (run.done or 0) + 1
            # It covers nothing of the agency's changes; the stream is only asked whether it is still ours.
            self.lease = await streams.advance(connection, self.lease, Page((), (), None, complete=False), run)
        OBSERVATIONS.labels(run.agency).inc(recorded.added)
        if reading.observations:
            said = reading.observations[0]
            policy.learn_check(
                candidate,
                self.rates,
                now=asked_at.timestamp(),
                # Details that it never told before are no sign of life.
                changed=said.facts.status is not None and said.facts.status.number != candidate.status,
                changed_at=said.occurred_at.timestamp() if said.occurred_at else None,
            )

    def _count(self, what: str) -> None:
        self.run.details[what] = self.run.details.get(what, 0) + 1
