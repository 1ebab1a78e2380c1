"""What happens at one agency: dossiers are filed and move through their statuses. Pure; knows no HTTP."""

import random
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.estate.names import FAMILY_NAMES, GIVEN_NAMES, MIDDLE_NAMES, PROCEDURES, WANTED_PAPERS

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")

# National codes: where a dossier may go from where it is, and how often.
_NEXT: dict[str, tuple[tuple[str, int], ...]] = {
    "1": (("2", 95), ("3", 5)),
    "2": (("4", 100),),
    "4": (("9", 60), ("5", 20), ("6", 15), ("8", 3), ("7", 2)),
    "5": (("4", 100),),
    "6": (("4", 100),),
    "9": (("10", 100),),
}


@dataclass(frozen=True, slots=True)
class Step:
    status: str
    at: datetime
    #: The agency's own change number, growing by one with each change of any of its dossiers.
    revision: int
    note: str = ""


@dataclass(slots=True)
class Case:
    """A dossier in its agency's own system."""

    code: str
    procedure: tuple[str, str]
    applicant: str
    phone: str
    email: str
    identity_number: str
    submitted_at: datetime
    due_at: datetime
    steps: list[Step] = field(default_factory=list)

    @property
    def last(self) -> Step:
        return self.steps[-1]

    @property
    def can_move(self) -> bool:
        return self.last.status in _NEXT

    @property
    def received_at(self) -> datetime | None:
        return next((step.at for step in self.steps if step.status == "2"), None)

    @property
    def finished_at(self) -> datetime | None:
        return next((step.at for step in self.steps if step.status == "9"), None)


