"""Test agencies are known again by their names alone, and nobody makes such a name but the hub."""

from datetime import UTC, date, datetime

import pytest
from pydantic import TypeAdapter

from contracts.observation import AgencyId
from hub.sandbox import tickets as module
from hub.sandbox.tickets import LIFETIME, Tickets

TICKETS = Tickets(b"k" * 32)


def test_a_name_is_an_agency_s_and_tells_when_it_ends() -> None:
    agency = TICKETS.new()
    assert TypeAdapter(AgencyId).validate_python(agency) == agency
    assert TICKETS.ends(agency) == datetime.now(UTC).date() + LIFETIME
    assert TICKETS.is_good(agency)
    assert agency != TICKETS.new()


def test_each_has_a_secret_of_its_own_that_stays_the_same() -> None:
    one, other = TICKETS.new(), TICKETS.new()
    assert TICKETS.secret(one) == Tickets(b"k" * 32).secret(one)
    assert len({TICKETS.secret(one), TICKETS.secret(other), Tickets(b"x" * 32).secret(one)}) == 3


def test_names_that_the_hub_did_not_make_are_nobody_s() -> None:
    agency = TICKETS.new()
    later = agency.replace(agency.split("-")[2], "991231")
    for forged in (later, agency[:-1] + ("0" if agency[-1] != "0" else "1"), "thu-nghiem", "so-tnmt", agency + "0", ""):
        assert TICKETS.ends(forged) is None, forged
        assert not TICKETS.is_good(forged)
    assert Tickets(b"x" * 32).ends(agency) is None


def test_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    agency = TICKETS.new()

    class Later(datetime):
        @classmethod
        def now(cls, tz: object = None) -> "Later":
            return cls(2999, 1, 1, tzinfo=UTC)

    monkeypatch.setattr(module, "datetime", Later)
    assert isinstance(TICKETS.ends(agency), date)
    assert not TICKETS.is_good(agency)
