"""What somebody may see of a call's bodies who has given no reason to see people's data. Pure.

Nothing is shown that is not known to be harmless. What is: a value where the agency's mapping finds a fact that is
nobody's (a status, a date, the code), a parameter that the spec fills with something of that kind, and what says how an
answer went. All else is stars, names of fields that look like somebody's included.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from lxml import etree

from adapters.formats import xml
from adapters.formats.charsets import decoded
from adapters.formats.documents import parse_json
from adapters.mapping.expressions import ExpressionError, compiled, names_in, plain_path
from adapters.placeholders import is_personal
from contracts.agency import AgencySpec
from contracts.errors import Malformed
from contracts.mapping import FieldRule, RecordMapping
from contracts.observation import PERSONAL
from contracts.operations import Answer, RestRequest, SendOperation, SoapRequest
from contracts.webhook import EventData

STARS = "***"

Path: TypeAlias = tuple[str, ...]

_LONGEST_SHOWN = 200
#: How deep a document may go, and how many lie one in another, until all of it is stars.
_DEEPEST, _INNERMOST = 40, 3

# How a program names a field. A name in a field's place is none, nor is a number.
_FIELD = re.compile(r"[@A-Za-z_$][A-Za-z0-9_.:$-]{0,60}")
_DIGITS = re.compile(r"\d{5}")
# A phone's, a person's or an organisation's number, or an address, where something harmless should be.
_SOMEBODYS = re.compile(r"\+?\d(?:[ .-]?\d){8,12}|.*@.*", re.DOTALL)
# How an answer went: an error's number, yes or no. Longer ones may be a year of birth.
_OUTCOME = re.compile(r"[+-]?\d{1,3}|true|false", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"\{([^{}|]*)(?:\|[^{}]*)?\}")


def masked(body: bytes, shows: "Shows") -> str:
    """The body as it may be shown: JSON, or what a form or an XML document comes to in JSON, with stars."""
    if not body.strip():
        return ""
    query, body = _apart(body)
    lines = [f"?{_form(query, shows)}"] if query else []
    if body.strip():
        try:
            lines.append(_document(decoded(body), shows))
        except Malformed:
            # No text: a file, perhaps.
            lines.append(STARS)
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Shows:
    """What of an operation's bodies is known to be harmless."""

    #: Where, counted from the whole document; of a form, the name alone.
    from_root: frozenset[Path] = frozenset()
    #: Names under which, wherever no record is, there is how it went.
    outcomes: frozenset[str] = frozenset()
    record: "Record | None" = None


@dataclass(frozen=True, slots=True)
class Record:
    """What of an agency's record is harmless, and how to know that something is a record."""

    code: tuple[str, ...]
    harmless: frozenset[Path]
    #: Those in which a long number is a moment or a revision, and nobody's.
    numbers: frozenset[Path] = field(default=frozenset())

    def is_in(self, value: Mapping[str, Any]) -> bool:
        """A code, and something else that we know: an element that merely has a field of that name is none."""
        return any(_says(value, each) for each in self.code) and sum(_has(value, path) for path in self.harmless) > 1


def of_request(spec: AgencySpec | None, operation: str) -> Shows:
    """Of the request of a call to `operation`."""
    request, _ = _operation(spec, operation)
    if isinstance(request, RestRequest):
        texts = {**request.query, **(request.form_body or {})}
        paths: set[Path] = {(name,) for name, text in texts.items() if _is_harmless(text)}
        if request.json_body is not None:
            paths |= set(_harmless_in(request.json_body))
        if request.xml_body:
            with suppress(Malformed):
                paths |= set(_harmless_in(_whole(*xml.parse(request.xml_body))))
        return Shows(frozenset(paths))
    if isinstance(request, SoapRequest):
        # Whatever the wrapper is called.
        wrapped = {("Envelope", "Body", "*", *path) for path in _harmless_in(request.parameters)}
        return Shows(frozenset(wrapped))
    return Shows()


def of_answer(spec: AgencySpec | None, operation: str) -> Shows:
    """Of what came back."""
    _, answer = _operation(spec, operation)
    if spec is None or answer is None:
        return Shows()
    looked_at = (answer.error_when, answer.busy_when, answer.absent_when)
    found = [names_in(each) for each in looked_at if each]
    outcomes = frozenset[str]().union(*(each for each in found if each))
    return Shows(outcomes=outcomes, record=_record(spec.mapping) if operation in ("lookup", "changes", "all") else None)


