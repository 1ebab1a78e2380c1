"""The audit: who did what to what. Only ever added to."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.access.tables import audit
from hub.log import correlation_id


async def note(
    connection: AsyncConnection,
    *,
    actor: str,
    action: str,
    target: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write one line, in the transaction of what it tells about. Never pass a secret or personal data."""
    await connection.execute(
        insert(audit).values(actor=actor, action=action, target=target, detail=detail, correlation_id=correlation_id())
    )
