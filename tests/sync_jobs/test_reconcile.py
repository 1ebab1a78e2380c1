"""Reconcile: what the agency has and we have not, what we have and it has not, and what differs."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from contracts.adapter import Capability, Page, Position
from contracts.errors import NotFound, TimedOut
from contracts.observation import Channel, Observation, Reading, Unusable
from hub.db import Database
from hub.index.record import record
from hub.index.tables import dossier, observation
from hub.streams import lateness, store
from hub.streams.tables import run, seen, stream
from hub.vault import Vault
from sync_jobs.pull import pull
from sync_jobs.reconcile import reconcile
from tests.observations import observation as said
from tests.parts import Told, pulled_spec

SPEC = pulled_spec()
CODES = [f"H21.20-261123-{number:04}" for number in range(40)]


class Agency(Told):
    """Has dossiers, lists them ten a page, and may be asked for one."""

    def __init__(self, *, lookup: bool = True) -> None:
        super().__init__(SPEC, [])
        self.capabilities = frozenset({Capability.ALL} | ({Capability.LOOKUP} if lookup else set()))
        self.has: dict[str, Observation] = {code: one(code) for code in CODES}
        self.hidden: set[str] = set()
        self.unusable_on_first: list[Unusable] = []
        self.fails_at: int | None = None
        self.looked_up: list[str] = []

    async def everything(self, position: Position | None = None, **_: Any) -> AsyncIterator[Page]:
        at = position["at"] if position else 0
        if self.fails_at is not None and at >= self.fails_at:
            self.fails_at = None
            raise TimedOut("it broke off")
        listed = [each for code, each in sorted(self.has.items()) if code not in self.hidden]
        now = datetime.now(UTC)
        page = [each.model_copy(update={"observed_at": now}) for each in listed[at : at + 10]]
        following = {"at": at + 10} if at + 10 < len(listed) else None
        yield Page(tuple(page), tuple(self.unusable_on_first) if at == 0 else (), following)

    async def lookup(self, code: str, **_: Any) -> Reading:
        self.looked_up.append(code)
        if code not in self.has:
            raise NotFound(f"no dossier {code}")
        now = datetime.now(UTC)
        return Reading(observations=(self.has[code].model_copy(update={"observed_at": now}),))


def one(code: str, at: float = 0, status: int = 4) -> Observation:
    return said(code, at=at, status=status, channel=Channel.PULL)


@pytest.fixture
async def agency(database: Database, vault: Vault) -> Agency:
    """All of whose dossiers the hub knows, from an hour ago."""
    agency = Agency()
    await store.ensure(database, [SPEC], ["pull", "reconcile"])
    async with database.begin() as connection:
        await record(connection, agency.has.values(), vault)
        await connection.execute(update(dossier).values(observed_at=func.now() - timedelta(hours=1)))
    return agency


async def gone(database: Database) -> list[str]:
    async with database.begin() as connection:
        found = select(dossier.c.code).where(dossier.c.gone_at.is_not(None)).order_by(dossier.c.code)
        return list((await connection.execute(found)).scalars())


async def test_nothing_differs_and_nothing_is_written(agency: Agency, database: Database, vault: Vault) -> None:
    done = await reconcile(database, agency, vault)
    assert (done.outcome, done.pages, done.received, done.added, done.changed) == ("ok", 4, 40, 0, 0)
    assert done.details == {
        **dict.fromkeys(("missing", "differs", "back", "nameless", "gone", "hidden", "unseen"), 0),
        "seen": 40,
    }
    async with database.begin() as connection:
        assert (await connection.execute(select(func.count()).select_from(observation))).scalar_one() == 40
        assert (await connection.execute(select(func.count()).select_from(seen))).scalar_one() == 0
        assert (await connection.execute(select(run.c.details))).scalar_one() == done.details


async def test_each_kind_of_drift_is_found_and_mended(agency: Agency, database: Database, vault: Vault) -> None:
    agency.has["H21.20-261123-9000"] = one("H21.20-261123-9000")
    agency.has[CODES[1]] = one(CODES[1], at=5, status=9)
    del agency.has[CODES[2]]
    agency.hidden.add(CODES[3])
    done = await reconcile(database, agency, vault)
    told = {name: done.details[name] for name in ("missing", "differs", "gone", "hidden", "seen", "unseen")}
    assert told == {"missing": 1, "differs": 1, "gone": 1, "hidden": 1, "seen": 39, "unseen": 2}
    assert await gone(database) == [CODES[2]]
    assert agency.looked_up == [CODES[2], CODES[3]]
    async with database.begin() as connection:
        status = await connection.execute(select(dossier.c.status).where(dossier.c.code == CODES[1]))
        assert status.scalar_one() == 9

    agency.hidden.clear()
    agency.has[CODES[2]] = one(CODES[2])
    again = await reconcile(database, agency, vault)
    assert (again.details["back"], again.details["differs"]) == (1, 0)
    assert await gone(database) == []


async def test_an_agency_that_suddenly_lists_little_has_lost_nothing_of_ours(
    agency: Agency, database: Database, vault: Vault
) -> None:
    for has in (dict(list(agency.has.items())[:35]), {}):
        agency.has = has
        done = await reconcile(database, agency, vault)
        assert done.outcome == "shrunk"
        assert done.message and f"{len(has)} of 40" in done.message
    assert await gone(database) == []
    assert agency.looked_up == []


async def test_one_that_cannot_be_asked_is_believed_the_second_time(database: Database, vault: Vault) -> None:
    agency = Agency(lookup=False)
    await store.ensure(database, [SPEC], ["reconcile"])
    async with database.begin() as connection:
        await record(connection, agency.has.values(), vault)
    del agency.has[CODES[0]], agency.has[CODES[1]]
    await reconcile(database, agency, vault)
    assert await gone(database) == []
    agency.has[CODES[1]] = one(CODES[1])
    await reconcile(database, agency, vault)
    assert await gone(database) == [CODES[0]]


async def test_what_is_heard_of_while_the_pass_runs_is_not_gone(
    agency: Agency, database: Database, vault: Vault
) -> None:
    new = said("H21.20-261123-9000", at=0, status=2).model_copy(
        update={"observed_at": datetime.now(UTC) + timedelta(minutes=1)}
    )
    async with database.begin() as connection:
        await record(connection, [new], vault)
    done = await reconcile(database, agency, vault)
    assert (done.details["unseen"], await gone(database)) == (0, [])


async def test_who_could_not_be_read_may_be_any(agency: Agency, database: Database, vault: Vault) -> None:
    """A record without a code that could be read may be the very dossier that was not seen."""
    del agency.has[CODES[2]]
    agency.unusable_on_first = [
        Unusable(
            agency=SPEC.id,
            channel=Channel.PULL,
            reason="missing_field",
            message="no code",
            raw="{}",
            observed_at=datetime.now(UTC),
        )
    ]
    done = await reconcile(database, agency, vault)
    assert (done.outcome, done.details["unseen"], await gone(database)) == ("ok", 1, [])


async def test_a_pass_that_broke_off_goes_on_and_forgets_nothing(
    agency: Agency, database: Database, vault: Vault
) -> None:
    agency.has[CODES[1]] = one(CODES[1], at=5, status=9)
    del agency.has[CODES[39]]
    agency.fails_at = 20
    first = await reconcile(database, agency, vault)
    assert (first.outcome, first.pages) == ("timed_out", 2)
    assert await gone(database) == []
    second = await reconcile(database, agency, vault)
    assert (second.outcome, second.pages) == ("ok", 2)
    assert (second.details["seen"], second.details["differs"], second.details["gone"]) == (39, 1, 1)
    assert await gone(database) == [CODES[39]]


# --- lateness ---------------------------------------------------------------------------------------


async def test_the_overlap_grows_with_how_late_changes_turn_up(database: Database, vault: Vault) -> None:
    await store.ensure(database, [SPEC])
    now = datetime.now(UTC)
    async with database.begin() as connection:
        await connection.execute(update(stream).values(covered_until=now))
    late = [
        one(code).model_copy(update={"occurred_at": now - timedelta(minutes=30), "observed_at": now}) for code in CODES
    ]
    await pull(database, Told(SPEC, [late]), vault)
    after = Told(SPEC, [[]])
    done = await pull(database, after, vault)
    assert done.since is not None
    assert done.since < now - timedelta(minutes=30)


@pytest.mark.parametrize(
    ("late", "share", "seconds"), [([], 0.99, 0), ([-5.0] * 99 + [60.0], 0.99, 0), ([-5.0] * 9 + [60.0], 0.99, 64)]
)
def test_the_histogram_tells_within_how_long_most_turned_up(late: list[float], share: float, seconds: float) -> None:
    assert lateness.quantile(lateness.noted({}, late), share) == seconds
