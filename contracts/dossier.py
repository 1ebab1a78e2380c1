"""The unified answer: one dossier as anybody holding its code may see it. No personal data."""

from collections.abc import Iterable
from typing import Literal, TypeAlias

from pydantic import AwareDatetime, BaseModel, Field

from contracts.agency import Name
from contracts.observation import AgencyId, Channel
from contracts.status import DossierStatus

#: Why an answer may be older than it should be. The first four: older than the agency's schedule promises. The
#: others: older than was asked for with `max_age`, because the agency
#: - `agency_slow`: was asked and has not answered yet; what it answers will be there for whoever asks next;
#: - `agency_failing`: could not be reached, or gave no answer that can be understood (of a schedule, too);
#: - `agency_closed`: may not be asked outside its hours;
#: - `budget_spent`: has been asked as often as it allows;
#: - `cannot_be_asked`: cannot be asked about a single dossier, or is not connected;
#: - `agency_has_none`: was asked and says that it has no such dossier; the last known state is shown.
StaleReason: TypeAlias = Literal[
    "not_synced_yet",
    "agency_failing",
    "sync_late",
    "agency_disabled",
    "agency_slow",
    "agency_closed",
    "budget_spent",
    "cannot_be_asked",
    "agency_has_none",
]


class StatusName(BaseModel):
    code: DossierStatus
    name: Name

    @classmethod
    def of(cls, status: DossierStatus) -> "StatusName":
        return cls(code=status, name=Name(vi=status.name_vi, en=status.name_en))


class AgencyName(BaseModel):
    id: AgencyId
    identifier: str
    name: Name
    phone: str | None = None


class Procedure(BaseModel):
    code: str | None = None
    name: str | None = None


class Source(BaseModel):
    """Where the latest word about the dossier came from."""

    agency: AgencyId
    channel: Channel


class StatusEvent(BaseModel):
    """The dossier came to this status."""

    status: StatusName
    occurred_at: AwareDatetime = Field(
        description="By the agency's clock; when the hub heard of it, where the agency tells no time."
    )
    observed_at: AwareDatetime = Field(description="When the hub first heard of it.")
    source: Source
    raw: str | None = Field(default=None, description="The agency's own word for the status.")


class DossierState(BaseModel):
    """What was said of a dossier, without how fresh that is."""

    id: str = Field(description="The hub's own name of the dossier; it never changes, whatever else does.")
    code: str
    agency: AgencyName = Field(description="Who handles it now.")
    former_agencies: list[AgencyName] = Field(
        default=[], description="Who handled it before, in order, where agencies have changed."
    )
    procedure: Procedure
    status: StatusName | None = Field(description="Null while the agency's status word is not understood.")
    submitted_at: AwareDatetime | None
    received_at: AwareDatetime | None
    due_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    gone_at: AwareDatetime | None = Field(
        default=None, description="Since when the agency's system has the dossier no more; null while it has it."
    )
    observed_at: AwareDatetime = Field(description="When the agency last said anything about this dossier.")
    source: Source
    updated_at: AwareDatetime = Field(description="When the hub's answer last changed.")

    @property
    def agencies(self) -> list[AgencyName]:
        """Who has had it, in order; the last one has it now."""
        return [*self.former_agencies, self.agency]

    def concerns(self, agency: str | None) -> bool:
        """Whether that agency has it, or had: a slip may show the name of one that is no more. None asks for any."""
        return agency is None or self.concerns_one_of([agency])

    def concerns_one_of(self, agencies: Iterable[str] | None) -> bool:
        """Whether one of these has it, or had. None asks for any."""
        return agencies is None or not {each.id for each in self.agencies}.isdisjoint(agencies)


class DossierSummary(DossierState):
    """A dossier without its timeline."""

    checked_at: AwareDatetime = Field(
        description="Up to when the hub would have heard of a change: the agency's last complete sync, or later."
    )
    stale: bool = Field(
        description="True when checked_at is older than this agency's schedule promises, or than was asked for."
    )
    stale_reason: StaleReason | None = Field(
        default=None,
        description="Of the schedule: not_synced_yet, agency_failing, sync_late, agency_disabled. Of `max_age`: "
        "agency_slow (asked, no answer yet), agency_failing, agency_closed (outside its hours), budget_spent, "
        "cannot_be_asked, agency_has_none (it says so; the last known state is shown).",
    )


class Dossier(DossierSummary):
    timeline: list[StatusEvent]


class DossierPage(BaseModel):
    items: list[DossierSummary]
    next_cursor: str | None = Field(
        description="Give it as `cursor` for the next page; null at the end. A page may hold few, or none, and go on."
    )


class Applicant(BaseModel):
    """Whose dossier it is."""

    name: str | None = Field(description="In full, or masked: see `masked`.")
    number: str | None = Field(default=None, description="Identity or tax number; only where not masked.")
    phone: str | None = Field(default=None, description="Only where not masked.")
    email: str | None = Field(default=None, description="Only where not masked.")
    masked: bool = Field(description="True where the asker may not see whose dossier it is.")


class FoundDossier(DossierSummary):
    """A dossier with its applicant."""

    applicant: Applicant


class FoundPage(BaseModel):
    items: list[FoundDossier]
    next_cursor: str | None = Field(
        description="Give it as `cursor` for the next page; null at the end. A page may hold few, or none, and go on."
    )
