"""What is other in one version of a spec than in another: by the places of its values, and line by line."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any

from config.yaml_text import YamlMistake, read_yaml

_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Difference:
    """One value, by its path of keys; None stands for what is not there."""

    place: str
    before: Any
    after: Any


def differences(before: str | None, after: str) -> list[Difference]:
    """Where the values of two texts differ; in neither, of comments and of how they are written. `before` is None
    where there was none."""
    return list(_between("", _document(before), _document(after)))


def line_by_line(before: str | None, after: str) -> list[str]:
    """As `diff -u` tells it, without its head."""
    return list(unified_diff((before or "").splitlines(), after.splitlines(), lineterm="", n=2))[2:]


def _document(text: str | None) -> Any:
    try:
        return {} if text is None else read_yaml(text)
    except YamlMistake:
        return text


def _between(place: str, before: Any, after: Any) -> Iterator[Difference]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys([*before, *after]):
            inside = f"{place}.{key}" if place else str(key)
            yield from _between(inside, before.get(key, _ABSENT), after.get(key, _ABSENT))
    elif before != after:
        yield Difference(place, None if before is _ABSENT else before, None if after is _ABSENT else after)
