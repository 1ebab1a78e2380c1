"""Every mistake in a spec, with its line and what would be right; and what works but had better be otherwise."""

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import jmespath
from jmespath.exceptions import JMESPathError

from adapters import Client, build_adapter
from adapters.calling.egress import kind_of
from adapters.formats import dates
from adapters.mapping.expressions import compiled
from adapters.paging.pagers import OFFERED
from adapters.placeholders import Template
from adapters.soap.wsdl import Wsdl
from config.spec_file import Mistake, SpecFile
from config.yaml_text import Location
from contracts.adapter import Secrets
from contracts.observation import PERSONAL
from contracts.operations import ListOperation, Operations, QueuePages, RestRequest, SoapRequest
from contracts.spec_model import Expression, SecretName
from contracts.status import DossierStatus
from contracts.system import FileSystem, HttpSystem, SoapSystem
from hub.studio.trials import Trial
from hub.studio.walk import leaves, requests

_PERSONAL_PLACEHOLDERS = {*PERSONAL, "field"}


def check(file: SpecFile, *, secrets: Secrets, documents: Path, trial: Trial | None = None) -> list[Mistake]:
    """All there is to say about a spec without calling its agency, in the order of the file.

    `documents` is the document store; `trial` the last one of this agency. Takes up to a second.
    """
    checker = _Checker(file, secrets, documents)
    found = [*file.mistakes, *checker.mistakes(), *checker.advice(), *checker.from_trial(trial)]
    return sorted(dict.fromkeys(found), key=lambda mistake: (mistake.line or 0, mistake.warning))


