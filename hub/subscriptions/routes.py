"""/v1/subscriptions: a subscriber's own subscriptions, their deliveries, and what can be done about both."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contracts.subscription import (
    EventDeliveries,
    EventDeliveryDetail,
    EventDeliveryState,
    SecretMade,
    SecretRequest,
    Subscription,
    SubscriptionChange,
    SubscriptionMade,
    SubscriptionRequest,
    Subscriptions,
    Tested,
)
from hub.access.keys import ApiKeys
from hub.access.scopes import Caller, Scope
from hub.conditional import KEEP_NOTHING
from hub.conditional import secret as kept_by_nobody
from hub.feed.cursor import BadCursor
from hub.feed.reading import Expired
from hub.moments import Moment
from hub.problems import ProblemError, ProblemType, responses, wrong
from hub.subscriptions.channel import WebhookChannel
from hub.subscriptions.deliveries import DeliveryLog, attempt
from hub.subscriptions.subscriptions import (
    MOST_PER_OWNER,
    NoSuchSubscription,
    ReplayFrom,
    SubscriptionStore,
    TooMany,
)

_Number = Annotated[int, Path(ge=1, lt=2**63, description="Its number.")]


class Enabling(BaseModel):
    """Nothing: go on where it stopped. One of the two: from that place in the change feed on, whatever was delivered
    before."""

    model_config = ConfigDict(extra="forbid")

    replay_from: Annotated[str, StringConstraints(max_length=200)] | None = Field(
        default=None, description="A `cursor` of GET /v1/changes."
    )
    replay_since: Moment | None = Field(
        default=None, description="All that the hub recorded from this moment on; it keeps 30 days."
    )


_NEVER_KEPT = {"Cache-Control": KEEP_NOTHING}

#: Where there is no body.
_NO_WISHES, _GO_ON = SecretRequest(), Enabling()


def router(store: SubscriptionStore, log: DeliveryLog, channel: WebhookChannel, keys: ApiKeys) -> APIRouter:
    routes = APIRouter(prefix="/v1/subscriptions", tags=["subscriptions"])
    owner = Depends(keys.needs(Scope.WEBHOOKS_MANAGE))
    known = responses(ProblemType.API_KEY_REFUSED, ProblemType.FORBIDDEN, ProblemType.UNAVAILABLE)
    found = responses(
        ProblemType.MALFORMED_REQUEST,
        ProblemType.API_KEY_REFUSED,
        ProblemType.FORBIDDEN,
        ProblemType.SUBSCRIPTION_NOT_FOUND,
        ProblemType.UNAVAILABLE,
    )
    large = responses(ProblemType.BODY_TOO_LARGE)

    @routes.post("", status_code=201, summary="Subscribe to changes", responses=known | large)
    async def make(wanted: SubscriptionRequest, caller: Caller = owner) -> SubscriptionMade:
        """Told is what changes from now on. The secret is shown this once: keep it where the endpoint finds it."""
        store.check(wanted, caller)
        try:
            made, secret = await store.make(caller.name, wanted, actor=_actor(caller))
        except TooMany:
            raise ProblemError(
                ProblemType.FORBIDDEN, f"The key of {caller.name} has {MOST_PER_OWNER} subscriptions; delete one first."
            ) from None
        return SubscriptionMade(**made.model_dump(), secret=secret)

    @routes.get("", summary="One's own subscriptions", responses=known)
    async def all_of_them(response: Response, caller: Caller = owner) -> Subscriptions:
        response.headers.update(_NEVER_KEPT)
        return Subscriptions(items=[each for _, each in await store.all(caller.name)])

    @routes.get("/{subscription}", summary="One subscription, and how it fares", responses=found)
    async def one(subscription: _Number, response: Response, caller: Caller = owner) -> Subscription:
        response.headers.update(_NEVER_KEPT)
        async with _found():
            return (await store.one(subscription, caller.name))[1]

    @routes.patch("/{subscription}", summary="Change a subscription", responses=found | large)
    async def change(subscription: _Number, wanted: SubscriptionChange, caller: Caller = owner) -> Subscription:
        store.check(wanted, caller)
        given = {name: getattr(wanted, name) for name in wanted.model_fields_set if getattr(wanted, name) is not None}
        async with _found():
            return await store.change(subscription, caller.name, given)

    @routes.delete("/{subscription}", status_code=204, summary="Unsubscribe", responses=found)
    async def delete(subscription: _Number, caller: Caller = owner) -> None:
        """What waits is not sent any more, and what is known of deliveries is gone."""
        async with _found():
            await store.delete(subscription, caller.name, actor=_actor(caller))

    @routes.post("/{subscription}/secret", summary="A new secret", responses=found | large)
    async def rotate(subscription: _Number, wanted: SecretRequest = _NO_WISHES, caller: Caller = owner) -> Response:
        """Shown this once. For a while deliveries are signed by both, so that the endpoint may change over."""
        async with _found():
            overlap = timedelta(hours=wanted.overlap_hours)
            endpoint = await store.rotate(subscription, caller.name, overlap, actor=_actor(caller))
        return kept_by_nobody(SecretMade(secret=endpoint.secret, old_secret_until=endpoint.old_until))

    @routes.post("/{subscription}/test", summary="Send a test event", responses=found)
    async def test(subscription: _Number, caller: Caller = owner) -> Tested:
        """It is sent at once, signed like any other, also where the subscription is disabled; the answer says how the
        endpoint took it."""
        async with _found():
            event, result = await store.test(subscription, caller.name, channel, actor=_actor(caller))
        return Tested(event=event, attempt=attempt(result))

    @routes.post("/{subscription}/disable", summary="Send nothing for now", responses=found)
    async def disable(subscription: _Number, caller: Caller = owner) -> Subscription:
        """What changes meanwhile is sent once it is enabled, if that is within 30 days."""
        async with _found():
            return await store.disable(subscription, caller.name, actor=_actor(caller))

    @routes.post(
        "/{subscription}/enable",
        summary="Go on, or begin again from a place in the change feed",
        responses=found | large | responses(ProblemType.CURSOR_EXPIRED),
    )
    async def enable(subscription: _Number, wanted: Enabling = _GO_ON, caller: Caller = owner) -> Subscription:
        """Of a subscription that is enabled, too: to replay. An event keeps its id, so that what was had is known."""
        if wanted.replay_from is not None and wanted.replay_since is not None:
            raise wrong("/replay_since", "is given beside replay_from", "one of the two, or neither")
        replay = None
        if wanted.replay_from is not None or wanted.replay_since is not None:
            replay = ReplayFrom(wanted.replay_from, wanted.replay_since)
        try:
            async with _found():
                return await store.enable(subscription, caller.name, replay=replay, actor=_actor(caller))
        except BadCursor:
            raise wrong("/replay_from", "not a cursor of this feed", "a `cursor` of GET /v1/changes") from None
        except Expired:
            raise ProblemError(
                ProblemType.CURSOR_EXPIRED,
                "Not all that followed is kept. Read GET /v1/dossiers to its end, and enable without a replay.",
            ) from None

    @routes.get("/{subscription}/deliveries", summary="What was sent, and what waits", responses=found)
    async def deliveries(
        subscription: _Number,
        response: Response,
        state: EventDeliveryState | None = None,
        cursor: Annotated[
            str | None, Query(pattern=r"^[1-9][0-9]{0,17}$", description="`next_cursor` of the page before.")
        ] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        caller: Caller = owner,
    ) -> EventDeliveries:
        response.headers.update(_NEVER_KEPT)
        async with _found():
            before = int(cursor) if cursor else None
            return await log.page(subscription, caller.name, state=state, before=before, limit=limit)

    @routes.get("/{subscription}/deliveries/{delivery}", summary="Every try of one delivery", responses=found)
    async def one_delivery(
        subscription: _Number, delivery: _Number, response: Response, caller: Caller = owner
    ) -> EventDeliveryDetail:
        response.headers.update(_NEVER_KEPT)
        async with _found():
            return await log.one(subscription, caller.name, delivery)

    @routes.post("/{subscription}/deliveries/{delivery}/redeliver", summary="Send one again", responses=found)
    async def redeliver(subscription: _Number, delivery: _Number, caller: Caller = owner) -> EventDeliveryDetail:
        """It is tried within a second, unless it is being tried just now, or waits for another of its dossier."""
        async with _found():
            return await log.again(subscription, caller.name, delivery)

    return routes


def _actor(caller: Caller) -> str:
    return f"key:{caller.name}"


@asynccontextmanager
async def _found() -> AsyncIterator[None]:
    try:
        yield
    except NoSuchSubscription as error:
        raise ProblemError(ProblemType.SUBSCRIPTION_NOT_FOUND, f"{str(error).capitalize()} for this key.") from None
