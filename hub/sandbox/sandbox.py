"""Opens the sandbox, hands out test agencies, and clears away those that have ended."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import structlog
from sqlalchemy import text

from adapters import Client, build_adapter
from config.load import load_agencies
from contracts.agency import AgencySpec
from hub.access.keys import ApiKeys
from hub.access.scopes import Scope
from hub.db import Database
from hub.feed.feed import Feed
from hub.index.lists import Lists
from hub.intake.deliveries import Deliveries
from hub.intake.inbox import Inbox
from hub.intake.refusals import Refusals, tries
from hub.limits.debts import Debts
from hub.limits.rules import Terms
from hub.migrations.run import migrate_as_owner
from hub.sandbox.agencies import TestAgencies, TestSecrets
from hub.sandbox.tickets import PATTERN, Tickets
from hub.vault import Vault

log = structlog.get_logger()

#: Where its tables are. Whatever reads the hub's own tables cannot see them.
SCHEMA = "sandbox"

SCOPES = (Scope.DELIVERIES_READ, Scope.DOSSIERS_READ, Scope.CHANGES_READ)

#: Of an address, which a whole department may share.
_NEW_AGENCIES = Terms(half_life=3600, free=10, doubles=1, shortest=60, longest=3600, most=16)
#: Of a test agency: a sender that is tried, not one that is measured.
_DELIVERIES = Terms(half_life=3600, free=3000, doubles=200, shortest=1, longest=600, most=5000)
_MOST_REMEMBERED = 5000

_SWEEP_SECONDS = 5
_CLEAR_SECONDS = 3600

_KNOWN = """
    SELECT unnest(agencies) AS agency FROM api_key
     UNION SELECT agency FROM inbox
     UNION SELECT agency FROM refusal
"""
_ENDED_DOSSIERS = "IN (SELECT id FROM dossier WHERE agency = ANY(:ended))"
#: In an order that no reference forbids.
_CLEAR = (
    *(
        f"DELETE FROM {table} WHERE dossier_id {_ENDED_DOSSIERS}"
        for table in ("change", "recheck", "watch", "observation", "archive", "dossier_mark", "dossier_alias")
    ),
    "DELETE FROM inbox_conflict WHERE inbox_id IN (SELECT id FROM inbox WHERE agency = ANY(:ended))",
    *(
        f"DELETE FROM {table} WHERE agency = ANY(:ended)"
        for table in ("dossier", "tally", "quarantine", "inbox", "refusal", "refused_call")
    ),
    "DELETE FROM api_key WHERE agencies && :ended",
)


class TooManyAgencies(Exception):
    """Of one address, in one hour."""

    def __init__(self, wait_seconds: float) -> None:
        super().__init__("too many test agencies from one address")
        self.wait_seconds = wait_seconds


@dataclass(frozen=True, slots=True)
class TestAgency:
    """What a developer is given, once."""

    __test__ = False

    agency: str
    secret: str
    key: str
    #: The last day.
    ends: date


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The hub's parts once more, over tables of their own."""

    database: Database
    registry: TestAgencies
    secrets: TestSecrets
    tickets: Tickets
    inbox: Inbox
    deliveries: Deliveries
    refusals: Refusals
    lists: Lists
    feed: Feed
    keys: ApiKeys
    tries: Debts = field(default_factory=tries)
    pushed: Debts = field(default_factory=lambda: Debts(_DELIVERIES, most=_MOST_REMEMBERED))
    _made: Debts = field(default_factory=lambda: Debts(_NEW_AGENCIES, most=_MOST_REMEMBERED))

    async def make(self, address: str) -> TestAgency:
        """A test agency for whoever asks from `address`. Raises TooManyAgencies."""
        if wait := self._made.wait(address):
            raise TooManyAgencies(wait)
        self._made.charge(address)
        agency = self.tickets.new()
        ends = self.tickets.ends(agency)
        assert ends is not None
        key = await self.keys.create(agency, scopes=SCOPES, agencies=[agency], actor="developer")
        return TestAgency(agency, self.tickets.secret(agency), key, ends)

    async def keep(self) -> None:
        """Until cancelled: apply what waits, and clear away what has ended. Several processes may do so at once."""
        cleared = -_CLEAR_SECONDS
        while True:
            try:
                await self.refusals.flush(self.database)
                await self.inbox.apply_waiting()
                if time.monotonic() - cleared > _CLEAR_SECONDS:
                    await self.clear()
                    cleared = int(time.monotonic())
            except Exception:
                log.exception("sandbox.not_kept")
            await asyncio.sleep(_SWEEP_SECONDS)

    async def clear(self) -> int:
        """Delete all that is of test agencies which have ended. Returns how many those are."""
        known = [row["agency"] for row in await self.database.reads.fetch(_KNOWN)]
        ended = [agency for agency in known if not self.tickets.is_good(agency)]
        if ended:
            async with self.database.begin() as connection:
                for statement in _CLEAR:
                    await connection.execute(text(statement), {"ended": ended})
            log.info("sandbox.cleared", agencies=len(ended))
        return len(ended)


@asynccontextmanager
async def open_sandbox(
    url: str, owner_url: str, vault: Vault, client: Client, folder: Path, documents: Path
) -> AsyncIterator[Sandbox]:
    """The sandbox on the hub's database, brought to the newest schema by its owner. `folder` holds its agency's file.

    Raises ConfigError for a wrong file, DatabaseFailed where there is no database.
    """
    tickets = Tickets(vault.key_for("sandbox"))
    secrets = TestSecrets(tickets)
    pattern: Mapping[str, AgencySpec] = load_agencies(folder)
    registry = TestAgencies(
        pattern[PATTERN],
        tickets,
        lambda spec: build_adapter(spec, client=client, secrets=secrets, documents=documents),
    )
    await migrate_as_owner(url, owner_url, schema=SCHEMA)
    database = await Database.open(url, schema=SCHEMA)
    try:
        yield Sandbox(
            database=database,
            registry=registry,
            secrets=secrets,
            tickets=tickets,
            inbox=Inbox(database, vault, registry),
            deliveries=Deliveries(database, vault),
            refusals=Refusals(vault),
            lists=Lists(database, registry, vault),
            feed=Feed(database, registry, vault),
            keys=ApiKeys(database),
        )
    finally:
        await database.close()
