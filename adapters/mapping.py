"""From an agency's record to an observation: the spec's mapping, compiled once, applied to every record."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

import orjson
from pydantic import ValidationError

from adapters import dates
from adapters.expressions import ExpressionError, Find, compiled, names_in, plain_path
from adapters.misfit import Misfit
from contracts.agency import AgencySpec
from contracts.codes import fold
from contracts.mapping import FieldRule, RecordMapping
from contracts.observation import PERSONAL, Channel, Facts, Observation, Unusable

_Convert: TypeAlias = Callable[[Any], Any]

# Numbers as people write them: 75.000 and 75,000 are 75000 in Vietnam and elsewhere; 12.0 is 12.
_INTEGER = re.compile(r"(?P<digits>[+-]?[0-9]{1,30})(?:[.,]0{1,2})?")
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:\.[0-9]{3})+|[+-]?[0-9]{1,3}(?:,[0-9]{3})+")

# What a record may fail with at the first, quick reading: KeyError for a field that it needs and lacks.
_NOT_GOOD = (ValueError, KeyError, ValidationError)

#: How events in the hub's own shape (contracts.webhook.EventData) are read.
_EVENT_DATES = ("submitted_at", "received_at", "due_at", "finished_at")
_EVENT_TEXTS = {
    **{name: name for name in ("status", "national_code", "procedure_code", "procedure_name", "note")},
    **{f"applicant_{name}": f"applicant.{name}" for name in ("name", "phone", "email")},
}


def event_mapping() -> RecordMapping:
    """The mapping for contracts.webhook.EventData, for agencies that push events in the hub's own shape."""
    iso = {"convert": "date", "formats": ["iso"]}
    return RecordMapping.model_validate(
        {
            "code": "code",
            "occurred_at": {"path": "occurred_at", **iso},
            "revision": {"path": "revision", "convert": "integer"},
            "facts": {**_EVENT_TEXTS, **{name: {"path": name, **iso} for name in _EVENT_DATES}},
        }
    )


class MappedRecord(NamedTuple):
    """What was understood of one record, as far as it was: each part may be there without the others."""

    code: str | None
    occurred_at: datetime | None
    revision: int | None
    observation: Observation | None
    unusable: tuple[Unusable, ...]


class RecordReader:
    """A RecordMapping, ready to be applied. Never raises for what a record holds."""

    def __init__(self, mapping: RecordMapping, spec: AgencySpec, *, revision_required: bool = True) -> None:
        """`revision_required`: whether a record without the mapped revision is unusable, or merely has none.

        Raises ValueError for an expression or date format that is none.
        """
        zone = ZoneInfo(spec.time_zone)
        self._agency = spec.id
        self._code = _Field("code", mapping.code, zone)
        self._occurred_at = _Field("occurred_at", mapping.occurred_at, zone)
        self._revision = _Field("revision", mapping.revision, zone) if mapping.revision else None
        self._revision_required = revision_required
        self._facts = [_Field(name, rule, zone) for name, rule in mapping.facts.items()]
        self._fields = [self._code, self._occurred_at, *([self._revision] if self._revision else []), *self._facts]
        # Most fields have a name of the record's for their path: for these nothing need be called to find them.
        self._named = [(field.name, field.key, field.convert) for field in self._fields if field.key is not None]
        self._found = [(field.name, field.read) for field in self._fields if field.key is None]
        self._status_of = lru_cache(maxsize=1024)(spec.status_of)

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
        if not isinstance(record, dict):
            raise ValueError
        said: dict[str, Any] = {}
        for name, key, convert in self._named:
            if (found := record.get(key)) is not None and (value := convert(found)) is not None:
                said[name] = value
        for name, read in self._found:
            if (value := read(record)) is not None:
                said[name] = value
        revision = said.pop("revision", None)
        if revision is None and self._revision and self._revision_required:
            raise ValueError
        code, occurred_at = said.pop("code"), said.pop("occurred_at")
        if (word := said.get("status")) is not None:
            status = self._status_of(word)
            if status is None:
                raise ValueError
            said["status"], said["status_raw"] = status, word
        observation = Observation.model_validate(
            {
                "agency": self._agency,
                "code": code,
                "occurred_at": occurred_at,
                "revision": revision,
                "facts": said,
                "observed_at": observed_at,
                "channel": channel,
            }
        )
        return MappedRecord(code, occurred_at, revision, observation, ())

    def _read_any(self, record: Any, channel: Channel, observed_at: datetime) -> MappedRecord:
        reading = _RecordInHand(self._agency, record, channel, observed_at)
        if not isinstance(record, dict):
            reading.refuse("not_a_record", f"A record is {type(record).__name__}, not an object with fields.")
            return reading.result(None, None, None, None)

        code = reading.code = reading.needed(self._code)
        occurred_at = reading.needed(self._occurred_at)
        revision = None
        if self._revision:
            ask = reading.needed if self._revision_required else reading.value
            revision = ask(self._revision)
        if reading.unusable:
            return reading.result(code, occurred_at, revision, None)

        try:
            observation = Observation(
                agency=self._agency,
                code=code,
                occurred_at=occurred_at,
                revision=revision,
                facts=self._read_facts(reading),
                observed_at=observed_at,
                channel=channel,
            )
        except ValidationError as error:
            problems = error.errors(include_url=False, include_context=False)
            if any(problem["loc"][0] == "code" for problem in problems):
                code = reading.code = None
            for problem in problems:
                field = self._field_of(str(problem["loc"][0]))
                reading.refuse_value(field, problem["input"], problem["msg"])
            return reading.result(code, occurred_at, None, None)
        return reading.result(code, occurred_at, revision, observation)

    def _read_facts(self, reading: "_RecordInHand") -> Facts:
        said: dict[str, Any] = {}
        for field in self._facts:
            if (value := reading.value(field)) is not None:
                said[field.name] = value
        if (word := said.pop("status", None)) is not None:
            if (status := self._status_of(word)) is not None:
                said |= {"status": status, "status_raw": word}
            else:
                reading.refuse_status(self._field_of("status"), word)
        try:
            return Facts(**said)
        except ValidationError as error:
            for problem in error.errors(include_url=False, include_context=False):
                name = str(problem["loc"][0])
                value = said.pop(name, None)
                if name == "status_raw":
                    said.pop("status", None)
                reading.refuse_value(self._field_of(name), value, problem["msg"])
            return Facts(**said)

    def _field_of(self, name: str) -> "_Field":
        wanted = "status" if name == "status_raw" else name
        return next(field for field in self._fields if field.name == wanted)


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
        convert = _conversion(rule, zone)
        self.convert = convert if rule.table is None else _looked_up(rule.table, convert)
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


