"""The commands `hub alerts …`: what is the matter, causes first, and silences that the audit knows of."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from hub import cli
from hub.db import Database
from tests.running import ROOT

Hub = Callable[..., Result]


@pytest.fixture
def hub(database_url: str, tmp_path: Path, logging_put_back: None) -> Hub:
    """Runs a command."""
    settings = {"HUB_DATABASE_URL": database_url, "HUB_DATA_DIR": str(tmp_path), "COLUMNS": "80", "USER": "an"}
    settings["HUB_AGENCIES_DIR"] = str(ROOT / "config" / "agencies")

    def run(*words: str) -> Result:
        return CliRunner().invoke(cli.app, ["alerts", *words], env=settings)

    return run


def rows(url: str, query: str) -> list[Any]:
    async def read() -> list[Any]:
        database = await Database.open(url)
        try:
            return [tuple(row) for row in await database.reads.fetch(query)]
        finally:
            await database.close()

    return asyncio.run(read())


def open_alerts(url: str) -> None:
    rows(
        url,
        "WITH down AS (INSERT INTO alert (kind, agency, what, opened_at) VALUES ('down', 'so-tnmt', '', now())"
        " RETURNING id)"
        " INSERT INTO alert (kind, agency, what, opened_at, resolved_at, cause_id, detail) VALUES"
        " ('lag', 'so-tnmt', '', now(), NULL, (SELECT id FROM down),"
        """  '{"covered_until": "2026-11-26T01:00:00+00:00"}'),"""
        " ('secret', '', 'so-tnmt-khoa', now(), NULL, NULL, '{\"ends_at\": \"2026-12-01T00:00:00+00:00\"}'),"
        " ('drift', 'so-tnmt', '', now(), now(), NULL, '{\"amiss\": 7, \"seen\": 4000}')",
    )


def test_where_nothing_is_the_matter_that_is_said(hub: Hub) -> None:
    told = hub("list")
    assert told.exit_code == 0, told.output
    assert told.stdout == "There are no alerts.\n"


def test_what_is_open_is_listed_and_what_it_causes_after_it(hub: Hub, database_url: str) -> None:
    open_alerts(database_url)
    told = hub("list")
    assert told.exit_code == 0, told.output
    down, secret, lag = told.stdout.splitlines()
    assert down.startswith("down: ") and "its system does not answer; open since" in down
    assert secret.startswith("secret: The secret so-tnmt-khoa ends 01/12/2026; open since")
    assert lag.startswith("lag: ") and "; follows from another since" in lag


def test_a_silence_is_kept_shown_and_ended(hub: Hub, database_url: str) -> None:
    open_alerts(database_url)
    told = hub("silence", "--agency", "so-tnmt", "--kind", "down", "--hours", "4", "--why", " bảo trì ")
    assert told.exit_code == 0, told.output
    assert told.stdout.startswith("Silenced until ")
    shown = hub("list").stdout.splitlines()
    assert "; silenced since" in shown[0] and "; open since" in shown[1]
    assert shown[-1].startswith("silence 1: so-tnmt, down, until ") and shown[-1].endswith(", cli:an: bảo trì")
    assert hub("unsilence", "1").stdout == "Told again: 1.\n"
    assert "silence" not in hub("list").stdout
    noted = rows(database_url, "SELECT actor, action, target, detail ->> 'why' FROM audit ORDER BY id DESC LIMIT 2")
    assert noted == [
        ("cli:an", "alert.silence_ended", "so-tnmt", None),
        ("cli:an", "alert.silenced", "so-tnmt", "bảo trì"),
    ]


def test_all_may_be_silenced_at_once(hub: Hub, database_url: str) -> None:
    open_alerts(database_url)
    assert hub("silence", "--hours", "1", "--why", "lễ").exit_code == 0
    shown = hub("list").stdout
    assert "open since" not in shown and "silence 1: all agencies, all kinds, until " in shown


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("silence", "--hours", "4", "--why", " "), "hub: say why: --why\n"),
        (("silence", "--hours", "4", "--why", "x", "--agency", "so-ma"), "hub: there is no agency so-ma\n"),
        (("unsilence", "7"), "hub: there is no silence 7, or it is over\n"),
    ],
)
def test_what_cannot_be_is_said_and_changes_nothing(
    hub: Hub, database_url: str, words: tuple[str, ...], said: str
) -> None:
    told = hub(*words)
    assert (told.exit_code, told.stderr) == (1, said)
    assert rows(database_url, "SELECT id FROM alert_silence") == []


@pytest.mark.parametrize("words", [("--hours", "0"), ("--hours", "2161"), ("--hours", "4", "--kind", "weather")])
def test_what_is_out_of_range_is_refused(hub: Hub, words: tuple[str, ...]) -> None:
    assert hub("silence", "--why", "x", *words).exit_code == 2
