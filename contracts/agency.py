"""AgencySpec: all the hub needs to know about one agency and its system, as data.

The same schema reads config/agencies/*.yaml and serves the console. Unknown keys are errors, so that a
misspelled setting is never silently ignored.
"""

from datetime import date
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from contracts.codes import fold
from contracts.observation import AgencyId, Facts
from contracts.status import DossierStatus

Expression = Annotated[str, StringConstraints(min_length=1, max_length=500)]
SecretName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]


class SpecModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Name(SpecModel):
    vi: str
    en: str


def _known_zone(zone: str) -> str:
    """`zone`, if it is one. Raises ValueError, which a missing ZoneInfo's KeyError is not."""
    try:
        ZoneInfo(zone)
    except (KeyError, OSError):
        raise ValueError(f"{zone!r} is no time zone; here it is Asia/Ho_Chi_Minh") from None
    return zone


# --- the system -----------------------------------------------------------------------------------


class Limits(SpecModel):
    """What one call may cost. Seconds and bytes."""

    connect_seconds: float = Field(default=5, gt=0, le=60)
    read_seconds: float = Field(default=20, gt=0, le=300)
    total_seconds: float = Field(default=60, gt=0, le=900)
    max_bytes: int = Field(default=20_000_000, gt=0, le=200_000_000)
    attempts: int = Field(default=3, ge=1, le=6, description="Tries of a call that is safe to repeat.")


class LoginAuth(SpecModel):
    """A call that gives a token, which then goes where `header` says. Renewed when the agency refuses it."""

    kind: Literal["login"]
    path: str
    json_body: dict[str, Any] = Field(description="May name {secret:NAME}.")
    token: Expression = Field(description="JMESPath to the token in the answer.")
    lifetime_seconds: Expression | None = Field(
        default=None, description="JMESPath to how long the token lives, where the answer says."
    )
    error_when: Expression | None = None
    error_message: Expression | None = None
    header: str = "Authorization"
    value: str = "Bearer {token}"


class HeaderAuth(SpecModel):
    """A fixed header, such as an API key."""

    kind: Literal["header"]
    header: str
    value: str = Field(description="May name {secret:NAME}.")


Auth = Annotated[LoginAuth | HeaderAuth, Field(discriminator="kind")]


class RestSystem(SpecModel):
    kind: Literal["rest"]
    address: str = Field(description="Scheme, host and port; each operation adds its path.")
    auth: Auth | None = None
    limits: Limits = Limits()


class SoapSystem(SpecModel):
    kind: Literal["soap"]
    address: str = Field(description="Where calls go, whatever address the WSDL publishes.")
    path: str = ""
    wsdl: str = Field(description="Name of the WSDL in the document store; never an address.")
    version: Literal["1.1", "1.2"] = "1.1"
    limits: Limits = Limits()


System = Annotated[RestSystem | SoapSystem, Field(discriminator="kind")]


# --- the operations -------------------------------------------------------------------------------


class RestRequest(SpecModel):
    """Strings may hold {code}, {since}, {until}, {revision}, {page}, {size} and {secret:NAME}. {since|FORMAT}
    writes a date in that format; without one it is iso.

    A query parameter whose placeholder has no value (no `since` on a first sync) is left out.
    """

    method: Literal["GET", "POST"] = "GET"
    path: str
    query: dict[str, str] = {}
    headers: dict[str, str] = {}
    json_body: dict[str, Any] | None = None


class SoapRequest(SpecModel):
    """`parameters` of a WSDL operation, by name, with the placeholders of RestRequest."""

    operation: str
    parameters: dict[str, Any] = {}


class Answer(SpecModel):
    """Where the records are in what comes back, and how errors and absence look there."""

    inside: Expression | None = Field(default=None, description="JMESPath to a string that itself holds a document.")
    inside_holds: Literal["xml", "json"] = "xml"
    records: Expression = Field(default="@", description="JMESPath to the record, or the list of them.")
    error_when: Expression | None = Field(default=None, description="JMESPath that is true when this is an error.")
    error_message: Expression | None = None
    absent_when: Expression | None = Field(
        default=None, description="JMESPath that is true when the agency has no such dossier."
    )


