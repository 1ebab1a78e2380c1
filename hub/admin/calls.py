"""Calls to agencies on pages: found by what is known of them, one shown masked, and in full for a reason."""

from collections.abc import Mapping
from datetime import datetime

from fastapi.responses import Response

from hub.access.audit import Wanted, latest
from hub.access.scopes import Scope
from hub.admin.desk import Desk, Visitor, number_told
from hub.calls.search import LONGEST_WHY, SHORTEST_CODE, SHORTEST_WHY, Asked, Bodies, Calls, Found, NoSuchCall
from hub.db import Database
from hub.portal.look import as_written
from hub.portal.page import VIETNAM
from hub.portal.texts import Text
from hub.registry import Registry
from hub.vault import VaultError
from hub.wording.outcomes import OUTCOMES

OPERATIONS: dict[str, Text] = {
    "lookup": Text("Tra một hồ sơ", "Look-up"),
    "changes": Text("Đọc thay đổi", "Changes"),
    "all": Text("Đọc toàn bộ", "All dossiers"),
    "acknowledge": Text("Báo đã nhận", "Acknowledge"),
    "login": Text("Đăng nhập hệ thống cơ quan", "Login"),
    "submit.create": Text("Nộp hồ sơ", "Submit"),
    "submit.attach": Text("Nộp hồ sơ: gửi tệp", "Submit: a file"),
    "submit.finish": Text("Nộp hồ sơ: kết thúc", "Submit: the end"),
    "supplement.create": Text("Nộp bổ sung", "Supplement"),
    "supplement.attach": Text("Nộp bổ sung: gửi tệp", "Supplement: a file"),
    "supplement.finish": Text("Nộp bổ sung: kết thúc", "Supplement: the end"),
    "withdraw.create": Text("Rút hồ sơ", "Withdraw"),
    "withdraw.attach": Text("Rút hồ sơ: gửi tệp", "Withdraw: a file"),
    "withdraw.finish": Text("Rút hồ sơ: kết thúc", "Withdraw: the end"),
    "result": Text("Lấy kết quả", "Fetch a result"),
    "procedures": Text("Danh mục thủ tục", "Procedures"),
}
_FILTERS = ("agency", "outcome", "operation", "since", "until", "correlation_id", "code")
_LONGEST_TERM = 128


def add(desk: Desk, database: Database, calls: Calls, registry: Registry) -> None:
    """Add them to the admin's routes."""

    async def in_audit(visitor: Visitor, correlation_id: str | None) -> bool:
        """Whether the visitor finds anything there of what was done in it."""
        if not correlation_id or not visitor.caller.may(Scope.ADMIN_AUDIT):
            return False
        return bool(await latest(database, Wanted(correlation_id=correlation_id), most=1))

    @desk.get("/calls", Scope.ADMIN_LOOK)
    async def search(visitor: Visitor) -> Response:
        given = visitor.request.query_params
        # Of a NUL PostgreSQL has none.
        typed = {name: given.get(name, "").replace("\0", "").strip()[:_LONGEST_TERM] for name in _FILTERS}
        asked, found = _asked(visitor, typed, given.get("before", "")), None
        if asked is not None:
            found = await calls.find(asked)
        return desk.page(
            visitor.request,
            "calls.html",
            200 if asked else 422,
            caller=visitor.caller,
            typed=typed,
            in_audit=await in_audit(visitor, typed["correlation_id"]),
            found=found or Found([], None),
            wrong=asked is None,
            too_short=bool(typed["code"]) and found is not None and found.looked is None,
            shortest=SHORTEST_CODE,
            agencies=[
                spec
                for spec in registry
                if spec.enabled and (visitor.caller.agencies is None or spec.id in visitor.caller.agencies)
            ],
            outcomes=OUTCOMES,
            operations=OPERATIONS,
        )

    async def page(
        visitor: Visitor, bodies: Bodies, status: int = 200, *, is_open: bool = False, why: str = ""
    ) -> Response:
        return desk.page(
            visitor.request,
            "call.html",
            status,
            caller=visitor.caller,
            bodies=bodies,
            said=(as_written(bodies.request), as_written(bodies.response)),
            call=bodies.call,
            in_audit=await in_audit(visitor, bodies.call.correlation_id),
            is_open=is_open,
            outcomes=OUTCOMES,
            operations=OPERATIONS,
            may_open=visitor.caller.may(Scope.ADMIN_OPERATE),
            wrong=status == 422,
            why=why,
            shortest=SHORTEST_WHY,
            longest=LONGEST_WHY,
        )

    async def masked(visitor: Visitor, status: int = 200, *, why: str = "") -> Response:
        told = visitor.request.path_params
        agency, number = told["agency"], number_told(told["number"]) or 0
        try:
            return await page(visitor, await calls.masked(agency, number, registry.spec(agency)), status, why=why)
        except (NoSuchCall, VaultError) as error:
            return gone(visitor, error)

    def gone(visitor: Visitor, error: Exception) -> Response:
        is_gone = isinstance(error, NoSuchCall)
        return desk.page(
            visitor.request, "call_gone.html", 404 if is_gone else 500, caller=visitor.caller, is_gone=is_gone
        )

    @desk.get("/agencies/{agency}/calls/{number}", Scope.ADMIN_LOOK, of_agency=True)
    async def one(visitor: Visitor) -> Response:
        return await masked(visitor)

    @desk.post("/agencies/{agency}/calls/{number}/open", Scope.ADMIN_OPERATE, of_agency=True)
    async def in_full(visitor: Visitor) -> Response:
        told = visitor.request.path_params
        agency, number = told["agency"], number_told(told["number"]) or 0
        why = visitor.fields.get("why", "")
        try:
            return await page(
                visitor, await calls.open(agency, number, why=why, actor=visitor.caller.name), is_open=True, why=why
            )
        except ValueError:
            return await masked(visitor, 422, why=why)
        except (NoSuchCall, VaultError) as error:
            return gone(visitor, error)


def _asked(visitor: Visitor, typed: Mapping[str, str], before: str) -> Asked | None:
    """None where a time cannot be read. Of an agency that is not theirs nothing is found."""
    agencies = visitor.caller.agencies
    if agency := typed["agency"]:
        agencies = (agency,) if agencies is None or agency in agencies else ()
    try:
        since, until = (moment_typed(typed[name]) for name in ("since", "until"))
    except ValueError:
        return None
    return Asked(
        agencies,
        typed["outcome"] or None,
        typed["operation"] or None,
        since,
        until,
        typed["correlation_id"] or None,
        typed["code"] or None,
        number_told(before),
    )


def moment_typed(told: str) -> datetime | None:
    """What was typed into a field for a day and a time, here. Raises ValueError."""
    if not told:
        return None
    at = datetime.fromisoformat(told)
    if not 2000 <= at.year <= 2999:
        raise ValueError("no year of ours")
    return at if at.tzinfo else at.replace(tzinfo=VIETNAM)
