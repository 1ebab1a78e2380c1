"""How a dossier stood at any moment of the past, and what was said of it, line by line."""

from pydantic import AwareDatetime, BaseModel, Field

from contracts.dossier import AgencyName, Procedure, Source, StatusEvent, StatusName


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


class FactChange(BaseModel):
    """What one line of the history made of one fact."""

    fact: str = Field(
        description="As an observation names it: status, due_at, applicant_name …; `agency` where the dossier passed "
        "to another.",
        examples=["status"],
    )
    before: str | None = Field(description="Null where nothing had been said of it. Times are in UTC.")
    after: str | None = Field(description="Null where it ended: `gone_at`, once the agency has the dossier again.")


class HistoryLine(BaseModel):
    """What an agency said once."""

    code: str = Field(description="As the agency wrote it then.")
    occurred_at: AwareDatetime | None = Field(description="By the agency's clock; null where it tells no time.")
    revision: int | None = Field(description="The agency's own number of the change, where it has one.")
    observed_at: AwareDatetime = Field(description="When the hub first heard it.")
    source: Source
    settles: bool = Field(description="True for an answer to the question which of two contradicting states holds.")
    status: StatusName | None = Field(description="Null where it says nothing of the status.")
    raw: str | None = Field(description="The agency's own word for the status.")
    changed: list[FactChange] = Field(
        description="Against the lines before it: empty where it says what they said, or only what is not shown."
    )


class HistoryLines(BaseModel):
    """All that was said of a dossier, each line on top of those before it: in the order of the agency's numbers or
    times, whenever it was heard."""

    id: str
    code: str = Field(description="As the agency writes it now.")
    agency: AgencyName
    masked: bool = Field(description="True where the asker may not see people's data: what changed of it is left out.")
    items: list[HistoryLine]
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page; null at the end.")
