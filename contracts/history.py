"""How a dossier stood at any moment of the past."""

from pydantic import AwareDatetime, BaseModel, Field

from contracts.dossier import AgencyName, Procedure, StatusEvent, StatusName


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
