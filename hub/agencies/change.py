"""Carries out a plan, or says what it would do: the same decisions, with or without the writing.

Each dossier moves by an observation, through `record`, with the history that says so. A run that was cut off is simply
begun again: whatever a plan has moved once it does not move again.
"""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import asyncpg
import orjson
import structlog
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from contracts.agency_change import Succession
from contracts.codes import names_its_unit
from contracts.observation import Channel, Facts, Observation
from contracts.status import DossierStatus
from hub.access.audit import note
from hub.agencies.plan import Candidate, Plan, PlanMistake, Stays, decide, mistakes, starts_at
from hub.agencies.tables import agency_change
from hub.db import Database
from hub.index.record import record
from hub.index.succession import Clash
from hub.registry import Registry
from hub.vault import Vault

log = structlog.get_logger()

#: Dossiers in one transaction.
_BATCH = 200
#: Codes told one by one; of more only how many.
_TOLD = 20

# One pass, in a cursor: what this very run moves it still sees as it was.
_CANDIDATES = """
    SELECT d.id, d.agency, coalesce(d.former_agencies[1], d.agency) AS first, d.code, d.code_key, d.status,
           d.procedure_code, d.received_at, d.gone_at IS NOT NULL AS gone,
           d.former_agencies IS NOT NULL AND EXISTS (
               SELECT FROM observation o
                WHERE o.dossier_id = d.id AND o.channel = 'succession' AND o.facts ->> 'moved_under' = $2
           ) AS moved_before,
           EXISTS (
               SELECT FROM dossier t WHERE t.code_key = d.code_key AND t.id <> d.id AND t.agency = ANY($1::text[])
           ) AS has_twin
      FROM dossier d
     WHERE d.agency = ANY($1::text[]) AND d.moment_rank IS NOT NULL
     ORDER BY d.id
"""

_MOVED = """
    SELECT DISTINCT d.code_key, o.facts ->> 'moved_to' AS moved_to
      FROM dossier_alias a
      JOIN dossier d ON d.id = a.dossier_id
      JOIN observation o ON o.dossier_id = a.dossier_id
     WHERE a.agency = ANY($1::text[]) AND o.channel = 'succession' AND o.facts ->> 'moved_under' = $2
"""

# What the successors have already under these codes.
_THERE = """
    SELECT n.id, t.former_agencies IS NULL AS can_be_joined
      FROM unnest($1::bigint[], $2::text[], $3::text[]) AS n (id, agency, code_key)
      JOIN dossier t ON (t.agency, t.code_key) = (n.agency, n.code_key)
"""


class NotNow(Exception):
    """The plan cannot be applied; one sentence."""


@dataclass(slots=True)
class Part:
    """What one change of the plan does, or did."""

    kind: str
    predecessors: tuple[str, ...]
    successors: tuple[str, ...]
    #: By successor: moved by an earlier run of this plan, and by this one.
    moved_before: Counter[str] = field(default_factory=Counter)
    moves: Counter[str] = field(default_factory=Counter)
    #: Of the moves, those where the successor had told of the same dossier.
    joins: int = 0
    #: By reason.
    stays: Counter[str] = field(default_factory=Counter)
    #: Codes that another dossier has, which may or may not be the same: somebody must look.
    clashes: list[str] = field(default_factory=list)
    #: Lines of lists that name no dossier of the predecessors.
    not_found: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Report:
    plan: str
    effective: str
    reason: str
    applied: bool
    parts: list[Part] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Move:
    dossier: Candidate
    to: str


