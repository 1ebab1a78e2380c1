"""The quality scale: which of the rules in config/quality.yaml a spec has proved, and the level that makes."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import TypeAlias

import yaml
from pydantic import field_validator

from config.settings import HERE
from contracts.agency import AgencySpec
from contracts.spec_model import SpecModel
from contracts.system import FileSystem, HttpSystem
from hub.studio.evidence import Evidence
from hub.studio.walk import leaves


class Level(IntEnum):
    NONE = 0
    BRONZE = 1
    SILVER = 2
    GOLD = 3
    PLATINUM = 4


class Rule(SpecModel):
    id: str
    level: Level
    vi: str
    en: str
    why: str
    how: str
    at_least: float | None = None
    at_most: float | None = None

    @field_validator("level", mode="before")
    @classmethod
    def _by_name(cls, level: object) -> Level:
        return Level[str(level).upper()]


class _Scale(SpecModel):
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    rule: Rule
    #: None where there is nothing to judge by.
    passed: bool | None
    #: What was seen, such as "3 of 120 records".
    seen: str = ""


@dataclass(frozen=True, slots=True)
class Grade:
    level: Level
    judged: tuple[Judged, ...]

    @property
    def missing(self) -> tuple[Judged, ...]:
        """What the next level still needs."""
        return tuple(each for each in self.judged if each.rule.level <= self.level + 1 and not each.passed)


_Verdict: TypeAlias = tuple[bool | None, str]


@dataclass(frozen=True, slots=True)
class _Case:
    spec: AgencySpec
    #: None where no database was asked.
    evidence: Evidence | None
    mistakes: int
    rule: Rule


@cache
def rules(path: Path = HERE / "quality.yaml") -> tuple[Rule, ...]:
    """The rules in the file `path`, in its order. Raises ValueError for one that nothing checks."""
    scale = _Scale.model_validate(yaml.safe_load(path.read_text("utf-8")))
    if unknown := [rule.id for rule in scale.rules if rule.id not in _CHECKS]:
        raise ValueError(f"{path.name}: nothing checks the rule {unknown[0]!r}; there is {', '.join(_CHECKS)}")
    return scale.rules


def grade(spec: AgencySpec, evidence: Evidence | None, *, mistakes: int = 0) -> Grade:
    """`evidence` is None where no database can be asked; `mistakes` is how many `check` has found."""
    judged = tuple(Judged(rule, *_CHECKS[rule.id](_Case(spec, evidence, mistakes, rule))) for rule in rules())
    level = Level.NONE
    for higher in list(Level)[1:]:
        if any(each.rule.level == higher and not each.passed for each in judged):
            break
        level = higher
    return Grade(level, judged)


# --- the checks -----------------------------------------------------------------------------------


def _no_mistakes(case: _Case) -> _Verdict:
    return case.mistakes == 0, f"{case.mistakes} found" if case.mistakes else ""


def _says_status(case: _Case) -> _Verdict:
    events = case.spec.webhook is not None and case.spec.webhook.mapping is None
    mapped = events or (case.spec.mapping is not None and "status" in case.spec.mapping.facts)
    return mapped and bool(case.spec.statuses), ""


def _heard(case: _Case) -> _Verdict:
    if (proof := case.evidence) is None:
        return None, ""
    return bool(proof.good or proof.month_good or proof.deliveries), ""


def _calls_succeed(case: _Case) -> _Verdict:
    proof = case.evidence
    if _only_pushes(case.spec):
        return True, "it only pushes"
    return _share(proof.good, proof.calls, case.rule, "calls") if proof else (None, "")


def _little_quarantined(case: _Case) -> _Verdict:
    proof = case.evidence
    if _only_pushes(case.spec):
        return (proof.unknown_words == 0, "") if proof else (None, "")
    return _share(proof.quarantined, proof.received, case.rule, "records") if proof else (None, "")


def _statuses_known(case: _Case) -> _Verdict:
    if case.evidence is None:
        return None, ""
    words = case.evidence.unknown_words
    return words == 0, f"{words} unknown words" if words else ""


def _looks_up(case: _Case) -> _Verdict:
    return case.spec.operations.lookup is not None, ""


def _has_manners(case: _Case) -> _Verdict:
    system = case.spec.system
    if not isinstance(system, HttpSystem):
        return True, "nothing is called"
    return system.budget.per_second is not None or system.budget.per_day is not None, ""


def _read_daily(case: _Case) -> _Verdict:
    if _only_pushes(case.spec):
        return True, "it only pushes"
    if case.evidence is None:
        return None, ""
    days, wanted = case.evidence.days, int(case.rule.at_least or 0)
    return days >= wanted, f"{days} of {wanted} days"


def _overlaps(case: _Case) -> _Verdict:
    sync, changes = case.spec.sync, case.spec.operations.changes
    if sync is None or isinstance(case.spec.system, FileSystem):
        return True, "nothing to overlap"
    by_revision = changes is not None and changes.pages.kind == "revision"
    return (sync.overlap_revisions if by_revision else sync.overlap_seconds) > 0, ""


def _second_way(case: _Case) -> _Verdict:
    operations = case.spec.operations
    ways = [operations.changes is not None, operations.all is not None, case.spec.webhook is not None]
    return sum(ways) > 1, ""


def _safe_line(case: _Case) -> _Verdict:
    system = case.spec.system
    if not isinstance(system, HttpSystem):
        return True, ""
    exposed = any(leaf.secrets and "query" in leaf.location for leaf in leaves(case.spec))
    return (system.private or system.address.startswith("https://")) and not exposed, ""


def _webhooks_verified(case: _Case) -> _Verdict:
    if case.spec.webhook is None:
        return False, "it does not push"
    if (proof := case.evidence) is None:
        return None, ""
    return proof.deliveries > 0 and proof.refused == 0, f"{proof.deliveries} understood, {proof.refused} refused"


def _takes_submissions(case: _Case) -> _Verdict:
    operations = case.spec.operations
    return operations.submit is not None and operations.supplement is not None, ""


def _month_of_success(case: _Case) -> _Verdict:
    proof = case.evidence
    return _share(proof.month_good, proof.month_runs, case.rule, "syncs") if proof else (None, "")


def _share(part: int, whole: int, rule: Rule, noun: str) -> _Verdict:
    if whole == 0:
        return None, f"no {noun} yet"
    enough = rule.at_least is None or part / whole >= rule.at_least
    few = rule.at_most is None or part / whole <= rule.at_most
    return enough and few, f"{part} of {whole} {noun}"


def _only_pushes(spec: AgencySpec) -> bool:
    return spec.system is None


_CHECKS: dict[str, Callable[[_Case], _Verdict]] = {
    check.__name__.removeprefix("_"): check
    for check in (
        _no_mistakes,
        _says_status,
        _heard,
        _calls_succeed,
        _little_quarantined,
        _statuses_known,
        _looks_up,
        _has_manners,
        _read_daily,
        _overlaps,
        _second_way,
        _safe_line,
        _webhooks_verified,
        _takes_submissions,
        _month_of_success,
    )
}
