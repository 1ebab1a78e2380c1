"""The commands `hub sync …` as an operator sees them, in a terminal of 80 columns."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hub import cli
from hub.db import Database
from hub.streams import store
from tests.parts import pulled_spec
from tests.running import ROOT

Hub = Callable[..., Result]


@pytest.fixture
def hub(database_url: str, tmp_path: Path, logging_put_back: None) -> Hub:
    """Runs a command. The agencies are the sample's."""
    settings = {"HUB_DATABASE_URL": database_url, "HUB_DATA_DIR": str(tmp_path), "COLUMNS": "80"}
    settings["HUB_AGENCIES_DIR"] = str(ROOT / "config" / "agencies")

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli.app, arguments, env=settings)

    return run


def in_database(url: str, work: Callable[[Database], Awaitable[None]]) -> None:
    async def opened() -> None:
        database = await Database.open(url)
        try:
            await work(database)
        finally:
            await database.close()

    asyncio.run(opened())


def test_status_and_runs_fit_the_terminal(hub: Hub, database_url: str) -> None:
    async def some_runs(database: Database) -> None:
        await store.ensure(database, [pulled_spec("so-tnmt"), pulled_spec("ubnd-pleiku")], ["pull", "reconcile"])
        await database.reads.execute(
            "INSERT INTO run (agency, kind, reason, started_at, finished_at, outcome, message, received, changed)"
            " VALUES ('so-tnmt', 'pull', 'schedule', now() - interval '50 minutes', now(), 'ok', null, 123456, 98765),"
            " ('ubnd-pleiku', 'pull', 'recovery', now(), now(), 'shape_changed', 'it is [not] what it was', 0, 0)"
        )
        await database.reads.execute("UPDATE stream SET covered_until = now() - interval '90 seconds'")

    in_database(database_url, some_runs)
    status = hub("sync", "status")
    assert status.exit_code == 0, status.output
    lines = status.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    # A line for each agency: none is broken into several.
    assert len([line for line in lines if "pull" in line]) == 3
    assert "123456" in status.stdout
    shown = hub("sync", "runs", "ubnd-pleiku")
    assert "it is [not] what it was" in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--kind", "reconcile", "--since", "2025-01-01"), "only a pull or a backfill"),
        (("--kind", "backfill", "--until", "2025-01-01"), "only a backfill is read up to a time"),
        (("--since", "2025-01-01", "--until", "2025-02-01"), "only a backfill is read up to a time"),
        (("--kind", "backfill", "--dry-run"), "only a pull is rehearsed"),
    ],
)
def test_what_is_not_read_so_is_not_ordered(hub: Hub, words: tuple[str, ...], said: str) -> None:
    told = hub("sync", "run", "so-tnmt", *words)
    assert told.exit_code == 2
    assert said in " ".join(told.stderr.replace("│", "").split())


def test_a_range_that_cannot_be_read_is_said(hub: Hub, database_url: str) -> None:
    async def ended(database: Database) -> None:
        await store.ensure(database, [pulled_spec("so-tnmt")], ["backfill"])
        await database.reads.execute("UPDATE stream SET paused = true")

    in_database(database_url, ended)
    told = hub("sync", "run", "so-tnmt", "--kind", "backfill", "--since", "2025-02-01", "--until", "2025-01-01")
    assert (told.exit_code, told.stderr) == (1, "hub: the end must be after the beginning, which is past\n")


@pytest.mark.parametrize("command", ["status", "runs", "drift"])
def test_an_agency_that_is_none_is_told_of(hub: Hub, command: str) -> None:
    told = hub("sync", command, "so-khac")
    assert told.exit_code == 1
    assert told.stderr == "hub: there is no agency so-khac\n"


def test_drift_is_shown_over_time(hub: Hub, database_url: str) -> None:
    nothing = hub("sync", "drift", "so-tnmt")
    assert nothing.exit_code == 1
    assert "hub sync run so-tnmt --kind reconcile" in nothing.stderr

    async def passes(database: Database) -> None:
        await database.reads.execute(
            "INSERT INTO run (agency, kind, reason, started_at, outcome, details) VALUES"
            """ ('so-tnmt', 'reconcile', 'schedule', now() - interval '1 day', 'ok', '{"seen": 1000, "differs": 7}'),"""
            """ ('so-tnmt', 'reconcile', 'schedule', now(), 'ok', '{"seen": 4000, "missing": 3, "gone": 2}'),"""
            """ ('so-tnmt', 'reconcile', 'schedule', now(), 'shrunk', '{"seen": 10}')"""
        )

    in_database(database_url, passes)
    shown = hub("sync", "drift", "so-tnmt")
    assert shown.exit_code == 0, shown.output
    amiss = [line.split()[3] for line in shown.stdout.splitlines() if "%" in line]
    assert amiss == ["0.12%", "0.70%"]


def test_runs_that_brought_nothing_are_forgotten_first(database_url: str) -> None:
    async def prune(database: Database) -> None:
        for days, added in ((3, 0), (3, 1), (31, 1), (1, 0)):
            await database.reads.execute(
                "INSERT INTO run (agency, kind, reason, started_at, outcome, added)"
                " VALUES ('so-tnmt', 'pull', 'schedule', now() - $1::interval, 'ok', $2)",
                timedelta(days=days),
                added,
            )
        await database.reads.execute(
            "INSERT INTO run (agency, kind, reason, started_at, outcome)"
            " VALUES ('so-cu', 'pull', 'schedule', now() - interval '90 days', 'ok')"
        )
        await store.prune_runs(database)
        left = await database.reads.fetch("SELECT agency, added FROM run ORDER BY id")
        assert [(row["agency"], row["added"]) for row in left] == [("so-tnmt", 1), ("so-tnmt", 0), ("so-cu", 0)]

    in_database(database_url, prune)