class AgencyChanges:
    def __init__(self, database: Database, registry: Registry, vault: Vault) -> None:
        self._database, self._registry, self._vault = database, registry, vault

    async def rehearse(self, plan: Plan) -> Report:
        """What `apply` would do now. Changes nothing. Raises PlanMistake."""
        self._check(plan)
        return await self._run(plan, None)

    async def apply(self, plan: Plan, *, actor: str) -> Report:
        """Move the dossiers. Raises PlanMistake, and NotNow before its day or for another plan of that id."""
        self._check(plan)
        if datetime.now(UTC) < starts_at(plan.spec.effective):
            raise NotNow(f"the plan takes effect on {plan.spec.effective}; until then it can be rehearsed")
        decided_at = await self._begin(plan, actor)
        report = await self._run(plan, decided_at)
        moved = sum(sum(part.moves.values()) for part in report.parts)
        async with self._database.begin() as connection:
            await connection.execute(
                update(agency_change).where(agency_change.c.id == plan.spec.id).values(finished_at=func.now())
            )
            await note(connection, actor=actor, action="agencies.changed", target=plan.spec.id, detail={"moved": moved})
        log.info("agencies.changed", plan=plan.spec.id, moved=moved)
        return report

    def _check(self, plan: Plan) -> None:
        if wrong := list(mistakes(plan, {spec.id: spec for spec in self._registry})):
            raise PlanMistake("; ".join(wrong))

    async def _begin(self, plan: Plan, actor: str) -> datetime:
        """When the plan was decided: at its first application."""
        content = plan.as_json()
        async with self._database.begin() as connection:
            begun = await connection.execute(
                insert(agency_change)
                .values(id=plan.spec.id, plan=content)
                .on_conflict_do_nothing()
                .returning(agency_change.c.decided_at)
            )
            decided_at: datetime | None = begun.scalar()
            if decided_at is not None:
                await note(connection, actor=actor, action="agencies.change_began", target=plan.spec.id)
                return decided_at
            row = (await connection.execute(select(agency_change).where(agency_change.c.id == plan.spec.id))).one()
        if row.plan != orjson.loads(orjson.dumps(content)):
            raise NotNow(f"{plan.spec.id} was applied before as another plan; give this one an id of its own")
        first_decided_at: datetime = row.decided_at
        return first_decided_at

    async def _run(self, plan: Plan, decided_at: datetime | None) -> Report:
        spec = plan.spec
        report = Report(spec.id, spec.effective.isoformat(), spec.reason, applied=decided_at is not None)
        for change in spec.changes:
            successors = plan.successors(change)
            part = Part(change.kind(len(successors)), change.predecessors, tuple(successors))
            report.parts.append(part)
            listed = {key: each for rule in change.rules if rule.list for key, each in plan.lists[rule.list].items()}
            async with self._database.reads.acquire() as reads, reads.transaction(isolation="repeatable_read"):
                for row in await reads.fetch(_MOVED, change.predecessors, spec.id):
                    part.moved_before[row["moved_to"]] += 1
                    listed.pop(row["code_key"], None)
                async for batch in _batches(reads, change, spec.id):
                    moves = self._decide(plan, change, batch, part)
                    for row in batch:
                        listed.pop(row["code_key"], None)
                    await self._move(plan, moves, decided_at, part)
            part.not_found = [f"{each.file}, line {each.line}: {each.code}" for each in listed.values()]
        return report

    def _decide(self, plan: Plan, change: Succession, rows: Sequence[asyncpg.Record], part: Part) -> list[Move]:
        moves = []
        for row in rows:
            if row["moved_before"]:
                # It was moved back since, by another plan, which is the later decision.
                continue
            dossier = _candidate(row)
            decision = decide(plan, change, dossier)
            if isinstance(decision, Stays):
                part.stays[decision.reason] += 1
            elif row["has_twin"]:
                part.clashes.append(dossier.code)
            else:
                moves.append(Move(dossier, decision))
        return moves

    async def _move(self, plan: Plan, moves: Sequence[Move], decided_at: datetime | None, part: Part) -> None:
        """Move them, or count them. What the successor has already is joined where it is surely the same."""
        if not moves:
            return
        there = await self._database.reads.fetch(
            _THERE,
            [move.dossier.id for move in moves],
            [move.to for move in moves],
            [move.dossier.code_key for move in moves],
        )
        joined = {row["id"] for row in there if row["can_be_joined"]}
        clashing = {row["id"] for row in there} - joined
        for move in moves:
            if move.dossier.id in joined and not names_its_unit(move.dossier.code):
                clashing.add(move.dossier.id)
        moving = [move for move in moves if move.dossier.id not in clashing]
        if decided_at is not None and moving:
            moving = await self._record(plan, moving, decided_at)
        part.moves.update(move.to for move in moving)
        part.joins += sum(move.dossier.id in joined for move in moving)
        moved = {move.dossier.id for move in moving}
        part.clashes += [move.dossier.code for move in moves if move.dossier.id not in moved]

    async def _record(self, plan: Plan, moves: Sequence[Move], decided_at: datetime) -> list[Move]:
        """Those that were moved."""
        try:
            async with self._database.begin() as connection:
                await record(
                    connection,
                    [_observation(plan, move, decided_at) for move in moves],
                    self._vault,
                    correlation_id=f"plan-{plan.spec.id}",
                )
            return list(moves)
        except (Clash, asyncpg.UniqueViolationError, asyncpg.DeadlockDetectedError):
            # Somebody spoke of one of them in this very moment. Each for itself, then.
            if len(moves) == 1:
                return []
        return [moved for move in moves for moved in await self._record(plan, [move], decided_at)]