def of_delivery(spec: AgencySpec | None) -> Shows:
    """Of what the agency pushes."""
    if spec is None or spec.webhook is None:
        return Shows()
    mapping = spec.webhook.mapping
    return Shows(_ENVELOPE, record=_record(mapping) if mapping else _EVENT)


#: In the hub's own envelope, and in that of CloudEvents.
_ENVELOPE = frozenset[Path]({("type",), ("timestamp",), ("specversion",), ("time",)})
_OF_EVENT = frozenset[Path]((name,) for name in EventData.model_fields if name not in (*PERSONAL, "applicant"))
_EVENT = Record(
    ("code",), _OF_EVENT, frozenset(path for path in _OF_EVENT if path[0].endswith("_at") or path[0] == "revision")
)


def _operation(spec: AgencySpec | None, name: str) -> tuple[RestRequest | SoapRequest | None, Answer | None]:
    """As it is in the spec at work, which may be another than at the time of the call: then less is shown."""
    what, _, step = name.partition(".")
    found = spec.operations.named().get(what) if spec else None
    if isinstance(found, SendOperation):
        sent = {"create": found.create, "attach": found.attach, "finish": found.finish}.get(step)
        return (sent.request, sent.answer) if sent else (None, None)
    return (found.request, found.answer) if found else (None, None)


def _record(mapping: RecordMapping | None) -> Record | None:
    if mapping is None:
        return None
    rules = {"code": mapping.code, "occurred_at": mapping.occurred_at, "revision": mapping.revision, **mapping.facts}
    harmless: set[Path] = set()
    numbers: set[Path] = set()
    personal: set[str] = set()
    for name, rule in rules.items():
        for expression in _expressions(rule):
            if name in PERSONAL:
                looked_at = names_in(expression)
                if looked_at is None:
                    # Nobody can say where a person's data is.
                    return None
                personal |= looked_at if plain_path(expression) is None else {expression}
            elif path := plain_path(expression):
                harmless.add(path)
                if rule and rule.convert in ("date", "integer"):
                    numbers.add(path)
    # What a person's data is taken out of is theirs, though a date may be taken out of it as well.
    harmless = {path for path in harmless if path[0] not in personal and ".".join(path) not in personal}
    return Record(tuple(_expressions(mapping.code)), frozenset(harmless), frozenset(numbers & harmless))


def _expressions(rule: FieldRule | None) -> list[str]:
    return [each for each in (rule.path, *rule.paths) if each] if rule else []


def _says(value: Mapping[str, Any], expression: str) -> bool:
    try:
        found = compiled(expression)(value)
    except ExpressionError:
        return False
    return isinstance(found, str | int) and not isinstance(found, bool) and found != ""


def _has(value: Any, path: Path) -> bool:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value is not None and not isinstance(value, dict | list)


# --- what is sent ---------------------------------------------------------------------------------


def _is_harmless(text: Any) -> bool:
    """Whether a template holds nothing but words of the spec and what is nobody's."""
    if not isinstance(text, str):
        return True
    return not any(is_personal(each) or each.startswith("secret:") for each in _PLACEHOLDER.findall(text))


def _harmless_in(template: Any, path: Path = ()) -> Iterator[Path]:
    if isinstance(template, dict):
        for name, value in template.items():
            yield from _harmless_in(value, (*path, str(name)))
    elif isinstance(template, list | tuple):
        for value in template:
            yield from _harmless_in(value, path)
    elif _is_harmless(template):
        yield path


# --- documents ------------------------------------------------------------------------------------


def _apart(body: bytes) -> tuple[str, bytes]:
    """The query, which a record keeps in the first line, and the body."""
    if not body.startswith(b"?"):
        return "", body
    query, _, rest = body[1:].partition(b"\n")
    return query.decode(errors="replace"), rest


def _document(text: str, shows: Shows) -> str:
    document = _read(text)
    if document is not None:
        told = json.dumps(_Masker(shows).of(document, ()), ensure_ascii=False, indent=2)
        # Halves of characters, which JSON can name, are in no page.
        return told.encode(errors="replace").decode()
    if re.match(r"[\w.\[\]%+-]+=", text) and "<" not in text:
        return _form(text, shows)
    return STARS


