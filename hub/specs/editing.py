"""Changes values of a spec's text, and leaves all else as its author wrote it: comments, order, quotes.

Only what is other is written anew, piece by piece in the text. A comment above a key, or beside it, goes with it; one
that ends a section stays at its end.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from textwrap import indent
from typing import Any, TypeAlias

import yaml

from config.yaml_text import YamlMistake, compose, read_yaml

#: From the outside in.
Path = tuple[str, ...]

#: From where to where in the text, and what is to stand there.
_Piece: TypeAlias = tuple[int, int, str]


def edited(text: str, changes: Mapping[Path, Any]) -> str:
    """`text` with each value at its place; None takes it out. What is on the way there is made where it is not there.

    `text` must be one that `config.yaml_text.read_yaml` takes, and a mapping.
    """
    before = read_yaml(text)
    after = changed(before, changes)
    if _same(before, after):
        return text
    root, done = compose(text), text
    assert isinstance(root, yaml.MappingNode)
    for start, end, piece in sorted(_Text(text).pieces(root, before, after), reverse=True):
        done = done[:start] + piece + done[end:]
    try:
        if _same(read_yaml(done), after):
            return done
    except YamlMistake:
        pass
    # Such as where one place of it stands for another, which is to stay as it was.
    return _block(after)


def changed(document: Any, changes: Mapping[Path, Any]) -> dict[str, Any]:
    """`document` with each value at its place."""
    after: dict[str, Any] = _plain(document)
    for (*way, last), value in changes.items():
        inner = after
        for step in way:
            further = inner.get(step)
            if not isinstance(further, dict):
                # A rule in its short form is its path alone.
                further = inner[step] = {"path": further} if isinstance(further, str) else {}
            inner = further
        if value is None:
            inner.pop(last, None)
        else:
            inner[last] = _plain(value)
    return after


@dataclass(frozen=True, slots=True)
class _Entry:
    """A key and its value, or an item of a list: from its key, or its dash or value, to its value's end."""

    start: int
    end: int
    #: Where a value would begin on the same line.
    value_at: int
    value: yaml.Node


class _Text:
    """Finds what to write where, that a part of the text, which says `before`, says `after`."""

    def __init__(self, text: str) -> None:
        self._text = text

    def pieces(self, node: yaml.CollectionNode, before: Any, after: Any) -> Iterator[_Piece]:
        entries = self._entries(node)
        if isinstance(before, dict):
            kept = {n: (before[key], after[key]) for n, key in enumerate(before) if key in after}
            new = [{key: value} for key, value in after.items() if key not in before]
            more = {len(entries) - 1: new} if new else {}
        else:
            kept, more = _aligned(before, after)
        if node.flow_style and not kept:
            yield node.start_mark.index, node.end_mark.index, _flow(after)
            return
        for n, entry in enumerate(entries):
            if n not in kept:
                yield self._without(node, entries, n, last=n > max(kept, default=-1))
            elif not _same(*kept[n]):
                yield from self._value(node, entry, *kept[n])
        for n, added in more.items():
            # Within brackets, what stands between them goes with the entry before.
            place = max((each for each in kept if each <= n), default=-1) if node.flow_style else n
            yield self._with(node, entries, place, added)

    def _value(self, parent: yaml.CollectionNode, entry: _Entry, before: Any, after: Any) -> Iterator[_Piece]:
        """Another value of an entry that stays."""
        node, text = entry.value, self._text
        if before and type(before) is type(after) and isinstance(node, yaml.CollectionNode):
            yield from self.pieces(node, before, after)
            # A section that is empty says so, in front of the comments that are left in it.
            if not after and not node.flow_style:
                yield entry.value_at, entry.value_at, f" {_flow(after)}"
            return
        section = isinstance(after, dict | list) and bool(after) and not parent.flow_style
        lines = indent(_block(after), " " * (self._column(entry.start) + 2)) if section else ""
        if "\n" in text[entry.value_at : node.start_mark.index]:
            yield self._line_after(entry.value_at), self._below(entry.end, self._column(entry.start)), lines
            if not section:
                yield entry.value_at, entry.value_at, f" {_flow(after)}"
        elif section:
            yield entry.value_at, entry.end, ""
            yield self._whole(self._line_after(entry.end), lines)
        else:
            start = max(node.start_mark.index, entry.value_at)
            yield start, max(start, entry.end), ("" if text[start - 1] in " [" else " ") + _flow(after)

    def _without(self, node: yaml.CollectionNode, entries: Sequence[_Entry], n: int, *, last: bool) -> _Piece:
        """`last`: no entry stays that comes after the `n`th."""
        entry, text = entries[n], self._text
        if node.flow_style:
            if not last:
                return entry.start, entries[n + 1].start, ""
            same_line = n and "\n" not in text[entries[n - 1].end : entry.start]
            return (entries[n - 1].end if same_line else entry.start), entry.end, ""
        start = self._line(entry.start)
        if text[start : entry.start].strip():
            # The first of an item of a list stands beside its dash.
            return entry.start, self._line_after(entry.end) - 1, ""
        column = entry.start - start
        while start and (above := text[self._line(start - 1) : start]).startswith(" " * column + "#"):
            start -= len(above)
        return start, self._below(entry.end, column), ""

    def _with(self, node: yaml.CollectionNode, entries: Sequence[_Entry], n: int, added: Sequence[Any]) -> _Piece:
        """More entries, after the `n`th; before the first where that is -1."""
        of_mapping = isinstance(node, yaml.MappingNode)
        if node.flow_style:
            written = ", ".join(_flow(each)[1:-1] if of_mapping else _flow(each) for each in added)
            place = entries[n].end if n >= 0 else entries[0].start
            return place, place, f", {written}" if n >= 0 else f"{written}, "
        column = self._column(entries[0].start)
        lines = indent("".join(_block(each if of_mapping else [each]) for each in added), " " * column)
        if n < 0:
            return self._whole(self._line(entries[0].start), lines)
        return self._whole(self._below(entries[n].end, column), lines)

    def _whole(self, place: int, lines: str) -> _Piece:
        """Whole lines, where one begins or the text ends."""
        cut_short = place and self._text[place - 1] != "\n"
        return place, place, "\n" + lines.removesuffix("\n") if cut_short else lines

    def _entries(self, node: yaml.CollectionNode) -> list[_Entry]:
        entries = []
        for each in node.value:
            if isinstance(each, tuple):
                key, value = each
                start, value_at = key.start_mark.index, self._text.find(":", key.end_mark.index) + 1
            elif node.flow_style:
                value, start = each, each.start_mark.index
                value_at = start
            else:
                value, start = each, self._text.rfind("-", 0, each.start_mark.index)
                value_at = start + 1
            entries.append(_Entry(start, max(self._end(value), value_at), value_at, value))
        return entries

    def _end(self, node: yaml.Node) -> int:
        """Where what it says ends: before blank lines and comments."""
        if isinstance(node, yaml.CollectionNode) and not node.flow_style:
            last = node.value[-1]
            return self._end(last[1] if isinstance(last, tuple) else last)
        start, end = node.start_mark.index, node.end_mark.index
        return start + len(self._text[start:end].rstrip())

    def _line(self, place: int) -> int:
        """Where the line of `place` begins."""
        return self._text.rfind("\n", 0, place) + 1

    def _line_after(self, place: int) -> int:
        end = self._text.find("\n", place)
        return len(self._text) if end < 0 else end + 1

    def _column(self, place: int) -> int:
        return place - self._line(place)

    def _below(self, place: int, column: int) -> int:
        """Where the lines end of what ends at `place`, and of the comments below that are further in than `column`."""
        end = at = self._line_after(place)
        while at < len(self._text):
            line = self._text[at : self._line_after(at)]
            said = line.lstrip()
            if said and not (said.startswith("#") and len(line) - len(said) > column):
                break
            at += len(line)
            end = at if said else end
        return end


