"""Examines an agency's system: plays the hub, and says what would go wrong in daily work."""

from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from adapters.calling.egress import allowed_addresses, kind_of
from config.settings import HERE
from config.spec_file import SpecFile
from contracts.adapter import Secrets
from contracts.agency import AgencySpec
from contracts.system import HttpSystem, RestSystem
from hub.conformance import line_checks, list_checks, lookup_checks
from hub.conformance.asking import Asking
from hub.conformance.case import Case
from hub.conformance.report import Finding, Report, untried

#: The interface we recommend, and the secret in it.
RECOMMENDED = HERE / "recommended" / "so-moi.yaml"
KEY = "so-moi-key"

#: The first tells whether the others can be tried; how errors look is known after the others.
_REACHED, *_LINE = line_checks.CHECKS.all
CHECKS = [_REACHED, *lookup_checks.CHECKS.all, *list_checks.CHECKS.all, *_LINE]


async def examine(
    spec: AgencySpec,
    *,
    secrets: Secrets,
    documents: Path,
    code: str | None = None,
    since: datetime | None = None,
    press: int = 0,
) -> Report:
    """`code`: a dossier that exists, where there is no list. `since`: from when changes are listed; 30 days else.

    Takes some dozen calls, and `press` more as fast as they go. Never raises for what the system does; ValueError
    for a spec that cannot work, or has no system that can be asked.
    """
    if not isinstance(spec.system, HttpSystem):
        raise ValueError(f"{spec.id} has no system that is asked over HTTP")
    asking = Asking(spec, secrets, documents)
    findings: list[Finding] = []
    async with asking.open():
        case = Case(asking, press)
        await case.prepare(code, since)
        for check, look in CHECKS:
            reached = not findings or findings[0].verdict.passed is not False
            verdict = await look(case) if reached else untried("it was not reached")
            findings.append(Finding(check, verdict))
    return Report(f"{spec.name.vi}, {spec.system.address}", tuple(findings))


async def recommended(url: str, secrets: Secrets) -> AgencySpec:
    """The spec of the interface we recommend, at `url`; without its key, where there is none.

    Raises ValueError for what is no address, and Unreachable for a name that leads nowhere.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
        raise ValueError(f"{url!r} is no address such as https://so-moi.example/api")
    spec = SpecFile(RECOMMENDED, f"{parts.scheme}://{parts.netloc}").spec
    assert spec and isinstance(spec.system, RestSystem), "it is ours, and tested"
    addresses = await allowed_addresses(parts.hostname, parts.port or 443, private=True)
    changes: dict[str, Any] = {"private": any(kind_of(each) == "private" for each in addresses)}
    try:
        secrets.get(KEY)
    except KeyError:
        changes["auth"] = None
    operations = spec.operations
    for name in ("lookup", "changes"):
        operation = getattr(operations, name)
        request = operation.request.model_copy(update={"path": parts.path.rstrip("/") + operation.request.path})
        operations = operations.model_copy(update={name: operation.model_copy(update={"request": request})})
    return spec.model_copy(update={"system": spec.system.model_copy(update=changes), "operations": operations})
