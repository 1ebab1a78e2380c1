"""Makes observations for tests, by hand and by hypothesis."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from contracts.observation import Channel, Facts, Observation
from contracts.status import DossierStatus

T0 = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def observation(
    code: str = "H21.20-261123-0001",
    *,
    at: float | None = 0,
    revision: int | None = None,
    agency: str = "ubnd-pleiku",
    heard: float | None = None,
    channel: Channel = Channel.WEBHOOK,
    settles: bool = False,
    **facts: Any,
) -> Observation:
    """What `agency` said about `code`, `at` minutes after T0 (None: it does not say), heard `heard` minutes
    after T0 (at once by default)."""
    if isinstance(status := facts.get("status"), int):
        facts["status"] = DossierStatus(str(status))
    return Observation(
        agency=agency,
        code=code,
        occurred_at=None if at is None else T0 + timedelta(minutes=at),
        revision=revision,
        settles=settles,
        facts=Facts(**facts),
        observed_at=T0 + timedelta(minutes=heard if heard is not None else at or 0),
        channel=channel,
    )


def move(
    to: str,
    code: str = "H21.20-261123-0001",
    *,
    agency: str = "ubnd-pleiku",
    at: float = 0,
    decided: float = 500,
) -> Observation:
    """That the dossier which `agency` had first is `to`'s from `at` minutes after T0, by a plan `decided` then."""
    return Observation(
        agency=agency,
        code=code,
        occurred_at=T0 + timedelta(minutes=at),
        facts=Facts(moved_to=to, moved_under="thu"),
        observed_at=T0 + timedelta(minutes=decided),
        channel=Channel.SUCCESSION,
    )


# Few values of each, so that ties, contradictions and copies are common.
_facts = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from([DossierStatus.RECEIVED, DossierStatus.PROCESSING, DossierStatus.DONE]),
        "status_raw": st.sampled_from(["Đang xử lý", "XONG"]),
        "due_at": st.sampled_from([T0, T0 + timedelta(days=1)]),
        "procedure_code": st.sampled_from(["1.001612", "2.000123"]),
        "applicant_name": st.sampled_from(["Nguyễn Văn Đức", "Rơ Châm H'Yéo"]),
        "note": st.just("Thiếu bản sao căn cước"),
    },
)
observations = st.builds(
    observation,
    code=st.sampled_from(["H21.20-261123-0001", "H21.20-261123-0002"]),
    # Up to 20 minutes: some are more than 5 ahead of their receipt, and so clamped.
    at=st.sampled_from([0, 1, 2, 20]),
    revision=st.one_of(st.none(), st.integers(1, 3)),
    heard=st.sampled_from([0, 3, 8]),
    channel=st.sampled_from([Channel.WEBHOOK, Channel.PULL]),
    settles=st.booleans(),
).flatmap(lambda base: _facts.map(lambda facts: base.model_copy(update={"facts": Facts.model_validate(facts)})))