class _RecordInHand:
    """One record while it is being read, gathering what was wrong with it."""

    def __init__(self, agency: str, record: Any, channel: Channel, observed_at: datetime) -> None:
        self.code: str | None = None
        self.unusable: list[Unusable] = []
        self._agency, self._record, self._channel, self._observed_at = agency, record, channel, observed_at

    def value(self, field: _Field) -> Any:
        """The field's converted value; None where nothing is said, or nothing that can be understood."""
        try:
            return field.read(self._record)
        except ExpressionError as error:
            self.refuse_value(field, None, str(error))
        except ValueError as error:
            self.refuse_value(field, field.find(self._record), str(error))
        return None

    def needed(self, field: _Field) -> Any:
        """Like `value`, but without it the record is of no use."""
        before = len(self.unusable)
        value = self.value(field)
        if value is None and len(self.unusable) == before:
            message = f"{self._name()} has nothing in {field.name} ({field.expression}), and needs it."
            self.refuse("missing_field", message, field)
        return value

    def refuse_value(self, field: _Field, value: Any, why: str) -> None:
        if field.name in PERSONAL:
            # `why` of a conversion quotes what it could not convert.
            shown, why = "(personal)", "it does not fit"
        else:
            shown = _shown(value)
        message = f"{self._name()} holds {shown} in {field.name} ({field.expression}): {why}."
        self.refuse("bad_value", message, field, shown)

    def refuse_status(self, field: _Field, word: str) -> None:
        shown = _shown(word)
        message = (
            f"{self._name()} has the status word {shown!r} in {field.expression}, which the agency's "
            "`statuses` do not hold: give it one of the ten national codes there."
        )
        self.refuse("unknown_status", message, field, shown)

    def refuse(self, reason: str, message: str, field: _Field | None = None, value: str | None = None) -> None:
        self.unusable.append(
            Unusable(
                agency=self._agency,
                channel=self._channel,
                reason=reason,
                message=message,
                field=field.name if field else None,
                expression=field.expression if field else None,
                value=value,
                code=self.code,
                raw=orjson.dumps(self._record, default=str).decode(),
                observed_at=self._observed_at,
            )
        )

    def result(
        self,
        code: str | None,
        occurred_at: datetime | None,
        revision: int | None,
        observation: Observation | None,
    ) -> MappedRecord:
        return MappedRecord(code, occurred_at, revision, observation, tuple(self.unusable))

    def _name(self) -> str:
        return f"Dossier {_shown(self.code)}" if self.code else "A record"


def _conversion(rule: FieldRule, zone: ZoneInfo) -> _Convert:
    match rule.convert:
        case "text":
            return _text
        case "integer":
            return _integer
        case "date":
            return dates.reader(rule.formats, ZoneInfo(rule.zone) if rule.zone else zone)


def _looked_up(table: Mapping[str, str], convert: _Convert) -> _Convert:
    folded = {fold(word): meaning for word, meaning in table.items()}

    def look_up(value: Any) -> str | None:
        word = convert(value)
        if word is None:
            return None
        if (meaning := folded.get(fold(word))) is None:
            raise ValueError(f"the code table has no such word; it has {', '.join(table)}")
        return meaning

    return look_up


def _text(value: Any) -> str | None:
    kind = type(value)
    if kind is not str:
        if kind is int:
            return str(value)
        if kind is Misfit:
            raise ValueError(f"the agency's contract promises {value.promised}, and it is none")
        raise ValueError(f"{kind.__name__} is not text")
    if "\0" in value:
        # No database column takes it, and one such record would hold up its whole page.
        raise ValueError("a text must not hold a NUL character")
    return (value if value.isascii() else unicodedata.normalize("NFC", value)).strip() or None


def _integer(value: Any) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, str):
        raise ValueError(f"{type(value).__name__} is not a whole number")
    text = value.strip()
    if not text:
        return None
    if _GROUPED.fullmatch(text):
        return int(text.replace(".", "").replace(",", ""))
    if not (number := _INTEGER.fullmatch(text)):
        raise ValueError("that is not a whole number")
    return int(number["digits"])


def _shown(value: Any) -> str:
    """`value` for an admin: short, and fit for any text column."""
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    return text.replace("\0", "␀")[:200]