class Operation(SpecModel):
    request: RestRequest | SoapRequest
    answer: Answer = Answer()


class SinglePage(SpecModel):
    """The whole window in one answer."""

    kind: Literal["single"]


#: Without it a page that is shorter than `size` is the last one, which is wrong where the agency cuts `size`.
LastWhen = Annotated[Expression | None, Field(description="JMESPath that is true on the last page.")]


class TimePages(SpecModel):
    """Rows in ascending order of change time. The cursor is the last row's time, so rows that move while
    we read are seen again rather than skipped; {page} counts only within one crowded moment."""

    kind: Literal["ascending"]
    size: int = Field(ge=1, le=10_000)
    first_page: int = 1
    last_when: LastWhen = None


class NumberPages(SpecModel):
    """Numbered pages, newest change first. Asked without an upper bound, so that rows which change while
    we read move towards the front: seen twice at worst."""

    kind: Literal["descending"]
    size: int = Field(ge=1, le=10_000)
    first_page: int = 0
    last_when: LastWhen = None


class RevisionPages(SpecModel):
    """Rows in ascending order of the agency's own change number; {revision} is the last one seen."""

    kind: Literal["revision"]
    size: int = Field(ge=1, le=10_000)
    last_when: LastWhen = None


Pages = Annotated[SinglePage | TimePages | NumberPages | RevisionPages, Field(discriminator="kind")]


class ListOperation(Operation):
    pages: Pages


class Operations(SpecModel):
    changes: ListOperation | None = None
    lookup: Operation | None = None


# --- understanding what comes back ----------------------------------------------------------------


class FieldRule(SpecModel):
    """How one fact is read from a record. In YAML a bare string is short for `path` alone."""

    path: Expression
    convert: Literal["text", "date", "integer"] = "text"
    formats: tuple[str, ...] = Field(
        default=(), description="For dates, tried in turn: dd/MM/yyyy HH:mm:ss, yyyy-MM-dd, iso, epoch_ms …"
    )
    zone: str | None = Field(default=None, description="For dates without a zone; the agency's own by default.")

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, zone: str | None) -> str | None:
        return None if zone is None else _known_zone(zone)

    @model_validator(mode="after")
    def _dates_have_formats(self) -> Self:
        if (self.convert == "date") != bool(self.formats):
            raise ValueError("a date needs `formats`, and only a date takes them")
        return self


