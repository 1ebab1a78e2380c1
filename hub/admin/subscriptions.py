"""Webhooks out on pages: who is told of which changes and how that fares, what was tried, and what is done about it."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from contracts.change import ChangeType
from contracts.status import DossierStatus
from contracts.subscription import EventDeliveryState, Subscription, SubscriptionRequest, Why
from hub.access.keys import ApiKey, ApiKeys
from hub.access.scopes import Caller, Scope
from hub.admin.calls import moment_typed
from hub.admin.desk import PATH, Desk, Page, Visitor, number_told, overlap_told
from hub.admin.keys import OVERLAPS
from hub.feed.cursor import BadCursor
from hub.feed.reading import Expired
from hub.outbox.history import MOST_COUNTED
from hub.outbox.rules import Outcome
from hub.portal.texts import Text
from hub.problems import ProblemError
from hub.registry import Registry
from hub.subscriptions.channel import WebhookChannel
from hub.subscriptions.deliveries import DeliveryLog
from hub.subscriptions.owners import WHY
from hub.subscriptions.subscriptions import (
    MOST_PER_OWNER,
    NoSuchSubscription,
    ReplayFrom,
    SubscriptionStore,
    TooMany,
)

#: Of a form with all the procedures that somebody may name.
_LARGEST_FORM = 20_000
_ATTEMPTS = 50
#: For how long the old secret of two signs as well, in hours.
_OVERLAPS = {hours: OVERLAPS[hours] for hours in (24, 168, 0)}

#: By the name of its colour; what needs somebody comes first.
STATES = {
    "given up": ("failing", Text("Đã bị tắt", "Given up")),
    "failing": ("failing", Text("Đang lỗi", "Failing")),
    "catching up": ("starting", Text("Đang gửi bù", "Catching up")),
    "stopped": ("paused", Text("Đã ngừng", "Stopped")),
    "new": ("new", Text("Mới", "New")),
    "well": ("well", Text("Tốt", "Well")),
}
DELIVERIES = {
    EventDeliveryState.WAITING: Text("chờ gửi", "waits"),
    EventDeliveryState.DELIVERED: Text("đã đến", "arrived"),
    EventDeliveryState.FAILED: Text("không đến", "did not arrive"),
    EventDeliveryState.DROPPED: Text("bỏ, vì gửi lại từ nơi khác", "dropped by a replay"),
}
TYPES = {
    ChangeType.CREATED: Text("hồ sơ mới", "a new dossier"),
    ChangeType.STATUS: Text("sang trạng thái khác", "another status"),
    ChangeType.DETAILS: Text("chi tiết khác", "other details"),
    ChangeType.GONE: Text("cơ quan không còn hồ sơ", "the agency has it no more"),
    ChangeType.BACK: Text("cơ quan lại có hồ sơ", "the agency has it again"),
    ChangeType.HISTORY: Text("thêm vào lịch sử", "something of its past"),
    ChangeType.MOVED: Text("sang cơ quan khác", "another agency handles it"),
    ChangeType.JOINED: Text("gộp vào hồ sơ khác", "became part of another"),
}
DONE = {
    "arrived": Text("Nơi nhận đã nhận sự kiện thử.", "The test event arrived."),
    "disabled": Text(
        "Đã ngừng gửi. Điều thay đổi từ nay được gửi khi bật lại, trong vòng 30 ngày.",
        "Stopped. What changes from now on is sent once it is enabled, within 30 days.",
    ),
    "enabled": Text("Đang gửi tiếp từ chỗ dừng.", "It goes on where it stopped."),
    "replayed": Text("Đang gửi lại từ nơi đã chọn.", "It is sent again from there on."),
    "removed": Text("Đã bỏ đăng ký.", "Removed."),
}
_WRONG = {
    "owner": Text(
        "Hãy chọn một khóa đang dùng, có quyền webhooks:manage.", "Choose a key that goes on and may webhooks:manage."
    ),
    "address": Text(
        "Địa chỉ phải như https://so.example/hook, không có tên người dùng hay dấu tiếng Việt.",
        "An address is such as https://so.example/hook, without a user's name.",
    ),
    "name": Text("Tên có từ 1 đến 100 ký tự.", "A name has 1 to 100 characters."),
    "types": Text("Không có loại sự kiện này.", "There is no such type of event."),
    "agencies": Text(
        "Có cơ quan không tồn tại, hoặc khóa của chủ đăng ký không được xem.",
        "One of the agencies does not exist, or the owner's key is not for it.",
    ),
    "procedures": Text("Mã thủ tục phải như 1.001612.", "A procedure's code is such as 1.001612."),
    "statuses": Text("Không có trạng thái này.", "There is no such status."),
    "email": Text("Địa chỉ thư phải như it@so.example.", "A mail address is such as it@so.example."),
    "too many": Text(
        f"Khóa này đã có {MOST_PER_OWNER} đăng ký; hãy bỏ bớt.",
        f"This key has {MOST_PER_OWNER} subscriptions; remove one first.",
    ),
    "moment": Text(
        "Thời gian phải như 2026-11-26T08:30, giờ Việt Nam.", "A time is such as 2026-11-26T08:30, in Vietnam's time."
    ),
    "cursor": Text(
        "Đây không phải con trỏ của dòng thay đổi này (`cursor` của GET /v1/changes).",
        "This is no cursor of this hub's change feed (`cursor` of GET /v1/changes).",
    ),
    "expired": Text(
        "Điều thay đổi sau đó không còn được giữ đủ. Hãy chọn nơi gần đây hơn, hoặc bật mà không gửi lại.",
        "Not all that followed is kept. Choose a later place, or enable it without a replay.",
    ),
    "not taken": Text(
        "Nơi nhận chưa nhận sự kiện thử; vì sao: dòng đầu của các lần gửi.",
        "The test event was not taken; why: the first line of what was tried.",
    ),
}

Deed = Callable[[Visitor, int], Awaitable[Response]]


def add(
    desk: Desk, store: SubscriptionStore, log: DeliveryLog, channel: WebhookChannel, keys: ApiKeys, registry: Registry
) -> None:
    """Add them to the admin's routes."""

    async def owners() -> list[ApiKey]:
        return [each for each in await keys.all() if each.goes_on and Scope.WEBHOOKS_MANAGE in each.scopes]

    async def listed(visitor: Visitor, status: int = 200, *, wrong: str = "") -> Response:
        caller = visitor.caller
        found = [(owner, each) for owner, each in await store.all(None) if _is_for(each, caller)]
        order = list(STATES)
        found.sort(key=lambda pair: order.index(state(pair[1])))
        return desk.page(
            visitor.request,
            "subscriptions.html",
            status,
            at=f"{PATH}/subscriptions",
            caller=caller,
            found=found,
            owners=await owners() if caller.may(Scope.ADMIN_MANAGE) else None,
            agencies=[spec for spec in registry if spec.enabled],
            typed=visitor.fields,
            wrong=_WRONG.get(wrong),
            done=DONE.get(visitor.request.query_params.get("done", "")),
            **_words(desk, visitor),
        )

    async def page(visitor: Visitor, number: int, status: int = 200, *, wrong: str = "", secret: str = "") -> Response:
        owner, told = await store.one(number, None)
        caller = visitor.caller
        return desk.page(
            visitor.request,
            "subscription.html",
            status,
            at=f"{PATH}/subscriptions/{number}",
            caller=caller,
            owner=owner,
            told=told,
            address=told.address if caller.may(Scope.ADMIN_MANAGE) else _host(told.address),
            lately=await log.lately(number, None, most=_ATTEMPTS),
            most_counted=MOST_COUNTED,
            may_operate=caller.may(Scope.ADMIN_OPERATE),
            may_manage=caller.may(Scope.ADMIN_MANAGE),
            overlaps=_OVERLAPS,
            typed=visitor.fields,
            secret=secret,
            wrong=_WRONG.get(wrong),
            done=DONE.get(visitor.request.query_params.get("done", "")),
            **_words(desk, visitor),
        )

    def of_one(way: Callable[[Page], Page]) -> Callable[[Deed], Deed]:
        """A page about the one whose number the path has; for whom it is not, there is none."""

        def add(deed: Deed) -> Deed:
            async def answer(visitor: Visitor) -> Response:
                number = number_told(visitor.request.path_params["number"]) or 0
                try:
                    _, told = await store.one(number, None)
                    if not _is_for(told, visitor.caller):
                        raise NoSuchSubscription
                    return await deed(visitor, number)
                except NoSuchSubscription:
                    at = f"{PATH}/subscriptions"
                    return desk.page(visitor.request, "subscription_gone.html", 404, at=at, caller=visitor.caller)

            way(answer)
            return deed

        return add

    def done(number: int, what: str) -> Response:
        return RedirectResponse(f"{PATH}/subscriptions/{number}?done={what}", 303)

    @desk.get("/subscriptions", Scope.ADMIN_LOOK)
    async def show_all(visitor: Visitor) -> Response:
        return await listed(visitor)

    @desk.post("/subscriptions/make", Scope.ADMIN_MANAGE, largest=_LARGEST_FORM)
    async def make(visitor: Visitor) -> Response:
        fields = visitor.fields
        owner = next((key for key in await owners() if key.name == fields.get("owner")), None)
        if owner is None:
            return await listed(visitor, 422, wrong="owner")
        scopes = frozenset(scope for scope in Scope if scope in owner.scopes)
        try:
            wanted = SubscriptionRequest.model_validate(_wanted(visitor))
            store.check(wanted, Caller(owner.name, scopes, owner.agencies))
            made, secret = await store.make(owner.name, wanted, actor=visitor.caller.name)
        except ValidationError as error:
            return await listed(visitor, 422, wrong=str(error.errors()[0]["loc"][0]))
        except ProblemError as problem:
            return await listed(visitor, 422, wrong=problem.errors[0].field.split("/")[1])
        except TooMany:
            return await listed(visitor, 422, wrong="too many")
        return await page(visitor, int(made.id), 201, secret=secret)

    @of_one(desk.get("/subscriptions/{number}", Scope.ADMIN_LOOK))
    async def show(visitor: Visitor, number: int) -> Response:
        return await page(visitor, number)

    @of_one(desk.post("/subscriptions/{number}/test", Scope.ADMIN_OPERATE))
    async def test(visitor: Visitor, number: int) -> Response:
        _, result = await store.test(number, None, channel, actor=visitor.caller.name)
        if result.outcome is Outcome.OK:
            return done(number, "arrived")
        return await page(visitor, number, wrong="not taken")

    @of_one(desk.post("/subscriptions/{number}/disable", Scope.ADMIN_OPERATE))
    async def disable(visitor: Visitor, number: int) -> Response:
        await store.disable(number, None, actor=visitor.caller.name)
        return done(number, "disabled")

    @of_one(desk.post("/subscriptions/{number}/enable", Scope.ADMIN_OPERATE))
    async def enable(visitor: Visitor, number: int) -> Response:
        """Where a place is given, from there on."""
        cursor = visitor.fields.get("cursor", "").strip()
        try:
            moment = moment_typed(visitor.fields.get("moment", "").strip())
        except ValueError:
            return await page(visitor, number, 422, wrong="moment")
        replay = ReplayFrom(cursor or None, moment) if cursor or moment else None
        try:
            await store.enable(number, None, replay=replay, actor=visitor.caller.name)
        except BadCursor:
            return await page(visitor, number, 422, wrong="cursor")
        except Expired:
            return await page(visitor, number, 422, wrong="expired")
        return done(number, "replayed" if replay else "enabled")

    @of_one(desk.post("/subscriptions/{number}/secret", Scope.ADMIN_MANAGE))
    async def rotate(visitor: Visitor, number: int) -> Response:
        overlap = overlap_told(visitor.fields.get("overlap", ""), _OVERLAPS)
        made = await store.rotate(number, None, overlap, actor=visitor.caller.name)
        return await page(visitor, number, 201, secret=made.secret)

    @of_one(desk.post("/subscriptions/{number}/remove", Scope.ADMIN_MANAGE))
    async def remove(visitor: Visitor, number: int) -> Response:
        await store.delete(number, None, actor=visitor.caller.name)
        return RedirectResponse(f"{PATH}/subscriptions?done=removed", 303)


