"""Reads config/agencies/*.yaml. A mistake is told with its file, line, place, and what would be right."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from yaml.constructor import ConstructorError
from yaml.reader import ReaderError

from contracts.agency import AgencySpec
from contracts.operations import RestRequest, SoapRequest


class ConfigError(Exception):
    """A file of config/ is wrong; the message says where and how."""


class _Loader(yaml.SafeLoader):
    """Safe YAML without its surprises: a key given twice is not settled by forgetting the first, 01 is not 1
    nor NO false where a key is meant, and whatever cannot be read has a line."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except ValueError as error:  # 2025-13-45
            raise ConstructorError(None, None, str(error), node.start_mark) from None


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            written = key_node.value if isinstance(key_node, yaml.ScalarNode) else key
            raise ConstructorError(None, None, f"the key {written} is not text; put it in quotes", key_node.start_mark)
        if key in read:
            raise ConstructorError(None, None, f"the key {key!r} is given twice", key_node.start_mark)
        read[key] = loader.construct_object(value_node, deep=True)
    return read


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def load_agencies(folder: Path, addresses: Mapping[str, str] | None = None) -> dict[str, AgencySpec]:
    """Every agency of `folder` by id. `addresses` says where systems really are, agency by agency, so that one
    spec serves test and production. Raises ConfigError."""
    elsewhere = dict(addresses or {})
    specs: dict[str, AgencySpec] = {}
    for path in sorted(folder.glob("*.yaml")):
        spec = _load(path, elsewhere)
        if spec.id != path.stem:
            raise ConfigError(f"{path.name}: id is {spec.id!r}; the file must be called {spec.id}.yaml")
        specs[spec.id] = spec
    if not specs:
        raise ConfigError(f"there is no agency file (*.yaml) in {folder}")
    for agency in sorted(elsewhere):
        if agency not in specs:
            raise ConfigError(f"HUB_AGENCY_ADDRESSES names {agency!r}, which is no agency of {folder}")
        if specs[agency].system is None:
            raise ConfigError(f"HUB_AGENCY_ADDRESSES names {agency!r}, which has no `system` in {agency}.yaml")
    for spec in specs.values():
        for successor in spec.successors:
            if successor not in specs:
                raise ConfigError(f"{spec.id}.yaml: successors: {successor!r} is no agency of {folder}")
    return specs


def _load(path: Path, addresses: Mapping[str, str]) -> AgencySpec:
    try:
        text = path.read_text("utf-8")
        document = yaml.load(text, _Loader)  # noqa: S506  (a subclass of SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        words = " ".join(part for part in (error.context, error.problem) if part)
        raise ConfigError(f"{path.name}{line}: {words}") from None
    except ReaderError as error:
        line = f", line {text.count(chr(10), 0, error.position) + 1}"
        raise ConfigError(f"{path.name}{line}: a control character, which no text holds; take it out") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path.name}: cannot be read: {error}") from None
    if not isinstance(document, dict):
        raise ConfigError(f"{path.name}: an agency is a mapping of keys to values, such as `id: {path.stem}`")
    system = document.get("system")
    if isinstance(system, dict) and path.stem in addresses:
        system["address"] = addresses[path.stem]
    try:
        return AgencySpec.model_validate(document)
    except ValidationError as error:
        first = _telling(error.errors(include_url=False), system)
        line, place = _place(text, first["loc"])
        raise ConfigError(f"{path.name}{line}: {place}: {_words(first)}") from None


def _telling(errors: Sequence[ErrorDetails], system: Any) -> ErrorDetails:
    """The first error that is about what was meant: a request is tried as either kind, and fails as both."""
    kind = system.get("kind") if isinstance(system, dict) else None
    other = {"rest": SoapRequest.__name__, "soap": RestRequest.__name__}.get(str(kind))
    return next((error for error in errors if other not in error["loc"]), errors[0])


def _words(error: ErrorDetails) -> str:
    words = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        schema = AgencySpec.model_json_schema()
        known = {name for part in (schema, *schema["$defs"].values()) for name in part.get("properties", ())}
        meant = get_close_matches(str(error["loc"][-1]), sorted(known), 1)
        return "there is no such key here" + (f"; is {meant[0]!r} meant?" if meant else "")
    if error["type"] == "string_type" and isinstance(error["input"], int | float):
        return f"{words}; put it in quotes"
    return words


def _place(text: str, location: Sequence[int | str]) -> tuple[str, str]:
    """Where `location` is: its line, as far as its keys are in the file, and its path there."""
    node = yaml.compose(text, _Loader)
    line: int | None = None
    path = []
    for step in location:
        found = None
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(step)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            found = (node.value[step], node.value[step])
        if found:
            line, node = found[0].start_mark.line + 1, found[1]
        # Steps in between that are in no file name a variant of a union ("rest").
        if found or step == location[-1]:
            path.append(str(step))
    return f", line {line}" if line else "", ".".join(path) or "the agency"
