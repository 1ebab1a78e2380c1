"""A moment as it is asked for: a date with time and zone."""

from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator


def _not_a_number(value: object) -> object:
    """pydantic takes numbers for seconds since 1970, of which the API's document says nothing."""
    try:
        float(str(value))
    except ValueError:
        return value
    raise ValueError("Input should be a date with time and zone, such as 2026-11-25T08:00:00+07:00")


Moment = Annotated[AwareDatetime, BeforeValidator(_not_a_number)]
