"""A department's system in the shape that is recommended, as it should be, and with any one of the flaws that such
systems have."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any
from urllib.parse import unquote

import pytest

from tests.adapters.servers import Asked, Told, answering

KEY = "key-of-the-department"
_VIETNAM = timezone(timedelta(hours=7))
_TRACE = "Traceback (most recent call last):\n  File app.py, line 1\nKeyError"


@dataclass
class Department:
    """Thirty dossiers of the last days, ten of which an import has stamped with one second."""

    flaw: str = ""
    asked: list[Asked] = field(default_factory=list)
    looked_up: int = 0
    _lists: int = 0

    def __post_init__(self) -> None:
        start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=3)
        self.rows: list[dict[str, Any]] = []
        for number in range(30):
            # 10 to 19 changed in one second; the others are two hours apart.
            at = start + timedelta(hours=2 * (10 if 10 <= number < 20 else number))
            self.rows.append(
                {
                    "code": f"H21.99-261120-{number:04d}",
                    "occurred_at": at.astimezone(_VIETNAM).isoformat(),
                    "status": str(1 + number % 10),
                    "procedure_name": "Đăng ký khai sinh",
                    "received_at": at.astimezone(_VIETNAM).isoformat(),
                    "due_at": None,
                    "applicant": {"name": "Nguyễn Văn Tèo"},
                }
            )
        self._spoil()

    def _spoil(self) -> None:
        """Flaws of what it has stored."""
        last = self.rows[-1]
        match self.flaw:
            case "unknown status":
                last["status"] = "CHO_XAC_MINH"
            case "no status":
                for row in self.rows:
                    del row["status"]
            case "loose date":
                last["received_at"] = "20/11/2026"
            case "local time as UTC":
                last["occurred_at"] = datetime.now(_VIETNAM).replace(microsecond=0).isoformat()
            case "days only":
                for row in self.rows:
                    row["occurred_at"] = row["occurred_at"][:10] + "T00:00:00+07:00"
            case "mojibake":
                last["procedure_name"] = "Đăng ký".encode().decode("latin-1")
            case "decomposed":
                last["procedure_name"] = "Đa\u0306ng ky\u0301"

    def __call__(self, asked: Asked) -> Told:
        self.asked.append(asked)
        if asked.headers.get("authorization") != f"Bearer {KEY}" and self.flaw != "no key":
            return self._error(401, "who are you?")
        if asked.path == "/api/dossiers":
            told = self._list(asked.query)
        elif asked.path.startswith("/api/dossiers/"):
            told = self._one(unquote(asked.path.removeprefix("/api/dossiers/")))
        else:
            told = self._error(404, "no such path")
        now = datetime.now(UTC) + (timedelta(hours=1) if self.flaw == "clock" else timedelta())
        return Told(told.body, told.status, told.content_type, (*told.headers, ("Date", format_datetime(now))))

    def _one(self, code: str) -> Told:
        self.looked_up += 1
        if self.flaw == "falls over" and self.looked_up > 60:
            return Told("", 500)
        if self.flaw == "throttles" and self.looked_up > 60:
            return Told("{}", 429, headers=(("Retry-After", "1"),))
        if self.flaw == "throttles without a word" and self.looked_up > 60:
            return Told("{}", 429)
        found = [row for row in self.rows if row["code"] == code]
        if self.flaw == "like":
            found = [row for row in self.rows if row["code"].startswith(code.rstrip("%"))]
        if self.flaw == "sql" and "'" in code:
            return self._error(500, "unterminated string")
        if self.flaw == "trace" and not found:
            return Told(_TRACE, 404, "text/plain")
        if self.flaw == "unknown is an outage" and not found:
            return self._error(500, "not found")
        if self.flaw == "unknown is a web page" and not found:
            return Told("<!DOCTYPE html><html><body>Không có</body></html>", 200, "text/html")
        if not found or self.flaw == "listed alone":
            return self._error(404, "no such dossier")
        row = dict(found[0])
        if self.flaw == "now":
            row["occurred_at"] = datetime.now(UTC).isoformat()
        if self.flaw == "other status":
            row["status"] = str(1 + int(row["status"]) % 10)
        if self.flaw == "mixes up" and self.looked_up > 20:
            row |= {"applicant": {"name": f"Người {self.looked_up}"}}
        return Told(json.dumps(row, ensure_ascii=False))

    def _list(self, query: Mapping[str, str]) -> Told:
        self._lists += 1
        rows = sorted(self.rows, key=lambda row: (row["occurred_at"], row["code"]))
        since, until = (_moment(query.get(name)) for name in ("changed_since", "changed_until"))
        if self.flaw == "wrong zone" and since:
            since = since.replace(tzinfo=UTC)
        if since and self.flaw != "no filter":
            exclusive = self.flaw == "exclusive"
            rows = [row for row in rows if _at(row) > since or (_at(row) == since and not exclusive)]
        if until and self.flaw != "no upper bound":
            rows = [row for row in rows if _at(row) <= until]
        limit = 1000 if self.flaw == "no limit" else int(query.get("limit", 20))
        rows, more = self._page(rows, query.get("after"), limit)
        if not rows and self.flaw == "nothing is an error":
            return self._error(500, "no rows")
        following = f"{rows[-1]['occurred_at']}|{rows[-1]['code']}" if more else None
        if self.flaw == "no end":
            following = "always"
        if self.flaw == "local time as UTC":
            rows = [row | {"occurred_at": row["occurred_at"].replace("+07:00", "Z")} for row in rows]
        return Told(json.dumps({"items": rows, "next": following}, ensure_ascii=False))

    def _page(self, rows: list[dict[str, Any]], after: str | None, limit: int) -> tuple[list[dict[str, Any]], bool]:
        if self.flaw == "goes on by time alone" and after:
            # The classic: WHERE changed_at > the last row's.
            rows = [row for row in rows if row["occurred_at"] > after.partition("|")[0]]
        elif self.flaw == "doubles" and after:
            # The other classic: >= without the second key.
            rows = [row for row in rows if row["occurred_at"] >= after.partition("|")[0]]
        elif after:
            rows = [row for row in rows if f"{row['occurred_at']}|{row['code']}" > after]
        return rows[:limit], len(rows) > limit

    def _error(self, status: int, words: str) -> Told:
        return Told(json.dumps({"title": words}), status, "application/problem+json")


def _at(row: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(row["occurred_at"])


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


@asynccontextmanager
async def running(flaw: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """The address of one with that flaw, whose key is where ours looks for it."""
    monkeypatch.setenv("HUB_SECRET_SO_MOI_KEY", KEY)
    async with answering(Department(flaw)) as address:
        yield f"{address}/api"