class _Checker:
    """A spec as far as it is right: what is wrong by the schema is told already."""

    def __init__(self, file: SpecFile, secrets: Secrets, documents: Path) -> None:
        self._file, self._spec = file, file.parts
        self._secrets, self._documents = secrets, documents
        self._zone = ZoneInfo(self._spec.time_zone)

    def _wrong(self, location: Location, words: str) -> Mistake:
        return self._file.mistake(location, words)

    def _warn(self, location: Location, words: str) -> Mistake:
        return self._file.mistake(location, words, warning=True)

    # --- what cannot work -------------------------------------------------------------------------

    def mistakes(self) -> Iterator[Mistake]:
        wsdl, failure = self._wsdl()
        told = [*self._expressions(), *self._formats(), *self._personal_addresses(), *self._address_mistakes()]
        told += [self._wrong(("system", "wsdl"), failure)] if failure else []
        names = list(self._spec.operations.named())
        for name in names:
            told += self._placeholders(name)
            told += self._parameters(("operations", name), wsdl) if wsdl else []
        yield from told
        operations: list[str | None] = [*names] or [None]
        for operation in operations:
            # What is wrong in these would only be told once more.
            looked_at = ("mapping", "system", f"operations.{operation}")
            if not any(mistake.place.startswith(looked_at) for mistake in told):
                yield from self._built(operation)

    def _expressions(self) -> Iterator[Mistake]:
        for leaf in leaves(self._spec):
            if leaf.is_a(Expression) and (words := _wrong_expression(leaf.text)):
                yield self._wrong(leaf.location, words)

    def _formats(self) -> Iterator[Mistake]:
        for leaf in leaves(self._spec):
            if "formats" in leaf.location[-2:-1]:
                try:
                    dates.reader([leaf.text], self._zone)
                except ValueError as error:
                    yield self._wrong(leaf.location, f"{error}; write it as in dd/MM/yyyy HH:mm:ss, or iso")

    def _personal_addresses(self) -> Iterator[Mistake]:
        for location, request in requests(self._spec.operations, ("operations",)):
            if isinstance(request, RestRequest):
                parts = {"path": request.path, "query": request.query}
                for leaf in leaves(parts, location):
                    named = {name for name in _PERSONAL_PLACEHOLDERS if "{" + name in leaf.text}
                    if named:
                        yield self._wrong(
                            leaf.location,
                            f"{{{min(named)}}} is personal and would stand in an address, which servers write into "
                            "their logs; send it in a body",
                        )

    def _address_mistakes(self) -> Iterator[Mistake]:
        system = self._spec.system
        if isinstance(system, HttpSystem):
            try:
                host = urlsplit(system.address).hostname or ""
            except ValueError:  # http://[
                yield self._wrong(("system", "address"), f"{system.address!r} is no address")
                return
            kind = _host_kind(host)
            if kind == "forbidden":
                yield self._wrong(("system", "address"), f"{host} is an address that no agency can have")
            elif kind == "private" and not system.private:
                words = f"{host} is in a private network, where the hub calls nobody unless `private: true`"
                yield self._wrong(("system", "address"), words)

    def _placeholders(self, name: str) -> Iterator[Mistake]:
        operation = getattr(self._spec.operations, name)
        if name == "lookup":
            names: tuple[str, ...] = ("code",)
        elif isinstance(operation, ListOperation) and operation.pages.kind in OFFERED:
            names = OFFERED[operation.pages.kind]
        else:
            return
        for leaf in leaves(operation.request, ("operations", name, "request")):
            try:
                Template(leaf.text, names=names, zone=self._zone)
            except ValueError as error:
                yield self._wrong(leaf.location, str(error))

    def _wsdl(self) -> tuple[Wsdl | None, str | None]:
        """The spec's WSDL, or why it cannot be used."""
        system = self._spec.system
        if not isinstance(system, SoapSystem):
            return None, None
        try:
            return Wsdl(system.wsdl, system.version, self._documents, system.port), None
        except ValueError as error:
            return None, str(error)

    def _parameters(self, location: Location, wsdl: Wsdl) -> Iterator[Mistake]:
        operation = getattr(self._spec.operations, str(location[-1]))
        for place, request in requests(operation, location):
            if not isinstance(request, SoapRequest):
                continue
            if request.operation not in wsdl.operations:
                there = _instead(request.operation, wsdl.operations)
                yield self._wrong((*place, "operation"), f"the WSDL has no operation {request.operation!r}; {there}")
                continue
            given = _with_codes(request.parameters, operation)
            yield from self._unknown_names(given, wsdl.input(request.operation), (*place, "parameters"))

    def _unknown_names(self, given: Any, element: Any, location: Location) -> Iterator[Mistake]:
        known = {child.name: child for child in element.children}
        if not isinstance(given, dict) or not known or "each_file" in given:
            return
        for name, value in given.items():
            if name in known:
                for each in value if isinstance(value, list) else [value]:
                    yield from self._unknown_names(each, known[name], (*location, name))
            else:
                there = _instead(name, list(known))
                yield self._wrong((*location, name), f"the WSDL knows no {name!r} in {element.name}; {there}")

    def _built(self, name: str | None) -> Iterator[Mistake]:
        """What the adapter itself says of one operation, where nothing else has."""
        spec = self._file.spec
        if spec is None:
            return
        alone = {name: getattr(spec.operations, name)} if name else {}
        only = spec.model_copy(update={"operations": Operations.model_construct(None, **alone)})
        try:
            build_adapter(only, client=Client(), secrets=self._secrets, documents=self._documents)
        except ValueError as error:
            words = str(error).removeprefix(f"agency {spec.id}: ")
            about_operation = name and spec.system and not words.startswith(("the WSDL", "'http"))
            yield self._wrong(("operations", name) if about_operation and name else ("system",), words)

    # --- what works, but had better be otherwise --------------------------------------------------

    def advice(self) -> Iterator[Mistake]:
        yield from self._secret_names()
        yield from self._statuses()
        yield from self._schedule()
        yield from self._open_line()
        if self._spec.webhook and (weakness := self._spec.webhook.proof.weakness):
            words = f"weaker than signatures by Standard Webhooks: {weakness}"
            yield self._warn(("webhook", "proof"), words)
        if self._file.document.get("id") not in (None, self._file.path.stem):
            named = f"{self._file.document['id']}.yaml"
            yield self._warn(("id",), f"once in config/agencies the file must be called {named}")

    def _secret_names(self) -> Iterator[Mistake]:
        told = set()
        for leaf in leaves(self._spec):
            for name in [*leaf.secrets, *([leaf.text] if leaf.is_a(SecretName) else [])]:
                try:
                    self._secrets.get(name)
                except KeyError as error:
                    if name not in told:
                        told.add(name)
                        yield self._warn(leaf.location, str(error.args[0]))
            if leaf.location[-1] in ("password", "client_secret") and not (leaf.secrets or leaf.is_a(SecretName)):
                words = "a password stands here for all to read; write {secret:NAME}, and keep it as that secret"
                yield self._wrong(leaf.location, words)
            if leaf.secrets and "query" in leaf.location:
                words = (
                    "a secret in an address ends in other people's logs; if the agency takes it in a header, put it "
                    "there"
                )
                yield self._warn(leaf.location, words)

    def _statuses(self) -> Iterator[Mistake]:
        mapping, statuses = self._spec.mapping, self._spec.statuses
        if mapping is None:
            return
        if "status" not in mapping.facts:
            yield self._warn(("mapping", "facts"), "no `status` is read, so nobody will see how far a dossier is")
        elif not statuses:
            words = "not one status word is known, so every record goes to the quarantine; give each word its code"
            yield self._warn(("statuses",), words)
        elif missing := [status for status in DossierStatus if status not in statuses.values()]:
            codes = ", ".join(status.value for status in missing)
            words = f"no word means {codes}; right if the agency has no such status, else records will be quarantined"
            yield self._warn(("statuses",), words)

    def _schedule(self) -> Iterator[Mistake]:
        sync, changes = self._spec.sync, self._spec.operations.changes
        if sync is None:
            if changes:
                yield self._warn(("operations", "changes"), "nothing asks for changes: give `sync.every_seconds`")
            return
        by_revision = changes is not None and changes.pages.kind == "revision"
        field = "overlap_revisions" if by_revision else "overlap_seconds"
        if getattr(sync, field) == 0 and not isinstance(self._spec.system, FileSystem):
            words = f"{field} is 0: what the agency was still writing when it was asked is missed; give some"
            yield self._warn(("sync", field), words)

    def _open_line(self) -> Iterator[Mistake]:
        system = self._spec.system
        if isinstance(system, HttpSystem) and system.address.startswith("http://") and not system.private:
            words = "http sends people's data in the open over the internet; ask the agency for https"
            yield self._warn(("system", "address"), words)

    # --- what the last trial has shown ------------------------------------------------------------

    def from_trial(self, trial: Trial | None) -> Iterator[Mistake]:
        if trial is None:
            return
        for leaf in leaves(self._spec.mapping, ("mapping",)):
            if leaf.is_a(Expression) and leaf.text in trial.silent:
                words = f"{leaf.text} was in none of the {trial.records} records of the trial of {trial.at:%Y-%m-%d}"
                near = get_close_matches(leaf.text, trial.unused, 1)
                yield self._warn(leaf.location, words + (f"; is {near[0]!r} meant?" if near else ""))
        for word in trial.unknown_statuses:
            if self._spec.status_of(word) is None:
                words = f"the last trial met the status word {word!r}, which has no code here"
                yield self._warn(("statuses",), words)