class Agency:
    """One agency's dossiers, found by code, by time of change and by revision."""

    def __init__(self, id: str, prefix: str, *, precision: timedelta, seed: int, size: int, start: datetime) -> None:
        """`precision`: how finely the agency's clock is written; changes within it share a time.

        At `start` there are `size` dossiers, filed over the two months before, at all stages.
        """
        self.id = id
        self.prefix = prefix
        self.precision = precision
        self.cases: dict[str, Case] = {}
        #: Called with each change after the start.
        self.listeners: list[Callable[[Case], None]] = []
        self.revision = 0
        self._chance = random.Random(f"{seed} {id}")
        self._by_time: list[tuple[datetime, str]] = []
        self._by_revision: list[tuple[int, str]] = []
        self._filed_on: dict[str, int] = {}
        self._open: list[str] = []
        self._begin(size, start)

    def _begin(self, size: int, start: datetime) -> None:
        filed = sorted(start - timedelta(seconds=self._chance.uniform(3600, 60 * 86400)) for _ in range(size))
        events: list[tuple[datetime, str, str]] = []
        for at in filed:
            case = self._new_case(self._written(at))
            status = "1"
            while at < start:
                events.append((self._written(at), case.code, status))
                if status not in _NEXT:
                    break
                at += timedelta(hours=self._chance.expovariate(1 / 30))
                status = self._choose(status)
        for at, code, status in sorted(events):
            self._append(self.cases[code], status, at)
        for case in self.cases.values():
            self._index(case)
        self._open = [code for code, case in self.cases.items() if case.can_move]

    # --- what happens ---

    def move(self, at: datetime | None = None) -> Case:
        """Something happens: mostly a dossier takes its next step, now and then one is filed."""
        if self._chance.random() < 0.1 or not self._open:
            return self.file(at)
        # The newest are the likeliest, so that whoever watches sees the same dossiers move on.
        place = min(int(self._chance.expovariate(1 / 200)), len(self._open) - 1)
        code = self._open[-1 - place]
        return self.advance(code, at)

    def file(self, at: datetime | None = None) -> Case:
        now = self._written(at or datetime.now(UTC))
        case = self._new_case(now)
        self.happen(case, "1", now)
        return case

    def advance(self, code: str, at: datetime | None = None) -> Case:
        """The dossier's next step. Raises KeyError for no such dossier, ValueError for one at its end."""
        case = self.cases[code]
        if not case.can_move:
            raise ValueError(f"{code} is at its end")
        self.happen(case, self._choose(case.last.status), self._written(at or datetime.now(UTC)))
        return case

    def happen(self, case: Case, status: str, at: datetime) -> None:
        """`case` comes to `status`, and whoever listens is told."""
        if case.steps:
            self._unindex(case)
        self._append(case, status, at)
        self._index(case)
        if not case.can_move and case.code in self._open:
            self._open.remove(case.code)
        elif len(case.steps) == 1:
            self._open.append(case.code)
        for listener in self.listeners:
            listener(case)

    def adopt(self, case: Case) -> None:
        """A dossier filed in an earlier life of the estate."""
        self.cases[case.code] = case
        day = case.code.split("-")[1]
        self._filed_on[day] = max(self._filed_on.get(day, 0), int(case.code.split("-")[2]))

    # --- what is asked ---

    def by_time(self, since: datetime | None, until: datetime | None) -> list[str]:
        """Codes of the dossiers last changed within, both ends included, in order of (time, code)."""
        low = 0 if since is None else bisect_left(self._by_time, (since, ""))
        high = len(self._by_time) if until is None else bisect_right(self._by_time, (until, "\U0010ffff"))
        return [code for _, code in self._by_time[low:high]]

    def after_revision(self, revision: int, limit: int) -> tuple[list[str], bool]:
        """Codes of the dossiers whose last change has a higher number, and whether there are more."""
        low = bisect_right(self._by_revision, (revision, "\U0010ffff"))
        codes = [code for _, code in self._by_revision[low : low + limit]]
        return codes, low + limit < len(self._by_revision)

    def newest_first(self, since: datetime | None) -> Iterator[str]:
        return reversed(self.by_time(since, None))

    # --- inside ---

    def _new_case(self, at: datetime) -> Case:
        day = at.astimezone(VIETNAM).strftime("%y%m%d")
        number = self._filed_on[day] = self._filed_on.get(day, 0) + 1
        chance = self._chance
        name = f"{chance.choice(FAMILY_NAMES)} {chance.choice(MIDDLE_NAMES)} {chance.choice(GIVEN_NAMES)}"
        digits = f"{chance.randrange(10**8):08d}"
        due = at.astimezone(VIETNAM) + timedelta(days=chance.choice((7, 10, 15, 20, 30)))
        while due.weekday() >= 5:
            due += timedelta(days=1)
        case = Case(
            code=f"{self.prefix}-{day}-{number:04d}",
            procedure=chance.choice(PROCEDURES[self.id]),
            applicant=name,
            phone=f"09{digits}",
            email=f"nguoi-nop-{digits}@example.vn",
            # 064 is Gia Lai; a made-up number of the right length.
            identity_number=f"0640{digits}",
            submitted_at=at,
            due_at=due.replace(hour=17, minute=0, second=0, microsecond=0).astimezone(UTC),
        )
        self.cases[case.code] = case
        return case

    def _append(self, case: Case, status: str, at: datetime) -> None:
        self.revision += 1
        note = self._chance.choice(WANTED_PAPERS) if status == "5" else ""
        case.steps.append(Step(status, at, self.revision, note))

    def _index(self, case: Case) -> None:
        insort(self._by_time, (case.last.at, case.code))
        insort(self._by_revision, (case.last.revision, case.code))

    def _unindex(self, case: Case) -> None:
        del self._by_time[bisect_left(self._by_time, (case.last.at, case.code))]
        del self._by_revision[bisect_left(self._by_revision, (case.last.revision, case.code))]

    def _choose(self, status: str) -> str:
        choices = _NEXT[status]
        return self._chance.choices([to for to, _ in choices], [weight for _, weight in choices])[0]

    def _written(self, at: datetime) -> datetime:
        """`at` as finely as the agency writes it."""
        return at - (at - datetime(2000, 1, 1, tzinfo=UTC)) % self.precision


def agencies(seed: int, size: int, start: datetime) -> dict[str, Agency]:
    made = (
        ("so-tnmt", "H21.09", timedelta(seconds=1)),
        ("so-khdt", "H21.10", timedelta(milliseconds=1)),
        ("ubnd-pleiku", "H21.20", timedelta(microseconds=1)),
    )
    return {
        id: Agency(id, prefix, precision=precision, seed=seed, size=size, start=start) for id, prefix, precision in made
    }
