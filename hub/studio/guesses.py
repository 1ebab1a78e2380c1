"""Guesses at what a system's operations and fields mean, from their names, by the words in words.yaml."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from contracts.codes import fold
from hub.studio.found import Field, Found, FoundOperation


@cache
def words() -> Mapping[str, Mapping[str, list[str]]]:
    read: Mapping[str, Mapping[str, list[str]]] = yaml.safe_load(
        (Path(__file__).parent / "words.yaml").read_text("utf-8")
    )
    return read


def bare(name: str) -> str:
    """A name as words.yaml has it: letters and digits only, without marks and capitals."""
    return "".join(letter for letter in fold(name) if letter.isalnum())


def meaning(name: str, group: str) -> str | None:
    """What in `group` of the words a name means: by the word it is, else by the longest that it holds."""
    wanted = bare(name)
    known = [(word, meant) for meant, each in words()[group].items() for word in each]
    exact = next((meant for word, meant in known if word == wanted), None)
    if exact:
        return exact
    # A short word is part of too many others.
    held = [(len(word), meant) for word, meant in known if len(word) > 3 and word in wanted]
    return max(held, default=(0, None), key=lambda found: found[0])[1]


@dataclass(frozen=True, slots=True)
class Records:
    """Where in an answer the records seem to be."""

    path: tuple[Field, ...]
    #: Fact → the fields that lead to it within a record.
    facts: Mapping[str, tuple[Field, ...]]

    @property
    def many(self) -> bool:
        return any(field.many for field in self.path)


def records(output: Field) -> Records | None:
    """The part of an answer in which most facts can be made out; None where there is no code in any."""
    places = [(), *output.walk()]
    found = [Records(place, facts_of(place[-1] if place else output)) for place in places]
    with_code = [each for each in found if "code" in each.facts and "status" in each.facts]
    with_code = with_code or [each for each in found if "code" in each.facts and len(each.facts) > 2]
    # Of two that say as much, the inner one is the record.
    return max(with_code, key=lambda each: (len(each.facts), len(each.path)), default=None)


def facts_of(record: Field) -> dict[str, tuple[Field, ...]]:
    """Which fields of a record seem to be which facts. Objects in it are looked into, lists are not."""
    leaves = [path for path in record.walk() if not path[-1].children and not any(field.many for field in path)]
    facts: dict[str, tuple[Field, ...]] = {}
    taken: set[tuple[str, ...]] = set()
    # Names that are the word first, and of the deep ones also the whole path: nguoiNop.hoTen.
    for exactly in (True, False):
        for fact, known in words()["facts"].items():
            for word in known:
                if fact in facts:
                    break
                for path in leaves:
                    names = tuple(field.name for field in path)
                    if names not in taken and _fits(names, word, exactly):
                        facts[fact] = path
                        taken.add(names)
                        break
    return facts


def _fits(names: tuple[str, ...], word: str, exactly: bool) -> bool:
    last, whole = bare(names[-1]), bare("".join(names))
    if exactly:
        # A word as short as `ma` says nothing inside of another object: thuTuc.ma is not the dossier's code.
        return whole == word or (last == word and (len(names) == 1 or len(word) > 5))
    return len(word) > 5 and word in last


@dataclass(frozen=True, slots=True)
class Chosen:
    """An operation taken for one of the spec's, and why."""

    operation: FoundOperation
    why: str
    inputs: Mapping[str, Field]
    records: Records | None


def lookup(found: Found) -> Chosen | None:
    """The operation that seems to look one dossier up."""
    return _best(found, "lookup", lambda inputs: 2 * ("code" in inputs) - 2 * bool({"since", "page"} & set(inputs)))


def changes(found: Found) -> Chosen | None:
    """The operation that seems to list what changed."""
    return _best(
        found, "changes", lambda inputs: len({"since", "page", "size", "offset", "cursor", "revision"} & set(inputs))
    )


def named(found: Found, name: str) -> Chosen | None:
    """The operation of that name, because somebody says so; None where there is none."""
    for operation in found.operations:
        if operation.name == name:
            return Chosen(operation, "it was chosen", _inputs(operation.inputs), records(operation.output))
    return None


def login(found: Found) -> FoundOperation | None:
    """The operation that gives a token, where there is one."""
    for operation in found.operations:
        if meaning(_name(operation), "operations") == "login" and find(operation.output, "token"):
            return operation
    return None


def find(output: Field, what: str) -> tuple[Field, ...] | None:
    """Where an answer holds the token, the total … (a group of `answers`), nearest to its outside."""
    known = words()["answers"][what]
    paths = [path for path in output.walk() if not path[-1].children and not any(field.many for field in path)]
    fitting = [path for path in paths if bare(path[-1].name) in known]
    return min(fitting, key=len, default=None)


def status_of(word: str) -> str | None:
    """The national code that a status word seems to mean."""
    return next((code for code, known in words()["statuses"].items() if bare(word) in known), None)


def _best(found: Found, wanted: str, by_inputs: Any) -> Chosen | None:
    scored = []
    for operation in found.operations:
        inputs = _inputs(operation.inputs)
        points = by_inputs(inputs)
        if points <= 0 or operation.method not in ("GET", "POST"):
            continue
        kind = meaning(_name(operation), "operations")
        place = records(operation.output)
        points += 2 * (kind == wanted) - 3 * (kind in ("other", "login")) + 2 * (place is not None)
        scored.append((points, operation, kind == wanted, inputs, place))
    if not scored:
        return None
    _, operation, named, inputs, place = max(scored, key=lambda each: each[0])
    reasons = [f"its name says so ({operation.name})"] if named else []
    reasons += [f"it takes {', '.join(field.name for field in inputs.values())}"]
    return Chosen(operation, " and ".join(reasons), inputs, place)


def _inputs(fields: Iterable[Field]) -> dict[str, Field]:
    """What the inputs seem to be for: meaning → field, the first that fits."""
    meant: dict[str, Field] = {}
    for field in _flat(fields):
        kind = meaning(field.name, "parameters")
        if kind and kind not in ("secret", "sort"):
            meant.setdefault(kind, field)
    return meant


def _flat(fields: Iterable[Field]) -> Iterator[Field]:
    for field in fields:
        yield field
        yield from _flat(field.children)


def _name(operation: FoundOperation) -> str:
    return operation.name if " " not in operation.name else operation.path
