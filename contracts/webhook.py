"""What an agency pushes to POST /v1/webhooks/{agency}: one event in a Standard Webhooks envelope."""

from enum import StrEnum
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from contracts.observation import LongText, Revision, ShortText
from contracts.problem import FieldProblem

#: The one event type the hub acts on; others are stored and marked ignored.
DOSSIER_UPDATED = "dossier.updated"

#: So many events may come in one body.
MOST_EVENTS = 100


#: An agency's own words and numbers: a whole number is taken for its digits, and what is blank says nothing.
_Text: TypeAlias = ShortText | int
_Digits: TypeAlias = Annotated[str, StringConstraints(max_length=40)] | int
#: As JSON Schema's `date-time` has it (RFC 3339), of a year of which dossiers are.
_YEARS = "(19|2[01])[0-9]{2}-"
_Moment = Annotated[AwareDatetime, Field(json_schema_extra={"pattern": f"^{_YEARS}"})]
#: Some systems write the first day or the last where there is none.
_MomentOrNone: TypeAlias = (
    Annotated[AwareDatetime, Field(json_schema_extra={"pattern": f"^(0001-01-01|9999-12-3[01]|{_YEARS})"})]
    | Annotated[str, StringConstraints(pattern=r"^\s*$")]
    | None
)
_Code: TypeAlias = Annotated[str, StringConstraints(max_length=80, pattern=r"\S")] | int


class Applicant(BaseModel):
    model_config = ConfigDict(extra="ignore")

    name: _Text | None = None
    phone: _Digits | None = None
    email: Annotated[str, StringConstraints(max_length=254)] | int | None = None
    number: _Digits | None = Field(
        default=None,
        description="Số định danh (CCCD), or an organisation's tax number. As text: a number has no zero before it.",
    )


class EventData(BaseModel):
    """The dossier as it is after the change. Leave out what did not change or is not known."""

    model_config = ConfigDict(extra="allow")

    code: _Code = Field(description="Mã hồ sơ", examples=["H21.20-261123-0007"])
    occurred_at: _Moment = Field(
        description="When it happened, with zone: without one it is not taken.", examples=["2026-11-23T08:15:00+07:00"]
    )
    revision: Revision | Annotated[str, StringConstraints(pattern=r"^(\s*|[0-9]{1,18})$")] | None = Field(
        default=None, description="Your own change number, growing, where you have one."
    )
    status: _Text | None = Field(default=None, description="Your own status word or code.", examples=["DANG_XU_LY"])
    national_code: Annotated[str, StringConstraints(max_length=80)] | int | None = None
    procedure_code: Annotated[str, StringConstraints(max_length=80)] | int | None = Field(
        default=None, examples=["1.001612"]
    )
    procedure_name: _Text | None = None
    submitted_at: _MomentOrNone = None
    received_at: _MomentOrNone = None
    due_at: _MomentOrNone = None
    finished_at: _MomentOrNone = None
    applicant: Applicant | None = None
    note: LongText | int | None = None


class DossierUpdated(BaseModel):
    """The event `dossier.updated`."""

    model_config = ConfigDict(extra="ignore")

    type: Literal["dossier.updated"]
    timestamp: Any = Field(
        default=None,
        description="When this event was made. The hub makes nothing of it: `data.occurred_at` counts.",
        examples=["2026-11-23T08:15:02+07:00"],
    )
    data: EventData


class ListedEvent(DossierUpdated):
    """An event of a list, with what names it."""

    id: Annotated[str, StringConstraints(max_length=200, pattern=r"\S")] | int = Field(
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
