"""What an agency pushes to POST /v1/webhooks/{agency}: one event in a Standard Webhooks envelope."""

from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from contracts.observation import DossierCode, LongText, Revision, ShortText
from contracts.problem import FieldProblem

#: The one event type the hub acts on; others are stored and marked ignored.
DOSSIER_UPDATED = "dossier.updated"

#: So many events may come in one body.
MOST_EVENTS = 100


class Applicant(BaseModel):
    model_config = ConfigDict(extra="ignore")

    name: ShortText | None = None
    phone: Annotated[str, StringConstraints(max_length=40)] | None = None
    email: Annotated[str, StringConstraints(max_length=254)] | None = None
    number: Annotated[str, StringConstraints(max_length=40)] | None = Field(
        default=None, description="Số định danh (CCCD), or an organisation's tax number."
    )


class EventData(BaseModel):
    """The dossier as it is after the change. Leave out what did not change or is not known."""

    model_config = ConfigDict(extra="allow")

    code: DossierCode = Field(description="Mã hồ sơ", examples=["H21.20-261123-0007"])
    occurred_at: AwareDatetime = Field(
        description="When it happened, with zone.", examples=["2026-11-23T08:15:00+07:00"]
    )
    revision: Revision | None = Field(default=None, description="Your own change number, growing, where you have one.")
    status: ShortText | None = Field(default=None, description="Your own status word or code.", examples=["DANG_XU_LY"])
    national_code: DossierCode | None = None
    procedure_code: str | None = Field(default=None, examples=["1.001612"])
    procedure_name: ShortText | None = None
    submitted_at: AwareDatetime | None = None
    received_at: AwareDatetime | None = None
    due_at: AwareDatetime | None = None
    finished_at: AwareDatetime | None = None
    applicant: Applicant | None = None
    note: LongText | None = None


class DossierUpdated(BaseModel):
    """The event `dossier.updated`."""

    model_config = ConfigDict(extra="ignore")

    type: Literal["dossier.updated"]
    timestamp: AwareDatetime = Field(description="When this event was made.")
    data: EventData


class ListedEvent(DossierUpdated):
    """An event of a list, with what names it."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=200)] = Field(
        description="Yours, unique for ever: as the header webhook-id of an event that comes alone."
    )


#: What can be pushed: one event, or a list of them.
Pushable: TypeAlias = DossierUpdated | Annotated[list[ListedEvent], Field(min_length=1, max_length=MOST_EVENTS)]


class Outcome(StrEnum):
    APPLIED = "applied"
    #: It only added to the history: something newer is known already.
    SUPERSEDED = "superseded"
    #: At least a part could not be understood.
    QUARANTINED = "quarantined"
    #: Of a type the hub does not act on.
    IGNORED = "ignored"
    #: Stored; the hub will apply it shortly.
    WAITING = "waiting"
    #: Its id stands for something else; both are kept. Only of an event in a list.
    CONFLICT = "conflict"
    #: It is no event. Only of one in a list, which is kept.
    REFUSED = "refused"


class Accepted(BaseModel):
    """The hub's answer to a delivery: it is durable, and this became of it."""

    id: str = Field(description="The webhook-id of the delivery, or the id of the event in a list.")
    outcome: Outcome
    duplicate: bool = Field(default=False, description="This id was delivered before; nothing was done twice.")
    problems: list[FieldProblem] = Field(
        default=[], description="What could not be understood. It is kept, and applied once it is mapped."
    )


class AcceptedEvent(Accepted):
    """What became of one event of a list."""

    status: int = Field(description="The HTTP status that it would have got alone: 202, 200, 400 or 409.")


class AcceptedList(BaseModel):
    """The hub's answer to a list of events: it is durable, and this became of each."""

    items: list[AcceptedEvent] = Field(description="In the order of the list.")
