"""Reads config/agencies/*.yaml. A mistake is told with its file, line, place, and what would be right."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from contracts.agency import AgencySpec


class ConfigError(Exception):
    """A file of config/ is wrong; the message says where and how."""


class _Loader(yaml.SafeLoader):
    """Safe YAML that refuses a key given twice, which YAML itself would settle by forgetting the first."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} is given twice", key_node.start_mark)
        seen.add(key)
    return loader.construct_mapping(node, deep=True)


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
    if unknown := sorted(elsewhere.keys() - specs):
        raise ConfigError(f"HUB_AGENCY_ADDRESSES names {unknown[0]!r}, which is no agency of {folder}")
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
        raise ConfigError(f"{path.name}{line}: {error.problem}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path.name}: cannot be read: {error}") from None
    if not isinstance(document, dict):
        raise ConfigError(f"{path.name}: an agency is a mapping of keys to values, such as `id: {path.stem}`")
    if (address := addresses.get(path.stem)) and isinstance(document.get("system"), dict):
        document["system"]["address"] = address
    try:
        return AgencySpec.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the agency"
        line = _line(text, first["loc"])
        raise ConfigError(f"{path.name}{line}: {place}: {first['msg']}") from None


def _line(text: str, place: tuple[int | str, ...]) -> str:
    """Where in the file `place` is, as far as its keys are written there."""
    node = yaml.compose(text, _Loader)
    line: int | None = None
    for step in place:
        found = None
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(step)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            found = (node.value[step], node.value[step])
        # Steps that name a variant of a union ("rest") are in no file.
        if found:
            line, node = found[0].start_mark.line + 1, found[1]
    return f", line {line}" if line else ""
