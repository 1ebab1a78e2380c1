"""Webhooks out: what a subscriber asks for, what is told of its deliveries, and the event that only tests."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from contracts.change import ChangeType
from contracts.observation import AgencyId
from contracts.status import DossierStatus


def _number(value: object) -> object:
    """JSON's 24 and 24.0 are one number; "24" and true are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("a whole number of hours")
    return value


#: The type of the event that `POST /v1/subscriptions/{id}/test` sends.
TEST = "subscription.test"

#: Host and port, without a user: a secret in an address would be shown and logged on the way.
_ADDRESS = r"^https?://[A-Za-z0-9.\-\[\]:]+(/[!-~]*)?$"

Address = Annotated[
    str,
    StringConstraints(max_length=1000, pattern=_ADDRESS),
    Field(description="Where events go. https, and reachable from the internet.", examples=["https://so.example/hook"]),
]
SubscriptionName = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]*$")]
Email = Annotated[
    str,
    StringConstraints(max_length=254, pattern=r"^[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9\-]+(\.[A-Za-z0-9\-]+)+$"),
    Field(description="Who is told when the subscription is disabled. Shown masked.", examples=["it@so.example"]),
]
Types = Annotated[
    list[ChangeType],
    Field(max_length=20, description="Only these; all where there are none."),
]
Agencies = Annotated[
    list[AgencyId],
    Field(max_length=200, description="Only dossiers that one of these has, or had."),
]
Procedures = Annotated[
    list[Annotated[str, StringConstraints(pattern=r"^[0-9]{1,3}\.[0-9]{6}(\.[0-9A-Z]{1,10}){0,4}$")]],
    Field(
        max_length=500,
        description="MaTTHC; `1.001612` takes `1.001612.000.00.00.H48` too.",
        examples=[["1.001612"]],
    ),
]
Statuses = Annotated[
    list[DossierStatus],
    Field(max_length=10, description="Only changes after which the dossier is at one of these."),
]
Ordered = Annotated[
    bool,
    Field(
        strict=True,
        description="Events of one dossier one after the other: a later one waits until the one before has arrived.",
    ),
]


class SubscriptionRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    address: Address
    name: SubscriptionName = "webhook"
    types: Types = []
    agencies: Agencies = []
    procedures: Procedures = []
    statuses: Statuses = []
    ordered: Ordered = False
    email: Email | None = None


class SubscriptionChange(BaseModel):
    """What is left out stays as it is. Filters hold for what changes from now on."""

    model_config = ConfigDict(extra="forbid")

    address: Address | None = None
    name: SubscriptionName | None = None
    types: Types | None = None
    agencies: Agencies | None = None
    procedures: Procedures | None = None
    statuses: Statuses | None = None
    ordered: Ordered | None = None
    email: Email | None = None


class Why(StrEnum):
    """Why a subscription is disabled."""

    #: Nothing arrived for as long as the retry plan lasts.
    FAILING = "failing"
    #: The endpoint answered 410.
    GONE = "gone"
    OWNER = "owner"
    ADMIN = "admin"
    #: The API key that made it ended, or lost its scope.
    KEY_ENDED = "key_ended"
    #: What it had still to be told of is kept no more.
    EXPIRED = "expired"


class Subscription(BaseModel):
    id: str
    address: str
    name: str
    types: list[ChangeType]
    agencies: list[AgencyId]
    procedures: list[str]
    statuses: list[DossierStatus]
    ordered: bool
    email: str | None = Field(description="Masked.")
    enabled: bool
    disabled_at: AwareDatetime | None
    disabled_why: Why | None
    catching_up: bool = Field(description="It is told of the past, and has not come to the present yet.")
    failing_since: AwareDatetime | None = Field(description="Nothing has arrived since; null while all is well.")
    last_success_at: AwareDatetime | None
    old_secret_until: AwareDatetime | None = Field(description="Until then deliveries are signed by the old one, too.")
    created_at: AwareDatetime


class SubscriptionMade(Subscription):
    secret: str = Field(description="whsec_…; shown this once.")


class Subscriptions(BaseModel):
    items: list[Subscription]


class SecretRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    overlap_hours: Annotated[int, Field(ge=0, le=168), BeforeValidator(_number)] = Field(
        default=24, description="For so long deliveries are signed by the old secret, too."
    )


class SecretMade(BaseModel):
    secret: str = Field(description="whsec_…; shown this once.")
    old_secret_until: AwareDatetime | None


class EventDeliveryState(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    #: Every try failed.
    FAILED = "failed"
    #: A replay went past it, or around it.
    DROPPED = "dropped"


class EventDelivery(BaseModel):
    id: str
    event: str = Field(description="`webhook-id`: the same at each try and each replay.")
    type: str
    state: EventDeliveryState
    attempts: int
    created_at: AwareDatetime
    next_try_at: AwareDatetime | None = Field(description="Null also while an earlier one of its dossier waits.")
    finished_at: AwareDatetime | None


class EventDeliveries(BaseModel):
    items: list[EventDelivery] = Field(description="The latest first.")
    next_cursor: str | None = Field(description="Give it as `cursor` for those before.")


class DeliveryAttempt(BaseModel):
    at: AwareDatetime
    seconds: float
    outcome: Literal["ok", "failed", "slow_down", "rejected", "gone"]
    status: int | None = Field(description="The HTTP status; null where there was no answer.")
    message: str | None = Field(description="What went wrong, in English.")
    answer: str | None = Field(description="The beginning of a refusal's body; numbers and e-mail addresses masked.")


class EventDeliveryDetail(EventDelivery):
    tries: list[DeliveryAttempt] = Field(description="In the order in which they were made.")


class Tested(BaseModel):
    event: str
    attempt: DeliveryAttempt


class TestedSubscription(BaseModel):
    subscription: str


class SubscriptionTest(BaseModel):
    """It comes when its owner asks for it, whatever the subscription's filters. Nothing has changed."""

    id: str
    type: Literal["subscription.test"]
    timestamp: AwareDatetime
    data: TestedSubscription
