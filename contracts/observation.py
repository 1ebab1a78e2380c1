"""An Observation: what one agency's system said about one dossier, at one moment."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from contracts.status import DossierStatus

AgencyId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40)]
DossierCode = Annotated[str, StringConstraints(min_length=1, max_length=80)]
Revision = Annotated[int, Field(ge=0, lt=2**63)]
ShortText = Annotated[str, StringConstraints(max_length=500)]
LongText = Annotated[str, StringConstraints(max_length=4000)]


class Channel(StrEnum):
    """How an observation reached the hub."""

    WEBHOOK = "webhook"
    PULL = "pull"
    LOOKUP = "lookup"
    #: The hub's own list of agencies: who follows whom. No agency can say it.
    SUCCESSION = "succession"


class Facts(BaseModel):
    """The fields an observation mentions. A field that was never set is not mentioned, and changes nothing.

    Whether a field is mentioned is told by `model_fields_set`, so build Facts only from what was said.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: DossierStatus | None = None
    status_raw: ShortText | None = Field(default=None, description="The agency's own status word.")
    national_code: DossierCode | None = None
    procedure_code: Annotated[str, StringConstraints(max_length=80)] | None = None
    procedure_name: ShortText | None = None
    submitted_at: AwareDatetime | None = None
    received_at: AwareDatetime | None = None
    due_at: AwareDatetime | None = Field(default=None, description="Ngày hẹn trả; lateness compares its date.")
    finished_at: AwareDatetime | None = None
    gone_at: AwareDatetime | None = Field(
        default=None,
        description="When the agency was found to have it no more; any later word of the agency ends that.",
    )
    applicant_name: ShortText | None = None
    applicant_phone: Annotated[str, StringConstraints(max_length=40)] | None = None
    applicant_email: Annotated[str, StringConstraints(max_length=254)] | None = None
    applicant_number: Annotated[str, StringConstraints(max_length=40)] | None = Field(
        default=None, description="A person's identity number (số định danh, CCCD), or an organisation's tax number."
    )
    note: LongText | None = Field(default=None, description="The officer's words; may name people.")
    moved_to: AgencyId | None = Field(
        default=None, description="Who handles the dossier from then on; only of the channel `succession`."
    )
    moved_under: ShortText | None = Field(default=None, description="The plan by which it moved.")


#: Facts about who handles a dossier. The hub's alone: no agency's record can be mapped to them.
SUCCESSION = frozenset({"moved_to", "moved_under"})

#: Facts that say who somebody is. They are stored sealed and never logged.
PERSONAL = frozenset({"applicant_name", "applicant_phone", "applicant_email", "applicant_number", "note"})


class Observation(BaseModel):
    """What `agency` said about dossier `code`.

    `revision` is the agency's own change number where it has one; else `occurred_at`, when the change
    happened by the agency's clock, orders observations. `observed_at` is when the hub heard it: of an agency
    that tells no time of change, that is all there is to order by.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    agency: AgencyId
    code: DossierCode
    occurred_at: AwareDatetime | None = None
    revision: Revision | None = None
    settles: bool = Field(
        default=False,
        description="True for the agency's answer to our question which of two contradicting states holds.",
    )
    facts: Facts
    observed_at: AwareDatetime
    channel: Channel


class Unusable(BaseModel):
    """Something an agency said that could not be understood: kept with its raw text, shown, replayed once mapped."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    agency: AgencyId
    channel: Channel
    reason: Annotated[str, StringConstraints(pattern=r"^[a-z_]+$")] = Field(
        description="unknown_status, bad_value, missing_field, not_a_record, malformed_body"
    )
    message: str = Field(description="What was wrong and what would be right, for an admin.")
    field: str | None = None
    expression: str | None = None
    value: str | None = None
    code: str | None = Field(default=None, description="The dossier's code, where it could be read.")
    raw: str = Field(description="The record as it came.")
    observed_at: AwareDatetime

    @property
    def cause(self) -> str:
        """The message whichever dossier it is about, by which many of one cause are counted."""
        return self.message.replace(f"Dossier {self.code}", "A record", 1) if self.code else self.message


class Reading(BaseModel):
    """What came of reading one answer or one event: the parts understood, and the parts not."""

    model_config = ConfigDict(frozen=True)

    observations: tuple[Observation, ...] = ()
    unusable: tuple[Unusable, ...] = ()


M = TypeVar("M", bound=BaseModel)


def trusting(model: type[M]) -> Callable[[dict[str, Any]], M]:
    """A function that gives what `model(**said)` is, without looking at it: for values that were already checked as
    the model would.

    Checking each of a hundred thousand records once more costs half of understanding them, and pydantic's own
    model_construct costs more than the checks.
    """
    new, put = object.__new__, object.__setattr__
    # In the order of the fields, so that what is made prints and compares like any other.
    defaults = {name: field.get_default() for name, field in model.model_fields.items()}

    def trusted(said: dict[str, Any]) -> M:
        made = new(model)
        put(made, "__dict__", defaults | said)
        put(made, "__pydantic_fields_set__", set(said))
        put(made, "__pydantic_extra__", None)
        put(made, "__pydantic_private__", None)
        return made

    return trusted


@cache
def longest(model: type[BaseModel]) -> Mapping[str, int]:
    """How many letters the model takes in each of its texts."""
    found: dict[str, int] = {}
    for name, properties in model.model_json_schema()["properties"].items():
        for each in (properties, *properties.get("anyOf", ())):
            if "maxLength" in each:
                found[name] = each["maxLength"]
    return found
