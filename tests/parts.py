"""Parts of a hub wired for tests: a registry over small specs, an inbox, and an agency that says what it is told."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from adapters import Client, build_adapter
from adapters.adapter import SpecAdapter
from contracts.adapter import CallRecord, Capability, Page, Position, Secrets, Window
from contracts.agency import AgencySpec
from contracts.errors import AgencyFailure
from contracts.observation import Observation, Unusable
from contracts.webhook import Accepted
from hub.db import Database
from hub.documents.documents import Documents
from hub.intake.applying import Delivery
from hub.intake.inbox import Inbox
from hub.registry import Registry
from hub.vault import Vault

STATUSES = {"MOI": "1", "DA_TIEP_NHAN": "2", "DANG_XU_LY": "4", "CHO_BO_SUNG": "5", "XONG": "9"}


class NamedSecrets(dict[str, str]):
    """contracts.adapter.Secrets over a dict."""

    def get(self, name: str) -> str:  # type: ignore[override]
        return self[name]


def pushing_spec(agency: str = "ubnd-pleiku", **changes: Any) -> AgencySpec:
    """An agency that only pushes, in the hub's own event shape."""
    return AgencySpec.model_validate(
        {
            "id": agency,
            "identifier": "H21.20",
            "name": {"vi": "Cơ quan thử", "en": "Test agency"},
            "kind": "city",
            "enabled": True,
            "statuses": STATUSES,
            "webhook": {"secrets": [f"{agency}-webhook"]},
        }
        | changes
    )


@asynccontextmanager
async def registry_of(*specs: AgencySpec, secrets: Mapping[str, str] = {}) -> AsyncIterator[Registry]:
    async with Client(None) as client:
        yield built(specs, client, NamedSecrets(secrets))


def built(specs: Iterable[AgencySpec], client: Client, secrets: Secrets) -> Registry:
    """Of agencies that need no documents."""
    registry = Registry({}, {})
    for spec in specs:
        adapter = build_adapter(spec, client=client, secrets=secrets, documents=Path()) if spec.enabled else None
        registry.put(spec, adapter)
    return registry


def no_documents(database: Database) -> Documents:
    return Documents(database, Path("nowhere"), Path("nowhere"))


async def no_news() -> None:
    """For whoever must be told how to learn of new specs, where there are none."""


async def deliver(
    database: Database,
    vault: Vault,
    spec: AgencySpec,
    webhook_id: str,
    *,
    type: str = "dossier.updated",
    at: datetime | None = None,
    **data: Any,
) -> Accepted:
    """A delivery whose signature has verified, through the inbox."""
    event = {"type": type, "timestamp": "2026-11-23T08:00:00+07:00", "data": data}
    async with registry_of(spec) as registry:
        adapter = registry.adapter(spec.id)
        assert adapter is not None
        body = orjson.dumps(event)
        pushed = adapter.pushed(body, {})
        delivery = Delivery(adapter, webhook_id, body, {}, None, pushed, at or datetime.now(UTC))
        (accepted,) = await Inbox(database, vault, registry).accept(delivery)
        return accepted


def call_record(**told: Any) -> CallRecord:
    """Of a look-up that went well."""
    known: dict[str, Any] = {
        "agency": "ubnd-pleiku",
        "operation": "lookup",
        "method": "GET",
        "address": "http://127.0.0.1:1/ho-so",
        "started_at": datetime.now(UTC),
        "seconds": 0.25,
        "attempts": 1,
        "outcome": "ok",
        "message": None,
        "status": 200,
        "request": b"",
        "response": b"",
        "response_bytes": len(told.get("response", b"")),
    }
    return CallRecord(**known | told)


class Told(SpecAdapter):
    """An agency's adapter that gives the pages it was told to, and fails where it was told to."""

    def __init__(
        self,
        spec: AgencySpec,
        pages: Sequence[Sequence[Observation] | AgencyFailure],
        unusable: Sequence[Unusable] = (),
    ) -> None:
        super().__init__(spec, None)
        self.capabilities = frozenset({Capability.CHANGES})
        self.pages, self.unusable = pages, unusable
        self.asked: list[tuple[Window, Position | None]] = []

    async def changes(self, window: Window, position: Position | None = None, **_: Any) -> AsyncIterator[Page]:
        self.asked.append((window, position))
        number = position["page"] if position else 0
        page = self.pages[number]
        if isinstance(page, AgencyFailure):
            raise page
        following = {"page": number + 1} if number + 1 < len(self.pages) else None
        yield Page(tuple(page), tuple(self.unusable) if number == 0 else (), following)


def pulled_spec(
    agency: str = "ubnd-pleiku", *, every: timedelta = timedelta(seconds=10), between: bool = False
) -> AgencySpec:
    """An agency that is pulled; for use with `Told`, which asks nobody. `between`: what is between two times."""
    query = {"query": {"tu": "{since|iso}", "den": "{until|iso}"}} if between else {}
    return pushing_spec(
        agency,
        webhook=None,
        system={"kind": "rest", "address": "http://127.0.0.1:1"},
        operations={"changes": {"request": {"path": "/"} | query, "pages": {"kind": "single"}}},
        mapping={"code": "ma", "occurred_at": {"path": "luc", "convert": "date", "formats": ["iso"]}, "facts": {}},
        sync={"every_seconds": int(every.total_seconds())},
    )
