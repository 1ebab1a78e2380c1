"""/v1/admin/alerts: what is the matter, what is silenced, and whom alerts are told."""

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path

from contracts.alert import (
    AdminAlert,
    AdminAlerts,
    AdminRecipient,
    AdminRecipients,
    AdminSilence,
    MailWanted,
    RecipientMade,
    SilenceWanted,
    WebhookWanted,
)
from contracts.observation import AgencyId
from hub.access.keys import ApiKeys
from hub.access.scopes import Caller, Scope
from hub.admin.api import PATH, actor, allowed, kept_by_nobody, known
from hub.alerts import silences
from hub.alerts.reading import Known
from hub.alerts.reading import known as known_alerts
from hub.alerts.recipients import NoSuchRecipient, Recipients, RecipientWrong
from hub.alerts.rules import Alert
from hub.alerts.texts import told
from hub.db import Database
from hub.problems import ProblemError, ProblemType, responses, wrong
from hub.registry import Registry

_Agency = Annotated[AgencyId, Path(description="Its id, such as so-tnmt.")]
# `:int` in a path, so that /recipients/mail is not taken for somebody's number.
_Number = Annotated[int, Path(ge=1, lt=2**63)]


def router(database: Database, registry: Registry, keys: ApiKeys, recipients: Recipients) -> APIRouter:
    routes = APIRouter(prefix=PATH, tags=["admin"], dependencies=[Depends(kept_by_nobody)])
    looks, operates = allowed(keys, Scope.ADMIN_LOOK), allowed(keys, Scope.ADMIN_OPERATE)
    manages = allowed(keys, Scope.ADMIN_MANAGE)
    missing = known(ProblemType.MALFORMED_REQUEST, ProblemType.ADMIN_NOT_FOUND)
    taken = known(ProblemType.MALFORMED_REQUEST) | responses(ProblemType.BODY_TOO_LARGE)

    @routes.get("/alerts", summary="What is the matter, and what was", responses=known())
    async def all_alerts(caller: Caller = looks) -> AdminAlerts:
        found = await known_alerts(database, caller.agencies)
        return AdminAlerts(
            open=[_told(each, found) for each in found.open],
            resolved=[_told(each, found) for each in found.resolved],
            silences=[AdminSilence(**asdict(each)) for each in found.silences],
        )

    def _told(alert: Alert, found: Known) -> AdminAlert:
        return AdminAlert(
            **told(alert, registry).model_dump(),
            cause=alert.cause_id,
            silenced=found.is_silenced(alert),
            told_at=alert.told_at,
        )

    async def silence(agency: str | None, wanted: SilenceWanted, caller: Caller) -> None:
        await silences.silence(
            database,
            agency=agency,
            kind=wanted.kind,
            length=timedelta(hours=wanted.hours),
            why=wanted.why,
            actor=actor(caller),
        )

    @routes.post("/alerts/silences", status_code=204, summary="Tell nothing of all agencies", responses=taken)
    async def silence_all(wanted: SilenceWanted, caller: Caller = manages) -> None:
        """Of one kind, or of all. They are shown all the same."""
        await silence(None, wanted, caller)

    @routes.post(
        "/agencies/{agency}/alerts/silences",
        status_code=204,
        summary="Tell nothing of an agency",
        responses=missing | responses(ProblemType.BODY_TOO_LARGE),
    )
    async def silence_one(agency: _Agency, wanted: SilenceWanted, caller: Caller = operates) -> None:
        if registry.spec(agency) is None:
            raise ProblemError(ProblemType.ADMIN_NOT_FOUND, f"There is no agency {agency}.")
        await silence(agency, wanted, caller)

    @routes.delete("/alerts/silences/{number}", status_code=204, summary="End a silence", responses=missing)
    async def end(number: _Number, caller: Caller = operates) -> None:
        try:
            agency = await silences.agency_of(database, number)
            if caller.agencies is not None and agency not in caller.agencies:
                raise silences.NoSuchSilence(f"there is no silence {number} of agencies of yours")
            await silences.end(database, number, actor=actor(caller))
        except silences.NoSuchSilence as error:
            raise _none(error) from None

    @routes.get("/alerts/recipients", summary="Whom alerts are told", responses=known())
    async def all_recipients(caller: Caller = manages) -> AdminRecipients:
        return AdminRecipients(items=[AdminRecipient(**asdict(each)) for each in await recipients.all()])

    @routes.post("/alerts/recipients/mail", status_code=201, summary="Tell alerts by mail", responses=taken)
    async def add_mail(wanted: MailWanted, caller: Caller = manages) -> RecipientMade:
        try:
            await recipients.add_mail(wanted.email, actor=actor(caller))
        except RecipientWrong as error:
            raise wrong("/email", "cannot be added", str(error)) from None
        return RecipientMade(secret=None)

    @routes.post("/alerts/recipients/webhook", status_code=201, summary="Tell alerts by webhook", responses=taken)
    async def add_webhook(wanted: WebhookWanted, caller: Caller = manages) -> RecipientMade:
        """Signed as the hub's other webhooks are; events of the type `alerts.changed`."""
        try:
            return RecipientMade(secret=await recipients.add_webhook(wanted.address, actor=actor(caller)))
        except RecipientWrong as error:
            raise wrong("/address", "cannot be added", str(error)) from None

    @routes.post(
        "/alerts/recipients/{number:int}/test", status_code=204, summary="Send what only tests", responses=missing
    )
    async def test(number: _Number, caller: Caller = manages) -> None:
        try:
            await recipients.test(number, actor=actor(caller))
        except NoSuchRecipient as error:
            raise _none(error) from None

    @routes.post(
        "/alerts/recipients/{number:int}/enable",
        status_code=204,
        summary="Send there again, after it was given up",
        responses=missing,
    )
    async def enable(number: _Number, caller: Caller = manages) -> None:
        try:
            await recipients.enable(number, actor=actor(caller))
        except NoSuchRecipient as error:
            raise _none(error) from None

    @routes.delete(
        "/alerts/recipients/{number:int}", status_code=204, summary="Tell somebody no more", responses=missing
    )
    async def remove(number: _Number, caller: Caller = manages) -> None:
        try:
            await recipients.remove(number, actor=actor(caller))
        except NoSuchRecipient as error:
            raise _none(error) from None

    return routes


def _none(error: LookupError) -> ProblemError:
    sentence = str(error)
    return ProblemError(ProblemType.ADMIN_NOT_FOUND, f"{sentence[0].upper()}{sentence[1:]}.")
