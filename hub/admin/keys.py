"""API keys of portal frontends and other programs: which there are and who uses them; made, replaced and ended."""

from fastapi.responses import RedirectResponse, Response

from hub.access.keys import ApiKeys, KeyWrong, NoKey
from hub.access.scopes import Scope
from hub.admin.desk import PATH, Desk, Visitor, day_told, number_told, overlap_told
from hub.portal.texts import Text
from hub.registry import Registry

SCOPES = {
    Scope.DOSSIERS_READ: Text("danh sách hồ sơ, không có dữ liệu cá nhân", "lists of dossiers, without anybody's data"),
    Scope.DOSSIERS_SEARCH: Text(
        "tìm theo tên và một phần mã; tên được che", "search by name and a part of the code; names masked"
    ),
    Scope.PEOPLE_READ: Text("hồ sơ của một người, đầy đủ", "a person's dossiers, in full"),
    Scope.PEOPLE_TOKENS: Text(
        "thẻ cho người đã đăng nhập ở cổng", "tokens for persons whom the frontend has signed in"
    ),
    Scope.STATISTICS_READ: Text("số liệu thống kê", "counts"),
    Scope.CHANGES_READ: Text("dòng thay đổi", "the change feed"),
    Scope.DELIVERIES_READ: Text("những gì cơ quan đã gửi đến", "what an agency has pushed"),
    Scope.WEBHOOKS_MANAGE: Text("đăng ký nhận thay đổi của mình", "subscriptions of its own"),
    Scope.ADMIN_LOOK: Text("quản trị: xem", "admin: looks"),
    Scope.ADMIN_OPERATE: Text("quản trị: vận hành, sửa bản mô tả", "admin: operates, changes specs"),
    Scope.ADMIN_MANAGE: Text("quản trị: người, khóa, bí mật", "admin: people, keys, secrets"),
    Scope.ADMIN_AUDIT: Text("quản trị: nhật ký", "admin: the audit"),
}
#: For how long the old key of two is good yet, in hours.
OVERLAPS = {
    24: Text("1 ngày", "1 day"),
    168: Text("7 ngày", "7 days"),
    720: Text("30 ngày", "30 days"),
    0: Text("không: hết hiệu lực ngay", "not at all: it ends now"),
}
_WRONG = {
    "name": Text(
        "Tên gồm 2–60 chữ thường không dấu, số, dấu chấm, gạch nối, và chưa có khóa nào đang dùng tên đó.",
        "A name is 2–60 small letters, digits, dots, hyphens, and no key that goes on has it.",
    ),
    "scopes": Text("Hãy chọn ít nhất một quyền.", "Choose one thing at least that it may do."),
    "agencies": Text(
        "Có cơ quan không tồn tại, hoặc quyền đã chọn (người, khóa, bí mật, nhật ký) luôn cho mọi cơ quan.",
        "One of the agencies does not exist, or what was chosen (people, keys, secrets, audit) is always for all.",
    ),
    "expires_at": Text("Ngày hết hạn phải ở sau hôm nay.", "The day on which it ends must be after today."),
    "number": Text("Khóa này đã hết hiệu lực hoặc đã được thay.", "This key has ended, or was replaced."),
}


def add(desk: Desk, keys: ApiKeys, registry: Registry) -> None:
    """Add them to the admin's routes."""

    async def page(visitor: Visitor, status: int = 200, *, made: str = "", wrong: str = "") -> Response:
        return desk.page(
            visitor.request,
            "keys.html",
            status,
            caller=visitor.caller,
            keys=await keys.all(),
            scopes=SCOPES,
            overlaps=OVERLAPS,
            agencies=[spec for spec in registry if spec.enabled],
            typed=visitor.fields,
            made=made,
            wrong=_WRONG.get(wrong),
            is_done=visitor.request.query_params.get("done") == "ended",
        )

    @desk.get("/keys", Scope.ADMIN_MANAGE)
    async def show_keys(visitor: Visitor) -> Response:
        return await page(visitor)

    @desk.post("/keys", Scope.ADMIN_MANAGE)
    async def make_key(visitor: Visitor) -> Response:
        fields = visitor.fields
        agencies = fields.get("agencies", "").replace(",", " ").split()
        scopes = [scope for scope in Scope if f"may {scope}" in fields]
        if not scopes:
            return await page(visitor, 422, wrong="scopes")
        if any(registry.spec(each) is None for each in agencies):
            return await page(visitor, 422, wrong="agencies")
        try:
            made = await keys.create(
                fields.get("name", "").strip(),
                scopes=scopes,
                agencies=agencies or None,
                expires_at=day_told(fields.get("expires", "")),
                actor=visitor.caller.name,
                takes_over=False,
            )
        except KeyWrong as error:
            return await page(visitor, 422, wrong=error.field)
        except ValueError:
            return await page(visitor, 422, wrong="expires_at")
        return await page(visitor, 201, made=made)

    @desk.post("/keys/rotate", Scope.ADMIN_MANAGE)
    async def rotate_key(visitor: Visitor) -> Response:
        overlap = overlap_told(visitor.fields.get("overlap", ""), OVERLAPS)
        try:
            made = await keys.rotate(_number(visitor), overlap, actor=visitor.caller.name)
        except NoKey:
            return await page(visitor, 422, wrong="number")
        return await page(visitor, 201, made=made)

    @desk.post("/keys/end", Scope.ADMIN_MANAGE)
    async def end_key(visitor: Visitor) -> Response:
        try:
            await keys.revoke(_number(visitor), actor=visitor.caller.name)
        except NoKey:
            return await page(visitor, 422, wrong="number")
        return RedirectResponse(f"{PATH}/keys?done=ended", 303)


def _number(visitor: Visitor) -> int:
    return number_told(visitor.fields.get("number", "")) or 0
