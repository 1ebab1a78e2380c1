"""The events in a pushed body: in the hub's own envelope, as CloudEvents, or in a shape that the spec tells."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

import orjson

from adapters.formats import json
from adapters.formats.documents import parse_xml
from adapters.mapping.expressions import ExpressionError, Find, compiled, plain_path
from contracts.adapter import NotEvents, Pushed, PushedEvent
from contracts.errors import Malformed
from contracts.problem import FieldProblem
from contracts.pushing import EventShape, StaticToken, Webhook
from contracts.webhook import DOSSIER_UPDATED, MOST_EVENTS

_BOM = b"\xef\xbb\xbf"
_MOST_FORM_FIELDS = 1000
_LONGEST_ID = 200


class EventFinder:
    """Finds the events in the bodies that one agency sends. Pure."""

    def __init__(self, webhook: Webhook) -> None:
        """Raises ValueError for an expression that is none."""
        self._own = _OwnShape(webhook.events) if webhook.events else None
        field = webhook.proof.field if isinstance(webhook.proof, StaticToken) else None
        if field is not None and plain_path(field) is None:
            raise ValueError(f"webhook.proof.field: {field!r} is no plain path, as SecurityCode or head.token")
        self._token = (plain_path(field) if field else None) or ()

    def __call__(self, body: bytes, headers: Mapping[str, str]) -> Pushed:
        """Raises NotEvents, which never quotes the body."""
        document = self._document(body, headers)
        if self._token:
            _take_out(document, self._token)
        if self._own:
            return self._own(document)
        if "ce-specversion" in headers:
            # CloudEvents in binary mode: the body is the data, the rest stands in headers.
            return Pushed((_cloud_event(_of_headers(headers) | {"data": document}),), is_batch=False)
        if isinstance(document, list):
            return _each(document, _named_event)
        return Pushed((_event(document),), is_batch=False)

    def token(self, body: bytes, headers: Mapping[str, str]) -> str | None:
        """The token that stands in the body, where the spec says so. Raises NotEvents."""
        return _take_out(self._document(body, headers), self._token) if self._token else None

    def _document(self, body: bytes, headers: Mapping[str, str]) -> Any:
        return self._own.document(body, headers.get("content-type", "")) if self._own else _json(body)


def _json(body: bytes) -> Any:
    text = body.removeprefix(_BOM)
    try:
        return json.load(text)
    except orjson.JSONDecodeError as error:
        raise NotEvents("/", _why_not_json(text, error), "JSON in UTF-8") from None
    except Malformed:
        # A name that stands twice for two objects, or a depth that nobody means.
        raise NotEvents("/", "not JSON: nested too deeply, or one name for two objects", "plain JSON") from None


def _why_not_json(text: bytes, error: orjson.JSONDecodeError) -> str:
    """Never the text itself: it may hold personal data."""
    try:
        text.decode()
    except UnicodeDecodeError as wrong:
        return f"not JSON: byte {wrong.start} is not UTF-8"
    return f"not JSON at line {error.lineno}, column {error.colno}"


def _take_out(document: Any, path: Sequence[str]) -> str | None:
    """A secret is no part of what is said, and is not kept with it."""
    for name in path[:-1]:
        document = document.get(name) if isinstance(document, dict) else None
    found = document.pop(path[-1], None) if isinstance(document, dict) else None
    return found if isinstance(found, str) else None


def _each(events: list[Any], read: Callable[[Any], PushedEvent]) -> Pushed:
    """The events of a list; a wrong one is no harm to the others."""

    def checked(event: Any, place: int) -> PushedEvent:
        try:
            return read(event)
        except NotEvents as wrong:
            field = f"/{place}{wrong.field.rstrip('/')}"
            problem = FieldProblem(field=field, problem=wrong.problem, expected=wrong.expected)
            return PushedEvent(None, "", None, tells=False, content=_canonical(event), problem=problem)

    if not 1 <= len(events) <= MOST_EVENTS:
        raise NotEvents("/", f"a list of {len(events)}", f"1 to {MOST_EVENTS} events in one body")
    return Pushed(tuple(checked(event, place) for place, event in enumerate(events)), is_batch=True)


def _named_event(event: Any) -> PushedEvent:
    """An event of a list, which must say by itself what names it."""
    found = _event(event)
    if found.id is None:
        raise NotEvents("/id", "missing, or not text", "yours, unique for ever, in each event of a list")
    return found


def _event(event: Any) -> PushedEvent:
    if not isinstance(event, dict):
        raise NotEvents("/", "not an object", '{"type": …, "timestamp": …, "data": {…}}')
    if "specversion" in event:
        return _cloud_event(event)
    if not isinstance(event.get("type"), str):
        raise NotEvents("/type", "missing or not text", f'"{DOSSIER_UPDATED}"')
    if not isinstance(event.get("data"), dict):
        raise NotEvents("/data", "missing or not an object", "the dossier after the change")
    told = {name: value for name, value in event.items() if name != "id"}
    return PushedEvent(_id(event.get("id")), event["type"], event["data"], _tells(event["type"]), _canonical(told))


def _cloud_event(event: Mapping[str, Any]) -> PushedEvent:
    """cloudevents.io, version 1.0: ids are unique within their source."""
    for name in ("id", "source", "type"):
        if not isinstance(event.get(name), str) or not event[name]:
            raise NotEvents(f"/{name}", "missing or not text", "an attribute that each CloudEvent has")
    if "data_base64" in event:
        raise NotEvents("/data_base64", "data in base64", "the dossier as JSON, in `data`")
    if not isinstance(event.get("data"), dict):
        raise NotEvents("/data", "missing or not an object", "the dossier after the change")
    told = {name: event[name] for name in ("type", "source", "data")}
    named = _id(f"{event['source']} {event['id']}")
    return PushedEvent(named, event["type"], event["data"], _tells(event["type"]), _canonical(told))


def _of_headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: headers[f"ce-{name}"] for name in ("id", "source", "type") if f"ce-{name}" in headers}


def _tells(type: str) -> bool:
    """Whether events of the type tell of a dossier. CloudEvents put whose type it is before it."""
    return type == DOSSIER_UPDATED or type.endswith(f".{DOSSIER_UPDATED}")


def _id(id: Any) -> str | None:
    """What can name an event: a text or a number, of a length that can be looked up."""
    if isinstance(id, bool) or not isinstance(id, str | int):
        return None
    text = str(id).strip()
    return text if 0 < len(text) <= _LONGEST_ID and text.isprintable() else None


def _canonical(told: Any) -> bytes:
    """The same bytes for the same content, however it was written."""
    return orjson.dumps(told, option=orjson.OPT_SORT_KEYS)


def _compiled(expression: str | None) -> Find | None:
    return None if expression is None else compiled(expression)


class _OwnShape:
    """Events where a spec says that they are."""

    def __init__(self, shape: EventShape) -> None:
        self._shape = shape
        self._each, self._id, self._type = (_compiled(each) for each in (shape.each, shape.id, shape.type))
        self._data = compiled(shape.data)

    def __call__(self, document: Any) -> Pushed:
        if self._each is None:
            return Pushed((self._event(document),), is_batch=False)
        found = _applied(self._each, document, self._shape.each)
        # One of its kind is no list in XML.
        events = found if isinstance(found, list) else [] if found is None else [found]
        if not events:
            raise NotEvents("/", f"no event at {self._shape.each}", f"1 to {MOST_EVENTS} events there")
        return _each(events, self._event)

    def document(self, body: bytes, content_type: str) -> Any:
        try:
            match self._shape.format:
                case "xml":
                    return parse_xml(body, content_type)
                case "form":
                    fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FORM_FIELDS)
                    return {name: values[0] if len(values) == 1 else values for name, values in fields.items()}
                case _:
                    return _json(body)
        except (Malformed, ValueError):
            # Neither's words are of a body that came in.
            format = self._shape.format
            raise NotEvents("/", f"no {format} that can be read", f"whole, valid {format}") from None

    def _event(self, event: Any) -> PushedEvent:
        type = _applied(self._type, event, self._shape.type) if self._type else ""
        data = _applied(self._data, event, self._shape.data)
        tells = not self._shape.types or str(type) in self._shape.types
        named = _id(_applied(self._id, event, self._shape.id)) if self._id else None
        if self._id and named is None:
            raise NotEvents("/", f"nothing at {self._shape.id} that names the event", "a text or a number")
        return PushedEvent(named, str(type or ""), data, tells, _canonical(event))


def _applied(find: Find, document: Any, expression: str | None) -> Any:
    try:
        return find(document)
    except ExpressionError:
        raise NotEvents("/", f"{expression} cannot be applied to it", "the shape that the spec tells") from None
