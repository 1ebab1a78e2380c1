"""Silences: what is not told for a while, by whom and why. It is shown all the same."""

from datetime import datetime, timedelta

from sqlalchemy import func, insert, select, update

from contracts.alert import AlertKind
from hub.access.audit import note
from hub.alerts.tables import alert_silence
from hub.db import Database

LONGEST = timedelta(days=90)


class NoSuchSilence(LookupError):
    pass


async def silence(
    database: Database, *, agency: str | None, kind: AlertKind | None, length: timedelta, why: str, actor: str
) -> datetime:
    """Tell nothing of that agency and kind, None for all, for so long. Returns until when."""
    assert timedelta(0) < length <= LONGEST
    wanted = {"agency": agency, "kind": kind, "why": why, "made_by": actor}
    async with database.begin() as connection:
        made = insert(alert_silence).values(wanted | {"until": func.now() + length})
        row = (await connection.execute(made.returning(alert_silence.c.id, alert_silence.c.until))).one()
        until: datetime = row.until
        detail = {"number": row.id, "kind": kind, "why": why, "until": until.isoformat()}
        await note(connection, actor=actor, action="alert.silenced", target=agency, detail=detail)
    return until


async def agency_of(database: Database, number: int) -> str | None:
    """Which one a silence that has not ended is of; None for all. Raises NoSuchSilence."""
    async with database.begin() as connection:
        still = (alert_silence.c.id == number, alert_silence.c.until > func.now())
        row = (await connection.execute(select(alert_silence.c.agency).where(*still))).one_or_none()
    if row is None:
        raise NoSuchSilence(f"there is no silence {number}, or it is over")
    agency: str | None = row.agency
    return agency


async def end(database: Database, number: int, *, actor: str) -> None:
    """Tell again, from now on. Raises NoSuchSilence."""
    async with database.begin() as connection:
        still = (alert_silence.c.id == number, alert_silence.c.until > func.now())
        ended = update(alert_silence).where(*still).values(until=func.now()).returning(alert_silence.c.agency)
        row = (await connection.execute(ended)).one_or_none()
        if row is None:
            raise NoSuchSilence(f"there is no silence {number}, or it is over")
        detail = {"number": number}
        await note(connection, actor=actor, action="alert.silence_ended", target=row.agency, detail=detail)
