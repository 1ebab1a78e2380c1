"""The secrets that specs name: which there are and which are missing; set and removed, and never shown."""

from datetime import UTC, datetime

from fastapi.responses import RedirectResponse, Response

from hub.access.scopes import Scope
from hub.admin.desk import PATH, Desk, Visitor, day_told, overlap_told
from hub.portal.texts import Text
from hub.registry import Registry
from hub.secrets.keeping import HubSecrets, SecretWrong

#: A certificate's key with its chain is long.
_LARGEST = 80_000

_WRONG = {
    "name": Text(
        "Tên gồm chữ thường không dấu, số và gạch nối, bắt đầu bằng chữ: so-tnmt-khoa.",
        "A name has small letters, digits and hyphens, a letter first: so-tnmt-khoa.",
    ),
    "value": Text("Hãy nhập bí mật, nhiều nhất 20.000 ký tự.", "Type the secret, of 20,000 characters at most."),
    "expires": Text("Ngày hết hạn viết như 2026-12-31.", "The day it ends is written as 2026-12-31."),
}
DONE = {
    "set": Text(
        "Đã lưu. Mọi tiến trình dùng giá trị mới sau vài giây.", "Kept. All processes use the new one within seconds."
    ),
    "unused": Text(
        "Đã lưu, nhưng chưa dùng: biến môi trường hoặc tệp cũng có tên này và được dùng trước. Hãy xóa nó ở đó.",
        "Kept, and not used: the environment or a file has this name, too, and goes before. Take it out there.",
    ),
    "removed": Text("Đã xóa.", "Removed."),
}
#: For how long what a secret was before is good yet, in hours.
OVERLAPS = {
    0: Text("không", "not at all"),
    24: Text("1 ngày", "for a day"),
    168: Text("7 ngày", "for 7 days"),
    720: Text("30 ngày", "for 30 days"),
}
PLACES = {
    "missing": Text("thiếu", "missing"),
    "database": Text("trong cơ sở dữ liệu", "in the database"),
    "environment or file": Text("trong biến môi trường hoặc tệp", "in the environment or a file"),
}


def add(desk: Desk, secrets: HubSecrets, registry: Registry) -> None:
    """Add them to the admin's routes."""

    async def page(visitor: Visitor, status: int = 200, *, wrong: str = "", name: str = "") -> Response:
        return desk.page(
            visitor.request,
            "secrets.html",
            status,
            caller=visitor.caller,
            secrets=await secrets.all(registry),
            places=PLACES,
            overlaps=OVERLAPS,
            wrong=_WRONG.get(wrong),
            name=name or visitor.request.query_params.get("name", ""),
            done=DONE.get(visitor.request.query_params.get("done", "")),
            now=datetime.now(UTC),
        )

    @desk.get("/secrets", Scope.ADMIN_MANAGE)
    async def show(visitor: Visitor) -> Response:
        return await page(visitor)

    @desk.post("/secrets", Scope.ADMIN_MANAGE, largest=_LARGEST)
    async def put(visitor: Visitor) -> Response:
        fields = visitor.fields
        name = fields.get("name", "").strip()
        try:
            expires_at = day_told(fields.get("expires", ""))
        except ValueError:
            return await page(visitor, 422, wrong="expires", name=name)
        # A key that was pasted ends its lines as a browser does.
        value = fields.get("value", "").replace("\r\n", "\n").strip()
        try:
            await secrets.put(
                name,
                value,
                actor=visitor.caller.name,
                expires_at=expires_at,
                overlap=overlap_told(fields.get("overlap", ""), OVERLAPS),
            )
        except SecretWrong as error:
            return await page(visitor, 422, wrong=error.field, name=name)
        done = "set" if secrets.place(name) == "database" else "unused"
        return RedirectResponse(f"{PATH}/secrets?done={done}", 303)

    @desk.post("/secrets/remove", Scope.ADMIN_MANAGE)
    async def remove(visitor: Visitor) -> Response:
        await secrets.remove(visitor.fields.get("name", ""), actor=visitor.caller.name)
        return RedirectResponse(f"{PATH}/secrets?done=removed", 303)
