"""One agency: how each of its streams stands, its latest runs, and the orders that those may give who keep it."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from fastapi.responses import RedirectResponse, Response

from hub.access.audit import concerning
from hub.access.scopes import Scope
from hub.admin.desk import PATH, Desk, Visitor, day_told
from hub.db import Database
from hub.portal.texts import Text
from hub.registry import Registry
from hub.streams.backfill import share_read
from hub.streams.store import KINDS, Kind
from hub.sync import orders
from hub.sync.status import runs, statuses

_RUNS = 30
_DEEDS = 12

KIND_WORDS: dict[str, Text] = {
    "pull": Text("Đọc thay đổi", "Pull"),
    "reconcile": Text("Đối chiếu toàn bộ", "Full comparison"),
    "watch": Text("Theo dõi hồ sơ được quan tâm", "Watch"),
    "backfill": Text("Đọc hồ sơ cũ", "Backfill"),
}
STATE_WORDS: dict[str, Text] = {
    "paused": Text("Tạm dừng", "Paused"),
    "running": Text("Đang chạy", "Running"),
    "failing": Text("Đang lỗi", "Failing"),
    "waiting": Text("Đang chờ lượt", "Waiting"),
    "done": Text("Đã xong", "Done"),
    "new": Text("Chưa chạy lần nào", "Not run yet"),
}
_ORDERED: dict[str, Text] = {
    "run": Text(
        "Đã ra lệnh đọc ngay. Nếu có tiến trình làm việc, vài giây nữa sẽ thấy lượt chạy mới.",
        "It is to be read now. With a worker about, the new run shows within seconds.",
    ),
    "pause": Text(
        "Đã tạm dừng. Người dân vẫn thấy trạng thái đã biết, có ghi là cũ.",
        "Paused. People go on seeing what is known, marked as old.",
    ),
    "resume": Text("Đã cho đọc lại.", "It is read again."),
    "backfill": Text(
        "Đã ra lệnh đọc lại khoảng này, ngày mới nhất trước; tiến độ và việc gì đọc tiếp sau đó hiện ở dưới, tải lại "
        "trang để xem.",
        "These days are to be read again, the latest first; below is how far it is, and what goes on after it: load "
        "the page again to see.",
    ),
}
_REFUSED: dict[str, Text] = {
    "days": Text(
        "Hãy chọn ngày bắt đầu đã qua, và ngày cuối không trước ngày đó.",
        "Choose a first day that is past, and a last one that is not before it.",
    ),
    "under_way": Text(
        "Một khoảng ngày của cơ quan này đã được ra lệnh mà chưa bắt đầu đọc. Hãy đợi bắt đầu rồi ra lệnh lại.",
        "Days of this agency were ordered already, and no worker has begun. Wait until one has, and order again.",
    ),
}


def add(desk: Desk, database: Database, registry: Registry) -> None:
    """Add them to the admin's routes."""

    @desk.get("/agencies/{agency}", Scope.ADMIN_LOOK, of_agency=True)
    async def show(visitor: Visitor) -> Response:
        return await page(visitor)

    async def page(visitor: Visitor, status: int = 200, *, refused: str = "") -> Response:
        agency = visitor.request.path_params["agency"]
        spec = registry.spec(agency)
        if spec is None:
            return desk.page(visitor.request, "no_agency.html", 404, caller=visitor.caller, agency=agency)
        async with database.reads.acquire() as connection:
            streams, latest = await statuses(connection, agency), await runs(connection, agency, limit=_RUNS)
        deeds = await concerning(database, [agency], most=_DEEDS)
        return desk.page(
            visitor.request,
            "agency.html",
            status,
            caller=visitor.caller,
            spec=spec,
            streams=streams,
            runs=latest,
            deeds=deeds,
            kinds=KIND_WORDS,
            states=STATE_WORDS,
            ordered=_ORDERED.get(visitor.request.query_params.get("ordered", "")),
            refused=_REFUSED.get(refused),
            share_read=share_read,
            may_order=visitor.caller.may(Scope.ADMIN_OPERATE),
        )

    @desk.post("/agencies/{agency}/backfill", Scope.ADMIN_OPERATE, of_agency=True)
    async def backfill(visitor: Visitor) -> Response:
        """Of whole days, the last one among them."""
        agency = visitor.request.path_params["agency"]
        spec = registry.spec(agency)
        try:
            if spec is None:
                raise orders.NoSuchStream(f"there is no agency {agency}")
            since, last = (day_told(visitor.fields.get(name, "")) for name in ("since", "until"))
            if since is None:
                raise ValueError("no first day")
            until = last + timedelta(days=1) if last else None
            await orders.backfill(database, spec, since=since, until=until, actor=visitor.caller.name)
        except orders.NoSuchStream:
            return desk.page(visitor.request, "no_agency.html", 404, caller=visitor.caller, agency=agency)
        except orders.UnderWay:
            return await page(visitor, 409, refused="under_way")
        except (ValueError, OverflowError):
            return await page(visitor, 422, refused="days")
        return RedirectResponse(f"{PATH}/agencies/{agency}?ordered=backfill", 303)

    async def run(visitor: Visitor, agency: str, kind: Kind) -> None:
        await orders.want(database, agency, kind, actor=visitor.caller.name)

    async def pause(visitor: Visitor, agency: str, kind: Kind) -> None:
        await orders.pause(database, agency, kind, actor=visitor.caller.name)

    async def resume(visitor: Visitor, agency: str, kind: Kind) -> None:
        await orders.resume(database, agency, kind, actor=visitor.caller.name)

    for order in (run, pause, resume):
        _add_order(desk, order)


def _add_order(desk: Desk, order: Callable[[Visitor, str, Kind], Awaitable[None]]) -> None:
    """What somebody orders by a button, and how it is told that it was."""

    @desk.post(f"/agencies/{{agency}}/{{kind}}/{order.__name__}", Scope.ADMIN_OPERATE, of_agency=True)
    async def give(visitor: Visitor) -> Response:
        agency, told = visitor.request.path_params["agency"], visitor.request.path_params["kind"]
        kind = next((each for each in KINDS if each == told), None)
        try:
            if kind is None:
                raise orders.NoSuchStream(f"there is no kind {told}")
            await order(visitor, agency, kind)
        except orders.NoSuchStream:
            return desk.page(visitor.request, "no_agency.html", 404, caller=visitor.caller, agency=agency)
        return RedirectResponse(f"{PATH}/agencies/{agency}?ordered={order.__name__}", 303)
