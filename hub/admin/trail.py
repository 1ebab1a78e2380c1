"""The audit, the latest lines first, whether it is whole, and all of what was looked for as a file."""

from collections.abc import Mapping

from fastapi.responses import Response, StreamingResponse

from hub.access.audit import Wanted, exported, latest, verify
from hub.access.scopes import Scope
from hub.admin.desk import Desk, Visitor, number_told
from hub.calls.search import Calls
from hub.db import Database

_LINES = 100
_FILTERS = ("agency", "target", "actor", "correlation_id")

#: A JSON document in each row.
EXPORT_TYPE = "application/x-ndjson"
#: Kept by nobody on the way, and by a browser as a file.
EXPORT_HEADERS = {"Cache-Control": "no-store", "Content-Disposition": 'attachment; filename="audit.ndjson"'}


def add(desk: Desk, database: Database, calls: Calls) -> None:
    """Add them to the admin's routes."""

    @desk.get("/audit", Scope.ADMIN_AUDIT)
    async def trail(visitor: Visitor) -> Response:
        asked = visitor.request.query_params
        typed = _typed(asked)
        found = await latest(
            database,
            _wanted(typed),
            before=number_told(asked.get("before", "")),
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
            called=await calls.made_in({each.calls for each in found if each.calls}),
            verdict=verdict,
            typed=typed,
            older=found[-1].head.line if len(found) == _LINES else None,
        )

    @desk.get("/audit/export", Scope.ADMIN_AUDIT)
    async def export(visitor: Visitor) -> Response:
        rows = exported(database, _wanted(_typed(visitor.request.query_params)))
        return StreamingResponse(rows, media_type=EXPORT_TYPE, headers=EXPORT_HEADERS)


def _typed(asked: Mapping[str, str]) -> dict[str, str]:
    # Of a NUL PostgreSQL has none.
    return {name: asked.get(name, "").replace("\0", "").strip() for name in _FILTERS}


def _wanted(typed: Mapping[str, str]) -> Wanted:
    agency, target, actor, correlation_id = (typed[name] or None for name in _FILTERS)
    return Wanted(target, actor, correlation_id, agency=agency)
