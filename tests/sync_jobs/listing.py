"""A department's system on loopback that lists what changed between two times, for tests of reading it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import orjson

from adapters import Client, build_adapter
from contracts.adapter import AgencyAdapter
from contracts.agency import AgencySpec
from tests.adapters.servers import Asked, Told, answering
from tests.parts import NamedSecrets, pushing_spec

AGENCY = "so-noi-vu"


@dataclass
class System:
    """Rows by code, as the agency has committed them so far, in the order of their time."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: As people name them: what it answers is changed, or left out.
    defect: Any = None
    size: int = 100
    #: How many pages it gives before it breaks off, once.
    breaks_after: int | None = None
    #: What it answers in place of anything that makes sense.
    babbles: Callable[[], Told] | None = None
    #: How far its clock is ahead of the true time.
    ahead: timedelta = timedelta()
    asked: list[Asked] = field(default_factory=list)

    def put(self, code: str, at: datetime, status: str = "DANG_XU_LY") -> None:
        """Commit a change that happened at `at`."""
        self.rows[code] = {"ma": code, "luc": at.isoformat(), "tinhTrang": status, "tenHoSo": "Cấp giấy phép"}

    def answer(self, asked: Asked) -> Told:
        self.asked.append(asked)
        if self.babbles:
            return self.babbles()
        if self.breaks_after is not None and len(self.asked) > self.breaks_after:
            self.breaks_after = None
            return Told("", 503)
        since = datetime.fromisoformat(asked.query["tu"]) if "tu" in asked.query else datetime.min.replace(tzinfo=UTC)
        until = datetime.fromisoformat(asked.query["den"]) if "den" in asked.query else datetime.now(UTC)
        found = [row for row in self.rows.values() if since <= datetime.fromisoformat(row["luc"]) <= until]
        found.sort(key=lambda row: (row["luc"], row["ma"]))
        start = (int(asked.query["trang"]) - 1) * self.size
        page = [self.defect(row) if self.defect else row for row in found[start : start + self.size]]
        now = format_datetime(datetime.now(UTC) + self.ahead, usegmt=True)
        return Told(orjson.dumps({"tong": len(found), "hoSo": page}), headers=(("Date", now),))


def spec_at(address: str, *, between: bool = True, **sync: Any) -> AgencySpec:
    query = {"tu": "{since|iso}", "trang": "{page}"} | ({"den": "{until|iso}"} if between else {})
    return pushing_spec(
        AGENCY,
        webhook=None,
        system={"kind": "rest", "address": address, "private": True, "limits": {"attempts": 1}},
        operations={
            "changes": {
                "request": {"path": "/hoso", "query": query},
                "answer": {"records": "hoSo"},
                "pages": {"kind": "number", "size": 100, "total": "tong"},
            }
        },
        mapping={
            "code": "ma",
            "occurred_at": {"path": "luc", "convert": "date", "formats": ["iso"]},
            "facts": {"status": "tinhTrang", "procedure_name": "tenHoSo"},
        },
        sync={"every_seconds": 10, "margin_seconds": 0} | sync,
    )


@asynccontextmanager
async def listing(system: System, **options: Any) -> AsyncIterator[AgencyAdapter]:
    """The adapter of an agency with this system."""
    async with answering(system.answer) as address, Client() as client:
        spec = spec_at(address, **options)
        yield build_adapter(spec, client=client, secrets=NamedSecrets(), documents=Path())


def filled(system: System, count: int, *, newest: datetime, apart: timedelta) -> System:
    """With so many rows, one every `apart` back from `newest`."""
    for number in range(count):
        system.put(f"H21.09-260101-{number:05}", newest - number * apart)
    return system
