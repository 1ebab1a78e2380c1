"""What an agency has said of a dossier, line by line, and how the dossier stood at any moment of the past."""

from typing import Any

from pydantic import AwareDatetime, BaseModel, Field

from contracts.dossier import AgencyName, Procedure, Source, StatusEvent, StatusName
from contracts.observation import Revision


class PastState(BaseModel):
    """How a dossier stood. Without anybody's data."""

    code: str
    status: StatusName | None = Field(description="Null where the agency had told no status that is understood.")
    raw: str | None = Field(description="The agency's own word for the status.")
    procedure: Procedure
    submitted_at: AwareDatetime | None
    received_at: AwareDatetime | None
    due_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    gone_at: AwareDatetime | None
    observed_at: AwareDatetime = Field(description="When the hub heard the latest word of which this is made.")


class History(BaseModel):
    """A dossier at a moment of the past, and its way there."""

    id: str
    code: str = Field(description="As the agency writes it now.")
    agency: AgencyName
    as_of: AwareDatetime | None = Field(description="How it stood then, by the agency's time.")
    known_at: AwareDatetime | None = Field(description="By what the hub had heard by then.")
    state: PastState | None = Field(description="Null where nothing had been said of it yet.")
    timeline: list[StatusEvent]


class HistoryLine(BaseModel):
    """One thing that the agency said. Lines are added, never changed."""

    code: str
    occurred_at: AwareDatetime | None = Field(description="By the agency's clock; null where it does not say.")
    observed_at: AwareDatetime = Field(description="When the hub first heard it.")
    revision: Revision | None = Field(description="The agency's number of the change, where it has one.")
    settles: bool = Field(description="True for its answer to our question which of two contradicting states holds.")
    source: Source
    facts: dict[str, Any] = Field(
        description="What it said, by the names of Facts; personal ones only for a key with people:read."
    )


class HistoryLines(BaseModel):
    items: list[HistoryLine] = Field(description="The present state is these, one on top of the other, in this order.")
