"""One agency's file: what it says, and every mistake against the schema with its line and what would be right."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from config.yaml_text import Location, YamlMistake, YamlPlaces, read_yaml
from contracts.agency import AgencySpec
from contracts.observation import Facts
from contracts.operations import Operations, RestRequest, SoapRequest

_REQUESTS = {"rest": RestRequest, "soap": SoapRequest}


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong in a spec, where, and what would be right."""

    file: str
    line: int | None
    #: The path of keys; empty where it is about the file as a whole.
    place: str
    words: str
    #: Whether the spec works all the same.
    warning: bool = False

    def __str__(self) -> str:
        line = f", line {self.line}" if self.line else ""
        place = f"{self.place}: " if self.place else ""
        return f"{self.file}{line}: {place}{self.words}"


class SpecFile:
    """An agency's spec as a file holds it; `spec` is None as long as there are mistakes."""

    def __init__(self, path: Path, address: str | None = None, *, text: str | None = None) -> None:
        """`address`: where the agency's system really is, in place of what the file says. `text`: what it says, where
        it is not to be read from `path`. Never raises."""
        self.path = path
        self.name = path.name
        self.spec: AgencySpec | None = None
        self.document: dict[str, Any] = {}
        self._text = ""
        self.mistakes: tuple[Mistake, ...] = tuple(self._read(address, text))

    def mistake(self, location: Location, words: str, *, warning: bool = False) -> Mistake:
        """A mistake in what is at `location`."""
        line, place = self._places.find(location) if self._text else (None, "")
        return Mistake(self.name, line, place, words, warning)

    @cached_property
    def _places(self) -> YamlPlaces:
        return YamlPlaces(self._text)

    @cached_property
    def parts(self) -> AgencySpec:
        """The spec, or what is right of it by itself: what is wrong is left out, and nothing is promised of how
        the parts go together."""
        return self.spec or _sound_parts(self.document)

    def _read(self, address: str | None, text: str | None) -> Iterator[Mistake]:
        try:
            text = self.path.read_text("utf-8") if text is None else text
            document = read_yaml(text)
        except YamlMistake as error:
            yield Mistake(self.name, error.line, "", error.words)
            return
        except (OSError, UnicodeDecodeError) as error:
            yield Mistake(self.name, None, "", f"cannot be read: {error}")
            return
        if not isinstance(document, dict):
            example = f"`id: {self.path.stem}`"
            yield Mistake(self.name, None, "", f"an agency is a mapping of keys to values, such as {example}")
            return
        self.document, self._text = document, text
        if address and isinstance(document.get("system"), dict):
            document["system"]["address"] = address
        try:
            self.spec = AgencySpec.model_validate(document)
        except ValidationError as error:
            seen = set()
            for wrong in _meant(error.errors(include_url=False), document):
                mistake = self.mistake(wrong["loc"] or ("the agency",), _words(wrong))
                # What fits no variant of a union is told once, as of the first.
                if (mistake.line, mistake.place) not in seen:
                    seen.add((mistake.line, mistake.place))
                    yield mistake


def _meant(errors: list[ErrorDetails], document: Mapping[str, Any]) -> list[ErrorDetails]:
    """Those about what was meant, misspelt keys first: a request is tried as either kind, and fails as both; and
    a key that is missing may be there under another name."""
    system = document.get("system")
    kind = system.get("kind") if isinstance(system, dict) else None
    wanted = _REQUESTS.get(str(kind), RestRequest)
    others = [request.__name__ for request in _REQUESTS.values() if request is not wanted]
    meant = [error for error in errors if not any(other in str(step) for step in error["loc"] for other in others)]
    renamed = {(*wrong["loc"][:-1], _nearest(wrong)) for wrong in meant if wrong["type"] == "extra_forbidden"}
    told = [wrong for wrong in meant if wrong["type"] != "missing" or wrong["loc"] not in renamed]
    return sorted(told, key=lambda wrong: wrong["type"] != "extra_forbidden") or errors[:1]


def _nearest(unknown: ErrorDetails) -> str | None:
    """The key that is meant by one that is not known."""
    return next(iter(get_close_matches(str(unknown["loc"][-1]), _known_keys(), 1)), None)


def _words(error: ErrorDetails) -> str:
    words = error["msg"].removeprefix("Value error, ")
    match error["type"]:
        case "extra_forbidden":
            meant = _nearest(error)
            return "there is no such key here" + (f"; is {meant!r} meant?" if meant else "")
        case "missing":
            return f"{words}; it must be given"
        case "string_type" if isinstance(error["input"], int | float):
            return f"{words}; put it in quotes"
        case "union_tag_invalid":
            context = error.get("ctx", {})
            return f"`kind: {context.get('tag')}` is not known; there is {context.get('expected_tags')}"
        case "union_tag_not_found":
            return "it needs a `kind`"
    return words


@lru_cache(maxsize=1)
def _known_keys() -> list[str]:
    schema = AgencySpec.model_json_schema()
    return sorted({name for part in (schema, *schema["$defs"].values()) for name in part.get("properties", ())})


def _sound_parts(document: Mapping[str, Any]) -> AgencySpec:
    operations = document.get("operations")
    named = _sound_fields(Operations, operations if isinstance(operations, dict) else {}, document)
    fields = _sound_fields(AgencySpec, document, document)
    fields["operations"] = Operations.model_construct(None, **named)
    # An id is needed for messages.
    return AgencySpec.model_construct(None, **{"id": "unknown"} | fields)


def _sound_fields(model: type[BaseModel], data: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `data` that are right once what is wrong inside of them is left out."""
    fields: dict[str, Any] = {}
    for name, kind in get_type_hints(model, include_extras=True).items():
        if name in data:
            with suppress(ValidationError):
                fields[name] = _sound(TypeAdapter(kind), deepcopy(data[name]), document)
    return fields


def _sound(adapter: TypeAdapter[Any], data: Any, document: Mapping[str, Any]) -> Any:
    """Raises ValidationError where nothing is left."""
    while True:
        try:
            return adapter.validate_python(data)
        except ValidationError as error:
            wrong = _meant(error.errors(include_url=False), document)
            if not any(_left_out(data, each["loc"]) for each in wrong):
                raise


def _left_out(data: Any, location: Location) -> bool:
    """Take what is at `location`, or the innermost part of `data` around it, out of `data`."""
    around: tuple[Any, Any] | None = None
    for step in location:
        if isinstance(data, dict) and step in data:
            around, data = (data, step), data[step]
    if location and location[-1] == "facts" and isinstance(data, dict) and not data.keys() <= Facts.model_fields.keys():
        # Facts that nobody knows: the others stay.
        for name in data.keys() - Facts.model_fields.keys():
            del data[name]
    elif around:
        del around[0][around[1]]
    return around is not None
