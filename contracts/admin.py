"""The admin's API, /v1/admin: agencies, their calls and specs, the quarantine, people, keys, secrets, the audit."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from contracts.observation import AgencyId
from contracts.texts import NO_NUL

Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=300, pattern=NO_NUL),
    Field(description="For those who come after."),
]
SpecText = Annotated[
    str, StringConstraints(min_length=1, max_length=300_000), Field(description="YAML, kept as it is written.")
]
StreamKind = Literal["pull", "reconcile", "watch", "backfill"]
Order = Literal["run", "pause", "resume"]
RoleName = Literal["viewer", "operator", "admin", "auditor"]
ScopeName = Literal[
    "dossiers:read",
    "dossiers:search",
    "people:read",
    "people:tokens",
    "statistics:read",
    "changes:read",
    "deliveries:read",
    "webhooks:manage",
    "admin:look",
    "admin:operate",
    "admin:manage",
    "admin:audit",
]


CallOutcome = Literal[
    "ok",
    "failed",
    "unreachable",
    "timed_out",
    "throttled",
    "unauthorized",
    "rejected",
    "malformed",
    "not_found",
    "withheld",
]


def _a_number(value: object) -> object:
    """pydantic takes false and "24" for numbers, of which the document says nothing; 24.0 is one, as it says."""
    if isinstance(value, bool | str):
        raise ValueError("Input should be a whole number")
    return value


#: Of an int that comes as JSON. It is said last: what is said of the int after it is not in the document.
WHOLE_NUMBER = BeforeValidator(_a_number)
#: For so long what was replaced is good beside the new one.
OverlapHours = Annotated[int, Field(ge=0, le=2160), WHOLE_NUMBER]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Run(BaseModel):
    """One reading of an agency."""

    id: int
    kind: str
    reason: str
    started_at: AwareDatetime
    finished_at: AwareDatetime | None
    outcome: str
    message: str | None
    calls: int
    received: int
    added: int
    changed: int
    quarantined: int
    correlation_id: str | None = Field(description="By which its calls are found.")


class Past(BaseModel):
    """How far a backfill is, which reads the newest first."""

    rows: int = Field(description="Read so far.")
    total: int | None = Field(description="How many there are, where the agency says.")
    since: AwareDatetime | None = Field(description="The range that was asked for; null for all of the past.")
    until: AwareDatetime | None
    read_back_to: AwareDatetime | None = Field(description="What changed from then on has been read.")
    share: float | None = Field(description="From 0 to 1; null where it is not known.")
    ended: bool
    after: "Past | None" = Field(default=None, description="What this goes before, and goes on when this has ended.")


class Stream(BaseModel):
    """What an agency is read for, and how far that is."""

    kind: str
    state: Literal["paused", "running", "failing", "waiting", "done", "new"]
    covered_until: AwareDatetime | None
    lag_at_most: float | None = Field(description="Seconds: nothing older than that can be missing.")
    next_due_at: AwareDatetime
    failures_in_a_row: int
    last_failure: str | None
    warnings: list[str]
    past: Past | None = Field(description="Of a backfill that has begun.")
    run: Run | None


class HealthHour(BaseModel):
    hour: AwareDatetime
    state: Literal["well", "mixed", "failed", "withheld", "unknown"]


class AgencyFigures(BaseModel):
    """What the overview shows of an agency."""

    last_succeeded_at: AwareDatetime | None = Field(description="When its changes were last read; null for never.")
    lag_seconds: float | None = Field(description="Age of the moment up to which its changes are known.")
    calls_today: int = Field(description="On `calls_day`.")
    calls_day: date | None = Field(description="The last day, by the agency's clock, on which it was called.")
    calls_per_day: int | None = Field(description="Its budget; null where it has none.")
    quarantined: int = Field(description="Records that are not understood; at most 1,000 are counted.")
    compared_at: AwareDatetime | None = Field(description="When it was last compared with the index as a whole.")
    drift_percent: float | None = Field(description="Of its dossiers, how many were amiss then.")
    hours: list[HealthHour] = Field(description="The last 48, the present one the last.")


class AdminAgency(BaseModel):
    """An agency, and how it fares."""

    id: AgencyId
    identifier: str
    name_vi: str
    name_en: str
    enabled: bool
    health: Literal["failing", "late", "slow", "paused", "starting", "well", "off"] = Field(
        description="How its changes come in; off where it is not connected."
    )
    version: int | None = Field(description="Of its spec at work.")
    unusable: str | None = Field(description="Why this process cannot work with the newest version of its spec.")
    figures: AgencyFigures | None = Field(description="Null for one that is not connected.")
    streams: list[Stream]


class AdminAgencies(BaseModel):
    items: list[AdminAgency]


class Runs(BaseModel):
    items: list[Run]


class SpecVersion(BaseModel):
    """A version of an agency's spec."""

    agency: str
    version: int
    published_at: AwareDatetime
    author: str
    reason: str
    way: str
    text: str


