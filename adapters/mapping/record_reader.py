"""From an agency's record to an observation: the spec's mapping, compiled once, applied to every record."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from sys import maxsize
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from adapters.mapping.conversions import conversion
from adapters.mapping.expressions import ExpressionError, Find, compiled, names_in, plain_path
from adapters.mapping.refusals import Refusals
from contracts.agency import AgencySpec
from contracts.mapping import FieldRule, RecordMapping
from contracts.observation import Channel, Facts, Observation, Reading, Unusable, longest, trusting
from contracts.status import DossierStatus

# How long texts may be. What is longer than any status word is an unknown one.
_LONGEST = {**longest(Facts), "code": longest(Observation)["code"]}
_LONGEST_WORD = _LONGEST["status_raw"]

_facts, _observation = trusting(Facts), trusting(Observation)

# What a record may fail with at the first, quick reading: KeyError for a field that it needs and lacks.
_NOT_GOOD = (ValueError, KeyError)

#: How events in the hub's own shape (contracts.webhook.EventData) are read.
_EVENT_DATES = ("submitted_at", "received_at", "due_at", "finished_at")
_EVENT_TEXTS = {
    **{name: name for name in ("status", "national_code", "procedure_code", "procedure_name", "note")},
    **{f"applicant_{name}": f"applicant.{name}" for name in ("name", "phone", "email", "number")},
}


def event_mapping() -> RecordMapping:
    """The mapping for contracts.webhook.EventData, for agencies that push events in the hub's own shape. It takes what
    fits the published schema, and nothing else: a moment without its zone would be hours away where a server's clock
    is in UTC, and nobody would notice."""
    moment = {"convert": "date", "formats": ["rfc3339"]}
    return RecordMapping.model_validate(
        {
            "code": "code",
            "occurred_at": {"path": "occurred_at", **moment},
            "revision": {"path": "revision", "convert": "integer"},
            "facts": {**_EVENT_TEXTS, **{name: {"path": name, **moment} for name in _EVENT_DATES}},
        }
    )


#: What holds other fields there, of which nothing could be read where it is no object; and a fact that is in it.
EVENT_OBJECTS = {"applicant": "applicant_name"}


class MappedRecord(NamedTuple):
    """What was understood of one record, as far as it was: each part may be there without the others."""

    code: str | None
    occurred_at: datetime | None
    revision: int | None
    observation: Observation | None
    unusable: tuple[Unusable, ...]


def reading_of(mapped: list[MappedRecord]) -> Reading:
    """All that was understood of several, and all that was not."""
    return Reading(
        observations=tuple(row.observation for row in mapped if row.observation),
        unusable=tuple(wrong for row in mapped for wrong in row.unusable),
    )


class RecordReader:
    """A RecordMapping, ready to be applied. Never raises for what a record holds."""

    def __init__(
        self,
        mapping: RecordMapping,
        spec: AgencySpec,
        *,
        revision_required: bool = True,
        objects: Mapping[str, str] | None = None,
    ) -> None:
        """`revision_required`: whether a record without the mapped revision is unusable, or merely has none. `objects`:
        what is an object where it is there, and by which fact's name it is refused where it is none.

        Raises ValueError for an expression or date format that is none.
        """
        zone = ZoneInfo(spec.time_zone)
        self._agency = spec.id
        self._code = _Field("code", mapping.code, zone)
        self._occurred_at = _Field("occurred_at", mapping.occurred_at, zone) if mapping.occurred_at else None
        self._revision = _Field("revision", mapping.revision, zone) if mapping.revision else None
        self._revision_required = revision_required
        self._objects = objects or {}
        self._facts = [_Field(name, rule, zone) for name, rule in mapping.facts.items()]
        order = [field for field in (self._occurred_at, self._revision) if field]
        self._fields = [self._code, *order, *self._facts]
        # Most fields have a name of the record's for their path: for these nothing need be called to find them.
        self._named = [(field.name, field.key, field.convert) for field in self._fields if field.key is not None]
        self._found = [(field.name, field.read) for field in self._fields if field.key is None]
        self._known_status = lru_cache(maxsize=1024)(spec.status_of)

    @property
    def names(self) -> frozenset[str] | None:
        """The names that the mapping looks up in a record; None where that cannot be told."""
        found: set[str] = set()
        for field in self._fields:
            if field.names is None:
                return None
            found |= field.names
        return frozenset(found)

    @property
    def texts(self) -> frozenset[str]:
        """Those of them whose value is taken as the text that it is, which nothing else would judge."""
        return frozenset(field.key for field in self._fields if field.key is not None and field.is_text)

    def read(self, record: Any, channel: Channel, observed_at: datetime) -> MappedRecord:
        try:
            return self._read_good(record, channel, observed_at)
        except _NOT_GOOD:
            # Once more, to find all that is wrong with it.
            return self._read_any(record, channel, observed_at)

    def _read_good(self, record: Any, channel: Channel, observed_at: datetime) -> MappedRecord:
        """A record with which nothing is wrong. Raises one of _NOT_GOOD for any other."""
        if not isinstance(record, dict) or not self._are_objects(record):
            raise ValueError
        said: dict[str, Any] = {}
        for name, key, convert in self._named:
            if (found := record.get(key)) is not None and (value := convert(found)) is not None:
                said[name] = value
        for name, read in self._found:
            if (value := read(record)) is not None:
                said[name] = value
        occurred_at, revision = said.pop("occurred_at", None), said.pop("revision", None)
        if occurred_at is None and self._occurred_at:
            raise ValueError
        if revision is None and self._revision and self._revision_required:
            raise ValueError
        code = said.pop("code")
        if (word := said.get("status")) is not None:
            status = self._status_of(word)
            if status is None:
                raise ValueError
            said["status"], said["status_raw"] = status, word
        observation = self._observed(code, occurred_at, revision, _facts(said), channel, observed_at)
        return MappedRecord(code, occurred_at, revision, observation, ())

    def _read_any(self, record: Any, channel: Channel, observed_at: datetime) -> MappedRecord:
        refusals = Refusals(self._agency, record, channel, observed_at)
        if not isinstance(record, dict):
            refusals.not_a_record()
            return MappedRecord(None, None, None, None, refusals.all())

        code = refusals.code = self._needed(self._code, record, refusals)
        occurred_at = self._needed(self._occurred_at, record, refusals) if self._occurred_at else None
        revision = None
        if self._revision:
            ask = self._needed if self._revision_required else self._value
            revision = ask(self._revision, record, refusals)
        if refusals:
            return MappedRecord(code, occurred_at, revision, None, refusals.all())

        for name, fact in self._objects.items():
            if not isinstance(record.get(name), dict | None):
                refusals.value(fact, name, record[name], f"{type(record[name]).__name__} is not an object")
        facts = self._read_facts(record, refusals)
        observation = self._observed(code, occurred_at, revision, facts, channel, observed_at)
        return MappedRecord(code, occurred_at, revision, observation, refusals.all())

    def _are_objects(self, record: dict[str, Any]) -> bool:
        return all(isinstance(record.get(name), dict | None) for name in self._objects)

    def _read_facts(self, record: dict[str, Any], refusals: Refusals) -> Facts:
        said: dict[str, Any] = {}
        for field in self._facts:
            if (value := self._value(field, record, refusals)) is not None:
                said[field.name] = value
        if (word := said.pop("status", None)) is not None:
            if (status := self._status_of(word)) is not None:
                said |= {"status": status, "status_raw": word}
            else:
                refusals.status(next(field.expression for field in self._facts if field.name == "status"), word)
        return _facts(said)

    def _status_of(self, word: str) -> DossierStatus | None:
        # What is longer than any word is not remembered.
        return self._known_status(word) if len(word) <= _LONGEST_WORD else None

    def _value(self, field: "_Field", record: dict[str, Any], refusals: Refusals) -> Any:
        """The field's converted value; None where nothing is said, or nothing that can be understood."""
        try:
            return field.read(record)
        except ExpressionError as error:
            refusals.unreadable(field.name, field.expression, str(error))
        except ValueError as error:
            refusals.value(field.name, field.expression, field.find(record), str(error))
        return None

    def _needed(self, field: "_Field", record: dict[str, Any], refusals: Refusals) -> Any:
        """Like `_value`, but without it the record is of no use."""
        before = len(refusals)
        value = self._value(field, record, refusals)
        if value is None and len(refusals) == before:
            refusals.missing(field.name, field.expression)
        return value

    def _observed(
        self,
        code: str,
        occurred_at: datetime | None,
        revision: int | None,
        facts: Facts,
        channel: Channel,
        observed_at: datetime,
    ) -> Observation:
        # The conversions have checked all that the models would.
        return _observation(
            {
                "agency": self._agency,
                "code": code,
                "occurred_at": occurred_at,
                "revision": revision,
                "facts": facts,
                "observed_at": observed_at,
                "channel": channel,
            }
        )


