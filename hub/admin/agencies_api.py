"""/v1/admin/agencies, /v1/admin/quarantine: how agencies fare, their streams and specs, what is not understood."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from contracts.admin import (
    AdminAgencies,
    AdminAgency,
    AgencyFigures,
    Closed,
    Closing,
    Deed,
    Deeds,
    HealthHour,
    Order,
    Past,
    Quarantine,
    QuarantineGroup,
    Run,
    Runs,
    Stream,
    StreamKind,
)
from contracts.agency import AgencySpec
from contracts.observation import AgencyId
from hub.access.audit import concerning
from hub.access.keys import ApiKeys
from hub.access.scopes import Caller, Scope
from hub.admin.api import PATH, actor, allowed, as_utc, kept_by_nobody, known
from hub.admin.overview import AgencyRow, agency_rows
from hub.db import Database
from hub.moments import Moment
from hub.problems import ProblemError, ProblemType, responses, wrong
from hub.quarantine.closing import NotOpen, close_all
from hub.quarantine.groups import group, groups, numbers
from hub.registry import Registry
from hub.specs.parts import SpecParts
from hub.specs.specs import Version
from hub.streams.backfill import share_read
from hub.sync import orders
from hub.sync.status import StreamStatus, runs, statuses

_Agency = Annotated[AgencyId, Path(description="Its id, such as so-tnmt.")]
_LongNumber = Annotated[int, Path(ge=1, lt=2**63)]


class PastToRead(BaseModel):
    """What an agency changed between two times."""

    model_config = ConfigDict(extra="forbid")

    since: Moment
    until: Moment | None = Field(default=None, description="Up to now where it is left out.")


def router(database: Database, registry: Registry, keys: ApiKeys, parts: SpecParts) -> APIRouter:
    routes = APIRouter(prefix=PATH, tags=["admin"], dependencies=[Depends(kept_by_nobody)])
    specs, follower = parts.specs, parts.follower
    looks, operates = allowed(keys, Scope.ADMIN_LOOK), allowed(keys, Scope.ADMIN_OPERATE)
    missing = known(ProblemType.MALFORMED_REQUEST, ProblemType.ADMIN_NOT_FOUND)
    large = responses(ProblemType.BODY_TOO_LARGE)

    def the_agency(agency: str) -> AgencySpec:
        if (spec := registry.spec(agency)) is None:
            raise _none(f"There is no agency {agency}.")
        return spec

    @routes.get("/agencies", summary="All agencies, and how they fare", responses=known())
    async def all_agencies(caller: Caller = looks) -> AdminAgencies:
        async with database.reads.acquire() as connection:
            found = await statuses(connection)
        at_work, rows = await specs.at_work(), await agency_rows(database, registry, only=caller.agencies)
        mine = [spec for spec in registry if caller.agencies is None or spec.id in caller.agencies]
        return AdminAgencies(items=[told(spec, at_work.get(spec.id), found, rows.get(spec.id)) for spec in mine])

    @routes.get("/agencies/{agency}", summary="One agency, and how it fares", responses=missing)
    async def one_agency(agency: _Agency, caller: Caller = looks) -> AdminAgency:
        spec = the_agency(agency)
        async with database.reads.acquire() as connection:
            found = await statuses(connection, agency)
        rows = await agency_rows(database, registry, only=[agency])
        return told(spec, await specs.current(agency), found, rows.get(agency))

    def told(
        spec: AgencySpec, version: Version | None, found: list[StreamStatus], row: AgencyRow | None
    ) -> AdminAgency:
        return AdminAgency(
            id=spec.id,
            identifier=spec.identifier,
            name_vi=spec.name.vi,
            name_en=spec.name.en,
            enabled=spec.enabled,
            health=row.health if row else "off",
            version=version.version if version else None,
            unusable="; ".join(follower.unusable.get(spec.id, ())) or None,
            figures=_figures(row) if row else None,
            streams=[_stream(each) for each in found if each.agency == spec.id],
        )

    @routes.get("/agencies/{agency}/runs", summary="An agency's latest runs", responses=missing)
    async def latest_runs(
        agency: _Agency, caller: Caller = looks, limit: Annotated[int, Query(ge=1, le=200)] = 20
    ) -> Runs:
        the_agency(agency)
        async with database.reads.acquire() as connection:
            return Runs(items=[Run.model_validate(each) for each in await runs(connection, agency, limit=limit)])

    @routes.get("/agencies/{agency}/history", summary="Who did what to an agency", responses=missing)
    async def history(
        agency: _Agency, caller: Caller = looks, limit: Annotated[int, Query(ge=1, le=200)] = 20
    ) -> Deeds:
        """The latest first: orders, published specs, replays, silences. In full it is in the audit."""
        the_agency(agency)
        found = await concerning(database, [agency], most=limit)
        return Deeds(
            items=[
                Deed(at=each.at, actor=each.actor, action=each.action, target=each.target or agency) for each in found
            ]
        )

    @routes.post(
        "/agencies/{agency}/streams/{kind}/{order}",
        status_code=204,
        summary="Have an agency read now, pause it, or go on",
        responses=missing,
    )
    async def give_order(agency: _Agency, kind: StreamKind, order: Order, caller: Caller = operates) -> None:
        give = {"run": orders.want, "pause": orders.pause, "resume": orders.resume}[order]
        try:
            await give(database, agency, kind, actor=actor(caller))
        except orders.NoSuchStream as error:
            raise _none(str(error)) from None

    @routes.post(
        "/agencies/{agency}/backfill",
        status_code=204,
        summary="Read again what an agency changed between two times",
        responses=known(
            ProblemType.MALFORMED_REQUEST,
            ProblemType.ADMIN_NOT_FOUND,
            ProblemType.UNDER_WAY,
            ProblemType.BODY_TOO_LARGE,
        ),
    )
    async def read_past(agency: _Agency, wanted: PastToRead, caller: Caller = operates) -> None:
        """The newest first, below all other traffic, and before what else of the past is being read, which goes on
        after it. How far it is, the agency's streams tell (`past`). All of the
        past is read by the order `run` to the stream `backfill`."""
        spec = the_agency(agency)
        since, until = as_utc(wanted.since, "/since"), as_utc(wanted.until, "/until")
        assert since
        try:
            await orders.backfill(database, spec, since=since, until=until, actor=actor(caller))
        except orders.RangeWrong as error:
            raise wrong(f"/{error.field}", "cannot be read", str(error)) from None
        except orders.UnderWay as error:
            raise ProblemError(ProblemType.UNDER_WAY, f"{str(error)[0].upper()}{str(error)[1:]}.") from None
        except orders.NoSuchStream as error:
            raise _none(str(error)) from None

    # --- the quarantine ---------------------------------------------------------------------------

    @routes.get("/quarantine", summary="What is not understood, by its causes", responses=known())
    async def quarantine(caller: Caller = looks) -> Quarantine:
        return Quarantine(items=[QuarantineGroup(**asdict(each)) for each in await groups(database, caller.agencies)])

    @routes.post(
        "/agencies/{agency}/quarantine/{number}/close", summary="Close a cause, unread", responses=missing | large
    )
    async def close(agency: _Agency, number: _LongNumber, wanted: Closing, caller: Caller = operates) -> Closed:
        """Of what no spec can mend. Said again by the agency, it is back."""
        try:
            found = await group(database, agency, number)
        except NotOpen as error:
            raise _none(str(error)) from None
        these = await numbers(database, found)
        return Closed(records=await close_all(database, agency, these, why=wanted.why, actor=actor(caller)))

    return routes


def _none(sentence: str) -> ProblemError:
    return ProblemError(ProblemType.ADMIN_NOT_FOUND, sentence)


def _figures(row: AgencyRow) -> AgencyFigures:
    gate, compared = row.gate, row.compared
    return AgencyFigures(
        last_succeeded_at=row.stream["last_succeeded_at"] if row.stream else None,
        lag_seconds=row.lag.total_seconds() if row.lag is not None else None,
        calls_today=gate.calls_today if gate else 0,
        calls_day=gate.day if gate else None,
        calls_per_day=row.per_day,
        quarantined=row.quarantined,
        compared_at=compared.at if compared else None,
        drift_percent=compared.percent if compared else None,
        hours=[HealthHour.model_validate({"hour": each.hour, "state": each.css}) for each in row.strip.bars],
    )


def _stream(status: StreamStatus) -> Stream:
    shown = {name: getattr(status, name) for name in Stream.model_fields if name not in ("run", "past")}
    past = _past(status.past) if status.past.get("rows") is not None else None
    return Stream(**shown, past=past, run=Run.model_validate(status.run) if status.run else None)


def _past(told: dict[str, Any]) -> Past:
    # One that began before ranges were told of has none of them.
    known = dict.fromkeys(("since", "until", "read_back_to")) | told | {"share": share_read(told)}
    return Past.model_validate(known | {"after": _past(told["after"]) if told.get("after") else None})
