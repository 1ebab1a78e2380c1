"""What a conformance run says: checks, what each of them saw, and all of that as data for people and programs."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from hub.portal.texts import Text

#: What looks at one thing, and gives a verdict.
Examine = TypeVar("Examine", bound=Callable[..., Any])


class Need(StrEnum):
    """How much the hub needs it."""

    MUST = "must"
    SHOULD = "should"


@dataclass(frozen=True, slots=True)
class Check:
    #: For ever: reports of different days are compared by it.
    id: str
    need: Need
    #: What is wanted, in a sentence that is true of a good system.
    wants: str
    why: str
    mend: str


@dataclass(frozen=True, slots=True)
class Verdict:
    #: None where it could not be tried.
    passed: bool | None
    #: What was seen, in sentences that each language tells by themselves. Names of fields and codes of dossiers, and
    #: nothing about people.
    sentences: tuple[str | Text, ...] = ()

    @property
    def seen(self) -> str:
        return " ".join(each.en if isinstance(each, Text) else each for each in self.sentences)


def either(passed: bool, *seen: str | Text) -> Verdict:
    return Verdict(passed, seen)


def well(*seen: str) -> Verdict:
    return Verdict(True, seen)


def wrong(*seen: str | Text) -> Verdict:
    return Verdict(False, seen)


def untried(because: str) -> Verdict:
    return Verdict(None, (because,))


class Checks(Generic[Examine]):
    """A list of checks with what makes each of them, in the order of their making."""

    def __init__(self) -> None:
        self.all: list[tuple[Check, Examine]] = []

    def check(self, id: str, need: Need, wants: str, *, why: str, mend: str) -> Callable[[Examine], Examine]:
        def keep(examine: Examine) -> Examine:
            self.all.append((Check(id, need, wants, why, mend), examine))
            return examine

        return keep


@dataclass(frozen=True, slots=True)
class Finding:
    check: Check
    verdict: Verdict

    @property
    def word(self) -> str:
        """pass, FAIL (it must be mended), better (it should be), or not tried."""
        if self.verdict.passed is None:
            return "not tried"
        if self.verdict.passed:
            return "pass"
        return "FAIL" if self.check.need is Need.MUST else "better"


@dataclass(frozen=True, slots=True)
class Report:
    #: What was looked at, such as a name and an address.
    about: str
    findings: tuple[Finding, ...]

    @property
    def conforms(self) -> bool:
        """Whether all that must be is so, as far as it was tried, and something was."""
        return any(each.word == "pass" for each in self.findings) and not self.count("FAIL")

    def count(self, word: str) -> int:
        return sum(each.word == word for each in self.findings)

    def as_json(self) -> dict[str, Any]:
        checks = [
            {
                "id": each.check.id,
                "need": each.check.need.value,
                "result": each.word.lower().replace(" ", "_"),
                "wants": each.check.wants,
                "seen": each.verdict.seen,
            }
            # What is well needs no explanation.
            | ({} if each.verdict.passed else {"why": each.check.why, "mend": each.check.mend})
            for each in self.findings
        ]
        return {"about": self.about, "conforms": self.conforms, "checks": checks}
