"""The command `hub mail bounced`: an address is asked for and never repeated; what is marked, and unmarked."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from config.secrets import digest_key_file, seal_key_file
from hub import cli
from hub.db import Database
from hub.mail.addresses import destination_of, write
from hub.vault import Vault
from tests.running import ROOT

TO = "can.bo@so.example"
Hub = Callable[..., Result]


@pytest.fixture
def hub(database_url: str, tmp_path: Path, logging_put_back: None) -> Hub:
    """Runs a command, with what is typed."""
    settings = {"HUB_DATABASE_URL": database_url, "HUB_DATA_DIR": str(tmp_path), "COLUMNS": "80"}
    settings["HUB_AGENCIES_DIR"] = str(ROOT / "config" / "agencies")

    def run(*words: str, typed: str) -> Result:
        return CliRunner().invoke(cli.app, ["mail", *words], env=settings, input=typed)

    return run


def written(url: str, folder: Path) -> None:
    """A mail that waits to go to the address."""

    async def write_one() -> None:
        vault = Vault(seal_keys=seal_key_file(folder), digest_key=digest_key_file(folder))
        database = await Database.open(url)
        async with database.begin() as connection:
            destination = await destination_of(connection, TO, vault)
            await write(connection, destination, key="notice", subject="Đã tắt", body="Kính gửi…", vault=vault)
        await database.close()

    asyncio.run(write_one())


def standing(url: str) -> tuple[bool, str]:
    """Whether anything goes there, and what became of the mail."""

    async def read() -> tuple[bool, str]:
        database = await Database.open(url)
        row = await database.reads.fetchrow("SELECT t.enabled, d.state FROM destination t, delivery d")
        await database.close()
        return row["enabled"], row["state"]

    return asyncio.run(read())


def test_an_address_is_marked_and_unmarked(hub: Hub, database_url: str, tmp_path: Path) -> None:
    written(database_url, tmp_path)
    told = hub("bounced", typed=f"{TO.upper()} \n")
    assert told.exit_code == 0, told.output
    assert told.stdout.endswith("Marked.\n")
    assert standing(database_url) == (False, "dropped")
    told = hub("bounced", "--undo", typed=f"{TO}\n")
    assert told.exit_code == 0, told.output
    assert standing(database_url) == (True, "dropped")


@pytest.mark.parametrize("words", [("bounced",), ("bounced", "--undo")])
def test_one_to_whom_nothing_goes_is_told_masked(hub: Hub, words: tuple[str, ...]) -> None:
    told = hub(*words, typed=f"{TO}\n")
    assert told.exit_code == 1
    assert "no mail goes to" in told.stderr and "can.bo" not in told.stderr


def test_what_is_no_address_is_said(hub: Hub) -> None:
    told = hub("bounced", typed="cán bộ\n")
    assert told.exit_code == 1
    assert told.stderr.splitlines() == ["hub: that is no address"]


def test_a_mail_that_is_no_notice_is_let_be(hub: Hub) -> None:
    told = hub("returned", typed="Subject: xin chào\n\nKính gửi…\n")
    assert (told.exit_code, told.stdout) == (0, "Nothing to mark.\n"), told.output
