"""The studio: an agency's spec made, or changed, in steps, each of which explains itself; tried out for real."""

from hub.admin.studio import beginning, operations, publishing, schedule, statuses, trial
from hub.admin.studio.bench import Bench


def add(bench: Bench) -> None:
    """Add its pages to the admin's routes."""
    for each in (beginning, operations, trial, statuses, schedule, publishing):
        each.add(bench)