class RecordMapping(SpecModel):
    """From one record to one observation: where the code, the order and each fact are."""

    code: FieldRule
    occurred_at: FieldRule
    revision: FieldRule | None = None
    facts: dict[str, FieldRule] = Field(description="Fact name (contracts.observation.Facts) → rule.")

    @model_validator(mode="before")
    @classmethod
    def _short_rules(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data

        def long(rule: Any) -> Any:
            return {"path": rule} if isinstance(rule, str) else rule

        spread = {key: long(value) for key, value in data.items() if key != "facts"}
        facts = data.get("facts")
        spread["facts"] = {k: long(v) for k, v in facts.items()} if isinstance(facts, dict) else facts
        return spread

    @field_validator("facts")
    @classmethod
    def _known_facts(cls, facts: dict[str, FieldRule]) -> dict[str, FieldRule]:
        known = set(Facts.model_fields) - {"status_raw"}
        if unknown := sorted(set(facts) - known):
            raise ValueError(f"unknown fact {unknown[0]!r}; known are {', '.join(sorted(known))}")
        return facts

    @model_validator(mode="after")
    def _fitting_conversions(self) -> Self:
        rules = {"code": self.code, "occurred_at": self.occurred_at, **self.facts}
        wanted = {name: "date" if name.endswith("_at") else "text" for name in rules}
        if self.revision:
            rules["revision"], wanted["revision"] = self.revision, "integer"
        for name, rule in rules.items():
            if rule.convert != wanted[name]:
                raise ValueError(f"{name} needs `convert: {wanted[name]}`, not {rule.convert}")
        return self


class Webhook(SpecModel):
    """How the agency pushes. Several secrets are all accepted, so that one can be replaced without a gap."""

    secrets: tuple[SecretName, ...] = Field(min_length=1)
    tolerance_seconds: int = Field(
        default=300, ge=60, le=3600, description="How old a delivery's timestamp may be; more for bad clocks."
    )
    mapping: RecordMapping | None = Field(
        default=None, description="For events in the agency's own shape; else contracts.webhook.EventData."
    )


class Sync(SpecModel):
    """When to pull, and how far to look back each time."""

    every_seconds: int = Field(ge=1, le=86_400)
    overlap_seconds: int = Field(default=60, ge=0, le=86_400)
    overlap_revisions: int = Field(default=100, ge=0, le=100_000)
    margin_seconds: int = Field(
        default=2, ge=0, le=3600, description="How far behind the agency's clock a window ends."
    )


class AgencySpec(SpecModel):
    """One agency (cơ quan, đơn vị) and how to talk with its system."""

    id: AgencyId
    identifier: str = Field(description="Mã định danh, such as H21.09.")
    identifier_is_placeholder: bool = Field(
        default=False, description="True while the real identifier is not known to us."
    )
    name: Name
    kind: Literal["department", "board", "inspectorate", "city", "post"]
    phone: str | None = Field(default=None, description="A person a citizen can call.")
    valid_from: date | None = None
    valid_to: date | None = None
    successors: tuple[AgencyId, ...] = ()
    enabled: bool = False
    time_zone: str = "Asia/Ho_Chi_Minh"
    system: System | None = None
    operations: Operations = Operations()
    mapping: RecordMapping | None = None
    statuses: dict[str, DossierStatus] = Field(
        default={}, description="The agency's own status words → national code. Compared folded."
    )
    sync: Sync | None = None
    webhook: Webhook | None = None

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, zone: str) -> str:
        return _known_zone(zone)

    @field_validator("statuses")
    @classmethod
    def _one_meaning_each(cls, statuses: dict[str, DossierStatus]) -> dict[str, DossierStatus]:
        seen: dict[str, str] = {}
        for word in statuses:
            if (other := seen.setdefault(fold(word), word)) != word:
                raise ValueError(f"{word!r} and {other!r} are the same word once folded; keep one")
        return statuses

    @model_validator(mode="after")
    def _whole(self) -> Self:
        asks = self.operations.changes or self.operations.lookup
        if asks and not self.system:
            raise ValueError("operations need a `system` to call")
        if asks and not self.mapping:
            raise ValueError("operations need a `mapping` for their records")
        if self.sync and not self.operations.changes:
            raise ValueError("`sync` needs operations.changes")
        for operation in (self.operations.changes, self.operations.lookup):
            wanted = SoapRequest if self.system and self.system.kind == "soap" else RestRequest
            if operation and not isinstance(operation.request, wanted):
                raise ValueError(f"a {self.system.kind if self.system else ''} system takes a {wanted.__name__}")
        by_revision = self.operations.changes and self.operations.changes.pages.kind == "revision"
        if by_revision and not (self.mapping and self.mapping.revision):
            raise ValueError("pages by revision need mapping.revision")
        if self.enabled and not (self.system or self.webhook):
            raise ValueError("an enabled agency needs a `system` or a `webhook`")
        return self

    def status_of(self, word: str) -> DossierStatus | None:
        """The national status for the agency's own `word`, or None where nobody has mapped it."""
        wanted = fold(word)
        return next((code for known, code in self.statuses.items() if fold(known) == wanted), None)
