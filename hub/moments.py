"""Moments and days as they are asked for in queries."""

from datetime import date
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator


def _not_a_number(value: object) -> object:
    """pydantic takes numbers for seconds since 1970, of which the API's document says nothing."""
    try:
        float(str(value))
    except ValueError:
        return value
    raise ValueError("Input should be written as 2026-11-25, a moment as 2026-11-25T08:00:00+07:00")


#: A date with time and zone.
Moment = Annotated[AwareDatetime, BeforeValidator(_not_a_number)]
Day = Annotated[date, BeforeValidator(_not_a_number)]
