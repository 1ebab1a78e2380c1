"""What an admin wants to know of the gates."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from sqlalchemy import case, func, select

from hub.db import Database
from hub.gate.tables import gate


@dataclass(frozen=True, slots=True)
class GateStatus:
    state: Literal["closed", "open", "half_open"]
    #: Calls begun on `day`, by the agency's clock: the last one of which the gate knows.
    calls_today: int
    day: date
    #: Until when nobody calls, where the breaker is open; its last such moment, where it is half-open.
    open_until: datetime | None


async def statuses(database: Database) -> dict[str, GateStatus]:
    """The gate of each agency that has ever been called."""
    state = case((gate.c.open_until.is_(None), "closed"), (gate.c.open_until > func.now(), "open"), else_="half_open")
    asked = select(gate.c.agency, state.label("state"), gate.c.calls_today, gate.c.day, gate.c.open_until)
    async with database.begin() as connection:
        rows = await connection.execute(asked)
        return {row.agency: GateStatus(row.state, row.calls_today, row.day, row.open_until) for row in rows}
