"""Who keeps the hub: accounts and sessions, for those who may manage them; and everybody's own sessions."""

from collections.abc import Awaitable, Callable

from fastapi.responses import RedirectResponse, Response

from hub.access.accounts import AccountWrong
from hub.access.roles import Role
from hub.access.scopes import Scope
from hub.admin.desk import PATH, Desk, Visitor, number_told
from hub.portal.texts import Text
from hub.registry import Registry

_PEOPLE = f"{PATH}/people"

ROLES = {
    Role.VIEWER: Text("Người xem: xem mọi thứ, không đổi gì", "Viewer: sees everything, changes nothing"),
    Role.OPERATOR: Text("Người vận hành: ra lệnh đọc, tạm dừng, đọc lại", "Operator: orders readings, pauses, replays"),
    Role.ADMIN: Text("Quản trị: mọi quyền", "Admin: may do everything"),
    Role.AUDITOR: Text("Kiểm toán: xem nhật ký", "Auditor: reads the audit"),
}
_WRONG = {
    "name": Text("Tên này không dùng được hoặc đã có người dùng.", "This name cannot be used, or is taken."),
    "role": Text("Phải còn ít nhất một quản trị viên khác.", "There must be another admin."),
    "agencies": Text(
        "Có cơ quan không tồn tại, hoặc vai trò này luôn cho mọi cơ quan (quản trị, kiểm toán).",
        "One of the agencies does not exist, or the role is always for all (admin, auditor).",
    ),
}


def add(desk: Desk, registry: Registry) -> None:
    """Add them to the admin's routes."""
    accounts, sign_in = desk.sign_in.accounts, desk.sign_in

    async def page(
        visitor: Visitor, status: int = 200, *, made: tuple[str, str] | None = None, wrong: str = ""
    ) -> Response:
        return desk.page(
            visitor.request,
            "people.html",
            status,
            caller=visitor.caller,
            session=visitor.session,
            accounts=await accounts.all(),
            sessions=await sign_in.sessions(),
            roles=ROLES,
            agencies=[spec for spec in registry if spec.enabled],
            made=made,
            wrong=_WRONG.get(wrong),
        )

    async def done(visitor: Visitor, work: Callable[[], Awaitable[None]]) -> Response:
        try:
            await work()
        except AccountWrong as error:
            return await page(visitor, 422, wrong=error.field)
        return RedirectResponse(_PEOPLE, 303)

    def chosen(visitor: Visitor) -> tuple[Role, list[str] | None]:
        """Raises AccountWrong."""
        role, told = visitor.fields.get("role", ""), visitor.fields.get("agencies", "")
        agencies = told.replace(",", " ").split()
        if role not in set(Role):
            raise AccountWrong("role", f"a role is one of {', '.join(Role)}")
        if any(registry.spec(each) is None for each in agencies):
            raise AccountWrong("agencies", "one of the agencies does not exist")
        return Role(role), agencies or None

    @desk.get("/people", Scope.ADMIN_MANAGE)
    async def people(visitor: Visitor) -> Response:
        return await page(visitor)

    @desk.post("/people/invite", Scope.ADMIN_MANAGE)
    async def invite(visitor: Visitor) -> Response:
        name = visitor.fields.get("name", "").strip().lower()
        try:
            role, agencies = chosen(visitor)
            password = await accounts.invite(name, role, agencies, actor=visitor.caller.name)
        except AccountWrong as error:
            return await page(visitor, 422, wrong=error.field)
        return await page(visitor, 201, made=(name, password))

    @desk.post("/people/password", Scope.ADMIN_MANAGE)
    async def password(visitor: Visitor) -> Response:
        name = visitor.fields.get("name", "")
        try:
            made = await accounts.new_password(name, actor=visitor.caller.name)
        except AccountWrong as error:
            return await page(visitor, 422, wrong=error.field)
        return await page(visitor, 201, made=(name, made))

    @desk.post("/people/change", Scope.ADMIN_MANAGE)
    async def change(visitor: Visitor) -> Response:
        async def work() -> None:
            role, agencies = chosen(visitor)
            await accounts.change(visitor.fields.get("name", ""), role, agencies, actor=visitor.caller.name)

        return await done(visitor, work)

    @desk.post("/people/end", Scope.ADMIN_MANAGE)
    async def end(visitor: Visitor) -> Response:
        return await done(visitor, lambda: accounts.end(visitor.fields.get("name", ""), actor=visitor.caller.name))

    @desk.post("/people/session", Scope.ADMIN_MANAGE)
    async def put_out(visitor: Visitor) -> Response:
        if number := number_told(visitor.fields.get("id", "")):
            await sign_in.end(number, actor=visitor.caller.name)
        return RedirectResponse(_PEOPLE, 303)
