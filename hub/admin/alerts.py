"""Alerts on a page: what is the matter and what to do next, what is silenced, whom alerts are told."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import get_args

from fastapi.responses import RedirectResponse, Response

from contracts.alert import AlertKind
from hub.access.scopes import Scope
from hub.admin.desk import PATH, Desk, Visitor, number_told
from hub.alerts import silences
from hub.alerts.reading import known
from hub.alerts.recipients import NoSuchRecipient, Recipients, RecipientWrong
from hub.alerts.rules import Alert
from hub.alerts.texts import KINDS, STEPS, path, title
from hub.db import Database
from hub.portal.texts import Text
from hub.registry import Registry

_WRONG = {
    "silence": Text(
        "Hãy chọn cơ quan của bạn, số giờ từ 1 đến 2160, và ghi vì sao.",
        "Choose an agency of yours, 1 to 2160 hours, and say why.",
    ),
    "mail": Text(
        "Không thêm được: hãy ghi một địa chỉ thư chưa có ở đây, như truc@gialai.gov.vn.",
        "Not added: give a mail address that is not here yet, such as truc@gialai.gov.vn.",
    ),
    "webhook": Text(
        "Không thêm được: hãy ghi địa chỉ https, như https://truc.gialai.gov.vn/alerts.",
        "Not added: give an https address, such as https://truc.gialai.gov.vn/alerts.",
    ),
}
#: Why nothing is sent to a recipient any more, by the outbox's names.
GIVEN_UP = {
    "admin": Text("đã được tắt", "it was disabled"),
    "failing": Text("gửi nhiều ngày không đến được", "nothing arrived for days"),
    "gone": Text("nơi nhận báo là không còn", "it says that it is gone"),
}
DONE = {
    "silenced": Text("Đã tạm im. Cảnh báo vẫn hiện ở đây.", "Silenced. Alerts are shown here all the same."),
    "ended": Text("Đã thôi im.", "No longer silenced."),
    "added": Text("Đã thêm người nhận.", "Added."),
    "remove": Text("Đã bỏ người nhận.", "Removed."),
    "enable": Text("Gửi lại từ bây giờ.", "It is sent there again."),
    "test": Text("Đã gửi một tin thử; vài giây nữa sẽ đến.", "A test is on its way, and there within seconds."),
}


def add(desk: Desk, database: Database, registry: Registry, recipients: Recipients) -> None:
    """Add them to the admin's routes."""

    async def page(visitor: Visitor, status: int = 200, *, wrong: str = "", secret: str = "") -> Response:
        caller = visitor.caller
        manages = caller.may(Scope.ADMIN_MANAGE)

        def said(alert: Alert) -> Text:
            return title(alert, registry.spec(alert.agency))

        return desk.page(
            visitor.request,
            "alerts.html",
            status,
            caller=caller,
            known=await known(database, caller.agencies),
            recipients=await recipients.all() if manages else None,
            agencies=[
                spec for spec in registry if spec.enabled and (caller.agencies is None or spec.id in caller.agencies)
            ],
            kinds=KINDS,
            steps=STEPS,
            title=said,
            path=path,
            given_up=GIVEN_UP,
            may_silence=caller.may(Scope.ADMIN_OPERATE),
            wrong=_WRONG.get(wrong),
            secret=secret,
            done=DONE.get(visitor.request.query_params.get("done", "")),
        )

    def done(what: str) -> Response:
        return RedirectResponse(f"{PATH}/alerts?done={what}", 303)

    @desk.get("/alerts", Scope.ADMIN_LOOK)
    async def show(visitor: Visitor) -> Response:
        return await page(visitor)

    @desk.post("/alerts/silence", Scope.ADMIN_OPERATE)
    async def silence(visitor: Visitor) -> Response:
        fields = visitor.fields
        agency, why, hours = (fields.get(name, "").strip() for name in ("agency", "why", "hours"))
        kind = next((each for each in get_args(AlertKind) if each == fields.get("kind")), None)
        length = timedelta(hours=int(hours)) if hours.isdecimal() and len(hours) < 5 else timedelta(0)
        mine = registry.spec(agency) is not None if agency else True
        mine = mine and (visitor.caller.agencies is None or agency in visitor.caller.agencies)
        if not (mine and why and timedelta(0) < length <= silences.LONGEST):
            return await page(visitor, 422, wrong="silence")
        await silences.silence(
            database, agency=agency or None, kind=kind, length=length, why=why[:300], actor=visitor.caller.name
        )
        return done("silenced")

    @desk.post("/alerts/silences/{number}/end", Scope.ADMIN_OPERATE)
    async def end(visitor: Visitor) -> Response:
        number = number_told(visitor.request.path_params["number"]) or 0
        try:
            agency = await silences.agency_of(database, number)
            if visitor.caller.agencies is not None and agency not in visitor.caller.agencies:
                raise silences.NoSuchSilence
            await silences.end(database, number, actor=visitor.caller.name)
        except silences.NoSuchSilence:
            return await page(visitor, 404)
        return done("ended")

    @desk.post("/alerts/recipients", Scope.ADMIN_MANAGE)
    async def add_recipient(visitor: Visitor) -> Response:
        """A mail address, or a webhook's address, whose secret is shown this once."""
        told = visitor.fields.get("to", "").strip()
        is_webhook = "://" in told
        try:
            if is_webhook:
                secret = await recipients.add_webhook(told, actor=visitor.caller.name)
                return await page(visitor, secret=secret)
            await recipients.add_mail(told, actor=visitor.caller.name)
        except RecipientWrong:
            return await page(visitor, 422, wrong="webhook" if is_webhook else "mail")
        return done("added")

    def order(name: str, give: Callable[..., Awaitable[None]]) -> None:
        @desk.post(f"/alerts/recipients/{{number}}/{name}", Scope.ADMIN_MANAGE)
        async def given(visitor: Visitor) -> Response:
            try:
                await give(number_told(visitor.request.path_params["number"]) or 0, actor=visitor.caller.name)
            except NoSuchRecipient:
                return await page(visitor, 404)
            return done(name)

    order("remove", recipients.remove)
    order("enable", recipients.enable)
    order("test", recipients.test)
