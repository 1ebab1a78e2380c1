"""What the hub tells an agency's developers of what they have pushed: each event, and each call that was refused."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, Field

from contracts.problem import FieldProblem
from contracts.status import DossierStatus

#: What became of an event. `dead`: it was tried again and again, and a person has to look.
DeliveryState = Literal["new", "applied", "superseded", "ignored", "waiting", "quarantined", "dead"]


class DeliverySummary(BaseModel):
    number: int = Field(description="The hub's own; give it as `before` for the page after the one that it ends.")
    agency: str
    id: str = Field(description="The webhook-id, or the id of the event in a list.")
    state: DeliveryState
    problems: list[FieldProblem] = Field(description="What was not understood. It is kept, and applied once mapped.")
    received_at: AwareDatetime
    applied_at: AwareDatetime | None
    in_list: str | None = Field(description="The webhook-id of the list that it came in.")


class DeliveryChange(BaseModel):
    """What an event changed."""

    code: str
    type: str = Field(examples=["dossier.status"])
    status_before: DossierStatus | None
    status_after: DossierStatus | None


class DeliveryDetail(DeliverySummary):
    address: str | None = Field(description="From where it came.")
    headers: dict[str, str] | None = Field(description="As they came, without what lets in; null after half a year.")
    body: str | None = Field(description="As it came, of a list the whole list; null after half a year.")
    place: int | None = Field(description="Where in the list it is, from 0.")
    attempts: int = Field(description="How often the hub has tried to apply it.")
    changes: list[DeliveryChange] = Field(description="What it changed; kept for a month.")
    other_bodies: list[str] = Field(description="What came later under the same id and says something else.")


class DeliveryPage(BaseModel):
    items: list[DeliverySummary] = Field(description="The last one first.")


class RefusedCall(BaseModel):
    """A call that was refused, or a list of which some event was. That does not count; its sender has been told."""

    number: int
    agency: str
    at: AwareDatetime
    status: int
    reason: str = Field(examples=["bad_signature"])
    problem: FieldProblem
    address: str | None
    headers: dict[str, str]
    body: str = Field(description="Its beginning, up to 4,096 bytes.")
    body_bytes: int


class RefusedPage(BaseModel):
    items: list[RefusedCall] = Field(description="The last one first; the last fifty are kept.")
