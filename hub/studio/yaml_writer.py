"""Writes YAML for people: guesses marked above what is guessed, small mappings on one line."""

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml


@dataclass(frozen=True, slots=True)
class Guess:
    """A value that its writer is to confirm, and why it may be right, or what is not known of it."""

    value: Any
    why: str


@dataclass(frozen=True, slots=True)
class Inline:
    """A mapping to be written on one line."""

    value: Any


def written(mapping: dict[str, Any], say: Callable[[str], str] = str) -> str:
    """`mapping` as YAML, with a blank line between its larger parts. `say`: a sentence for who is to read it."""
    parts = ["".join(f"{line}\n" for line in _lines(key, value, "", say)) for key, value in mapping.items()]
    return "".join(("\n" if part.count("\n") > 2 and number else "") + part for number, part in enumerate(parts))


def _lines(key: str, value: Any, indent: str, say: Callable[[str], str]) -> list[str]:
    if isinstance(value, Guess):
        comment = textwrap.wrap(say(value.why), 100 - len(indent))
        marks = [f"{indent}# {say('guess')}: {comment[0]}", *(f"{indent}#   {line}" for line in comment[1:])]
        return [*marks, *_lines(key, value.value, indent, say)]
    if isinstance(value, dict) and value:
        return [
            f"{indent}{_scalar(key)}:",
            *(line for name, each in value.items() for line in _lines(name, each, indent + "  ", say)),
        ]
    return [f"{indent}{_scalar(key)}: {_scalar(value.value if isinstance(value, Inline) else value)}"]


def _scalar(value: Any) -> str:
    if isinstance(value, str) and (not value or "{" in value or value[0] in "!@`[%&*"):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    text = yaml.safe_dump(value, allow_unicode=True, default_flow_style=True, width=10_000, sort_keys=False)
    return str(text).removesuffix("\n").removesuffix("\n...").removesuffix("\n")
