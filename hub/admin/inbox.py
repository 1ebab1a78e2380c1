"""What agencies have pushed, on pages: found by filters, shown masked or for a reason in full, and read once more."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup

from contracts.deliveries import DeliveryDetail, DeliveryState, RefusedCall
from contracts.status import DossierStatus
from hub.access.audit import note
from hub.access.scopes import Scope
from hub.admin.calls import moment_typed
from hub.admin.desk import PATH, Desk, Visitor, number_told
from hub.calls.masking import masked, of_delivery
from hub.calls.opened import opened
from hub.calls.search import LONGEST_WHY, SHORTEST_WHY
from hub.db import Database
from hub.developers.calls import set_out
from hub.developers.texts import REFUSALS, STATES
from hub.intake.deliveries import Deliveries
from hub.intake.inbox import Inbox
from hub.intake.replay import Chosen, Replayed, replay
from hub.portal.look import as_written
from hub.portal.texts import Lang
from hub.registry import Registry

_SHOWN = 50
_REFUSED = 10
#: So many are read again by one click; who has more uses the command, which takes as long as it takes.
_AT_ONCE = 500


def add(desk: Desk, database: Database, deliveries: Deliveries, intake: Inbox, registry: Registry) -> None:
    """Add them to the admin's routes."""

    def pushing(visitor: Visitor) -> list[Any]:
        mine = visitor.caller.agencies
        return [spec for spec in registry if spec.enabled and spec.webhook and (mine is None or spec.id in mine)]

    async def listed(
        visitor: Visitor, agency: str, state: str, since: str, status: int = 200, **context: Any
    ) -> Response:
        before = number_told(visitor.request.query_params.get("before", ""))
        try:
            moment = moment_typed(since)
        except ValueError:
            moment, status = None, 422
        found = []
        if agency and status != 422:
            states = [state] if state else None
            found = await deliveries.latest([agency], states=states, since=moment, before=before, most=_SHOWN + 1)
        return desk.page(
            visitor.request,
            "inbox.html",
            status,
            at=f"{PATH}/inbox",
            caller=visitor.caller,
            agencies=pushing(visitor),
            agency=agency,
            state=state,
            since=since,
            wrong=status == 422,
            found=found[:_SHOWN],
            older=found[_SHOWN - 1].number if len(found) > _SHOWN else None,
            refused=await last_refused(agency) if agency and before is None else [],
            **_words(desk.lang(visitor.request)),
            **{"may_operate": visitor.caller.may(Scope.ADMIN_OPERATE), "replayed": None, "tried": False, **context},
        )

    async def last_refused(agency: str) -> list[tuple[RefusedCall, Markup]]:
        """Each with its headers and its body, masked: who sent it may have proved nothing."""
        found = await deliveries.refused([agency], most=_REFUSED)
        shows = of_delivery(registry.spec(agency))
        return await asyncio.to_thread(
            lambda: [(each.call, _as_sent(each.call.headers, masked(each.body, shows))) for each in found]
        )

    @desk.get("/inbox", Scope.ADMIN_LOOK)
    async def latest(visitor: Visitor) -> Response:
        given = visitor.request.query_params
        mine = [spec.id for spec in pushing(visitor)]
        agency = given.get("agency", "")
        if agency not in mine:
            agency = mine[0] if mine else ""
        return await listed(visitor, agency, _state(given.get("state", "")), given.get("since", "")[:40])

    @desk.post("/agencies/{agency}/inbox/replay", Scope.ADMIN_OPERATE, of_agency=True)
    async def again_by_filter(visitor: Visitor) -> Response:
        agency = visitor.request.path_params["agency"]
        state, since = _state(visitor.fields.get("state", "")), visitor.fields.get("since", "")[:40]
        try:
            chosen = Chosen(agency, states=[state], since=moment_typed(since))
        except ValueError:
            return await listed(visitor, agency, state, since)
        if not state:
            return RedirectResponse(f"{PATH}/inbox?agency={agency}", 303)
        return await listed(visitor, agency, state, since, **await again(visitor, chosen))

    async def again(visitor: Visitor, chosen: Chosen) -> dict[str, Any]:
        """Read again, or only tried, as was asked for; what became of each."""
        tried = visitor.fields.get("do") != "read"
        actor = visitor.caller.name
        reading = replay(database, intake, chosen, actor=actor, dry_run=tried, most=_AT_ONCE)
        done: Sequence[Replayed] = [each async for each in reading]
        return {"replayed": done, "tried": tried, "more": len(done) == _AT_ONCE}

    async def found(visitor: Visitor) -> DeliveryDetail | None:
        told = visitor.request.path_params
        return await deliveries.numbered(told["agency"], number_told(told["number"]) or 0)

    async def page(
        visitor: Visitor, sent: DeliveryDetail, status: int = 200, *, is_open: bool = False, **context: Any
    ) -> Response:
        bodies = [sent.body, *sent.other_bodies] if sent.body is not None else sent.other_bodies
        shows = of_delivery(registry.spec(sent.agency))
        shown = await asyncio.to_thread(
            lambda: [opened(set_out(each).encode(), "") if is_open else masked(each.encode(), shows) for each in bodies]
        )
        return desk.page(
            visitor.request,
            "delivery.html",
            status,
            at=f"{PATH}/agencies/{sent.agency}/inbox/{sent.number}",
            caller=visitor.caller,
            sent=sent,
            said=[as_written(each) for each in shown],
            headers=_as_sent(sent.headers or {}),
            is_open=is_open,
            may_operate=visitor.caller.may(Scope.ADMIN_OPERATE),
            shortest=SHORTEST_WHY,
            longest=LONGEST_WHY,
            **_words(desk.lang(visitor.request)),
            **{"why": "", "wrong": False, "replayed": None, "tried": False, "more": False, **context},
        )

    def gone(visitor: Visitor) -> Response:
        return desk.page(visitor.request, "delivery_gone.html", 404, at=f"{PATH}/inbox", caller=visitor.caller)

    @desk.get("/agencies/{agency}/inbox/{number}", Scope.ADMIN_LOOK, of_agency=True)
    async def one(visitor: Visitor) -> Response:
        sent = await found(visitor)
        return gone(visitor) if sent is None else await page(visitor, sent)

    @desk.post("/agencies/{agency}/inbox/{number}/open", Scope.ADMIN_OPERATE, of_agency=True)
    async def in_full(visitor: Visitor) -> Response:
        if (sent := await found(visitor)) is None:
            return gone(visitor)
        why = " ".join(visitor.fields.get("why", "").split())
        if not SHORTEST_WHY <= len(why) <= LONGEST_WHY:
            return await page(visitor, sent, 422, why=why, wrong=True)
        detail = {"delivery": sent.number, "webhook_id": sent.id, "why": why}
        async with database.begin() as connection:
            # In the audit before anybody sees it.
            await note(
                connection, actor=visitor.caller.name, action="delivery.opened", target=sent.agency, detail=detail
            )
        return await page(visitor, sent, is_open=True)

    @desk.post("/agencies/{agency}/inbox/{number}/replay", Scope.ADMIN_OPERATE, of_agency=True)
    async def again_alone(visitor: Visitor) -> Response:
        if (sent := await found(visitor)) is None:
            return gone(visitor)
        done = await again(visitor, Chosen(sent.agency, sent.id))
        return await page(visitor, await found(visitor) or sent, **done)


def _as_sent(headers: Mapping[str, str], body: str = "") -> Markup:
    lines = [f"{name}: {value}" for name, value in headers.items()]
    return as_written("\n".join([*lines, "", body] if body else lines))


def _words(lang: Lang) -> dict[str, Any]:
    def status_name(told: int | DossierStatus | None) -> str:
        status = DossierStatus.numbered(told) if isinstance(told, int) else told
        return "–" if status is None else status.name_en if lang == "en" else status.name_vi

    return {"states": STATES, "refusals": REFUSALS, "status_name": status_name}


def _state(told: str) -> str:
    return told if told in get_args(DeliveryState) else ""