def state(told: Subscription) -> str:
    if not told.enabled:
        return "stopped" if told.disabled_why in (Why.OWNER, Why.ADMIN) else "given up"
    if told.failing_since:
        return "failing"
    if told.catching_up:
        return "catching up"
    return "well" if told.last_success_at else "new"


def _is_for(told: Subscription, caller: Caller) -> bool:
    """Who keeps some agencies has to do with what is of those alone."""
    return caller.agencies is None or (bool(told.agencies) and set(told.agencies) <= set(caller.agencies))


def _host(address: str) -> str:
    """What follows may be as good as a secret."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}/…"


def _wanted(visitor: Visitor) -> dict[str, Any]:
    """A SubscriptionRequest as it was typed."""
    fields = visitor.fields
    lists = {name: fields.get(name, "").replace(",", " ").split() for name in ("agencies", "procedures")}
    told = {
        "address": fields.get("address", "").strip(),
        "types": [each.value for each in ChangeType if f"type {each}" in fields],
        "statuses": [each.value for each in DossierStatus if f"status {each}" in fields],
        "ordered": "ordered" in fields,
        **lists,
    }
    return told | {name: typed for name in ("name", "email") if (typed := fields.get(name, "").strip())}


def _words(desk: Desk, visitor: Visitor) -> dict[str, Any]:
    english = desk.lang(visitor.request) == "en"
    return {
        "state": lambda told: STATES[state(told)],
        "why": WHY,
        "host": _host,
        "types": TYPES,
        "statuses": {each: each.name_en if english else each.name_vi for each in DossierStatus},
        "deliveries": DELIVERIES,
    }
