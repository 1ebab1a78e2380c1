"""The commands `hub keys …`: a key is shown once and works, is replaced with an overlap, and ends."""

import asyncio
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from hub import cli
from hub.access.keys import hash_of
from hub.db import Database
from tests.running import ROOT

Hub = Callable[..., Result]


@pytest.fixture
def hub(database_url: str, tmp_path: Path, logging_put_back: None) -> Hub:
    """Runs a command."""
    settings = {"HUB_DATABASE_URL": database_url, "HUB_DATA_DIR": str(tmp_path), "COLUMNS": "80", "USER": "an"}
    settings["HUB_AGENCIES_DIR"] = str(ROOT / "config" / "agencies")

    def run(*words: str) -> Result:
        return CliRunner().invoke(cli.app, ["keys", *words], env=settings)

    return run


def rows(url: str, query: str, *given: Any) -> list[Any]:
    async def read() -> list[Any]:
        database = await Database.open(url)
        try:
            return [tuple(row) for row in await database.reads.fetch(query, *given)]
        finally:
            await database.close()

    return asyncio.run(read())


def made(told: Result) -> str:
    """The key that was shown."""
    assert told.exit_code == 0, told.output
    [key] = told.stdout.split()
    assert key.startswith("ghk_")
    return key


def left(url: str, key: str) -> timedelta | None:
    """For how long it is good yet; None where it has no end. Fails where there is no such key."""
    query = "SELECT least(revoked_at, expires_at) - now() FROM api_key WHERE key_hash = $1"
    [(found,)] = rows(url, query, hash_of(key))
    return found  # type: ignore[no-any-return]


def test_a_key_is_shown_once_and_listed_without_it(hub: Hub, database_url: str) -> None:
    wanted = ("--scope", "dossiers:read", "--scope", "changes:read", "--agency", "so-tnmt")
    key = made(hub("create", "cong-dich-vu", *wanted))
    assert left(database_url, key) is None
    shown = hub("list").stdout
    assert re.search(r"^ +1  cong-dich-vu +changes:read, dossiers:read; so-tnmt; never used$", shown, re.MULTILINE)
    kept = rows(database_url, "SELECT to_jsonb(audit)::text FROM audit")
    assert key not in shown and key not in str(kept)
    assert '"cong-dich-vu"' in str(kept) and "cli:an" in str(kept)


def test_a_key_ends_on_its_day(hub: Hub, database_url: str) -> None:
    key = made(hub("create", "thu", "--scope", "statistics:read", "--expires", "2099-12-31"))
    assert (left(database_url, key) or timedelta(0)) > timedelta(days=365)
    assert re.search(r"all agencies; never used; ends (30|31)/12/2099", hub("list").stdout)


def test_a_key_is_replaced_with_an_overlap_and_ended(hub: Hub, database_url: str) -> None:
    old = made(hub("create", "cong-dich-vu", "--scope", "dossiers:read"))
    new = made(hub("rotate", "1", "--overlap", "48"))
    overlap = left(database_url, old)
    assert overlap and timedelta(hours=47) < overlap <= timedelta(hours=48)
    assert new != old and left(database_url, new) is None
    again = hub("rotate", "1")
    assert (again.exit_code, again.stdout) == (1, ""), "one that was replaced is not replaced again"
    for number, key in (("1", old), ("2", new)):
        assert hub("revoke", number).stdout == "Ended.\n"
        ended = left(database_url, key)
        assert ended is not None and ended <= timedelta(0)
    assert hub("list").stdout.count("; ended ") == 2
    actions = rows(database_url, "SELECT action, actor FROM audit WHERE action LIKE 'api_key.%' ORDER BY id")
    assert [action for action, _ in actions] == [
        "api_key." + each for each in ("created", "rotated", "revoked", "revoked")
    ]
    assert {actor for _, actor in actions} == {"cli:an"}


def test_a_key_without_an_overlap_ends_the_one_before_at_once(hub: Hub, database_url: str) -> None:
    old = made(hub("create", "cong-dich-vu", "--scope", "dossiers:read"))
    made(hub("rotate", "1", "--overlap", "0"))
    assert (left(database_url, old) or timedelta(0)) <= timedelta(0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("create", "thu", "--scope", "dossiers:read", "--agency", "so-ma"), "there is no agency so-ma"),
        (("create", "Thử", "--scope", "dossiers:read"), "small letters"),
        (("create", "thu", "--scope", "dossiers:read", "--expires", "2020-01-01"), "give one to come"),
        (("create", "thu", "--scope", "admin:manage", "--agency", "so-tnmt"), "all agencies"),
        (("rotate", "7"), "7"),
        (("revoke", "7"), "7"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(hub: Hub, database_url: str, words: tuple[str, ...], said: str) -> None:
    told = hub(*words)
    assert (told.exit_code, told.stdout) == (1, ""), told.output
    [line] = told.stderr.splitlines()
    assert line.startswith("hub: ") and said in line
    assert rows(database_url, "SELECT id FROM api_key") == []


@pytest.mark.parametrize(
    "words", [("create", "thu"), ("create", "thu", "--scope", "everything"), ("rotate", "1", "--overlap", "2161")]
)
def test_what_no_command_says_is_refused(hub: Hub, words: tuple[str, ...]) -> None:
    assert hub(*words).exit_code == 2