class SpecVersions(BaseModel):
    items: list[SpecVersion]


class SpecMistake(BaseModel):
    line: int | None
    place: str
    words: str
    warning: bool = Field(description="Whether the spec works all the same.")


class SpecChecked(BaseModel):
    mistakes: list[SpecMistake]


class SpecToCheck(_Request):
    text: SpecText


class SpecToPublish(_Request):
    text: SpecText
    reason: Reason
    based_on: Annotated[int, Field(ge=1, lt=2**31)] | None = Field(
        default=None, description="The version that was looked at; none for an agency that has no spec yet."
    )


class Rollback(_Request):
    reason: Reason


class SpecToTry(SpecToCheck):
    code: Annotated[str, StringConstraints(max_length=80, pattern=NO_NUL)] | None = Field(
        default=None, description="Of a dossier to look up; one of those that changed where it is left out."
    )


class TriedOperation(BaseModel):
    operation: str
    failure: str | None = Field(description="Why nothing came of it.")
    advice: list[str] = Field(description="What to look at.")
    records: list[Any]
    request: str = Field(description="As it went over the line, without secrets.")
    response: str


class SpecTried(BaseModel):
    """What an agency answered when it was asked by a spec. It is about people."""

    code: str | None
    tried: list[TriedOperation]


class DossierWould(BaseModel):
    """A dossier that would change."""

    code: str
    kind: str
    status_before: int | None
    status_after: int | None


class DryRunResult(BaseModel):
    """What a pull of the last day would do."""

    received: int
    added: int
    changed: int
    unusable: int
    shown: list[DossierWould] = Field(description="The first of those that would change.")
    failure: str | None = Field(description="What the agency failed with.")


class MendPreview(BaseModel):
    """What would come of reading records of the quarantine again."""

    read: int
    mended: int = Field(description="Understood as a whole.")
    left: dict[str, int] = Field(description="What would still not be understood, and how often.")
    changes: list[DossierWould]
    more: bool = Field(description="Whether there are more records than were read.")


class ShadowDifference(BaseModel):
    code: str
    field: str
    before: str | None = Field(description="What the spec at work makes of it; `***` of what is personal.")
    after: str | None


class SpecShadow(BaseModel):
    """A spec that reads along, and what it has understood so far beside the one at work."""

    text: SpecText
    author: str
    started_at: AwareDatetime
    pieces: int = Field(description="Answers and pushed bodies that both have read.")
    records: int
    same: int
    differ: int
    unusable: int
    unusable_in_shadow: int
    messages: dict[str, int] = Field(description="What it does not understand, and how often.")
    shown: list[ShadowDifference] = Field(description="The first differences.")


class AdminCall(BaseModel):
    """One call to an agency, without what was said."""

    id: int
    agency: AgencyId
    operation: str
    method: str
    address: str
    started_at: AwareDatetime
    seconds: float
    attempts: int
    outcome: str
    message: str | None = Field(description="`***` where it may be the agency's own words, which may name somebody.")
    status: int | None
    response_bytes: int
    correlation_id: str | None


class SearchedBodies(BaseModel):
    """How far a search by a dossier's code looked into calls about many dossiers."""

    calls: int
    back_to: AwareDatetime | None = Field(description="When the oldest of them was.")
    more: bool = Field(description="Whether older ones were left.")
    cut: int = Field(description="Of how many only the beginning is kept.")


