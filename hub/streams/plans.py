"""When a plan comes round next. The time is told, and so is the chance."""

import random
from datetime import UTC, datetime, timedelta
from zlib import crc32
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

from contracts.agency import AgencySpec, Plan
from hub.gate.hours import until_open

#: For a cron line that names a day which never comes, such as the 30th of February.
_NEVER = timedelta(days=365)
_A_MOMENT = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def chance() -> float:
    """0 to 1, at random."""
    return random.random()  # noqa: S311


def next_time(plan: Plan, spec: AgencySpec, now: datetime, *, chance: float = 0) -> datetime:
    """When what `plan` says is due again, after `now`. Never outside the hours in which the agency may be called.

    `chance`, 0 to 1 at random, is the part of the plan's jitter that is added.
    """
    zone = ZoneInfo(spec.time_zone)
    if plan.every_seconds is not None:
        due = _own_moment(spec.id, timedelta(seconds=plan.every_seconds), now)
    else:
        assert plan.cron is not None, "a plan has one of both"
        trigger = CronTrigger.from_crontab(plan.cron, timezone=zone)
        # A time that is now is not the next one.
        due = trigger.get_next_fire_time(None, now + _A_MOMENT) or now + _NEVER
    due += timedelta(seconds=chance * plan.jitter_seconds)
    return due + timedelta(seconds=until_open(due, spec.system.budget.hours if spec.system else (), zone))


def _own_moment(agency: str, every: timedelta, now: datetime) -> datetime:
    """The next of the agency's own moments, which lie `every` apart and stand still: a run that began late makes none
    after it late, and agencies with the same plan do not all come at once, not even after the hub was down."""
    phase = every * (crc32(agency.encode()) / 2**32)
    return now + every - (now - _EPOCH - phase) % every


def longest_wait(plan: Plan, spec: AgencySpec, now: datetime) -> timedelta:
    """How far apart the plan's next two times are: what one may expect to wait."""
    first = next_time(plan, spec, now)
    return next_time(plan, spec, first) - first + timedelta(seconds=plan.jitter_seconds)
