"""AgencySpec: all the hub needs to know about one agency and its system, as data.

The same schema reads config/agencies/*.yaml and serves the console.
"""

import re
from datetime import date
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from contracts.codes import fold
from contracts.mapping import RecordMapping
from contracts.observation import AgencyId
from contracts.operations import Operations, RestRequest, SoapRequest
from contracts.pushing import Webhook
from contracts.spec_model import SpecModel, known_zone
from contracts.status import DossierStatus
from contracts.system import System

_BOUND = re.compile(r"\{(since|until)(?:\|([^{}]*))?\}")


class Name(SpecModel):
    vi: str
    en: str


class Plan(SpecModel):
    """When something is done: every so often, or by a cron line. Never outside the hours of the agency's budget."""

    every_seconds: int | None = Field(default=None, ge=1, le=30 * 86_400)
    cron: str | None = Field(
        default=None,
        description="Minute, hour, day, month, days of the week by name, by the agency's clock: '30 2 * * mon-fri'.",
    )
    jitter_seconds: int = Field(
        default=0, ge=0, le=86_400, description="Up to so much later, at random, so that not all come at once."
    )

    @field_validator("cron")
    @classmethod
    def _five_fields(cls, cron: str | None) -> str | None:
        if cron is None:
            return None
        fields = cron.split()
        if len(fields) != 5:
            raise ValueError("give five fields: minute, hour, day, month, days of the week")
        if any(letter.isdigit() for letter in fields[4]):
            # 0 is Sunday to some and Monday to others.
            raise ValueError("days of the week go by their names: mon, tue, wed, thu, fri, sat, sun")
        return cron

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.every_seconds is None) == (self.cron is None):
            raise ValueError("give one of `every_seconds` and `cron`")
        return self


class Sync(Plan):
    """When to pull, and how far to look back each time."""

    overlap_seconds: int = Field(default=60, ge=0, le=30 * 86_400)
    overlap_revisions: int = Field(default=100, ge=0, le=100_000)
    margin_seconds: int = Field(
        default=2, ge=0, le=3600, description="How far behind the agency's clock a window ends."
    )
    unreadable_percent: float = Field(
        default=1.0,
        ge=0,
        le=100,
        description="A run stops when it cannot read more than this of an agency's records: they are not what they "
        "were. What it cannot read is in the quarantine.",
    )
    reconcile: Plan | None = Field(
        default=Plan(cron="30 1 * * *", jitter_seconds=3600),
        description="When all that the agency has is compared with the index; null: only on demand.",
    )
    watch: Plan | None = Field(
        default=Plan(every_seconds=60),
        description="How often the dossiers that people wait for are looked up, where the agency can be asked for one.",
    )


class AgencySpec(SpecModel):
    """One agency (cơ quan, đơn vị) and how to talk with its system."""

    id: AgencyId
    identifier: str = Field(description="Mã định danh, such as H21.09.")
    identifier_is_placeholder: bool = Field(
        default=False, description="True while the real identifier is not known to us."
    )
    name: Name
    kind: Literal["department", "board", "inspectorate", "city", "commune", "post"]
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
        return known_zone(zone)

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
        named = self.operations.named()
        if named and not self.system:
            raise ValueError("operations need a `system` to call")
        if self.system and self.system.kind == "files":
            if named:
                raise ValueError("a system of files is read as they come; it has no operations to ask for")
            if not self.mapping:
                raise ValueError("files need a `mapping` for their records")
        if {"lookup", "changes", "all"} & set(named) and not self.mapping:
            raise ValueError("operations need a `mapping` for their records")
        if self.sync and not self.can_list_changes:
            raise ValueError("`sync` needs operations.changes, or a system of files")
        wanted = SoapRequest if self.system and self.system.kind == "soap" else RestRequest
        for name, operation in named.items():
            if any(not isinstance(request, wanted) for request in operation.requests()):
                raise ValueError(
                    f"{name}: a {self.system.kind if self.system else ''} system takes a {wanted.__name__}"
                )
        pages = self.operations.changes.pages.kind if self.operations.changes else None
        if pages in ("ascending", "descending") and not (self.mapping and self.mapping.occurred_at):
            raise ValueError(f"{pages} pages go by the time of change: they need mapping.occurred_at")
        by_revision = self.operations.changes and self.operations.changes.pages.kind == "revision"
        if by_revision and not (self.mapping and self.mapping.revision):
            raise ValueError("pages by revision need mapping.revision")
        if self.enabled and not (self.system or self.webhook):
            raise ValueError("an enabled agency needs a `system` or a `webhook`")
        return self

    def plan(self, kind: str) -> Plan | None:
        """When its stream of `kind` (pull, reconcile, watch …) is read by itself; None for never."""
        if kind == "watch":
            # All the more where nothing can be pulled.
            watch = self.sync.watch if self.sync else Plan(every_seconds=60)
            return watch if self.operations.lookup else None
        if self.sync is None:
            return None
        if kind == "backfill":
            # Once, and again after so long where it failed.
            return Plan(every_seconds=300) if self.lists_since else None
        changes = self.operations.changes
        has_all = self.operations.all is not None or (changes is not None and changes.pages.kind != "queue")
        return {"pull": self.sync, "reconcile": self.sync.reconcile if has_all else None}.get(kind)

    @property
    def lists_since(self) -> bool:
        """Whether its changes can be asked for from a time on; else each pull reads what it gives."""
        return "since" in self._bounds() and not self._numbers_changes

    @property
    def lists_all(self) -> bool:
        """Whether each pull is given all that it has. A queue, or a folder, may well be empty the next time."""
        return self.operations.changes is not None and not self._numbers_changes and "since" not in self._bounds()

    @property
    def lists_between(self) -> bool:
        """Whether they can be asked for up to a time as well."""
        return self.lists_since and "until" in self._bounds()

    @property
    def precision_seconds(self) -> int:
        """How coarse the times of change are, as the agency tells them and as it is asked for them."""
        formats = {each for each in self._bounds().values() if each}
        if self.mapping and self.mapping.occurred_at:
            formats |= set(self.mapping.occurred_at.formats)
        return max((_precision(each) for each in formats), default=1)

    @property
    def _numbers_changes(self) -> bool:
        return self.operations.changes is not None and self.operations.changes.pages.kind in ("revision", "queue")

    def _bounds(self) -> dict[str, str]:
        """The bounds of time that the request for changes names, with their formats."""
        changes = self.operations.changes
        return dict(_BOUND.findall(changes.request.model_dump_json())) if changes else {}

    @property
    def can_list_changes(self) -> bool:
        return self.operations.changes is not None or (self.system is not None and self.system.kind == "files")

    def status_of(self, word: str) -> DossierStatus | None:
        """The national status for the agency's own `word`, or None where nobody has mapped it."""
        wanted = fold(word)
        return next((code for known, code in self.statuses.items() if fold(known) == wanted), None)


def _precision(format: str) -> int:
    """Seconds: the smallest part of a time that a date format says."""
    if "yy" not in format:
        # It has a name, such as epoch_ms.
        return 86_400 if format == "iso_date" else 1
    for letters, seconds in (("s", 1), ("m", 60), ("H", 3600), ("h", 3600)):
        if letters in format:
            return seconds
    return 86_400