def _aligned(before: list[Any], after: list[Any]) -> tuple[dict[int, tuple[Any, Any]], dict[int, list[Any]]]:
    """Which items stay, if with something other in them; and which are new, by the one that they come after."""
    kept: dict[int, tuple[Any, Any]] = {}
    more: dict[int, list[Any]] = {}
    matcher = SequenceMatcher(None, [repr(each) for each in before], [repr(each) for each in after], autojunk=False)
    for what, i, i_end, j, j_end in matcher.get_opcodes():
        both = min(i_end - i, j_end - j)
        if what == "replace" and not all(isinstance(each, dict | list) for each in before[i:i_end] + after[j:j_end]):
            both = 0
        kept |= {i + n: (before[i + n], after[j + n]) for n in range(both)}
        if what in ("insert", "replace") and j_end - j > both:
            more[i + both - 1] = after[j + both : j_end]
    return kept, more


def _plain(value: Any) -> Any:
    """Of mappings and lists that are nobody else's."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _same(one: Any, other: Any) -> bool:
    """Of the same values of the same kinds: 1 is not true."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(each, other[key]) for key, each in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return type(one) is type(other) and bool(one == other)


_TEXT = "tag:yaml.org,2002:str"


class _Dumper(yaml.SafeDumper):
    """Text in double quotes where without them somebody would read a number, a date or the like."""

    def represent_text(self, value: str) -> yaml.Node:
        read_as = self.resolve(yaml.ScalarNode, value, (True, False))  # type: ignore[no-untyped-call]
        is_plain = read_as == _TEXT and not value[:1].isdigit()
        return self.represent_scalar(_TEXT, value, None if is_plain else '"')

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(str, _Dumper.represent_text)


def _block(value: Any) -> str:
    return _dumped(value, flow=False)


def _flow(value: Any) -> str:
    """On one line; also within brackets."""
    return _dumped([value], flow=True).removesuffix("\n")[1:-1]


def _dumped(value: Any, *, flow: bool) -> str:
    return str(
        yaml.dump(value, Dumper=_Dumper, default_flow_style=flow, allow_unicode=True, sort_keys=False, width=2**16)
    )
