"""Reads config/agencies/*.yaml. A mistake is told with its file, line, place, and what would be right."""

from collections.abc import Mapping
from pathlib import Path

from config.spec_file import SpecFile
from contracts.agency import AgencySpec


class ConfigError(Exception):
    """A file of config/ is wrong; the message says where and how."""


def load_agencies(folder: Path, addresses: Mapping[str, str] | None = None) -> dict[str, AgencySpec]:
    """Every agency of `folder` by id. `addresses` says where systems really are, agency by agency, so that one
    spec serves test and production. Raises ConfigError."""
    elsewhere = dict(addresses or {})
    specs: dict[str, AgencySpec] = {}
    for path in sorted(folder.glob("*.yaml")):
        spec = _load(path, elsewhere.get(path.stem))
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


def _load(path: Path, address: str | None) -> AgencySpec:
    file = SpecFile(path, address)
    if file.spec:
        return file.spec
    first, *others = file.mistakes
    more = f" (`hub adapter check {path.stem}` tells {len(others)} more)" if others else ""
    raise ConfigError(f"{first}{more}")