async def _batches(
    reads: "asyncpg.Connection[asyncpg.Record]", change: Succession, plan: str
) -> AsyncIterator[list[asyncpg.Record]]:
    cursor = await reads.cursor(_CANDIDATES, change.predecessors, plan)
    while batch := await cursor.fetch(_BATCH):
        yield batch


def _candidate(row: asyncpg.Record) -> Candidate:
    return Candidate(
        id=row["id"],
        first=row["first"],
        code=row["code"],
        code_key=row["code_key"],
        status=DossierStatus.numbered(row["status"]),
        procedure=row["procedure_code"],
        received_at=row["received_at"],
        gone=row["gone"],
    )


def _observation(plan: Plan, move: Move, decided_at: datetime) -> Observation:
    """By the name it had first, so that it is the same however often it has moved."""
    return Observation(
        agency=move.dossier.first,
        code=move.dossier.code,
        occurred_at=starts_at(plan.spec.effective),
        facts=Facts(moved_to=move.to, moved_under=plan.spec.id),
        observed_at=decided_at,
        channel=Channel.SUCCESSION,
    )


def as_text(report: Report) -> str:
    """For people, as Markdown."""
    did = "moved" if report.applied else "would move"
    lines = [f"# {report.plan}", "", f"In force from {report.effective}: {report.reason}.", ""]
    lines.append("Applied." if report.applied else "A rehearsal: nothing was changed.")
    for part in report.parts:
        lines += ["", f"## {part.kind}: {', '.join(part.predecessors)} → {', '.join(part.successors)}", ""]
        lines += ["| successor | had moved | " + did + " |", "|---|---:|---:|"]
        lines += [f"| {each} | {part.moved_before[each]} | {part.moves[each]} |" for each in part.successors]
        lines.append(f"| **all** | {sum(part.moved_before.values())} | {sum(part.moves.values())} |")
        notes = [f"- {count} stay: {reason}." for reason, count in sorted(part.stays.items())]
        if part.joins:
            notes.append(f"- {part.joins} that {did}: joined with what their successors had told of the same dossiers.")
        notes += _some("another dossier has the code; somebody must look", part.clashes)
        notes += _some("on a list, and no dossier of the predecessors", part.not_found)
        lines += ["", *notes] if notes else []
    return "\n".join(lines) + "\n"


def _some(what: str, codes: Sequence[str]) -> list[str]:
    if not codes:
        return []
    more = f" and {len(codes) - _TOLD} more" if len(codes) > _TOLD else ""
    return [f"- {len(codes)}: {what}: {', '.join(codes[:_TOLD])}{more}."]