class _Field:
    """One rule of a mapping: where a value is, and how it is converted."""

    def __init__(self, name: str, rule: FieldRule, zone: ZoneInfo) -> None:
        self.name = name
        paths = rule.paths if rule.path is None else (rule.path,)
        self.expression = " or ".join(paths) if rule.constant is None else f"the constant {rule.constant!r}"
        finds: list[Find] = [compiled(path) for path in paths]
        if rule.constant is not None:
            finds.append(lambda _record: rule.constant)
        self._find = finds[0] if len(finds) == 1 else _first_of(finds)
        self.convert = conversion(rule, zone, _LONGEST.get(name, maxsize))
        self.is_text = rule.convert == "text"
        plain = plain_path(rule.path) if rule.path else None
        #: The record's name for it, where the path is one name and nothing more.
        self.key = plain[0] if plain and len(plain) == 1 else None
        names = [names_in(path) for path in paths]
        #: The names it looks up in a record; None where that cannot be told.
        self.names = None if None in names else frozenset(name for each in names if each for name in each)

    def find(self, record: Any) -> Any:
        """The value as it stands in the record. Raises ExpressionError."""
        return self._find(record)

    def read(self, record: Any) -> Any:
        """The converted value; None where nothing is said. Raises ValueError for one that does not fit."""
        found = self._find(record)
        return None if found is None else self.convert(found)


def _first_of(finds: list[Find]) -> Find:
    """The first that says something; blank says nothing."""

    def find(record: Any) -> Any:
        for each in finds:
            found = each(record)
            if found is not None and not (isinstance(found, str) and not found.strip()):
                return found
        return None

    return find
