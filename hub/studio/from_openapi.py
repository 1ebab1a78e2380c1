"""What an OpenAPI 3 or Swagger 2 document offers."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal
from urllib.parse import urljoin

from config.yaml_text import YamlMistake, read_yaml
from hub.studio.found import Auth, Field, Found, FoundOperation
from hub.studio.from_wsdl import split_address

_METHODS = ("get", "post", "put", "delete")
_MAX_DEPTH = 12

_PLACES: dict[str, Literal["path", "query", "header", "body"]] = {
    "path": "path",
    "query": "query",
    "header": "header",
    "formData": "body",
}


def from_openapi(text: str, address: str = "") -> Found:
    """The document in `text`, JSON or YAML, fetched from `address`. Raises ValueError where it is none."""
    try:
        document = read_yaml(text)
    except YamlMistake as error:
        raise ValueError(f"the document is neither JSON nor YAML: line {error.line}: {error.words}") from None
    if not isinstance(document, dict) or not ("openapi" in document or "swagger" in document):
        raise ValueError("the document is neither OpenAPI 3 nor Swagger 2: it has no `openapi` and no `swagger` key")
    reader = _Reader(document)
    server = _server(document, address)
    base, path = split_address(server)
    if not base and server.startswith("/"):
        path = server
    return Found(
        kind="rest",
        title=str(_dict(document.get("info")).get("title") or ""),
        address=base,
        path=path,
        operations=tuple(reader.operations(path.rstrip("/"))),
        auth=_auth(document),
        lost=tuple(reader.lost),
    )


def _server(document: Mapping[str, Any], address: str) -> str:
    if "swagger" in document:
        if not document.get("host"):
            return urljoin(address, str(document.get("basePath", "/")))
        scheme = (document.get("schemes") or ["https"])[0]
        return f"{scheme}://{document['host']}{document.get('basePath', '')}"
    servers = document.get("servers") or [{}]
    return urljoin(address, str(_dict(servers[0]).get("url", "/")))


def _auth(document: Mapping[str, Any]) -> Auth | None:
    schemes = document.get("securityDefinitions") or _dict(document.get("components")).get("securitySchemes")
    for scheme in map(_dict, _dict(schemes).values()):
        match scheme.get("type"), scheme.get("in"), scheme.get("scheme"):
            case "apiKey", "header", _:
                return Auth("header", str(scheme.get("name")))
            case "apiKey", "query", _:
                return Auth("query", str(scheme.get("name")))
            case ("basic", _, _) | ("http", _, "basic"):
                return Auth("basic")
            case "http", _, "bearer":
                return Auth("bearer")
            case "oauth2", _, _:
                flows = [scheme, *map(_dict, _dict(scheme.get("flows")).values())]
                return Auth("oauth2", next((str(each["tokenUrl"]) for each in flows if "tokenUrl" in each), ""))
    return None


class _Reader:
    """Reads a document's operations, following its references."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self.lost: list[str] = []

    def operations(self, base: str) -> Iterator[FoundOperation]:
        for path, item in _dict(self._document.get("paths")).items():
            shared = _dict(item).get("parameters", [])
            for method in _METHODS:
                if isinstance(told := _dict(item).get(method), dict):
                    name = told.get("operationId") or f"{method} {path}"
                    inputs = tuple(self._inputs([*shared, *told.get("parameters", [])], told.get("requestBody")))
                    yield FoundOperation(str(name), inputs, self._output(str(name), told), method.upper(), base + path)

    def _inputs(self, parameters: list[Any], body: Any) -> Iterator[Field]:
        for each in map(self._resolved, parameters):
            place, name = each.get("in"), str(each.get("name"))
            if place == "body":  # Swagger 2
                yield from self._field("body", each.get("schema")).children
            elif where := _PLACES.get(str(place)):
                told = self._field(name, each.get("schema") or each)
                example = each.get("example", told.example)
                yield Field(name, told.type, told.many, (), where, bool(each.get("required")), example, told.words)
        schema = self._schema_of(self._resolved(body))
        if schema:
            yield from self._field("body", schema).children

    def _output(self, name: str, operation: Mapping[str, Any]) -> Field:
        answers = {str(status): self._resolved(told) for status, told in _dict(operation.get("responses")).items()}
        good = next((answers[status] for status in ("200", "201", "2XX", "default") if status in answers), {})
        schema = good.get("schema") or self._schema_of(good)
        if schema is None:
            self.lost.append(f"The operation {name!r} does not say what its answer holds.")
        return self._field("answer", schema)

    def _schema_of(self, part: Mapping[str, Any]) -> Any:
        content = _dict(part.get("content"))
        return _dict(content.get("application/json") or next(iter(content.values()), {})).get("schema")

    def _field(self, name: str, schema: Any, required: bool = False, depth: int = 0) -> Field:
        told = self._resolved(schema)
        for part in told.get("allOf", []):
            told = _merged(told, self._resolved(part))
        for choice in ("oneOf", "anyOf"):
            if told.get(choice):
                # Which one comes, only an answer tells; the first is as good as any.
                told = _merged(told, self._resolved(told[choice][0]))
        if depth > _MAX_DEPTH:
            return Field(name, "object")
        kind = told.get("type")
        kind = next((each for each in kind if each != "null"), None) if isinstance(kind, list) else kind
        if kind == "array":
            item = self._field(name, told.get("items"), required, depth + 1)
            return Field(name, item.type, True, item.children, required=required)
        needed = told.get("required") if isinstance(told.get("required"), list) else []
        children = tuple(
            self._field(key, inner, key in (needed or []), depth + 1)
            for key, inner in _dict(told.get("properties")).items()
        )
        words = tuple(map(str, told.get("enum") or ()))
        example = told.get("example", told.get("default", words[0] if len(words) == 1 else None))
        type_ = None if children else str(told.get("format") or kind or "unknown")
        return Field(name, type_, False, children, required=required, example=example, words=words)

    def _resolved(self, part: Any) -> dict[str, Any]:
        for _ in range(_MAX_DEPTH):
            reference = _dict(part).get("$ref")
            if reference is None:
                return _dict(part)
            part = self._at(str(reference))
        return {}

    def _at(self, reference: str) -> Any:
        found: Any = self._document
        for step in reference.removeprefix("#/").split("/"):
            found = _dict(found).get(step.replace("~1", "/").replace("~0", "~"))
        if found is None:
            words = f"{reference} is not in the document: what it describes is unknown."
            self.lost += [] if words in self.lost else [words]
        return found


def _merged(told: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    both = {**part, **told}
    both["properties"] = {**_dict(part.get("properties")), **_dict(told.get("properties"))}
    return both


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
