"""How fresh the hub's knowledge of an agency's dossiers is, told honestly. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.agency import AgencySpec
from contracts.dossier import StaleReason
from hub.streams.plans import longest_wait

#: A sync may be this many of its intervals late, and this long in any case, before people are told.
_INTERVALS = 3
_AT_LEAST = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Freshness:
    checked_at: datetime
    stale_reason: StaleReason | None

    @property
    def stale(self) -> bool:
        return self.stale_reason is not None


def freshness(
    spec: AgencySpec | None,
    *,
    observed_at: datetime,
    covered_until: datetime | None,
    failures_in_a_row: int,
    now: datetime,
) -> Freshness:
    """`observed_at`: when the agency last spoke of the dossier, or was asked about it; `covered_until`: the end of
    its last complete sync.

    Agencies that only push promise nothing about silence; their dossiers are as of their last word.
    """
    checked_at = max(observed_at, covered_until) if covered_until else observed_at
    if spec is None or not spec.enabled:
        return Freshness(checked_at, "agency_disabled")
    if spec.sync is None or now - checked_at <= _AT_LEAST:
        return Freshness(checked_at, None)
    if now - checked_at <= _INTERVALS * longest_wait(spec.sync, spec, checked_at):
        return Freshness(checked_at, None)
    if covered_until is None:
        return Freshness(checked_at, "not_synced_yet")
    return Freshness(checked_at, "agency_failing" if failures_in_a_row else "sync_late")
