"""Drafts a spec from what a system offers. Whatever is not told by its document is marked as a guess, with why."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from adapters.calling.egress import kind_of
from adapters.formats import dates
from contracts.codes import fold
from hub.studio import guesses
from hub.studio.found import Field, Found, FoundOperation
from hub.studio.yaml_writer import Guess, Inline, written

_DATES = ("occurred_at", "submitted_at", "received_at", "due_at", "finished_at")
#: How dates are written, likeliest first.
FORMATS = ("dd/MM/yyyy HH:mm:ss", "iso", "yyyy-MM-dd", "dd/MM/yyyy", "yyyyMMddHHmmss", "dotnet", "epoch_ms")
_TOLD = {"dateTime": "iso", "date-time": "iso", "date": "yyyy-MM-dd"}
_TRY = "see `hub adapter try`"


def draft(
    found: Found,
    agency: str,
    *,
    address: str = "",
    private: bool = False,
    chosen: Mapping[str, str | None] | None = None,
    say: Callable[[str], str] = str,
) -> str:
    """A spec for `agency`, as YAML. `address` is where the document came from, if it was fetched. `chosen`: the names
    of the operations that are `lookup` and `changes`; guessed without it. `say`: a sentence for who is to read it."""
    if chosen is None:
        return _Draft(found, agency, address, private, guesses.lookup(found), guesses.changes(found)).text(say)
    lookup, changes = (guesses.named(found, chosen.get(each) or "") for each in ("lookup", "changes"))
    return _Draft(found, agency, address, private, lookup, changes).text(say)


class _Draft:
    def __init__(
        self,
        found: Found,
        agency: str,
        address: str,
        private: bool,
        lookup: guesses.Chosen | None,
        changes: guesses.Chosen | None,
    ) -> None:
        self._found, self._agency = found, agency
        self._address, self._private = address or found.address, private
        self._lookup, self._changes = lookup, changes
        self._login = guesses.login(found) if found.kind == "rest" else None
        self._auth_inputs = {found.auth.name.lower()} if found.auth else set()

    def text(self, say: Callable[[str], str]) -> str:
        spec: dict[str, Any] = {
            "id": self._agency,
            "identifier": Guess("H21.00", "the agency's identifier (mã định danh) is in no technical document"),
            "identifier_is_placeholder": True,
            "name": {
                "vi": Guess(self._found.title or self._agency, "its Vietnamese name"),
                "en": Guess(self._found.title or self._agency, "its English name"),
            },
            "kind": Guess("department", "or board, inspectorate, city, post"),
            "enabled": False,
            "system": self._system(),
            "operations": {
                name: made
                for name, made in (("lookup", self._lookup_operation()), ("changes", self._changes_operation()))
                if made
            },
        }
        if spec["operations"]:
            spec["mapping"] = self._mapping()
            spec["statuses"] = self._statuses()
        if "changes" in spec["operations"]:
            spec["sync"] = {"every_seconds": Guess(300, "how often the agency may be asked for changes")}
        source = self._found.title or "a document"
        head = f"Drafted from {source}. Confirm each guess; then `hub adapter check`, then `hub adapter try`."
        lost = "".join(f"# {say('lost')}: {say(sentence)}\n" for sentence in self._found.lost)
        return f"# {say(head)}\n{lost}\n{written(spec, say)}"

    # --- the system -------------------------------------------------------------------------------

    def _system(self) -> dict[str, Any]:
        found = self._found
        system: dict[str, Any] = {"kind": found.kind, "address": self._address}
        if not self._address:
            system["address"] = Guess("https://dia-chi.example", "the document does not tell a usable address")
        elif not found.address or found.address != self._address:
            system["address"] = Guess(self._address, f"the document says {found.address or 'none'}; it came from here")
        if self._private or _is_private(self._address):
            system["private"] = True
        if found.kind == "soap":
            system |= {"path": found.path, "wsdl": found.document, "version": found.version}
            return system
        if self._login:
            system["auth"] = Guess(self._login_auth(self._login), f"{self._login.name} gives a token")
        elif found.auth:
            system["auth"] = self._fixed_auth()
        return system

    def _login_auth(self, operation: FoundOperation) -> dict[str, Any]:
        token, lifetime = guesses.find(operation.output, "token"), guesses.find(operation.output, "lifetime")
        auth = {
            "kind": "login",
            "path": operation.path,
            "json_body": {field.name: self._secret(field.name) for field in operation.inputs},
            "token": _path(token or ()),
        }
        if lifetime:
            auth["lifetime_seconds"] = _path(lifetime)
        errors = self._errors(operation, token)
        errors.pop("absent_when", None)
        return auth | errors

    def _fixed_auth(self) -> dict[str, Any]:
        auth = self._found.auth
        assert auth is not None
        secret = self._secret("khoa")
        match auth.kind:
            case "header":
                return {"kind": "key", "headers": {auth.name: secret}}
            case "query":
                return {"kind": "key", "query": {auth.name: secret}}
            case "bearer":
                return {"kind": "key", "headers": {"Authorization": f"Bearer {secret}"}}
            case "basic":
                return {"kind": "basic", "username": self._secret("tai-khoan"), "password": self._secret("mat-khau")}
            case "oauth2":
                return {
                    "kind": "oauth2",
                    "token_address": auth.name
                    or Guess("https://dia-chi.example/token", "the document does not tell it"),
                    "client_id": Guess(self._agency, "the name the agency gave the hub"),
                    "client_secret": secret,
                }

    def _secret(self, name: str) -> str:
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()
        plain = re.sub(r"[^a-z0-9]+", "-", words).strip("-")
        return f"{{secret:{self._agency}-{plain}}}"

    # --- the operations ---------------------------------------------------------------------------

    def _lookup_operation(self) -> Any:
        chosen = self._lookup
        if chosen is None:
            return None
        answer: dict[str, Any] = {}
        if chosen.records and chosen.records.path:
            answer["records"] = _path(chosen.records.path)
            errors = self._errors(chosen.operation, chosen.records.path)
            if errors:
                answer["absent_when"] = Guess(
                    errors["absent_when"], "look a code up that there is not, and see what the agency answers"
                )
                errors.pop("absent_when")
            else:
                answer["absent_when"] = Guess(
                    f"!{answer['records']}", "how the agency says that it has no such dossier"
                )
            answer |= errors
        elif not chosen.records:
            answer |= self._unknown_records(chosen.operation)
        made = {"request": self._request(chosen, {"code": "{code}"})} | ({"answer": answer} if answer else {})
        return Guess(made, f"{chosen.operation.name} looks one dossier up: {chosen.why}")

    def _changes_operation(self) -> Any:
        chosen = self._changes
        if chosen is None:
            return None
        inputs = chosen.inputs
        place = {meant: f"{{{meant}}}" for meant in inputs if meant in ("page", "size", "offset", "cursor", "revision")}
        for meant in ("since", "until"):
            if meant in inputs:
                place[meant] = f"{{{meant}|{self._format_of(inputs[meant])}}}"
        answer: dict[str, Any] = {}
        if chosen.records and chosen.records.path:
            path = _path(chosen.records.path)
            # That nothing repeats is how XML says that there are none.
            answer["records"] = f"[{path}][]" if self._found.kind == "soap" else path
            errors = self._errors(chosen.operation, chosen.records.path)
            errors.pop("absent_when", None)
            answer |= errors
        elif not chosen.records:
            answer |= self._unknown_records(chosen.operation)
        made: dict[str, Any] = {"request": self._request(chosen, place)}
        if answer:
            made["answer"] = answer
        made["pages"] = self._pages(chosen)
        return Guess(made, f"{chosen.operation.name} lists what changed: {chosen.why}")

    def _request(self, chosen: guesses.Chosen, place: Mapping[str, str]) -> dict[str, Any]:
        meant = {id(field): kind for kind, field in chosen.inputs.items()}
        operation = chosen.operation

        def value(field: Field) -> Any:
            kind = meant.get(id(field))
            if kind and kind in place:
                told = kind not in ("since", "until") or (field.type in _TOLD or field.example is not None)
                return place[kind] if told else Guess(place[kind], "in which format the agency wants its dates")
            if guesses.meaning(field.name, "parameters") == "secret":
                return self._secret(field.name)
            if field.children:
                return {child.name: value(child) for child in field.children}
            if field.example is not None:
                return Guess(field.example if field.place == "body" else str(field.example), "the document's example")
            return Guess("", f"what {field.name} ({field.type}) is for")

        def wanted(field: Field) -> bool:
            known = id(field) in meant and meant[id(field)] in place
            ordered = guesses.meaning(field.name, "parameters") == "sort" and field.example is not None
            secret = guesses.meaning(field.name, "parameters") == "secret"
            return known or field.required or ordered or secret or bool(field.children)

        if self._found.kind == "soap":
            return {"operation": operation.name, "parameters": {each.name: value(each) for each in operation.inputs}}
        inputs = [each for each in operation.inputs if wanted(each) and each.name.lower() not in self._auth_inputs]
        path = operation.path
        for field in inputs:
            if field.place == "path":
                said = value(field)
                path = path.replace(f"{{{field.name}}}", said.value if isinstance(said, Guess) else str(said))
        request: dict[str, Any] = {} if operation.method == "GET" else {"method": operation.method}
        request["path"] = path
        for key, where in (("query", "query"), ("headers", "header"), ("json_body", "body")):
            if part := {each.name: value(each) for each in inputs if each.place == where}:
                request[key] = part
        return request

    def _unknown_records(self, operation: FoundOperation) -> dict[str, Any]:
        """Where the document does not tell what is in the answer."""
        leaves = [path for path in operation.output.walk() if not path[-1].children]
        if len(leaves) == 1 and leaves[0][-1].type in ("string", "anyType", "unknown"):
            inside = _path(leaves[0])
            row = re.sub(r"^(danhSach|ds|list|get|lay)_?(?=\w)", "", operation.name, flags=re.IGNORECASE)
            return {
                "inside": Guess(inside, f"the answer is one string; if it holds XML or JSON, it is read ({_TRY})"),
                "records": Guess(f"[{row}][]", f"where in it the records are: the WSDL does not tell ({_TRY})"),
            }
        return {"records": Guess("@", f"where the records are: the document does not tell ({_TRY})")}

    def _errors(self, operation: FoundOperation, records: Iterable[Field] | None) -> dict[str, Any]:
        """How the envelope around the records tells of errors."""
        outermost = next(iter(records or ()), None)
        envelope = [field for field in operation.output.children if field is not outermost and not field.children]
        code = next((field for field in envelope if guesses.bare(field.name) in _answers("error_code")), None)
        if code is None or outermost is None:
            return {}
        number = code.type in ("int", "integer", "int32", "int64", "long", "short", "number")
        quote, name = "`" if number else "'", _name(code.name)
        errors: dict[str, Any] = {
            "absent_when": f"{name} == {quote}404{quote}",
            "error_when": Guess(f"{name} != {quote}0{quote}", "which of its codes mean that all is well"),
        }
        message = next((field for field in envelope if guesses.bare(field.name) in _answers("error_message")), None)
        if message:
            errors["error_message"] = _name(message.name)
        return errors

    def _pages(self, chosen: guesses.Chosen) -> Any:
        inputs, output = chosen.inputs, chosen.operation.output
        pages: dict[str, Any]
        if "revision" in inputs and self._has("revision"):
            pages, why = {"kind": "revision"}, "changes are numbered"
        elif "cursor" in inputs:
            cursor = next(
                (path for path in output.walk() if guesses.meaning(path[-1].name, "parameters") == "cursor"), ()
            )
            pages = {"kind": "cursor", "cursor": _path(cursor) or inputs["cursor"].name}
            why = "each page says how to ask for the next"
        elif "offset" in inputs:
            pages, why = {"kind": "offset"}, "it takes how many rows to skip"
        elif "page" in inputs:
            pages, why = self._numbered(chosen)
        else:
            return {"kind": Guess("single", "no parameter for pages: the whole list in one answer")}
        if "size" in inputs:
            example = inputs["size"].example
            size = example if isinstance(example, int) and 1 <= example <= 100_000 else 200
            pages["size"] = Guess(size, "as many as the agency gives at once")
        if last := guesses.find(output, "last"):
            pages["last_when"] = Guess(_path(last), "true on the last page")
        elif more := guesses.find(output, "more"):
            pages["last_when"] = Guess(f"{_path(more)} == `false`", "that there is no more")
        return {"kind": Guess(pages.pop("kind"), why)} | pages

    def _numbered(self, chosen: guesses.Chosen) -> tuple[dict[str, Any], str]:
        first = chosen.inputs["page"].example
        start = {"first_page": first} if first in (0, 1) else {}
        sorting = [field for field in chosen.operation.inputs if guesses.meaning(field.name, "parameters") == "sort"]
        down = any(re.search(r"desc|giam|-", fold(str(field.example or ""))) for field in sorting)
        if down:
            return {"kind": "descending"} | start, "numbered pages, sorted with the newest change first"
        if {"since", "size"} <= set(chosen.inputs):
            why = "numbered pages from a moment on, oldest first; if newest first, descending; if neither, number"
            return {"kind": "ascending"} | start, why
        return {"kind": "number"} | start, "numbered pages"

    # --- the mapping ------------------------------------------------------------------------------

    def _facts(self) -> Mapping[str, tuple[Field, ...]]:
        known = [chosen.records for chosen in (self._lookup, self._changes) if chosen and chosen.records]
        return max((each.facts for each in known), key=len, default={})

    def _has(self, fact: str) -> bool:
        return fact in self._facts()

    def _mapping(self) -> dict[str, Any]:
        facts = dict(self._facts())
        mapping = {
            "code": self._rule("code", facts.pop("code", None)),
            "occurred_at": self._rule("occurred_at", facts.pop("occurred_at", None)),
        }
        revision = facts.pop("revision", None)
        if revision and self._changes and "revision" in self._changes.inputs:
            mapping["revision"] = Inline({"path": _path(revision), "convert": "integer"})
        mapping["facts"] = {fact: self._rule(fact, facts[fact]) for fact in guesses.words()["facts"] if fact in facts}
        return mapping

    def _rule(self, fact: str, path: tuple[Field, ...] | None) -> Any:
        if path is None:
            if fact == "code":
                return Guess("maHoSo", "no field looks like the dossier's code; name it")
            why = "no field looks like the time of the last change; name it, or leave this out where there is none"
            return Guess(Inline(self._date_rule("ngayCapNhat", FORMATS[0])), why)
        if fact not in _DATES:
            return Guess(_path(path), "by its name")
        told = _told_format(path[-1])
        rule = Inline(self._date_rule(_path(path), told or FORMATS[0]))
        if told:
            return Guess(rule, "by its name")
        return Guess(rule, f"by its name; the document does not say how dates are written ({_TRY})")

    def _date_rule(self, path: str, format: str) -> dict[str, Any]:
        return {"path": path, "convert": "date", "formats": [format]}

    def _format_of(self, field: Field) -> str:
        """How a moment is written into a parameter: as told, else as dates are in the records."""
        if told := _told_format(field):
            return "yyyy-MM-ddTHH:mm:ss" if told == "iso" and field.example and len(str(field.example)) == 19 else told
        path = self._facts().get("occurred_at")
        return (_told_format(path[-1]) if path else None) or FORMATS[0]

    def _statuses(self) -> Any:
        path = self._facts().get("status")
        words = path[-1].words if path else ()
        meant = {word: code for word in words if (code := guesses.status_of(word))}
        unknown = [word for word in words if word not in meant]
        why = 'each of the agency\'s words needs one of the ten national codes, as `Đang xử lý: "4"`'
        return Guess(meant, f"{why}; not yet: {', '.join(unknown)}" if unknown else why)


def _told_format(field: Field) -> str | None:
    """How a field's dates are written, where its document tells, if only by an example."""
    if field.type in _TOLD and field.example is None:
        return _TOLD[field.type]
    for format in FORMATS:
        try:
            if field.example is not None and dates.reader([format], ZoneInfo("UTC"))(field.example):
                return format
        except ValueError:
            continue
    return _TOLD.get(field.type or "")


def _answers(group: str) -> list[str]:
    return guesses.words()["answers"][group]


def _path(fields: Iterable[Field]) -> str:
    steps = list(fields)
    return ".".join(_name(each.name) + ("[]" if each.many and each is not steps[-1] else "") for each in steps)


def _name(name: str) -> str:
    """A name as JMESPath takes it."""
    return name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) else '"' + name.replace('"', '\\"') + '"'


def _is_private(address: str) -> bool:
    host = re.sub(r"^\w+://|[:/].*$", "", address)
    try:
        return kind_of(host) == "private"
    except ValueError:
        return host == "localhost"
