"""The step that says which of the operations found looks a dossier up, and which lists what changed."""

import re
from collections.abc import Mapping
from typing import Any

from fastapi.responses import Response

from config.yaml_text import read_yaml
from contracts.agency import AgencySpec
from contracts.operations import RestRequest, SoapRequest
from contracts.system import SoapSystem
from hub.admin.studio.bench import Bench, Work
from hub.admin.studio.steps import Step
from hub.admin.studio.tools import Tools
from hub.specs.drafts import Draft
from hub.specs.editing import Path
from hub.studio import guesses
from hub.studio.draft import draft
from hub.studio.found import Found

_NAMES = ("lookup", "changes")


def add(bench: Bench) -> None:
    """Add it to the admin's routes."""

    @bench.step(Step.OPERATIONS)
    async def operations(work: Work) -> Response:
        found = await offered_to(bench.tools, work.draft, work.parts)
        chosen = chosen_of(work.parts, found)
        if work.ordered:
            if found:
                fields = work.visitor.fields
                wanted = {name: _named(fields.get(name, "-")) for name in _NAMES}
                await bench.edit(work, choice(work.agency, work.parts, found, wanted))
            return bench.go_on(work, Step.OPERATIONS.next)
        return bench.page(work, Step.OPERATIONS, found=found, chosen=chosen, guessed=guessed_of(found))


async def offered_to(tools: Tools, draft: Draft, spec: AgencySpec) -> Found | None:
    """What the document says that the draft was made from, or is about."""
    name = draft.document or (spec.system.wsdl if isinstance(spec.system, SoapSystem) else None)
    return await tools.offered(name) if name else None


def guessed_of(found: Found | None) -> dict[str, guesses.Chosen | None]:
    """Which of its operations does what, by their names and what they take."""
    return {"lookup": guesses.lookup(found), "changes": guesses.changes(found)} if found else {}


def chosen_of(spec: AgencySpec, found: Found | None) -> dict[str, str | None]:
    """The operations that the spec has, by what they do."""
    return {name: _chosen(spec, name, found) for name in _NAMES}


def _chosen(spec: AgencySpec, name: str, found: Found | None) -> str | None:
    operation = getattr(spec.operations, name, None)
    request = operation.request if operation else None
    if isinstance(request, SoapRequest):
        return request.operation
    if isinstance(request, RestRequest) and found:
        wanted = (request.method, _bare(request.path))
        return next((each.name for each in found.operations if (each.method, _bare(each.path)) == wanted), None)
    return None


def _named(field: str) -> str | None:
    """The operation that a field of the form names: "-" is none."""
    return None if field == "-" else field


def _bare(path: str) -> str:
    """A path whatever its placeholders are called."""
    return re.sub(r"\{[^}]*\}", "{}", path)


def choice(agency: str, spec: AgencySpec, found: Found, wanted: Mapping[str, str | None]) -> dict[Path, Any]:
    """What another choice changes: that operation, and the mapping, which is of its answer. Nothing for the same."""
    names, chosen = {None, *(each.name for each in found.operations)}, chosen_of(spec, found)
    others = [name for name in _NAMES if wanted[name] != chosen[name] and wanted[name] in names]
    if not others:
        return {}
    made = read_yaml(draft(found, agency, address=found.address, chosen=wanted))
    changes: dict[Path, Any] = {("operations", name): made["operations"].get(name) for name in others}
    if "mapping" in made:
        changes["mapping",] = made["mapping"]
    if "sync" in made and spec.sync is None:
        changes["sync",] = made["sync"]
    if wanted["changes"] is None:
        changes["sync",] = None
    return changes
