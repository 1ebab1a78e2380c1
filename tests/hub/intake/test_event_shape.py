"""What the published schema of an event says, the intake does: what fits is taken whole, and nothing else is."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import jsonschema_rs
import pytest

from contracts.__main__ import FOLDER
from contracts.adapter import AgencyAdapter, NotEvents
from contracts.observation import Channel
from contracts.webhook import Applicant, EventData
from tests.hub.intake.senders import DATA, EVENT
from tests.parts import pushing_spec, registry_of

NOW = datetime(2026, 11, 26, tzinfo=UTC)
ONE, LISTED = (
    jsonschema_rs.validator_for(json.loads((FOLDER / f"{name}.json").read_text("utf-8")), validate_formats=True)
    for name in ("dossier-updated", "listed-event")
)

MOMENTS = [
    "2026-11-23T08:15:00+07:00",
    "2026-11-23T01:15:00Z",
    "2026-11-23t01:15:00z",
    "2026-11-23T01:15:00.1234567-05:30",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59+07:00",
    # Without a zone, or with less than all of one.
    "2026-11-23T08:15:00",
    "2026-11-23T08:15:00.250",
    "2026-11-23 08:15:00",
    "2026-11-23T08:15:00+07",
    "2026-11-23T08:15:00+0700",
    "2026-11-23 08:15:00+07:00",
    "2026-11-23T08:15+07:00",
    "2026-11-23T08:15:00,5+07:00",
    " 2026-11-23T08:15:00+07:00",
    "2026-11-23T08:15:00+07:00 ",
    "2026-11-23T08:15:00 +07:00",
    "2026-11-23",
    "9999-12-31",
    "99991231",
    "23/11/2026 08:15:00",
    "2026-02-29T08:15:00+07:00",
    "2026-11-23T24:00:00+07:00",
    "2026-11-23T08:15:00+25:00",
    "0014-03-03T00:00:00Z",
    "2300-01-01T00:00:00Z",
    1795651200,
]
OTHERS = [
    *(None, "", "  ", "x", 7, -1, 0, 2**63, 7.5, True, [], ["x"], {}, {"name": "x"}, "12", "-12", "1.5"),
    *("x" * length for length in (40, 41, 80, 81, 254, 255, 500, 501, 4000, 4001)),
]
EVENTS = [
    *({**EVENT, "data": {**DATA, name: value}} for name in EventData.model_fields for value in MOMENTS + OTHERS),
    *(
        {**EVENT, "data": {**DATA, "applicant": {name: value}}}
        for name in Applicant.model_fields
        for value in MOMENTS + OTHERS
    ),
    *({**EVENT, "timestamp": value} for value in MOMENTS + OTHERS),
    *({**EVENT, "data": value} for value in OTHERS),
    *({**EVENT, "more": value} for value in OTHERS),
    *({key: value for key, value in EVENT.items() if key != left_out} for left_out in EVENT),
    *({**EVENT, "data": {key: value for key, value in DATA.items() if key != left_out}} for left_out in DATA),
]


@pytest.fixture
async def adapter() -> AsyncIterator[AgencyAdapter]:
    async with registry_of(pushing_spec()) as registry:
        found = registry.adapter("ubnd-pleiku")
        assert found
        yield found


def is_taken_whole(adapter: AgencyAdapter, body: Any) -> bool:
    try:
        (event,) = adapter.pushed(json.dumps(body).encode(), {}).events
    except NotEvents:
        return False
    if event.problem:
        return False
    reading = adapter.read(event.data, Channel.WEBHOOK, NOW)
    # Which status words an agency has is its spec's; that long is none.
    return all(wrong.reason == "unknown_status" and len(str(event.data["status"])) <= 500 for wrong in reading.unusable)


async def test_an_event_is_taken_whole_just_where_it_fits_the_schema(adapter: AgencyAdapter) -> None:
    fits = {json.dumps(event): ONE.is_valid(event) for event in EVENTS}
    taken = {json.dumps(event): is_taken_whole(adapter, event) for event in EVENTS}
    assert [event for event in fits if fits[event] != taken[event]] == []
    assert 300 < sum(fits.values()) < len(fits) - 300, "there are many of either kind"


async def test_so_is_one_of_a_list(adapter: AgencyAdapter) -> None:
    for id in OTHERS:
        event = {**EVENT, "id": id}
        assert is_taken_whole(adapter, [event]) == LISTED.is_valid(event), id
    assert not is_taken_whole(adapter, [EVENT])
    assert not LISTED.is_valid(EVENT)


async def test_a_moment_without_a_zone_is_told_what_it_lacks_and_the_rest_is_taken(adapter: AgencyAdapter) -> None:
    reading = adapter.read({**DATA, "due_at": "2026-11-30T17:00:00"}, Channel.WEBHOOK, NOW)
    [wrong] = reading.unusable
    assert wrong.message.endswith("is not a date in rfc3339: it names no time zone, such as +07:00.")
    [observation] = reading.observations
    assert observation.facts.status_raw == DATA["status"]


async def test_an_applicant_that_is_no_object_is_told_of_without_who_it_is(adapter: AgencyAdapter) -> None:
    reading = adapter.read({**DATA, "applicant": "Nguyễn Thị Ánh"}, Channel.WEBHOOK, NOW)
    [wrong] = reading.unusable
    assert "Ánh" not in wrong.message
    assert (wrong.field, len(reading.observations)) == ("applicant_name", 1)
