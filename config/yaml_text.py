"""YAML as people write it: strict where YAML surprises, and every value with its line."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import yaml
from yaml.constructor import ConstructorError
from yaml.reader import ReaderError

_MERGE = "tag:yaml.org,2002:merge"

#: Where a value is in a document: keys and indexes from the outside in.
Location = Sequence[int | str]


class YamlMistake(Exception):
    """A text that is not YAML as we take it. `line` counts from 1, where it is known."""

    def __init__(self, line: int | None, words: str) -> None:
        super().__init__(words)
        self.line, self.words = line, words


class _Strict(yaml.constructor.SafeConstructor):
    """Safe YAML without its surprises: a key given twice is not settled by forgetting the first, 01 is not 1
    nor NO false where a key is meant, and whatever cannot be read has a line."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except ValueError as error:  # 2025-13-45
            raise ConstructorError(None, None, str(error), node.start_mark) from None


def _mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for key_node, value_node in node.value:
        if key_node.tag == _MERGE:
            raise ConstructorError(None, None, "`<<` is not taken; write the keys out", key_node.start_mark)
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            written = key_node.value if isinstance(key_node, yaml.ScalarNode) else key
            raise ConstructorError(None, None, f"the key {written} is not text; put it in quotes", key_node.start_mark)
        if key in read:
            raise ConstructorError(None, None, f"the key {key!r} is given twice", key_node.start_mark)
        read[key] = loader.construct_object(value_node, deep=True)
    return read


class _Loader(_Strict, yaml.SafeLoader):
    """In Python: its words about a mistake are the better ones."""


class _QuickLoader(_Strict, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """In C, where there is libyaml: eight times faster, which a thousand agencies are worth."""


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
_QuickLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_yaml(text: str) -> Any:
    """What `text` says. Raises YamlMistake."""
    with suppress(yaml.YAMLError):
        return yaml.load(text, _QuickLoader)  # noqa: S506  (a subclass of SafeLoader)
    try:
        return yaml.load(text, _Loader)  # noqa: S506  (likewise)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise YamlMistake(line, ": ".join(part for part in (error.context, error.problem) if part)) from None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise YamlMistake(line, "a control character, which no text holds; take it out") from None


def compose(text: str) -> yaml.Node | None:
    """Its values with their places, of a text that `read_yaml` takes."""
    return yaml.compose(text, _QuickLoader)


class YamlPlaces:
    """Finds values of a document in its text, which must be one that `read_yaml` takes."""

    def __init__(self, text: str) -> None:
        self._root = compose(text)

    def find(self, location: Location) -> tuple[int | None, str]:
        """The line of what is at `location`, as far as its keys are in the text, and its path there."""
        node: yaml.Node | None = self._root
        line: int | None = None
        path = []
        for step in location:
            found = _child(node, step)
            if found:
                line, node = found[0].start_mark.line + 1, found[1]
            # Steps in between that are in no file name a variant of a union ("rest").
            if found or step == location[-1]:
                path.append(str(step))
        return line, ".".join(path)


def _child(node: yaml.Node | None, step: int | str) -> tuple[yaml.Node, yaml.Node] | None:
    """The node whose line tells of `step`, and the node of its value."""
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None
