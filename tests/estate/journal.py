"""The estate's memory over restarts: its start, and every change since, a line of JSON each."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from tests.estate.world import Agency, Case, agencies


def open_world(path: Path | None, seed: int, size: int) -> dict[str, Agency]:
    """The agencies as the journal left them, writing on in it; new ones, where there is none."""
    lines = _read(path) if path else []
    begin: dict[str, Any] = lines[0] if lines else {"seed": seed, "size": size, "start": datetime.now(UTC).isoformat()}
    world = agencies(begin["seed"], begin["size"], datetime.fromisoformat(begin["start"]))
    for line in lines[1:]:
        agency = world[line["agency"]]
        case = agency.cases.get(line["code"]) or _filed(agency, line)
        agency.happen(case, line["status"], datetime.fromisoformat(line["at"]))
    if path:
        # Written anew, so that a line torn by a crash does not stand in the way of the next.
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w", encoding="utf-8")
        for line in [begin, *lines[1:]]:
            _write(file, line)
        for agency in world.values():
            agency.listeners.append(_writer(file, agency))
    return world


def _writer(file: TextIO, agency: Agency) -> Callable[[Case], None]:
    def write(case: Case) -> None:
        line: dict[str, Any] = {"agency": agency.id, "code": case.code}
        line |= {"status": case.last.status, "at": case.last.at.isoformat()}
        if len(case.steps) == 1:
            line |= {
                "procedure": case.procedure,
                "applicant": case.applicant,
                "phone": case.phone,
                "email": case.email,
                "identity_number": case.identity_number,
                "due_at": case.due_at.isoformat(),
            }
        _write(file, line)

    return write


def _filed(agency: Agency, line: dict[str, Any]) -> Case:
    case = Case(
        code=line["code"],
        procedure=(line["procedure"][0], line["procedure"][1]),
        applicant=line["applicant"],
        phone=line["phone"],
        email=line["email"],
        identity_number=line["identity_number"],
        submitted_at=datetime.fromisoformat(line["at"]),
        due_at=datetime.fromisoformat(line["due_at"]),
    )
    agency.adopt(case)
    return case


def _write(file: TextIO, line: dict[str, Any]) -> None:
    file.write(json.dumps(line, ensure_ascii=False) + "\n")
    file.flush()


def _read(path: Path) -> list[dict[str, Any]]:
    lines = []
    if path.exists():
        for text in path.read_text("utf-8").splitlines():
            try:
                lines.append(json.loads(text))
            except json.JSONDecodeError:
                break
    return lines
