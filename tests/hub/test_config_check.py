"""`hub config check` explains every setting, finds what would stop the hub, and changes nothing."""

import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from config.settings import Settings
from hub.config_check import Finding, described, of_database, of_environment, of_files
from hub.db import Database
from hub.installation import check_keys
from hub.migrations.run import migrate_as_owner
from hub.roles import worker_of
from hub.vault import Vault
from tests.running import ROOT

SEAL = Fernet.generate_key().decode()


def verdicts(findings: list[Finding]) -> dict[str, str]:
    return {each.about: each.verdict for each in findings}


async def about_database(url: str, settings: Settings) -> dict[str, str]:
    return verdicts([each async for each in of_database(url, settings)])


def test_every_setting_is_explained_and_no_secret_shown() -> None:
    settings = Settings(database_url=SecretStr("postgresql://hub:geheim@db/hub"), seal_keys=SecretStr(SEAL))
    found = described(settings, {"HUB_DATABASE_URL": "postgresql://hub:geheim@db/hub"})
    assert {each.variable for each in found} == {f"HUB_{name.upper()}" for name in Settings.model_fields}
    assert all(each.meaning for each in found)
    assert [each.variable for each in found if each.given] == ["HUB_DATABASE_URL"]
    assert not any("geheim" in each.value or SEAL in each.value for each in found)


def test_a_misspelt_setting_is_seen() -> None:
    [found] = of_environment({"HUB_PROT": "9000", "HUB_PORT": "9000", "HUB_SECRET_SO_X": "…", "PATH": "/bin"})
    assert (found.verdict, found.about) == ("look", "HUB_PROT")
    assert "HUB_PORT" in found.words


def test_agencies_files_and_what_they_lack(tmp_path: Path) -> None:
    folder = tmp_path / "agencies"
    folder.mkdir()
    (folder / "so-khdt.yaml").write_text((ROOT / "config" / "agencies" / "so-khdt.yaml").read_text())
    (folder / "so-x.yaml").write_text("id: so-x\nenabled: yes please\n")
    found = list(of_files(Settings(data_dir=tmp_path / "data", agencies_dir=folder)))
    assert verdicts(found)["agency so-x"] == "wrong"
    assert any(each.verdict == "look" and "so-khdt-mat-khau" in each.words for each in found)
    assert not (tmp_path / "data").exists()


def test_keys_that_others_can_read_are_told_of(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    for name, mode in (("seal", 0o600), ("digest", 0o644)):
        (tmp_path / "keys" / name).touch(mode)
    found = verdicts(list(of_files(Settings(data_dir=tmp_path))))
    assert (found["seal key"], found["digest key"]) == ("ok", "look")


async def test_keys_of_another_hub_are_wrong(database: Database, tmp_path: Path) -> None:
    await check_keys(database, Vault(seal_keys=SEAL, digest_key="ours"))
    settings = Settings(data_dir=tmp_path, seal_keys=SecretStr(SEAL))
    right, other = (settings.model_copy(update={"digest_key": SecretStr(key)}) for key in ("ours", "theirs"))
    assert set((await about_database(database.url, right)).values()) == {"ok"}
    assert (await about_database(database.url, other))["keys"] == "wrong"
    assert (await about_database(database.url, settings))["keys"] == "wrong"


async def test_connections_of_others_are_counted(database: Database, tmp_path: Path) -> None:
    work = await worker_of(database.url)
    await migrate_as_owner(work, database.url)
    owners = [await database.connect_alone() for _ in range(5)]
    try:
        findings = [each async for each in of_database(work, Settings(data_dir=tmp_path))]
        [told] = [each.words for each in findings if each.about == "connections"]
        assert int(told.split()[0]) > len(owners)
    finally:
        for each in owners:
            await each.close()


async def test_a_schema_that_is_not_the_newest_is_told_of_and_left(database: Database, tmp_path: Path) -> None:
    connection = await asyncpg.connect(database.url)
    await connection.execute("UPDATE alembic_version SET version_num = 'v0001'")
    assert (await about_database(database.url, Settings(data_dir=tmp_path)))["schema"] == "look"
    assert await connection.fetchval("SELECT version_num FROM alembic_version") == "v0001"
    await connection.close()


async def test_no_database_is_wrong(tmp_path: Path) -> None:
    assert await about_database("postgresql://hub@127.0.0.1:1/hub", Settings(data_dir=tmp_path)) == {
        "database": "wrong"
    }


@pytest.mark.parametrize(("value", "status"), [("8000", 0), ("eighty", 1)])
def test_the_command_says_it_with_its_exit_status(tmp_path: Path, value: str, status: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hub", "config", "check"],
        cwd=ROOT,
        env={"PATH": "/bin", "HUB_DATA_DIR": str(tmp_path / "data"), "HUB_PORT": value},
        capture_output=True,
        text=True,
    )
    assert done.returncode == status, done.stdout + done.stderr
    assert "HUB_PORT" in done.stdout
    assert not (tmp_path / "data").exists()
