"""The event reference, made from the models that read the events and write the changes."""

import json
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from contracts.change import ChangeType, DossierChanged
from contracts.webhook import Accepted, DossierUpdated, Outcome
from hub.portal.texts import Text

_PLAIN = {
    "string": Text("chữ", "text"),
    "integer": Text("số nguyên", "whole number"),
    "boolean": Text("true hoặc false", "true or false"),
    "array": Text("danh sách", "list"),
}
_OBJECT = Text("đối tượng", "object")
_ANYTHING = Text("tùy ý", "anything")
_FORMATS = {"date-time": Text("thời điểm, có múi giờ", "moment with zone"), "date": Text("ngày", "day")}


@dataclass(frozen=True, slots=True)
class Row:
    """One field of an event. `name` is its path in the document."""

    name: str
    type: Text
    is_required: bool
    description: str
    example: str | None


def rows(model: type[BaseModel]) -> list[Row]:
    """The fields of `model` and of what it holds, in their order."""
    schema = model.model_json_schema()
    return list(_rows(schema, schema.get("$defs", {}), ""))


def _rows(schema: dict[str, Any], parts: dict[str, Any], path: str) -> list[Row]:
    found: list[Row] = []
    for name, told in schema.get("properties", {}).items():
        one = _one(told, parts)
        examples = told.get("examples") or one.get("examples") or []
        found.append(
            Row(
                path + name,
                _type(one),
                name in schema.get("required", ()),
                told.get("description") or one.get("description") or "",
                json.dumps(examples[0], ensure_ascii=False) if examples else None,
            )
        )
        if one.get("properties"):
            found += _rows(one, parts, f"{path}{name}.")
    return found


def _one(told: dict[str, Any], parts: dict[str, Any]) -> dict[str, Any]:
    """The schema that counts: behind a reference, and without the null of what may be left out."""
    for each in told.get("anyOf", ()):
        if each.get("type") != "null":
            return _one(each, parts)
    if "$ref" in told:
        return _one(parts[told["$ref"].rpartition("/")[2]], parts)
    return told


def _type(one: dict[str, Any]) -> Text:
    if words := [one["const"]] if "const" in one else one.get("enum"):
        told = ", ".join(f"`{each}`" for each in words)
        return Text(told, told)
    if one.get("format") in _FORMATS:
        return _FORMATS[one["format"]]
    if "type" not in one:
        return _ANYTHING
    kind = _PLAIN.get(one["type"], _OBJECT)
    if "maxLength" in one:
        return Text(f"{kind.vi}, đến {one['maxLength']}", f"{kind.en}, up to {one['maxLength']}")
    return kind


def incoming() -> list[Row]:
    return rows(DossierUpdated)


def outgoing() -> list[Row]:
    """Of a change, without the dossier in it, which GET /v1/dossiers/{code} gives as well."""
    return [row for row in rows(DossierChanged) if not row.name.startswith("data.")]


def answer() -> list[Row]:
    return [row for row in rows(Accepted) if not row.name.startswith("problems.")]


OUTCOMES = tuple(Outcome)
CHANGES = tuple(ChangeType)