def _read(text: str) -> Any:
    """The document that the text is, or as much of it as was kept; None where it is none."""
    stripped = text.strip().removeprefix("\ufeff").lstrip()
    if stripped[:1] in ("{", "["):
        for whole in (stripped, _closed(stripped)):
            with suppress(Malformed):
                return parse_json(whole.encode(errors="replace"))
    elif stripped[:1] == "<" and "<!DOCTYPE" not in stripped.upper():
        try:
            return _whole(*xml.parse(stripped))
        except Malformed:
            return _recovered(stripped)
    return None


def _whole(root: str, content: Any) -> dict[str, Any]:
    return {root: content}


def _closed(text: str) -> str:
    """JSON of which the end is missing, up to its last whole value; nothing where it goes too deep."""
    open_: list[str] = []
    whole, in_text, escaped = (0, ""), False, False
    for place, letter in enumerate(text):
        if in_text:
            escaped, in_text = letter == "\\" and not escaped, letter != '"' or escaped
        elif letter == '"':
            in_text = True
        elif letter in "{[":
            open_.append("}" if letter == "{" else "]")
            if len(open_) > _DEEPEST:
                return ""
            whole = (place + 1, "".join(reversed(open_)))
        elif letter in "}]" and open_:
            open_.pop()
            whole = (place + 1, "".join(reversed(open_)))
        elif letter == ",":
            whole = (place, "".join(reversed(open_)))
    return text[: whole[0]] + whole[1]


def _recovered(text: str) -> Any:
    """XML of which the end is missing, likewise."""
    careful = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, load_dtd=False)
    try:
        # A declaration speaks of bytes.
        root = etree.fromstring(re.sub(r"^<\?xml[^>]*\?>", "", text).encode(errors="replace"), careful)
        return None if root is None else _whole(*xml.parse(etree.tostring(root)))
    except (etree.XMLSyntaxError, Malformed, ValueError):
        return None


def _form(text: str, shows: Shows) -> str:
    shown = _Masker(shows)
    pairs = parse_qsl(text, keep_blank_values=True)
    return "&".join(f"{shown.name(name, (name,))}={shown.value(value, (name,)) or ''}" for name, value in pairs)


class _Masker:
    def __init__(self, shows: Shows, inner: int = 0) -> None:
        self._shows, self._inner = shows, inner

    def of(self, value: Any, path: Path, *, within: Path | None = None) -> Any:
        """`value` at `path`; `within`: the path from the record it is in."""
        if len(path) > _DEEPEST:
            return STARS
        if isinstance(value, list):
            return [self.of(each, path, within=within) for each in value]
        if not isinstance(value, dict):
            return self.value(value, path, within)
        record = self._shows.record
        if within is None and record is not None and record.is_in(value):
            within = ()
        shown: dict[str, Any] = {}
        for number, (name, each) in enumerate(value.items()):
            told = self.name(name, (*path, name))
            deeper = None if within is None else (*within, name)
            shown[f"{told}{number}" if told == STARS else told] = self.of(each, (*path, name), within=deeper)
        return shown

    def name(self, name: str, path: Path) -> str:
        is_fields = _FIELD.fullmatch(name) and not _DIGITS.search(name)
        return name if is_fields or self._is_sent(path) else STARS

    def value(self, value: Any, path: Path, within: Path | None = None) -> Any:
        if value is None or value == "":
            # That there is nothing tells nothing.
            return value
        told = str(value)
        if self._inner < _INNERMOST and isinstance(value, str) and (inside := _read(told)) is not None:
            return _Masker(self._shows, self._inner + 1).of(inside, ())
        if not self._is_shown(told, path, within):
            return STARS
        return value if isinstance(value, bool | int | float) else told

    def _is_shown(self, told: str, path: Path, within: Path | None) -> bool:
        if len(told) > _LONGEST_SHOWN:
            return False
        record = self._shows.record
        if within is not None and record is not None:
            return within in record.harmless and (within in record.numbers or not _SOMEBODYS.fullmatch(told))
        if self._is_sent(path):
            return not _SOMEBODYS.fullmatch(told)
        return bool(path) and path[-1] in self._shows.outcomes and _OUTCOME.fullmatch(told) is not None

    def _is_sent(self, path: Path) -> bool:
        wild = (*path[:2], "*", *path[3:])
        return path in self._shows.from_root or (len(path) > 3 and wild in self._shows.from_root)
