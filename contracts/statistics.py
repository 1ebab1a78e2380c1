"""Counts of dossiers by agency, status and month, as GET /v1/statistics tells them."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from contracts.observation import AgencyId
from contracts.status import DossierStatus

Month = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{3}-(0[1-9]|1[0-2])$")]


class CountedAt(StrEnum):
    """At which agency a dossier is counted that has passed from one to another, as agencies merged or were split."""

    #: The one that handles it now.
    NOW = "now"
    #: The one that took it in: as if no agency had changed.
    FIRST = "first"


class Count(BaseModel):
    """So many dossiers of one agency, at one status, of one month."""

    agency: AgencyId
    status: DossierStatus | None = Field(description="Null for those whose agency's status word is not understood.")
    month: Month | None = Field(
        description="In which they were received, else handed in, in Vietnam; null where the agency said neither."
    )
    count: int
    on_time: int = Field(description="All the others: `count` less `late` less `overdue`. No due date is on time.")
    late: int = Field(description="Finished on a day after the due date.")
    overdue: int = Field(description="Not finished, the clock runs, and the due date is before `today`.")


class Statistics(BaseModel):
    """Dossiers that are gone at their agency are not counted."""

    today: date = Field(description="The day in Vietnam by which dossiers are overdue.")
    items: list[Count]