def _wrong_expression(expression: str) -> str | None:
    """What is wrong with a JMESPath expression, and where in it."""
    try:
        jmespath.compile(expression)
    except JMESPathError as error:
        column = getattr(error, "lex_position", getattr(error, "lexer_position", None))
        reason = str(error).split("\n")[0].split(": ", 1)[-1].removesuffix(":")
        at = f", at character {column + 1} ({expression[column : column + 10]!r})" if column is not None else ""
        return f"{expression!r} is no JMESPath expression{at}: {reason}"
    try:
        compiled(expression)
    except ValueError as error:
        return str(error)
    return None


def _with_codes(parameters: Any, operation: Any) -> Any:
    """`parameters`, with what stands for {codes} in the acknowledgement of a queue whose rows go by several values."""
    pages = operation.pages if isinstance(operation, ListOperation) else None
    if not isinstance(pages, QueuePages) or isinstance(pages.taken, str):
        return parameters
    if isinstance(parameters, dict):
        return {name: _with_codes(each, operation) for name, each in parameters.items()}
    return dict.fromkeys(pages.taken, "x") if parameters == "{codes}" else parameters


def _instead(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, 1)
    return f"is {near[0]!r} meant?" if near else f"there is {', '.join(sorted(known))}"


def _host_kind(host: str) -> str | None:
    """Of what kind of network a host is; None where only a look-up of its name would tell."""
    if host == "localhost" or host.endswith((".local", ".localhost", ".internal", ".lan")):
        return "private"
    try:
        return kind_of(host)
    except ValueError:
        return None
