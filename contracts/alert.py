"""Alerts: as the admin's API lists them, and as webhooks tell of them."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from contracts.admin import WHOLE_NUMBER, Reason
from contracts.subscription import Address, Email

AlertKind = Literal[
    "down",
    "failing",
    "shape",
    "budget",
    "lag",
    "quarantine",
    "webhooks",
    "drift",
    "certificate",
    "secret",
    "api_key",
]
#: The types of the events that go to webhooks.
CHANGED, TEST = "alerts.changed", "alerts.test"


class AlertTold(BaseModel):
    """What is the matter; nothing personal is in it."""

    id: int
    kind: AlertKind
    agency: str | None = Field(description="null where it is of none, as an API key.")
    what: str = Field(description="Which stream, reason, host, secret or key; may be empty.")
    title_vi: str
    title_en: str
    path: str = Field(description="Where somebody does what is next, on the hub's own host.")
    opened_at: AwareDatetime
    resolved_at: AwareDatetime | None


class AdminAlert(AlertTold):
    cause: int | None = Field(description="The alert that explains it, so that only that one is told.")
    silenced: bool
    told_at: AwareDatetime | None


class AdminSilence(BaseModel):
    """Nothing of this agency and kind is told until then."""

    id: int
    agency: str | None = Field(description="null for all.")
    kind: AlertKind | None = Field(description="null for all.")
    until: AwareDatetime
    why: str
    made_by: str
    made_at: AwareDatetime


class AdminAlerts(BaseModel):
    open: list[AdminAlert]
    resolved: list[AdminAlert] = Field(description="The last hundred.")
    silences: list[AdminSilence]


class SilenceWanted(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: AlertKind | None = Field(default=None, description="null for all.")
    hours: Annotated[int, Field(ge=1, le=2160), WHOLE_NUMBER] = Field(description="For so long from now.")
    why: Reason


class AdminRecipient(BaseModel):
    """Whom alerts are told."""

    id: int
    way: Literal["mail", "webhook"]
    shown: str = Field(description="A webhook's address; a mail address masked.")
    enabled: bool
    disabled_why: str | None
    failing_since: AwareDatetime | None
    last_success_at: AwareDatetime | None
    made_by: str
    made_at: AwareDatetime


class AdminRecipients(BaseModel):
    items: list[AdminRecipient]


class MailWanted(BaseModel):
    model_config = ConfigDict(extra="forbid")

    email: Email


class WebhookWanted(BaseModel):
    model_config = ConfigDict(extra="forbid")

    address: Address


class RecipientMade(BaseModel):
    secret: Annotated[str, StringConstraints(pattern="^whsec_")] | None = Field(
        description="By which a webhook's signatures are verified; shown this once."
    )