class AdminCalls(BaseModel):
    items: list[AdminCall]
    older: int | None = Field(description="To go on with, as `before`.")
    looked: SearchedBodies | None = None


class CallBodies(BaseModel):
    """What was said in a call."""

    call: AdminCall
    request: str
    response: str
    cut: bool = Field(description="Whether only the beginning of the answer was kept.")


class OpenCall(_Request):
    why: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=5, max_length=300),
        Field(description="Kept in the audit for ever: name nobody."),
    ]


class QuarantineGroup(BaseModel):
    """What one agency said that is not understood for one and the same reason."""

    id: int
    agency: str
    reason: str
    field: str | None
    value: str | None
    records: int
    since: AwareDatetime
    last: AwareDatetime
    message: str


class Quarantine(BaseModel):
    items: list[QuarantineGroup]


class Closing(_Request):
    why: Reason


class Closed(BaseModel):
    records: int


class AdminPerson(BaseModel):
    name: str
    role: RoleName
    agencies: list[str] | None = Field(description="The only ones that are theirs to keep; null for all.")
    created_at: AwareDatetime
    last_signed_in_at: AwareDatetime | None
    ended_at: AwareDatetime | None
    enrolled: bool
    by_provider: bool = Field(description="Whether the identity provider tells who they are, instead of a password.")


class AdminPeople(BaseModel):
    items: list[AdminPerson]


class AdminSession(BaseModel):
    """Somebody who is signed in."""

    id: int
    name: str
    begun_at: AwareDatetime
    last_used_at: AwareDatetime
    agent: str = Field(description="What their browser says it is.")


class AdminSessions(BaseModel):
    items: list[AdminSession]


class Invitation(_Request):
    name: Annotated[str, StringConstraints(min_length=2, max_length=40)]
    role: RoleName
    agencies: Annotated[list[AgencyId], Field(min_length=1, max_length=200)] | None = None


class PersonChange(_Request):
    role: RoleName
    agencies: Annotated[list[AgencyId], Field(min_length=1, max_length=200)] | None = None


class OneTimePassword(BaseModel):
    name: str
    password: str = Field(description="Shown this once; good for a day, at /admin/begin.")


class AuditLine(BaseModel):
    line: int
    at: AwareDatetime
    actor: str
    action: str
    target: str | None
    detail: Any
    correlation_id: str | None


class AuditLines(BaseModel):
    items: list[AuditLine]


class Deed(BaseModel):
    """What somebody did to an agency."""

    at: AwareDatetime
    actor: str
    action: str
    target: str = Field(description="The agency, and which of its streams where it was one of them.")


class Deeds(BaseModel):
    items: list[Deed]


class AuditVerdict(BaseModel):
    """What a look at the whole audit found."""

    head: str | None = Field(description="The last line, as `number:digest`.")
    broken_at: int | None = Field(description="The first line that is not what it was, or follows a gap.")
    holds: bool


class AdminSecret(BaseModel):
    """What is known of a secret; not what it is."""

    name: str
    place: Literal["environment or file", "database", "missing"] = Field(description="Where the one that counts is.")
    agencies: list[str] = Field(description="Whose specs name it.")
    set_at: AwareDatetime | None
    set_by: str | None
    expires_at: AwareDatetime | None
    previous_until: AwareDatetime | None = Field(description="What it was before is good beside it until then.")
    last_used_at: AwareDatetime | None = Field(description="To a minute, of one in the database.")


class AdminSecrets(BaseModel):
    items: list[AdminSecret]


class AdminKey(BaseModel):
    """What is known of an API key; not what it is."""

    id: int
    name: str
    scopes: list[str]
    agencies: list[str] | None = Field(description="The only ones it is for; null for all.")
    created_at: AwareDatetime
    last_used_at: AwareDatetime | None = Field(description="To a minute.")
    expires_at: AwareDatetime | None = Field(description="When it ends by itself.")
    revoked_at: AwareDatetime | None = Field(description="When it was ended, or will be as another took its place.")


class AdminKeys(BaseModel):
    items: list[AdminKey]


class KeyRotation(_Request):
    overlap_hours: OverlapHours = Field(default=24, description="For so long the old key is good beside the new one.")


class NewKey(BaseModel):
    key: str = Field(description="Shown this once.")
