"""Reads a plan with its lists, compares it with what the agencies' specs say, and decides about one dossier. Pure."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from config.yaml_text import YamlMistake, YamlPlaces, read_yaml
from contracts.agency import AgencySpec
from contracts.agency_change import ChangePlan, Rule, Succession
from contracts.codes import code_key, names_its_unit
from contracts.status import DossierStatus
from hub.index.tallies import VIETNAM
from hub.index.walks import procedure_key


class PlanMistake(Exception):
    """The plan cannot be taken; one sentence, with file and line where they are known."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of a list."""

    file: str
    line: int
    code: str
    agency: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan and its lists, by file and then by the code's key."""

    spec: ChangePlan
    lists: Mapping[str, Mapping[str, Listed]]

    def as_json(self) -> dict[str, object]:
        """All of it: what its id stands for."""
        lists = {
            file: {key: each.agency for key, each in sorted(listed.items())} for file, listed in self.lists.items()
        }
        return self.spec.model_dump(mode="json", by_alias=True) | {"lists": lists}

    def successors(self, change: Succession) -> list[str]:
        """Whoever gets dossiers by it, rules before lists."""
        named = [each.agency for rule in change.rules if rule.list for each in self.lists[rule.list].values()]
        return list(dict.fromkeys([*change.successors, *named]))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A dossier that may move."""

    id: int
    #: Whose code it is.
    first: str
    code: str
    code_key: str
    status: DossierStatus | None
    procedure: str | None
    received_at: datetime | None
    gone: bool

    @property
    def is_finished(self) -> bool:
        return self.gone or (self.status is not None and self.status.is_final)


@dataclass(frozen=True, slots=True)
class Stays:
    """Why a dossier stays whose it is."""

    reason: str


FINISHED = Stays("they have come to their end")
NO_RULE = Stays("no rule fits them")
NO_UNIT = Stays("their codes name no unit, and the successor may give the same; a list must name them")


def load(path: Path) -> Plan:
    """Raises PlanMistake."""
    try:
        text = path.read_text("utf-8")
        said = read_yaml(text)
    except (OSError, UnicodeDecodeError) as error:
        raise PlanMistake(f"{path.name}: cannot be read: {error}") from None
    except YamlMistake as mistake:
        raise PlanMistake(f"{path.name}{_line(mistake.line)}: {mistake.words}") from None
    try:
        spec = ChangePlan.model_validate(said)
    except ValidationError as error:
        first = error.errors()[0]
        line, place = YamlPlaces(text).find(first["loc"]) if first["loc"] else (None, "")
        words = first["msg"].removeprefix("Value error, ")
        raise PlanMistake(f"{path.name}{_line(line)}: {place + ': ' if place else ''}{words}") from None
    files = {rule.list for change in spec.changes for rule in change.rules if rule.list}
    return Plan(spec, {file: _read_list(path.parent / file, file) for file in sorted(files)})


def _line(line: int | None) -> str:
    return f", line {line}" if line else ""


def _read_list(path: Path, name: str) -> dict[str, Listed]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if not {"code", "agency"} <= set(rows.fieldnames or ()):
                raise PlanMistake(f"{name}, line 1: the first line must name the columns code and agency")
            listed: dict[str, Listed] = {}
            for row in rows:
                code, agency = (row["code"] or "").strip(), (row["agency"] or "").strip()
                key = code_key(code)
                if not key or not agency:
                    raise PlanMistake(f"{name}, line {rows.line_num}: a code and an agency are needed")
                before = listed.setdefault(key, Listed(name, rows.line_num, code, agency))
                if before.agency != agency:
                    raise PlanMistake(
                        f"{name}, line {rows.line_num}: {code} goes to {agency}, and by line {before.line} to "
                        f"{before.agency}; leave one"
                    )
            return listed
    except (OSError, UnicodeDecodeError) as error:
        raise PlanMistake(f"{name}: cannot be read: {error}") from None


def mistakes(plan: Plan, agencies: Mapping[str, AgencySpec]) -> Iterator[str]:
    """Where the plan is not what the agencies' specs say. They say who follows whom; the plan, which dossiers."""
    ends = plan.spec.effective - timedelta(days=1)
    for change in plan.spec.changes:
        successors = plan.successors(change)
        for agency in (*change.predecessors, *successors):
            if agency not in agencies:
                yield f"{agency} is no agency of the hub"
        for agency in filter(agencies.__contains__, successors):
            starts = agencies[agency].valid_from
            if starts and starts > plan.spec.effective:
                yield f"{agency}.yaml: valid_from is {starts}, after the plan takes effect on {plan.spec.effective}"
        for agency in filter(agencies.__contains__, change.predecessors):
            spec = agencies[agency]
            if spec.valid_to != ends:
                yield f"{agency}.yaml: valid_to is {spec.valid_to or 'not given'}; by the plan it is {ends}"
            if missing := [each for each in successors if each not in spec.successors]:
                yield f"{agency}.yaml: successors lacks {', '.join(missing)}"


def decide(plan: Plan, change: Succession, dossier: Candidate) -> str | Stays:
    """Who gets the dossier, or why it stays."""
    fits_but_finished = False
    for rule in change.rules:
        if rule.list:
            listed = plan.lists[rule.list].get(dossier.code_key)
            if listed is None or not _fits(rule, dossier):
                continue
            # Somebody has looked at it, whatever its code and its state.
            return listed.agency
        if not _fits(rule, dossier):
            continue
        if not rule.finished and dossier.is_finished:
            fits_but_finished = True
            continue
        assert rule.to is not None, "a rule has `to` or `list`"
        return rule.to if names_its_unit(dossier.code) else NO_UNIT
    return FINISHED if fits_but_finished else NO_RULE


def _fits(rule: Rule, dossier: Candidate) -> bool:
    received = dossier.received_at.astimezone(VIETNAM).date() if dossier.received_at else None
    return (
        (rule.received_from is None or (received is not None and received >= rule.received_from))
        and (rule.received_before is None or (received is not None and received < rule.received_before))
        and (not rule.statuses or dossier.status in rule.statuses)
        and (not rule.procedures or any(_is_procedure(dossier.procedure, each) for each in rule.procedures))
        and (not rule.units or any(_names(dossier.code, unit) for unit in rule.units))
    )


def _is_procedure(code: str | None, wanted: str) -> bool:
    """Whether they are the same, each with or without an agency's tail: 1.001612 and 1.001612.000.00.00.H48."""
    return code is not None and procedure_key(code) == procedure_key(wanted)


def _names(code: str, unit: str) -> bool:
    head = code.split("-")[0].upper()
    return head == unit.upper() or head.endswith("." + unit.upper())


def starts_at(day: date) -> datetime:
    """When the day begins in Vietnam."""
    return datetime(day.year, day.month, day.day, tzinfo=VIETNAM)
