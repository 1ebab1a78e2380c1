"""The step that says which of the operations found looks a dossier up, and which lists what changed."""

import re
from collections.abc import Mapping
from typing import Any

from fastapi.responses import Response

from config.yaml_text import read_yaml
from contracts.operations import RestRequest, SoapRequest
from contracts.system import SoapSystem
from hub.admin.studio.bench import Bench, Work
from hub.admin.studio.steps import Step
from hub.specs.editing import Path
from hub.studio import guesses
from hub.studio.draft import draft
from hub.studio.found import Found

_NAMES = ("lookup", "changes")


def add(bench: Bench) -> None:
    """Add it to the admin's routes."""

    @bench.step(Step.OPERATIONS)
    async def operations(work: Work) -> Response:
        found = await _found(bench, work)
        chosen = {name: _chosen(work, name, found) for name in _NAMES}
        if work.ordered:
            if found:
                fields = work.visitor.fields
                wanted = {name: fields.get(name, "-") for name in _NAMES}
                work = await bench.edit(work, _changes(work, found, chosen, wanted))
            return bench.go_on(work, Step.OPERATIONS.next)
        guessed = {"lookup": guesses.lookup(found), "changes": guesses.changes(found)} if found else {}
        return bench.page(work, Step.OPERATIONS, found=found, chosen=chosen, guessed=guessed)


async def _found(bench: Bench, work: Work) -> Found | None:
    system = work.parts.system
    name = work.draft.document or (system.wsdl if isinstance(system, SoapSystem) else None)
    return await bench.tools.offered(name) if name else None


def _chosen(work: Work, name: str, found: Found | None) -> str | None:
    """The operation that the draft has for it."""
    operation = getattr(work.parts.operations, name, None)
    request = operation.request if operation else None
    if isinstance(request, SoapRequest):
        return request.operation
    if isinstance(request, RestRequest) and found:
        wanted = (request.method, _bare(request.path))
        return next((each.name for each in found.operations if (each.method, _bare(each.path)) == wanted), None)
    return None


def _bare(path: str) -> str:
    """A path whatever its placeholders are called."""
    return re.sub(r"\{[^}]*\}", "{}", path)


def _changes(work: Work, found: Found, chosen: Mapping[str, str | None], wanted: Mapping[str, str]) -> dict[Path, Any]:
    """What another choice changes: that operation, and the mapping, which is of its answer. Nothing for the same."""
    names = {each.name for each in found.operations}
    others = [name for name in _NAMES if wanted[name] != (chosen[name] or "-") and wanted[name] in {*names, "-"}]
    if not others:
        return {}
    choice = {name: None if wanted[name] == "-" else wanted[name] for name in _NAMES}
    made = read_yaml(draft(found, work.agency, address=found.address, chosen=choice))
    changes: dict[Path, Any] = {("operations", name): made["operations"].get(name) for name in others}
    if "mapping" in made:
        changes["mapping",] = made["mapping"]
    if "sync" in made and work.parts.sync is None:
        changes["sync",] = made["sync"]
    if choice["changes"] is None:
        changes["sync",] = None
    return changes
