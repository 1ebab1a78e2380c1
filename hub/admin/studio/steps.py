"""The steps of the studio, and which of them a mistake in a spec belongs to."""

from collections.abc import Iterable
from enum import StrEnum

from config.spec_file import Mistake
from hub.portal.texts import Text


class Step(StrEnum):
    OPERATIONS = "operations"
    TRIAL = "trial"
    STATUSES = "statuses"
    SCHEDULE = "schedule"
    PUBLISH = "publish"

    @property
    def heading(self) -> Text:
        return _TITLES[self]

    @property
    def next(self) -> "Step":
        steps = list(Step)
        return steps[min(steps.index(self) + 1, len(steps) - 1)]


_TITLES = {
    Step.OPERATIONS: Text("Thao tác", "Operations"),
    Step.TRIAL: Text("Thử và ánh xạ", "Try and map"),
    Step.STATUSES: Text("Trạng thái", "Statuses"),
    Step.SCHEDULE: Text("Lịch và hạn mức", "Schedule and budget"),
    Step.PUBLISH: Text("Chạy thử và xuất bản", "Dry run and publish"),
}
#: What a mistake's place begins with; the longer ones first. What is in none of them is mended in the text.
_PLACES = {
    "system.budget": Step.SCHEDULE,
    "system.limits": Step.SCHEDULE,
    "sync": Step.SCHEDULE,
    "statuses": Step.STATUSES,
    "mapping": Step.TRIAL,
    "system": Step.TRIAL,
    "operations": Step.OPERATIONS,
}


def step_of(mistake: Mistake) -> Step | None:
    """Where it is mended; None for the text alone."""
    for place, step in _PLACES.items():
        if mistake.place == place or mistake.place.startswith((f"{place}.", f"{place}[")):
            return step
    return None


def by_step(mistakes: Iterable[Mistake]) -> dict[Step | None, list[Mistake]]:
    found: dict[Step | None, list[Mistake]] = {}
    for mistake in mistakes:
        found.setdefault(step_of(mistake), []).append(mistake)
    return found
