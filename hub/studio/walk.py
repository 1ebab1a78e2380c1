"""Walks through a spec: every text in it, with its place and with what kind of text it is."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args, get_type_hints

from pydantic import BaseModel

from config.yaml_text import Location
from contracts.operations import RestRequest, SoapRequest

_SECRET = re.compile(r"\{secret:([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Leaf:
    location: tuple[int | str, ...]
    text: str
    #: The annotation of the field it stands in.
    kind: Any

    def is_a(self, kind: Any) -> bool:
        """Whether the field is for texts of that kind, such as contracts.spec_model.Expression."""
        return _mentions(self.kind, kind)

    @property
    def secrets(self) -> list[str]:
        """The names in {secret:NAME}."""
        return _SECRET.findall(self.text)


def leaves(part: Any, location: Location = (), kind: Any = None) -> Iterator[Leaf]:
    """Every text within a spec, or a part of one that is at `location`."""
    if isinstance(part, BaseModel):
        kinds = get_type_hints(type(part), include_extras=True)
        for name in type(part).model_fields:
            yield from leaves(getattr(part, name, None), (*location, name), kinds[name])
    elif isinstance(part, dict):
        for key, value in part.items():
            yield from leaves(value, (*location, key), kind)
    elif isinstance(part, list | tuple):
        for index, value in enumerate(part):
            yield from leaves(value, (*location, index), kind)
    elif isinstance(part, str):
        yield Leaf(tuple(location), part, kind)


def requests(part: Any, location: Location = ()) -> Iterator[tuple[tuple[int | str, ...], RestRequest | SoapRequest]]:
    """Every request within a spec, with its place."""
    if isinstance(part, RestRequest | SoapRequest):
        yield tuple(location), part
    elif isinstance(part, BaseModel):
        for name in type(part).model_fields:
            yield from requests(getattr(part, name, None), (*location, name))


def _mentions(annotation: Any, wanted: Any) -> bool:
    return bool(annotation == wanted) or any(_mentions(each, wanted) for each in get_args(annotation))
