"""Changes values of a spec's text, and leaves all else as its author wrote it: comments, order, quotes."""

from collections.abc import Mapping
from io import StringIO
from itertools import pairwise
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

#: From the outside in.
Path = tuple[str, ...]


def edited(text: str, changes: Mapping[Path, Any]) -> str:
    """`text` with each value at its place; None takes it out. What is on the way there is made where it is not there.

    `text` must be one that `config.yaml_text.read_yaml` takes, and a mapping.
    """
    yaml = _yaml(text)
    document = yaml.load(text)
    for path, value in changes.items():
        _set(document, path, value)
    out = StringIO()
    yaml.dump(document, out)
    return out.getvalue()


def _set(document: CommentedMap, path: Path, value: Any) -> None:
    *way, last = path
    for step in way:
        inner = document.get(step)
        if not isinstance(inner, CommentedMap):
            # A rule in its short form is its path alone.
            inner = document[step] = CommentedMap({"path": inner} if isinstance(inner, str) else {})
        document = inner
    if value is None:
        document.pop(last, None)
    else:
        document[last] = _written(value)


def _written(value: Any) -> Any:
    """Text in quotes where without them it would be a number, a date or the like."""
    if isinstance(value, Mapping):
        return CommentedMap({key: _written(each) for key, each in value.items()})
    if isinstance(value, list | tuple):
        return [_written(each) for each in value]
    if isinstance(value, str) and not isinstance(YAML(typ="safe").load(value), str):
        return DoubleQuotedScalarString(value)
    return value


def _yaml(text: str) -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 2**16
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    # A list's dashes lie under their key, or are set in: as they are in the text.
    if any(line.lstrip().startswith("- ") and _depth(line) > _depth(before) for before, line in pairwise(lines)):
        yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())
