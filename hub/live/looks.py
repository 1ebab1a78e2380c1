"""Looks at dossiers where they are: begun for somebody who waits, gone on with when they no longer do."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Self

import structlog
from sqlalchemy import select

from contracts.adapter import AgencyAdapter, Capability, Priority
from contracts.codes import code_key
from contracts.dossier import StaleReason
from contracts.errors import AgencyFailure, NotFound, Throttled, Why, Withheld
from contracts.observation import Reading
from hub import quarantine
from hub.db import Database
from hub.index.record import record
from hub.index.tables import dossier
from hub.live import claims
from hub.live.claims import Outcome
from hub.log import correlation_id
from hub.registry import Registry
from hub.vault import Vault
from hub.watch.store import note_check

log = structlog.get_logger()

#: So many looks at one agency's dossiers may be under way in this process, or wait for their turn at the gate.
_MOST_PER_AGENCY = 32

#: From a question to its answer, whatever the agencies do.
DEADLINE_SECONDS = 2.0

#: For so long nobody waits for an agency that has kept somebody waiting in vain, unless it answers in time.
_DISTRUST_SECONDS = 10.0

#: It has kept somebody waiting in vain when it has had the question for so long. Before that it may be us who are slow.
_PATIENCE_SECONDS = 0.5

#: Between two glances at a look that another process makes.
_GLANCE_SECONDS = 0.1

#: So many at once claim or record. More would end no sooner, and keep the event loop from those whose time is up.
_AT_ONCE = 4

#: What is under way when the hub stops may go on for so long.
_STOP_SECONDS = 2.0

_WITHHELD: dict[Why, StaleReason] = {
    "spent": "budget_spent",
    "closed": "agency_closed",
    "failing": "agency_failing",
    "hub": "cannot_be_asked",
}

Look = asyncio.Task[Outcome]


class Looks:
    """The looks of this process. `async with` it: in the end nothing is left running."""

    def __init__(self, database: Database, registry: Registry, vault: Vault) -> None:
        self._database, self._registry, self._vault = database, registry, vault
        self._under_way: dict[tuple[str, str], Look] = {}
        self._per_agency: Counter[str] = Counter()
        self._hands = asyncio.Semaphore(_AT_ONCE)
        #: Since when the agency has had the question, for looks that are so far.
        self._asking: dict[Look, float] = {}
        self._distrusted_until: dict[str, float] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if looks := list(self._under_way.values()):
            late = (await asyncio.wait(looks, timeout=_STOP_SECONDS))[1]
            for look in late:
                look.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def begin(
        self, agency: str, code: str, *, max_age: timedelta, dossier_id: int | None, priority: Priority
    ) -> Look | StaleReason:
        """Have the agency asked about the dossier, unless somebody is asking or has just been answered. Gives what to
        wait for, or why there is nothing to wait for. `dossier_id` is None for a dossier that the index does not know.
        """
        adapter = self._registry.adapter(agency)
        if adapter is None or Capability.LOOKUP not in adapter.capabilities:
            return "cannot_be_asked"
        key = (agency, code_key(code))
        if (look := self._under_way.get(key)) is not None:
            return look
        if self._per_agency[agency] >= _MOST_PER_AGENCY:
            return "agency_slow"
        self._per_agency[agency] += 1
        look = asyncio.create_task(self._look(adapter, code, max_age, dossier_id, priority), name=f"look {agency}")
        self._under_way[key] = look

        def ended(look: Look) -> None:
            del self._under_way[key]
            self._per_agency[agency] -= 1
            self._asking.pop(look, None)

        look.add_done_callback(ended)
        return look

    async def wait(self, looks: Mapping[str, Look], agencies: Mapping[str, str], until: float) -> dict[str, Outcome]:
        """How each look ended, by its name: `agency_slow` for those that have not by `until`, in the event loop's time.

        They go on. An agency that has just kept others waiting in vain is not waited for; its looks are made all the
        same, and once one of them ends in time the agency is waited for again.
        """
        loop = asyncio.get_running_loop()
        trusted = {look for name, look in looks.items() if self._distrusted_until.get(agencies[name], 0) <= loop.time()}
        if trusted:
            await asyncio.wait(trusted, timeout=max(0.0, until - loop.time()))
        outcomes: dict[str, Outcome] = {}
        for name, look in looks.items():
            if look.done() and not look.cancelled():
                outcomes[name] = look.result()
            else:
                outcomes[name] = Outcome("agency_slow")
                asked = self._asking.get(look)
                if asked is not None and loop.time() - asked > _PATIENCE_SECONDS:
                    self._distrusted_until[agencies[name]] = loop.time() + _DISTRUST_SECONDS
        return outcomes

    async def _look(
        self, adapter: AgencyAdapter, code: str, max_age: timedelta, dossier_id: int | None, priority: Priority
    ) -> Outcome:
        """Never fails."""
        agency, key = adapter.spec.id, code_key(code)
        try:
            async with self._hands:
                is_ours = await claims.claim(self._database, agency, key, max_age)
            if not is_ours:
                while (outcome := await claims.outcome_elsewhere(self._database, agency, key)) is None:
                    await asyncio.sleep(_GLANCE_SECONDS)
                return outcome
            return await self._ask(adapter, code, dossier_id, priority)
        except Exception:
            log.exception("live.look_failed", agency=agency)
            return Outcome("cannot_be_asked")

    async def _ask(self, adapter: AgencyAdapter, code: str, dossier_id: int | None, priority: Priority) -> Outcome:
        agency, asked_at = adapter.spec.id, datetime.now(UTC)
        began = asyncio.get_running_loop().time()
        if (look := asyncio.current_task()) is not None:
            self._asking[look] = began
        reading = Reading()
        try:
            reading = await adapter.lookup(code, priority=priority)
            outcome = Outcome("answered", asked_at)
        except NotFound:
            # Of one we know, too. Only a reading of all that the agency has can tell that a dossier is gone.
            outcome = Outcome("none", asked_at)
        except Withheld as failure:
            outcome = Outcome(_WITHHELD[failure.why])
        except Throttled:
            outcome = Outcome("budget_spent")
        except AgencyFailure:
            outcome = Outcome("agency_failing")
        if asyncio.get_running_loop().time() - began < DEADLINE_SECONDS:
            self._distrusted_until.pop(agency, None)
        async with self._hands, self._database.begin() as connection:
            await record(connection, reading.observations, self._vault, correlation_id=correlation_id())
            await quarantine.keep(connection, reading.unusable, self._vault, correlation_id=correlation_id())
            if outcome.asked_at:
                ids = [dossier_id] if dossier_id is not None else []
                if not ids and (keys := {code_key(said.code) for said in reading.observations}):
                    named = select(dossier.c.id).where(dossier.c.agency == agency, dossier.c.code_key.in_(keys))
                    ids = list((await connection.execute(named)).scalars())
                for each in ids:
                    await note_check(connection, each, at=asked_at)
            await claims.release(connection, agency, code_key(code), outcome.ended, asked_at)
        return outcome
