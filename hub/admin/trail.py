"""The audit, the latest lines first, and whether it is whole."""

from fastapi.responses import Response

from hub.access.audit import latest, verify
from hub.access.scopes import Scope
from hub.admin.desk import Desk, Visitor
from hub.db import Database

_LINES = 100


def add(desk: Desk, database: Database) -> None:
    """Add it to the admin's routes."""

    @desk.get("/audit", Scope.ADMIN_AUDIT)
    async def trail(visitor: Visitor) -> Response:
        asked = visitor.request.query_params
        # Of a NUL PostgreSQL has none.
        target, actor = (asked.get(name, "").replace("\0", "") or None for name in ("target", "actor"))
        before = asked.get("before", "")
        found = await latest(
            database,
            before=int(before) if before.isdecimal() and len(before) < 19 else None,
            target=target,
            actor=actor,
            most=_LINES,
        )
        verdict = None
        # All lines are read for it, so not with each page of them.
        if not asked:
            async with database.reads.acquire() as connection:
                verdict = await verify(connection)
        return desk.page(
            visitor.request,
            "audit.html",
            caller=visitor.caller,
            lines=found,
            verdict=verdict,
            target=target or "",
            actor=actor or "",
            older=found[-1].head.line if len(found) == _LINES else None,
        )
