"""Reads what a place in a list is made of. Positions outlive a spec: one may have been made by another way of paging.

Everything here raises Malformed for such a one, upon which the window is begun anew.
"""

from datetime import UTC, datetime
from typing import Any

from contracts.adapter import Position
from contracts.errors import Malformed


def number(position: Position, key: str) -> int:
    value = position.get(key)
    if not isinstance(value, int):
        raise _foreign()
    return value


def count(position: Position | None, key: str) -> int:
    """How many of `key` there were before."""
    return number(position, key) if position and key in position else 0


def text(position: Position, key: str) -> str:
    value = position.get(key)
    if not isinstance(value, str):
        raise _foreign()
    return value


def texts(position: Position | None, key: str) -> list[str]:
    """Those at `key`; none where there is no such key."""
    value = position.get(key, []) if position else []
    if not isinstance(value, list):
        raise _foreign()
    return [str(each) for each in value]


def rows(position: Position, key: str) -> list[Any]:
    """Those at `key`, each by one text, or by several values with their names."""
    value = position.get(key)
    if not isinstance(value, list) or not all(isinstance(each, str | dict) for each in value):
        raise _foreign()
    return value


def moment(position: Position, key: str) -> datetime | None:
    value: Any = position.get(key)
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise _foreign() from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def written(moment: datetime | None) -> str | None:
    """As `moment` reads it."""
    return moment.isoformat() if moment else None


def _foreign() -> Malformed:
    return Malformed("The place to go on from was not made by this way of paging.")
