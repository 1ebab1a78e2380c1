"""What the parts of an agency's spec share: unknown keys are errors, and a few kinds of text."""

from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, StringConstraints

#: JMESPath, with the functions of adapters.mapping.expressions.
Expression = Annotated[str, StringConstraints(min_length=1, max_length=500)]
SecretName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
#: A file of the document store.
DocumentName = Annotated[str, StringConstraints(min_length=1, max_length=300)]


class SpecModel(BaseModel):
    """Unknown keys are errors, so that a misspelled setting is never silently ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def known_zone(zone: str) -> str:
    """`zone`, if it is one. Raises ValueError, which a missing ZoneInfo's KeyError is not."""
    try:
        ZoneInfo(zone)
    except (KeyError, OSError):
        raise ValueError(f"{zone!r} is no time zone; here it is Asia/Ho_Chi_Minh") from None
    return zone
