"""From an agency's record to an observation: the spec's mapping, compiled once, applied to every record."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import orjson
from pydantic import ValidationError

from adapters import dates
from adapters.expressions import ExpressionError, compiled
from contracts.agency import AgencySpec
from contracts.mapping import FieldRule, RecordMapping
from contracts.observation import PERSONAL, Channel, Facts, Observation, Unusable

_Convert: TypeAlias = Callable[[Any], Any]

_INTEGER = re.compile(r"[+-]?[0-9]{1,30}")

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


@dataclass(frozen=True, slots=True)
class MappedRecord:
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
        self._status_of = lru_cache(maxsize=1024)(spec.status_of)

    def read(self, record: Any, channel: Channel, observed_at: datetime) -> MappedRecord:
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
        fields = [self._code, self._occurred_at, *([self._revision] if self._revision else []), *self._facts]
        wanted = "status" if name == "status_raw" else name
        return next(field for field in fields if field.name == wanted)


class _Field:
    """One rule of a mapping: where a value is, and how it is converted."""

    def __init__(self, name: str, rule: FieldRule, zone: ZoneInfo) -> None:
        self.name = name
        assert rule.path is not None
        self.expression = rule.path
        self.find = compiled(rule.path)
        self.convert = _conversion(rule, zone)


class _RecordInHand:
    """One record while it is being read, gathering what was wrong with it."""

    def __init__(self, agency: str, record: Any, channel: Channel, observed_at: datetime) -> None:
        self.code: str | None = None
        self.unusable: list[Unusable] = []
        self._agency, self._record, self._channel, self._observed_at = agency, record, channel, observed_at

    def value(self, field: _Field) -> Any:
        """The field's converted value; None where nothing is said, or nothing that can be understood."""
        try:
            found = field.find(self._record)
            return None if found is None else field.convert(found)
        except ExpressionError as error:
            self.refuse_value(field, None, str(error))
        except ValueError as error:
            self.refuse_value(field, found, str(error))
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


def _text(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise ValueError(f"{type(value).__name__} is not text")
    if "\0" in value:
        # No database column takes it, and one such record would hold up its whole page.
        raise ValueError("a text must not hold a NUL character")
    return unicodedata.normalize("NFC", value.strip()) or None


def _integer(value: Any) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str):
        raise ValueError(f"{type(value).__name__} is not a whole number")
    if not value.strip():
        return None
    if not _INTEGER.fullmatch(value.strip()):
        raise ValueError("that is not a whole number")
    return int(value)


def _shown(value: Any) -> str:
    """`value` for an admin: short, and fit for any text column."""
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    return text.replace("\0", "␀")[:200]
